"""How operands lie in memory, and the launches of the flat kernels, where those can be used."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fastact.cuda import memory
from fastact.cuda.elementwise import ANY, FIXED, RUN, SAME, divisor, flat
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


def order(shape: Shape, strides: Shape, size: int) -> Shape | None:
    """The dimensions from outermost to innermost in memory, if elements lie there one after the other without gaps."""
    dims = sorted((k for k in range(len(shape)) if shape[k] != 1), key=lambda k: -strides[k])
    step = size
    for k in reversed(dims):
        if strides[k] != step:
            return None
        step *= shape[k]
    return tuple(dims)


def period(shape: Shape, strides: Shape, size: int) -> tuple[int, int] | None:
    """(inner, count), if element i of the data, in its order, goes with element (i // inner) % count of a parameter."""
    inner, count, k = 1, 1, len(shape) - 1
    while k >= 0 and strides[k] == 0:
        inner *= shape[k]
        k -= 1
    while k >= 0 and strides[k] == count * size:
        count *= shape[k]
        k -= 1
    return (inner, count) if all(s == 0 for s in strides[: k + 1]) else None


def _mode(lanes: int, inner: int, count: int, n: int, *, runs: bool) -> str:
    """How the flat kernel gets such a parameter; `runs`: its array starts at a multiple of 16 bytes."""
    if count == 1 or inner % lanes == 0:
        return SAME
    return RUN if runs and inner == 1 and (count % lanes == 0 or count == n) else ANY


def flat_steps(
    record: Record, direction: Direction, dtype: str, data: Sequence[Form], params: Sequence[Form | None], *, runs: bool
) -> tuple[Step, ...] | None:
    """The launches over data (inputs and outputs) at multiples of 16 bytes, or None where another kernel is needed.

    The data must all be dense in one order, and parameters from arrays repeat along it. Of more than 2^30 elements each launch does
    some, of which each begins where the parameters do, or at their next element.
    """
    x, wide = STORAGE[dtype], STORAGE[dtype].computed
    _, shape, strides = data[0]
    if any(form[1] != shape or form[2] != strides for form in data):
        return None
    dims = tuple(k for k in range(len(shape)) if shape[k] != 1) if strides is None else order(shape, strides, x.size)
    if dims is None:
        return None
    n, lanes = math.prod(shape), memory.lanes(x)
    ordered = tuple(shape[k] for k in dims)
    found: list[tuple[int, int] | None] = []
    for form in params:
        if form is None:
            found.append(None)
            continue
        seen = broadcast(form, wide.size, shape)
        repeated = period(ordered, tuple(seen[k] for k in dims), wide.size)
        if repeated is None:
            return None
        found.append(repeated)
    kept = [p for p in found if p is not None]
    part = _part(n, math.lcm(lanes, *(inner if inner * count == n else inner * count for inner, count in kept if count > 1)))
    if not part:
        return None
    modes = "".join(FIXED if p is None else _mode(lanes, *p, n, runs=runs) for p in found)
    program = flat(record, direction, dtype, modes)
    steps = []
    for begin in range(0, n, part):
        now = min(part, n - begin)
        shifts = [begin * x.size] * len(data) + [_shift(p, begin, n, wide.size) for p in found]
        words = [()] * len(data) + [_words(p) for p in found]
        steps.append(
            Step(
                program, -(-now // program.span), (np.uint32(now),), None, tuple(shifts) if begin else None, tuple(words) if kept else None
            )
        )
    return tuple(steps)


def _part(n: int, unit: int) -> int:
    """The elements of one launch: all, or the most that is a multiple of `unit`; 0 if that is too many."""
    return n if n <= MOST else MOST // unit * unit


def _shift(repeated: tuple[int, int] | None, begin: int, n: int, size: int) -> int:
    if repeated is None or repeated[1] == 1 or math.prod(repeated) < n:
        return 0
    return begin // repeated[0] * size


def _words(repeated: tuple[int, int] | None) -> tuple[np.uint32, ...]:
    """The index arguments of a parameter from an array."""
    if repeated is None:
        return ()
    inner, count = (min(v, MOST) for v in repeated)
    return tuple(np.uint32(v) for v in (*divisor(inner), count, *divisor(count)))
