"""Plans of elementwise calls over any strides: broadcast parameters, slices, reversed and permuted axes.

Axes are taken in the order of the output's memory, merged where all operands run through them in one stride, and walked by number.
Where the innermost one is dense and aligned a thread does vectors of 16 bytes, else elements that are a block's width apart. Dense data
whose parameters change within vectors are left to the flat kernels.
"""

from __future__ import annotations

import math
from operator import mul
from typing import Any

import numpy as np

from fastact.cpu.layout import coalesce
from fastact.cuda import memory
from fastact.cuda.elementwise import ANY, FIXED, RUN, SAME, divisor, flat
from fastact.cuda.plan import Step
from fastact.cuda.target import Program
from fastact.cuda.walk import MOST, Walk, boxes, distinct, in_elements, memory_order
from fastact.cuda.walked import Form, kernel
from fastact.directions import STORAGE, Direction, signature
from fastact.record import Record


def _wide(lanes: int, sizes: list[int], data: list[list[int]]) -> bool:
    """Whether all data can be accessed 16 bytes at a time."""
    whole = len(sizes) == 1 or (sizes[-1] % lanes == 0 and sizes[-1] > lanes)
    return whole and all(s[-1] == 1 and not any(t % lanes for t in s[:-1]) for s in data)


def _mode(lanes: int, storage: Any, strides: list[int]) -> str:
    """How a parameter is loaded beside a vector."""
    step = memory.lanes(storage)
    if strides[-1] == 0:
        return SAME
    return RUN if strides[-1] == 1 and lanes % step == 0 and not any(t % step for t in strides[:-1]) else ANY


def _periodic(shape: list[int], strides: list[int]) -> tuple[int, int] | None:
    """(inner, count) of a parameter that is ``p[(i // inner) % count]`` beside element i, or None."""
    sizes, (merged,) = coalesce(shape, [strides])
    if not any(merged):
        return 1, 1
    at = next(axis for axis, s in enumerate(merged) if s)
    inner = sizes[at + 1 :]
    fits = merged[at] == 1 and at <= 1 and not any(merged[at + 1 :]) and len(inner) <= 1
    return (math.prod(inner), sizes[at]) if fits else None


def _straddling(
    record: Record, direction: Direction, dtype: str, letters: str, sizes: list[int], strides: list[list[int]]
) -> tuple[Step, ...] | None:
    """The launch over data that are dense in one order, where the values of a parameter do not begin with vectors; None if it does not fit.

    `strides` are those of data and of parameters from arrays.
    """
    count = len(strides) - letters.count(ANY)
    whole, dense = coalesce(sizes, strides[:count])
    patterns = [_periodic(sizes, s) for s in strides[count:]]
    if len(whole) > 1 or whole[0] > MOST or any(s != [1] for s in dense) or None in patterns:
        return None
    made, found = flat(record, direction, dtype, letters), iter(patterns)
    words: list[tuple[Any, ...]] = [()] * count
    for letter in letters:
        inner, period = (letter != FIXED and next(found)) or (1, 1)
        told = (*divisor(inner), period, *divisor(period))
        words.append(() if letter == FIXED else tuple(np.uint32(w) for w in told))
    return (Step(made, -(-whole[0] // made.span), (np.uint32(whole[0]),), words=tuple(words)),)


def _compiled(
    record: Record, direction: Direction, dtype: str, letters: str, lanes: int, sizes: list[int], strides: list[list[int]]
) -> tuple[Program, tuple[Any, ...]]:
    """The kernel for vectors of `lanes` elements along the last axis, and the words of its walk."""
    units = [*sizes[:-1], -(-sizes[-1] // lanes)]
    groups, moves = distinct([(*s[:-1], s[-1] * lanes) for s in strides])
    walk = Walk.of(units, moves)
    return kernel(record, direction, dtype, Form(letters, groups, walk, lanes)), walk.words(units, moves)


def strided(
    record: Record,
    direction: Direction,
    dtype: str,
    params: str,
    shape: tuple[int, ...],
    strides: tuple[tuple[int, ...] | None, ...],
    aligned: bool = False,
) -> tuple[Step, ...]:
    """The launches of an elementwise call.

    Parameters
    ----------
    record, direction, dtype
        What is computed.
    params
        For each parameter "v" if it is given by value, "a" if by an array of the computing width.
    shape
        Of the results; not empty.
    strides
        In bytes, of inputs, outputs and parameters, 0 where an operand is repeated; None of a value.
    aligned
        Whether all addresses, those of parameters too, are multiples of 16.

    Raises
    ------
    ValueError
        If a stride is no multiple of the element's size.
    """
    sig, x = signature(record, direction, dtype), STORAGE[dtype]
    count = len(sig.operands) - sig.params
    inputs = len(sig.inputs) - sig.params
    places = [k for k, s in enumerate(strides) if s is not None]
    storages = [x if k < count else x.computed for k in places]
    arrays = [in_elements(strides[k] or (), shape, s.size, k) for k, s in zip(places, storages, strict=True)]
    order = memory_order(shape, [*arrays[inputs:count], *arrays[:inputs], *arrays[count:]])
    sizes, merged = coalesce([shape[a] for a in order], [[s[a] for a in order] for s in arrays])
    lanes = memory.lanes(x)
    if not (aligned and _wide(lanes, sizes, merged[:count])):
        steps = _straddling(record, direction, dtype, params, sizes, merged) if aligned and len(merged) > count else None
        if steps is not None:
            return steps
        lanes = 1
    modes = iter([_mode(lanes, x.computed, s) if lanes > 1 else ANY for s in merged[count:]])
    letters = "".join(FIXED if p == FIXED else next(modes) for p in params)
    launches = []
    for start, box in boxes(sizes):
        moved = {k: storage.size * sum(map(mul, start, s)) for k, storage, s in zip(places, storages, merged, strict=True)}
        shifts = tuple(moved.get(k, 0) for k in range(len(strides)))
        made, tail = _compiled(record, direction, dtype, letters, lanes, *coalesce(box, merged))
        total = math.prod(box)
        launches.append(Step(made, -(-total // made.span), (*tail, np.uint32(total)), shifts=shifts if any(shifts) else None))
    return tuple(launches)
