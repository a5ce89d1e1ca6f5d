"""Elements a second of the functions of rows beside torch, on the last axis and on the first: rows of 64, 1024 and 32768."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastact as fa

LENGTHS = (64, 1024, 32768)
WAYS = (
    "softmax",
    "log_softmax",
    "softmax from output",
    "log_softmax from output",
    "softmax backward",
    "logsumexp",
    "sparsemax",
    "cross entropy",
)
Run = Callable[[], Any]


def ours(way: str, x: Any, dy: Any, y: Any, labels: Any, axis: int) -> Run:
    """The public call, with `out=` where it has one of the size of x."""
    out = np.empty_like(x)
    name, _, direction = way.partition(" ")
    if way == "cross entropy":
        return lambda: fa.softmax_cross_entropy(x, labels, axis)
    function = getattr(fa, name)
    if direction == "from output":
        return lambda: function.backward_from_output(dy, y, axis, out=out)
    if direction:
        return lambda: function.backward(dy, x, axis, out=out)
    return (lambda: function(x, axis)) if name == "logsumexp" else (lambda: function(x, axis, out=out))


def torchs(way: str, x: Any, dy: Any, y: Any, labels: Any, axis: int) -> Run | None:
    """The same by torch, on one thread, with its own kernels for gradients."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    torch.set_num_threads(1)
    a, b, c, d = (torch.from_numpy(v) for v in (x, dy, y, labels))
    out = torch.empty_like(a)
    kind = torch.float32
    runs: dict[str, Run] = {
        "softmax": lambda: torch.softmax(a, axis, out=out),
        "log_softmax": lambda: torch._log_softmax(a, axis, False, out=out),
        "softmax from output": lambda: torch._softmax_backward_data(b, c, axis, kind, grad_input=out),
        "log_softmax from output": lambda: torch._log_softmax_backward_data(b, c, axis, kind, out=out),
        "softmax backward": lambda: torch._softmax_backward_data(b, torch.softmax(a, axis), axis, kind, grad_input=out),
        "logsumexp": lambda: torch.logsumexp(a, axis),
        "cross entropy": lambda: torch.nn.functional.cross_entropy(a if axis else a.T, d, reduction="none"),
    }
    return runs.get(way)


@pytest.mark.parametrize("who", ["fastact", "torch"])
@pytest.mark.parametrize("axis", [-1, 0])
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("way", WAYS)
def test_rows(benchmark: Any, way: str, length: int, axis: int, size: int, who: str) -> None:
    if size < 4 * length:
        pytest.skip("fewer than four rows")
    rng = np.random.default_rng(0)
    shape = (size // length, length) if axis else (length, size // length)
    x, dy = (rng.standard_normal(shape, np.float32) for _ in range(2))
    forward = fa.log_softmax if way.startswith("log") else fa.softmax
    given = (way, x, dy, forward(x, axis), rng.integers(0, length, size // length), axis)
    run = ours(*given) if who == "fastact" else torchs(*given)
    if run is None:
        pytest.skip(f"torch is not installed or has no {way}")
    benchmark.group = f"{way} rows of {length} axis {axis} {size}"
    benchmark(run)
