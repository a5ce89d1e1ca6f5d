"""torch's kernels on the same stream; and the host's time of a call of fastact beside torch's."""

from __future__ import annotations

import functools
import importlib.util
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[[], Any]
SAVED = ("sigmoid", "tanh", "exp")
"""Functions whose backward torch takes from the output."""


def _kernels() -> Any:
    """`fastact.peers.torch_table`, read as a file: a machine that has but a bundle has no Numba, which fastact imports."""
    spec: Any = importlib.util.spec_from_file_location("torch_table", Path(__file__).parents[2] / "fastact" / "peers" / "torch_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def maker(device: Any) -> Callable[..., Run | None] | None:
    """How to make torch's run of a function, on the stream of `device`; None where there is no torch with a GPU."""
    try:
        import torch
    except ImportError:
        return None
    if not torch.cuda.is_available():
        return None
    stream = torch.cuda.ExternalStream(device.handle)
    forward, backward = _kernels().tables(torch)

    @functools.lru_cache(4)
    def arrays(dtype: str, size: int) -> tuple[Any, ...]:
        kind = getattr(torch, dtype)
        made = tuple(torch.randn(size, device="cuda", dtype=kind) for _ in range(3))
        torch.cuda.synchronize()
        return made

    def run(name: str, direction: str, dtype: str, size: int, params: tuple[float, ...]) -> Run | None:
        table = {"forward": forward, "backward": backward}.get(direction, {})
        if name not in table or (name == "swish" and direction == "backward" and params != (1,)):
            return None
        t, g, o = arrays(dtype, size)
        if direction == "forward":
            call = functools.partial(table[name], t, o, *params)
        else:
            saved = getattr(torch, name)(t) if name in SAVED else t
            buffer = (torch.ops.aten.log_sigmoid_forward(t)[1],) if name == "log_sigmoid" else ()
            call = functools.partial(table[name], g, saved, o, *buffer, *params)

        def on_stream() -> None:
            with torch.cuda.stream(stream):
                call()

        return on_stream

    return run


def _host(run: Run, sync: Run, calls: int = 2000) -> float:
    """Microseconds of the host for one call; the device keeps up with arrays that small."""
    for _ in range(50):
        run()
    taken = []
    for _ in range(7):
        sync()
        before = time.perf_counter()
        for _ in range(calls // 7):
            run()
        taken.append((time.perf_counter() - before) / (calls // 7))
        sync()
    return statistics.median(taken) * 1e6


def latency(size: int = 1024) -> list[dict[str, Any]]:
    """Rows of host microseconds: ours, then torch's."""
    import torch

    import fastact as fa

    aten = torch.ops.aten
    t, g, o = (torch.randn(size, device="cuda") for _ in range(3))
    pairs: dict[str, tuple[Run, Run]] = {
        "gelu, out=": (lambda: fa.gelu(t, out=o), lambda: aten.gelu.out(t, out=o)),
        "gelu": (lambda: fa.gelu(t), lambda: torch.nn.functional.gelu(t)),
        "relu": (lambda: fa.relu(t), lambda: torch.relu(t)),
        "leaky_relu, out=": (lambda: fa.leaky_relu(t, out=o), lambda: aten.leaky_relu.out(t, 0.01, out=o)),
        "gelu backward, out=": (lambda: fa.gelu.backward(g, t, out=o), lambda: aten.gelu_backward.grad_input(g, t, grad_input=o)),
        "gelu backward": (lambda: fa.gelu.backward(g, t), lambda: aten.gelu_backward(g, t)),
        "softmax": (lambda: fa.softmax(t), lambda: torch.softmax(t, -1)),
    }
    rows = []
    for name, (ours, theirs) in pairs.items():
        try:
            a, b = (_host(run, torch.cuda.synchronize) for run in (ours, theirs))
        except Exception as error:  # noqa: BLE001
            rows.append({"call": name, "error": repr(error)})
            continue
        rows.append({"call": name, "ours_us": a, "torch_us": b, "torch_over_ours": b / a})
    return rows
