"""Cases of gated units: two arrays, or the halves of one, beside what PyTorch has for it."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any

import numpy as np

import fastact as fa
from fastact.peers.arrays import Run

COLUMNS = 4096
FORMS = ("two arrays", "packed", "interleaved")


@dataclass(frozen=True)
class Halves:
    """Operands of one measurement, with room for results; `packed` holds a and b side by side in rows."""

    a: Any
    b: Any
    dy: Any
    y: Any
    da: Any
    db: Any
    packed: Any
    dx: Any

    @classmethod
    def make(cls, size: int) -> Halves:
        """Standard normal float32, `size` elements in each half."""
        rng, columns = np.random.default_rng(0), min(size, COLUMNS)
        a, b, dy = (rng.standard_normal((size // columns, columns), np.float32) for _ in range(3))
        packed = np.concatenate([a, b], axis=-1)
        return cls(a, b, dy, *(np.empty_like(a) for _ in range(3)), packed, np.empty_like(packed))


def ours(gate: fa.Gate, direction: str, form: str, h: Halves) -> Run:
    """The public call with `out=`."""
    if form == "two arrays":
        if direction == "forward":
            return lambda: gate(h.a, h.b, out=h.y)
        return lambda: gate.backward(h.dy, h.a, h.b, out=(h.da, h.db))
    interleaved = form == "interleaved"
    if direction == "forward":
        return lambda: gate.packed(h.packed, interleaved=interleaved, out=h.y)
    return lambda: gate.packed.backward(h.dy, h.packed, interleaved=interleaved, out=h.dx)


def limit(direction: str, h: Halves) -> Run:
    """What reads and writes as many bytes: a sum, for backward two."""
    if direction == "forward":
        return lambda: np.add(h.a, h.b, out=h.y)
    return lambda: (np.add(h.a, h.b, out=h.da), np.negative(h.dy, out=h.db))


def torch_peer(gate: fa.Gate, direction: str, form: str, h: Halves) -> Run | None:
    """PyTorch's kernels one after the other with `out=`, or its own glu, whose gate is the second half."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    torch.set_num_threads(fa.get_num_threads())
    aten = torch.ops.aten
    dy, y, packed, dx = (torch.from_numpy(v) for v in (h.dy, h.y, h.packed, h.dx))
    if form == "packed" and gate.name == "glu":
        if direction == "forward":
            return lambda: aten.glu.out(packed, -1, out=y)
        return lambda: aten.glu_backward.grad_input(dy, packed, -1, grad_input=dx)
    tables = {
        "reglu": (aten.relu, lambda g, x, out: aten.threshold_backward.grad_input(g, x, 0, grad_input=out)),
        "geglu": (aten.gelu, lambda g, x, out: aten.gelu_backward.grad_input(g, x, grad_input=out)),
        "swiglu": (aten.silu, lambda g, x, out: aten.silu_backward.grad_input(g, x, grad_input=out)),
        "glu": (aten.sigmoid, lambda g, x, out: aten.sigmoid_backward.grad_input(g, aten.sigmoid(x), grad_input=out)),
    }
    if gate.name not in tables:
        return None
    f, slope = tables[gate.name]

    def split(t: Any) -> Any:
        return (t[:, ::2], t[:, 1::2]) if form == "interleaved" else t.chunk(2, -1)

    two = form == "two arrays"
    a, b = (torch.from_numpy(h.a), torch.from_numpy(h.b)) if two else split(packed)
    da, db = (torch.from_numpy(h.da), torch.from_numpy(h.db)) if two else split(dx)
    if direction == "forward":
        return lambda: torch.mul(f(a), b, out=y)
    return lambda: (torch.mul(dy, f(a), out=db), slope(dy * b, a, da))
