"""Throughput of what is not elementwise, or has more operands: rows, sums of gradients, gates, bias, noise; beside torch's own calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bench.gpu.speed import DTYPES, interleaved

Call = Callable[..., Any]


def ours(fa: Any) -> dict[str, tuple[Call, int]]:
    """Calls of x, dy, y, a bias as wide as a row, and a target; and how many whole arrays they move at the least."""
    return {
        "softmax": (lambda x, g, y, b, o: fa.softmax(x, out=o), 2),
        "softmax backward": (lambda x, g, y, b, o: fa.softmax.backward_from_output(g, y, out=o), 3),
        "log_softmax": (lambda x, g, y, b, o: fa.log_softmax(x, out=o), 2),
        "logsumexp": (lambda x, g, y, b, o: fa.logsumexp(x), 1),
        "swiglu": (lambda x, g, y, b, o: fa.swiglu(x, g, out=o), 3),
        "gelu with bias": (lambda x, g, y, b, o: fa.gelu(x, bias=b, out=o), 2),
        "gelu with bias, backward": (lambda x, g, y, b, o: fa.gelu.backward(g, x, bias=b, out=(o, None)), 3),
        "prelu backward": (lambda x, g, y, b, o: fa.prelu.backward(g, x, 0.25, out=(o, None)), 3),
        "dropout": (lambda x, g, y, b, o: fa.dropout(x, rng=7, out=o), 2),
    }


def theirs(torch: Any) -> dict[str, Call]:
    """The same by torch; where it has no one call, by the usual two or three."""
    aten, nn = torch.ops.aten, torch.nn.functional

    def with_bias_backward(x: Any, g: Any, _: Any, b: Any, o: Any) -> Any:
        aten.gelu_backward.grad_input(g, x + b.to(x.dtype), grad_input=o)
        return o.sum(0)

    return {
        "softmax": lambda x, g, y, b, o: aten._softmax.out(x, -1, False, out=o),
        "softmax backward": lambda x, g, y, b, o: aten._softmax_backward_data.out(g, y, -1, x.dtype, grad_input=o),
        "log_softmax": lambda x, g, y, b, o: aten._log_softmax.out(x, -1, False, out=o),
        "logsumexp": lambda x, g, y, b, o: torch.logsumexp(x, -1),
        "swiglu": lambda x, g, y, b, o: torch.mul(nn.silu(x), g, out=o),
        "gelu with bias": lambda x, g, y, b, o: aten.gelu.out(x + b.to(x.dtype), out=o),
        "gelu with bias, backward": with_bias_backward,
        "prelu backward": lambda x, g, y, b, o: aten._prelu_kernel_backward(g, x, x.new_full((1, 1), 0.25)),
        "dropout": lambda x, g, y, b, o: nn.dropout(x, 0.5),
    }


def throughput(device: Any, size: int, rounds: int) -> Iterator[dict[str, Any]]:
    """A row for each call, dtype and length of rows, as of `bench.gpu.speed.throughput`."""
    import torch

    import fastact as fa

    stream = torch.cuda.ExternalStream(device.handle)
    for dtype in DTYPES:
        for length in (1024, 1 << 16):
            with torch.cuda.stream(stream):
                shape, kind = (max(1, size // length), length), getattr(torch, dtype)
                x, g, o = (torch.randn(shape, device="cuda", dtype=kind) for _ in range(3))
                y, b = torch.softmax(x, -1), torch.randn(length, device="cuda")
                for name, (call, arrays) in ours(fa).items():
                    row: dict[str, Any] = {"function": name, "dtype": dtype, "length": length}
                    peer = theirs(torch)[name]
                    runs = {"ours": partial(call, x, g, y, b, o), "torch": partial(peer, x, g, y, b, o), "copy": partial(o.copy_, x)}
                    try:
                        taken = interleaved(device, runs, rounds)
                    except Exception as error:  # noqa: BLE001
                        yield row | {"error": repr(error)}
                        continue
                    of_copy = arrays * taken["copy"] / (2 * taken["ours"])
                    yield row | {"seconds": taken["ours"], "of_copy": of_copy, "torch_over_ours": taken["torch"] / taken["ours"]}
