"""Jobs with operands that are no arrays of elements: a function makes them, or takes them up, block by block.

Such a job is one of the driver with three more words per operand behind it: the address of
``void f(job, row, start, count, buffer)`` or 0, and two that only this function reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastact.cpu import jitted, parallel, raw, walk, words
from fastact.cpu.blocks import move
from fastact.cpu.copy import copy
from fastact.cpu.layout import coalesce, spread
from fastact.cpu.plan import Plan, Row, mode
from fastact.cpu.raw import call_accumulate, helper, lesser, put, run_kernel, scratch, word
from fastact.cpu.ufunc import Loop
from fastact.cpu.words import BASE, BLOCK, BUFFER, BUFFERS, FLAT, JOB_ROWS, KERNEL, MODE, POINTERS, ROW, SCALAR, SIZE, STAGED

TAKEN = words.JOB_BYTES // 8
FUNCTION, FIRST, SECOND, EXTRA = 0, 1, 2, 3


class Taken(NamedTuple):
    """An operand in the care of a function: where it is, its strides in the job's axes, and two words more."""

    function: Callable[..., None]
    base: int
    strides: tuple[int, ...] = ()
    apart: int = 0
    first: int = 0
    second: int = 0


@helper
def extra(job: int, row: int, which: int) -> Any:
    """One of the three words of the operand at `row`."""
    return word(job, TAKEN + ((row - job) // 8 - JOB_ROWS) // ROW * EXTRA + which)


def run(job: int, first: int, stop: int) -> None:  # noqa: C901
    """Elements [first, stop) of a job, block by block."""
    operands = word(job, 1)
    inputs = word(job, 2)
    pointers = scratch(POINTERS)
    buffers = scratch(BUFFERS)
    for j in range(operands):
        row = job + 8 * (JOB_ROWS + j * ROW)
        put(pointers, j, buffers + j * BUFFER)
        if word(row, MODE) == SCALAR:
            copy(buffers + j * BUFFER, word(row, SIZE), word(row, BASE), 0, lesser(stop - first, BLOCK), word(row, SIZE))
    start = first
    while start < stop:
        count = lesser(BLOCK, stop - start)
        for j in range(operands):
            row = job + 8 * (JOB_ROWS + j * ROW)
            if extra(job, row, FUNCTION) != 0:
                if j < inputs:
                    call_accumulate(extra(job, row, FUNCTION), job, row, start, count, buffers + j * BUFFER)
            elif word(row, MODE) == FLAT:
                put(pointers, j, word(row, BASE) + start * word(row, SIZE))
            elif j < inputs and word(row, MODE) == STAGED:
                move(job, row, start, count, buffers + j * BUFFER, j < inputs)
        run_kernel(word(job, KERNEL), pointers, count)
        for j in range(inputs, operands):
            row = job + 8 * (JOB_ROWS + j * ROW)
            if extra(job, row, FUNCTION) != 0:
                call_accumulate(extra(job, row, FUNCTION), job, row, start, count, buffers + j * BUFFER)
            elif word(row, MODE) == STAGED:
                move(job, row, start, count, buffers + j * BUFFER, j < inputs)
        start += count


def _address(function: Callable[..., None]) -> int:
    return jitted.address(function, raw.RUN_LOOP if function is run else raw.ACCUMULATE_LOOP)


def launch(job: np.ndarray[Any, np.dtype[np.int64]], address: int) -> None:
    """Run a job by the function at `address` in place of the driver's own `run`."""
    own = parallel.control.copy()
    own[words.RUN] = address
    walk.start(job, own)


def apply(call: str, loop: Loop, shape: tuple[int, ...], operands: Sequence[Any], *, chunk: int = 0) -> None:
    """Run a loop over `shape` in logical C order; every operand is an array that broadcasts to it, or is `Taken`.

    `chunk` is the number of elements of a task, a multiple of a block, or 0.
    """
    shape = shape or (1,)
    sig, first = loop.signature, len(loop.signature.inputs) - loop.signature.params
    strides = [list(a.strides) if isinstance(a, Taken) else spread((a.shape, a.strides), shape) for a in operands]
    sizes, merged = coalesce(shape, [s or [0] * len(shape) for s in strides])
    if len(sizes) > words.MAX_DIMS:
        raise ValueError(f"{call}: the array has {len(sizes)} axes that do not merge; at most {words.MAX_DIMS} are supported")
    scalars = all(a.size == 1 for a in operands[first : len(sig.inputs)])
    once = range(first, len(sig.inputs)) if scalars else ()
    rows = [Row(0 if k in once else storage.size, s) for k, (s, storage) in enumerate(zip(merged, sig.operands, strict=True))]
    modes = [STAGED if isinstance(a, Taken) else mode(sizes, row) for a, row in zip(operands, rows, strict=True)]
    job = walk.make_job(loop, sizes, rows, Plan(modes, scalars, BLOCK))
    job[words.JOB_CHUNK] = chunk
    more = np.zeros((words.MAX_OPERANDS, EXTRA), np.int64)
    for k, a in enumerate(operands):
        job[walk.place(k)] = a.base if isinstance(a, Taken) else a.ctypes.data
        if isinstance(a, Taken):
            job[walk.place(k) + words.APART] = a.apart
            more[k] = (_address(a.function), a.first, a.second)
    if job[words.JOB_TOTAL]:
        launch(np.concatenate([job, more.ravel()]), _address(run))
