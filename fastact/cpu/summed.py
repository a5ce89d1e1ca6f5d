"""Backward with gradients of parameters, each summed to the shape of its parameter, as one job of the driver."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastact.cpu import parallel, words
from fastact.cpu.layout import Layout, coalesce, dense, layouts, spread
from fastact.cpu.plan import Row, make_plan, period
from fastact.cpu.ufunc import typed_loop
from fastact.cpu.walk import Array, Drawn, launch, make_job, place
from fastact.record import Record

_MOST_TASKS = 64


@dataclass(frozen=True, slots=True)
class _Template:
    """A job without addresses, and the shapes of its accumulators; None for a gradient that is not wanted."""

    job: Array
    sums: tuple[tuple[int, ...] | None, ...]


def _unit(patterns: Sequence[tuple[list[int], list[list[int]]]]) -> int:
    """Elements of a block: whole periods of a parameter, or else whole runs of one value of it, as many as fit."""
    lengths = [period(*p) for p in patterns] + [p[0][-1] for p in patterns]
    longest = max((n for n in lengths if 0 < n <= words.BLOCK), default=1)
    return words.BLOCK // longest * longest


@functools.lru_cache(4096)
def _template(
    record: Record, dtype: str, operands: tuple[Layout, ...], wanted: tuple[bool, ...], accumulate: bool, drawn: int | None
) -> _Template:
    """`operands` are dy, x, parameters and dx."""
    loop = typed_loop(record, "accumulate_params" if accumulate else "backward_params", dtype)
    shape, params = operands[-1][0], operands[-1 - len(record.params) : -1]
    total = math.prod(shape)
    patterns = [coalesce(shape, [spread(dense(p[0], 8), shape)]) for p in params]
    unit = _unit(patterns) if drawn is None else words.BLOCK
    widest = max(math.prod(p[0]) for p in params)
    tasks = max(1, min(_MOST_TASKS, total // 32768, total // (4 * max(1, widest))))
    chunk = -(-total // tasks // unit) * unit or unit
    tasks = max(1, -(-total // chunk))
    operands = operands[-1:] * accumulate + operands
    sizes, merged = coalesce(shape, [spread(a, shape) for a in operands])
    axes = max(len(sizes), *(len(extents) for extents, _ in patterns))
    if axes > words.MAX_DIMS:
        raise ValueError(f"{record.name}.backward: x has {axes} axes; at most {words.MAX_DIMS} are supported")
    still = [[0] * len(sizes)] * len(params)
    rows = [Row(storage.size, s) for storage, s in zip(loop.signature.operands, [*merged, *still], strict=True)]
    job = make_job(loop, sizes, rows, make_plan(sizes, rows, loop.signature, unit, drawn))
    job[words.JOB_CHUNK] = chunk
    for k, ((extents, (strides,)), p) in enumerate(zip(patterns, params, strict=True)):
        if wanted[k]:
            row = job[place(len(operands) + k) :]
            row[words.MODE], row[words.APART], row[words.DIMS] = words.REDUCED, 8 * math.prod(p[0]), len(extents)
            row[words.STRIDES : words.STRIDES + len(extents)] = strides
            row[words.SHAPE : words.SHAPE + len(extents)] = extents
    return _Template(job, tuple((tasks, *p[0]) if w else None for p, w in zip(params, wanted, strict=True)))


def summed(
    record: Record, dtype: str, inputs: Sequence[Array], dx: Array, wanted: tuple[bool, ...], accumulate: bool, drawn: Drawn | None = None
) -> list[np.ndarray[Any, np.dtype[np.float64]] | None]:
    """Backward into `dx`, and the gradient of each wanted parameter summed over the axes it was broadcast along.

    The elements are taken in logical C order, in tasks and blocks that depend on shapes alone; sums are in float64.
    So the gradients have the same bits for any number of threads and any layout, and whatever else is wanted.
    An input that is `drawn` is so by the logical index.
    With `accumulate` dx is added to what the array holds.
    A `dx` of one repeated element is not written, nor is a gradient that is not wanted: the blocks stay in their buffers.
    """
    template = _template(record, dtype, layouts([*inputs, dx]), wanted, accumulate, drawn and drawn.place)
    parallel.prepare_sums()
    sums = [np.zeros(s or (1,)) for s in template.sums]
    if dx.size:
        launch(template.job, [*[dx] * accumulate, *inputs, dx, *sums], drawn)
    return [s.sum(axis=0) if w else None for s, w in zip(sums, wanted, strict=True)]
