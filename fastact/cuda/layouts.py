"""How operands lie in memory, and the launches of the flat kernels, where those can be used."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fastact.cuda.elementwise import flat
from fastact.cuda.plan import Step
from fastact.directions import STORAGE, Direction
from fastact.record import Record

Shape = tuple[int, ...]
Form = tuple[str, Shape, Shape | None]
"""Dtype, shape, and strides in bytes, or None for C order."""


class RefusedError(ValueError):
    """Why an array cannot be used, as the end of a sentence that begins with its name."""


MOST = 1 << 30
"""Elements of one launch."""


def strides_of(form: Form, size: int) -> Shape:
    """The strides in bytes."""
    return c_strides(form[1], size) if form[2] is None else form[2]


def c_strides(shape: Shape, size: int) -> Shape:
    """Strides in C order."""
    strides, step = [0] * len(shape), size
    for k in range(len(shape) - 1, -1, -1):
        strides[k] = step
        step *= shape[k]
    return tuple(strides)


def plain(shape: Shape, strides: Shape | None, size: int) -> Shape | None:
    """None where these strides are those of C order, which those of dimensions of one element cannot disturb."""
    if strides is None or all(n == 1 or s == c for n, s, c in zip(shape, strides, c_strides(shape, size), strict=True)):
        return None
    return strides


def broadcast(form: Form, size: int, shape: Shape) -> Shape:
    """The strides of an operand seen in the shape of the result."""
    lead, own = len(shape) - len(form[1]), strides_of(form, size)
    return (*(0,) * lead, *(0 if n == 1 else s for n, s in zip(form[1], own, strict=True)))


def dense(shape: Shape, strides: Shape, size: int) -> bool:
    """Whether elements lie one after the other without gaps, in any order of the dimensions."""
    step = size
    for k in sorted((k for k in range(len(shape)) if shape[k] != 1), key=lambda k: strides[k]):
        if strides[k] != step:
            return False
        step *= shape[k]
    return True


def flat_steps(record: Record, direction: Direction, dtype: str, data: Sequence[Form]) -> tuple[Step, ...] | None:
    """The launches over data (inputs and outputs) that begin at multiples of 16 bytes, with numbers for parameters.

    None, where the data are not all dense in one order. Of more than 2^30 elements each launch does as many.
    """
    x = STORAGE[dtype]
    _, shape, strides = data[0]
    if any(form[1] != shape or form[2] != strides for form in data) or (strides is not None and not dense(shape, strides, x.size)):
        return None
    program = flat(record, direction, dtype)
    values = (0,) * len(record.params)
    n, steps = math.prod(shape), []
    for begin in range(0, n, MOST):
        part = min(MOST, n - begin)
        shifts = (*(begin * x.size,) * len(data), *values) if begin else None
        steps.append(Step(program, -(-part // program.span), (np.uint32(part),), shifts=shifts))
    return tuple(steps)
