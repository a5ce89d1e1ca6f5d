"""What a kernel computes in each direction, on any device: its operands, how they lie in memory, and its results from the scalar's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from llvmlite import ir

from fastact.numerics import bits
from fastact.numerics.emit import DOUBLE, FLOAT, HALF, I1, I16
from fastact.record import Record

Direction = Literal["forward", "backward", "derivative", "value_and_grad", "jvp", "backward_params", "accumulate", "accumulate_params"]


@dataclass(frozen=True, slots=True)
class Storage:
    """How one dtype lies in memory, and the width that it is computed in."""

    dtype: str
    size: int
    width: str
    memory: Any

    @property
    def computed(self) -> Storage:
        """The storage of the computing width, which parameters have."""
        return STORAGE[self.width]


STORAGE = {
    "float16": Storage("float16", 2, "float32", HALF),
    "bfloat16": Storage("bfloat16", 2, "float32", I16),
    "float32": Storage("float32", 4, "float32", FLOAT),
    "float64": Storage("float64", 8, "float64", DOUBLE),
    "longdouble": Storage("longdouble", np.dtype(np.longdouble).itemsize, "longdouble", None),
}


@dataclass(frozen=True, slots=True)
class Signature:
    """The operands of one loop, inputs first; parameters are the last inputs."""

    inputs: tuple[Storage, ...]
    outputs: tuple[Storage, ...]
    params: int

    @property
    def operands(self) -> tuple[Storage, ...]:
        """Inputs, then outputs."""
        return self.inputs + self.outputs


def kernel_of(record: Record, direction: Direction) -> Direction:
    """The direction whose kernels are run: the Jacobian of an elementwise function of one array is diagonal."""
    return "backward" if direction == "jvp" and len(record.operands) == 1 else direction


@functools.cache
def signature(record: Record, direction: Direction, dtype: str) -> Signature:
    """Operands of a direction: (old dx,) (dy,) x, params... -> y, dx or both; those of parameters add a gradient for each.

    A Jacobian-vector product has a tangent for each of the operands that are no parameters, in place of dy.
    """
    x = STORAGE[dtype]
    data = (x,) * len(record.operands)
    params = (x.computed,) * len(record.params)
    before = (x,) * {"jvp": len(data), "accumulate": 2, "backward": 1}.get(direction.removesuffix("_params"), 0)
    added = params if direction.endswith("params") else ()
    outputs = {"forward": (x,), "jvp": (x,), "value_and_grad": (x, *data)}.get(direction, (*data, *added))
    return Signature((*before, *data, *params), outputs, len(params))


def results(builder: Any, record: Record, direction: Direction, inputs: list[Any], call: Callable[[list[Any]], list[Any]]) -> list[Any]:
    """The outputs of one element. A gradient that is 0 by branch stays +0 whatever comes in."""
    if direction == "forward":
        return call(inputs)[:1]
    last = 1 + len(record.operands)
    if direction == "derivative":
        return call(inputs)[1:last]
    if direction == "value_and_grad":
        return call(inputs)[:last]
    if direction == "jvp":
        return [_tangent(builder, record, inputs[: last - 1], call(inputs[last - 1 :])[1:last])]
    old = inputs[: direction.startswith("accumulate")]
    dy, *rest = inputs[len(old) :]
    gradients = call(rest)[1 : None if direction.endswith("params") else last]
    zero = ir.Constant(dy.type, 0.0)
    results = []
    for k, d in enumerate(gradients):
        added = old if k == 0 else []
        result = bits.CODE[bits.fma](builder, dy, d, added[0]) if added else builder.fmul(dy, d)
        level = builder.fcmp_ordered("==", d, zero) if record.flat else I1(0)
        results.append(builder.select(level, added[0] if added else zero, result))
    return results


def _tangent(builder: Any, record: Record, tangents: list[Any], derivatives: list[Any]) -> Any:
    """Σ of tangents times derivatives, from the last on, each sum rounded once. A term whose derivative is 0 by branch is +0."""
    zero = ir.Constant(tangents[0].type, 0.0)
    total = None
    for t, d in reversed(list(zip(tangents, derivatives, strict=True))):
        term = builder.fmul(t, d) if total is None else bits.CODE[bits.fma](builder, t, d, total)
        level = builder.fcmp_ordered("==", d, zero) if record.flat else I1(0)
        total = builder.select(level, zero if total is None else total, term)
    return total
