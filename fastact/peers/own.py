"""Our own calls, and what bounds them: the least time in which as many bytes move."""

from __future__ import annotations

import numpy as np

import fastact as fa
from fastact.cpu.ufunc import make_ufunc
from fastact.peers.arrays import Arrays, Run, required


def limit(direction: str, a: Arrays) -> Run:
    """What moves the same bytes: a copy for one stream in and one out, a sum for three streams."""
    kind = np.dtype(np.uint16) if a.x.dtype.itemsize == 2 else a.x.dtype  # NumPy's 16-bit float sums are not bound by memory
    x, dy, y = a.x.view(kind), a.dy.view(kind), a.y.view(kind)
    if direction == "forward":
        return lambda: np.copyto(y, x)
    return lambda: np.add(x, dy, out=y)


def ours(activation: fa.Activation, direction: str, a: Arrays) -> Run:
    """The public call with `out=`; the bare ufunc where `backward` would also sum the gradients of parameters."""
    params = required(activation)
    if direction == "forward":
        return lambda: activation(a.x, *params, out=a.y)
    if direction == "value_and_grad":
        return lambda: activation.value_and_grad(a.x, *params, out=(a.y, a.d))
    if any(p.trainable for p in activation.params):
        backward, values = make_ufunc(activation.record, "backward"), activation.record.typical
        return lambda: backward(a.dy, a.x, *values, out=a.y)
    return lambda: activation.backward(a.dy, a.x, *params, out=a.y)
