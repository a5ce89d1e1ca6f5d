"""Calls whose noise is drawn: in the kernel where all arrays lie in C order, else into scratch memory, from where other kernels read it.

Operands of a call are as always, a number in place of the noise, then seed and stream, and the scratch memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastact.cuda.elementwise import DRAWN, FIXED, flat
from fastact.cuda.layouts import MOST, Shape, c_strides
from fastact.cuda.noise import fill_steps, position
from fastact.cuda.periods import Words, modes
from fastact.cuda.plan import Plan, Step, redirected
from fastact.cuda.strided import strided
from fastact.directions import STORAGE, Direction
from fastact.record import Record

Draw = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Noise:
    """The first parameter, drawn: by a distribution of `fastact.noise.draws`, from the stream of a seed."""

    draw: Draw
    key: tuple[np.uint64, np.uint64]


def _dense_steps(
    record: Record, direction: Direction, dtype: str, draw: Draw, shape: Shape, data: int, beside: tuple[str, tuple[Words, ...]]
) -> tuple[Step, ...]:
    """The launches over so many arrays in C order at multiples of 16 bytes; `beside` is what `periods.modes` tells of the parameters."""
    x, params, (letters, words) = STORAGE[dtype], len(record.params), beside
    program = flat(record, direction, dtype, DRAWN + letters, draw=draw)
    seed, others = data + params, tuple(range(data + 1, data + params))
    n, steps = math.prod(shape), []
    for begin in range(0, n, MOST):
        part = min(MOST, n - begin)
        step = Step(
            program,
            -(-part // program.span),
            (np.uint32(part),),
            (*range(data), seed, seed + 1, *others),
            (*(begin * x.size,) * data, *(0,) * (1 + params)) if begin else None,
            (*((),) * (data + 1), (position(begin, x.width),), *words),
        )
        steps.append(step)
    return tuple(steps)


def noise_strides(shape: Shape, dtype: str) -> Shape:
    """Of the noise in scratch memory."""
    return c_strides(shape, STORAGE[dtype].computed.size)


def from_scratch(plan: Plan, draw: Draw, dtype: str, shape: Shape, place: int, operands: int) -> Plan:
    """A plan that reads the noise as an array, operand `place` of so many, made one that draws it first; it lies before its own scratch."""
    width = STORAGE[dtype].width
    n, size = math.prod(shape), STORAGE[width].size
    room = -(-n * size // 16) * 16
    scratch = operands + 2
    others = {place: (scratch, 0), operands: (scratch, room)}
    steps = [redirected(step, operands + bool(plan.scratch), others) for step in plan.steps]
    drawn = fill_steps(draw, width, n, scratch, operands, operands + 1)
    return Plan((*drawn, *steps), room + plan.scratch)


def elementwise_plan(
    record: Record,
    direction: Direction,
    dtype: str,
    draw: Draw,
    params: str,
    shape: Shape,
    strides: Sequence[Shape | None],
    *,
    aligned: bool,
) -> Plan:
    """The launches of one direction; arguments as of `strided`, with anything for the noise."""
    data = len(strides) - len(record.params)
    dense = c_strides(shape, STORAGE[dtype].size)
    plain = all(s is not None and all(a == b or n == 1 for a, b, n in zip(s, dense, shape, strict=True)) for s in strides[:data])
    beside = modes(dtype, shape, strides[data + 1 :])
    if plain and aligned and beside and (math.prod(shape) <= MOST or set(beside[0]) <= {FIXED}):
        return Plan(_dense_steps(record, direction, dtype, draw, shape, data, beside))
    told = (*strides[:data], noise_strides(shape, dtype), *strides[data + 1 :])
    steps = strided(record, direction, dtype, "a" + params[1:], shape, told, aligned=aligned)
    return from_scratch(Plan(steps), draw, dtype, shape, data, len(strides))
