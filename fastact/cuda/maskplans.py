"""Plans of calls with masks: one kernel where all arrays lie in C order, else derivatives or points pass through scratch memory."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastact.activations.piecewise import identity
from fastact.cuda.elementwise import FIXED
from fastact.cuda.layouts import MOST, Shape, c_strides
from fastact.cuda.masks import backward_from_mask, points_of, with_mask
from fastact.cuda.periods import Words, modes
from fastact.cuda.plan import Plan, Step, redirected
from fastact.cuda.strided import strided
from fastact.cuda.target import Program
from fastact.directions import STORAGE
from fastact.record import Record

Strides = Sequence[Shape | None]
_DATA = 3


def _itself(x: Any) -> Any:
    return x, x


_TAKEN = dataclasses.replace(identity, scalar=_itself)
"""The function whose derivative is x."""


def _beside(dtype: str, shape: Shape, data: Sequence[Shape], params: Strides, *, aligned: bool) -> tuple[str, tuple[Words, ...]] | None:
    """How the dense kernel gets the parameters, or None where it cannot be used."""
    dense = c_strides(shape, STORAGE[dtype].size)
    plain = all(a == b or n == 1 for own in data for a, b, n in zip(own, dense, shape, strict=True))
    found = modes(dtype, shape, params) if plain and aligned else None
    return found if found and (math.prod(shape) <= MOST or set(found[0]) <= {FIXED}) else None


def _dense(program: Program, n: int, sizes: Sequence[float], takes: tuple[int, ...], words: tuple[Words, ...]) -> tuple[Step, ...]:
    """The launches of a kernel whose operands have so many bytes an element, parameters 0."""
    steps = []
    for begin in range(0, n, MOST):
        part = min(MOST, n - begin)
        shifts = tuple(int(begin * size) for size in sizes) if begin else None
        steps.append(Step(program, -(-part // program.span), (np.uint32(part),), takes, shifts, words if any(words) else None))
    return tuple(steps)


def forward_plan(record: Record, dtype: str, params: str, shape: Shape, strides: Strides, *, aligned: bool) -> Plan:
    """The launches of value and mask.

    Parameters
    ----------
    record : Record
        The function, its derivative as the bit.
    dtype : str
        Of the data.
    params : str
        "v" or "a" for each parameter, as of `strided`.
    shape : tuple of int
        Of x and y.
    strides : sequence
        In bytes, of x, y and the parameters (None of values), in that shape.
    aligned : bool
        Whether all addresses, those of parameters too, are multiples of 16. The mask's is a multiple of 4 in any case.

    Returns
    -------
    Plan
        Operands are x, y, the mask, parameters, and scratch memory.
    """
    x, y, *beside = strides
    assert x is not None
    assert y is not None
    size, n = STORAGE[dtype].size, math.prod(shape)
    count, values = _DATA + len(beside), [0] * len(beside)
    found = _beside(dtype, shape, (x, y), beside, aligned=aligned)
    if found:
        letters, words = found
        made = with_mask(record, dtype, letters)
        return Plan(_dense(made, n, (size, size, 1 / 8, *values), tuple(range(count)), ((),) * _DATA + words))
    told = (x, y, c_strides(shape, size), *beside)
    steps = strided(record, "value_and_grad", dtype, params, shape, told, aligned=aligned)
    derived = tuple(redirected(step, count, {2: (count, 0)}) for step in steps)
    packed = _dense(with_mask(_TAKEN, dtype, ""), n, (size, size, 1 / 8), (count, count, 2), ((),) * _DATA)
    return Plan((*derived, *packed), -(-n * size // 16) * 16)


def backward_plan(
    record: Record, dtype: str, points: tuple[float, float], params: str, shape: Shape, strides: Strides, *, aligned: bool
) -> Plan:
    """The launches of dx from dy and the mask, as `forward_plan`.

    `strides` are those of dy, dx and the parameters; operands are dy, the mask, dx, parameters, and scratch memory.
    """
    dy, dx, *beside = strides
    assert dy is not None
    assert dx is not None
    size, n = STORAGE[dtype].size, math.prod(shape)
    count, values = _DATA + len(beside), [0] * len(beside)
    found = _beside(dtype, shape, (dy, dx), beside, aligned=aligned)
    if found:
        letters, words = found
        made = backward_from_mask(record, dtype, letters, points)
        return Plan(_dense(made, n, (size, 1 / 8, size, *values), tuple(range(count)), ((),) * _DATA + words))
    told = (dy, c_strides(shape, size), dx, *beside)
    steps = strided(record, "backward", dtype, params, shape, told, aligned=aligned)
    unpacked = _dense(points_of(dtype, points), n, (1 / 8, size), (1, count), ((), ()))
    return Plan((*unpacked, *(redirected(step, count, {1: (count, 0)}) for step in steps)), -(-n * size // 16) * 16)
