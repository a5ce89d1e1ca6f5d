"""The N-d walk: whole arrays of any layout as one job of the driver.

What a job is but for its addresses depends on the layouts alone, and working it out takes longer than running over a
hundred thousand elements: it is remembered.
"""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastact.cpu import parallel, words
from fastact.cpu.layout import Layout, address, coalesce, layouts, spread
from fastact.cpu.plan import Plan, Row, make_plan
from fastact.cpu.ufunc import Loop, typed_loop
from fastact.directions import STORAGE, Direction
from fastact.record import Record

Array = np.ndarray[Any, np.dtype[Any]]
_run = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p)


def make_job(loop: Loop, shape: list[int], rows: list[Row], plan: Plan) -> Array:
    """The words of a job without addresses."""
    sig = loop.signature
    (loop.ensure if plan.scalars else loop.ensure_arrays)()
    parallel.prepare()
    job = np.zeros(words.JOB_BYTES // 8, np.int64)
    job[: words.JOB_SHAPE] = (
        loop.row[words.KERNEL + (not plan.scalars)],
        len(sig.operands),
        len(sig.inputs),
        len(shape),
        math.prod(shape),
        0,
        parallel.control.ctypes.data,
        1,
        plan.unit,
        words.RUNS in plan.modes,
    )
    job[words.JOB_SHAPE : words.JOB_SHAPE + len(shape)] = shape
    for j, (row, mode) in enumerate(zip(rows, plan.modes, strict=True)):
        target = job[place(j) :]
        target[words.SIZE], target[words.MODE] = (row.size, mode) if row.size else (0, words.FLAT)
        target[words.STRIDES : words.STRIDES + len(row.strides)] = row.strides
    return job


def place(j: int) -> int:
    """The first word of operand `j`, which is its address."""
    return words.JOB_ROWS + j * words.ROW + words.BASE


def start(job: Array, control: Array) -> None:
    """Run a job by the pieces that these control words hold, once the threads run if it is large enough to use them."""
    if control[words.THREADS] > 1 and job[words.JOB_TOTAL] >= 2 * control[words.GRAIN]:
        parallel.start()
        for k in (words.THREADS, words.PARALLEL_FOR):
            control[k] = parallel.control[k]
    job[words.JOB_CONTROL] = address(control)
    _run(int(control[words.LAUNCH]))(address(job))


class Drawn(NamedTuple):
    """An input drawn in the loop: its place among the operands, where a scalar stands for it, the key, and the code by width."""

    place: int
    key: Array
    code: Callable[[str], int]


def launch(template: Array, operands: Sequence[Array], drawn: Drawn | None = None) -> None:
    """Run a job on these operands."""
    job = template.copy()
    job[place(0) : place(len(operands)) : words.ROW] = [address(a) for a in operands]
    if drawn is not None:
        row = place(drawn.place)
        job[row], job[row + words.APART] = drawn.code(operands[drawn.place].dtype.name), address(drawn.key)
    start(job, parallel.control)


@functools.lru_cache(4096)
def _template(record: Record, direction: Direction, dtype: str, operands: tuple[Layout, ...], drawn: int | None) -> Array | None:
    loop, shape = typed_loop(record, direction, dtype), operands[-1][0]
    strides = [spread(a, shape) for a in operands]
    order = sorted(range(len(shape)), key=lambda d: [-abs(s[d]) for s in reversed(strides)] if drawn is None else d)
    sizes, merged = coalesce([shape[d] for d in order], [[s[d] for d in order] for s in strides])
    if len(sizes) > words.MAX_DIMS:
        return None
    rows = [Row(storage.size, s) for storage, s in zip(loop.signature.operands, merged, strict=True)]
    return make_job(loop, sizes, rows, make_plan(sizes, rows, loop.signature, drawn=drawn))


def walk(
    record: Record, direction: Direction, dtype: str, inputs: Sequence[Array], outputs: Sequence[Array], drawn: Drawn | None = None
) -> bool:
    """Fill `outputs` from `inputs`, all of the loop's exact dtypes, aligned, and identical or disjoint in memory.

    With an input that is `drawn`, elements are taken in logical C order, by which draws are indexed.

    Returns False, with nothing done, where the layout has more axes than the driver holds.
    """
    operands = [*inputs, *outputs]
    template = _template(record, direction, dtype, layouts(operands), drawn and drawn.place)
    if template is None:
        return False
    launch(template, operands, drawn)
    return True


@functools.lru_cache(4096)
def shape_for_walk(record: Record, dtype: str, inputs: tuple[Layout, ...], outputs: tuple[Layout | None, ...]) -> tuple[int, ...] | None:
    """The result's shape, or None where the ufunc is the better way, or has the better message for what does not fit."""
    try:
        shape = np.broadcast_shapes(*(a[0] for a in inputs))
    except ValueError:
        return None
    if any(o is not None and (o[0] != shape or any(s == 0 and n > 1 for n, s in zip(*o, strict=True))) for o in outputs):
        return None
    given = [o for o in outputs if o is not None]
    data = [*inputs[: len(inputs) - len(record.params)], *given]
    params = [p for p in inputs[len(inputs) - len(record.params) :] if math.prod(p[0]) > 1]
    if params or any(a[0] != shape for a in data):
        return shape
    size = STORAGE[dtype].size
    return None if _flat(data, size, reverse=True) or _flat(data, size, reverse=False) else shape


def _flat(operands: list[Layout], size: int, *, reverse: bool) -> bool:
    """Whether all are dense, in C order (`reverse`) or in Fortran's."""
    for shape, strides in operands:
        expected = size
        pairs = list(zip(shape, strides, strict=True))
        for n, s in reversed(pairs) if reverse else pairs:
            if n != 1 and s != expected:
                return False
            expected *= n
    return True
