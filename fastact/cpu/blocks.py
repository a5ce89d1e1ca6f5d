"""A stretch of a job: at once where it is dense, run by run, or block by block through buffers on the stack."""

from __future__ import annotations

from typing import Any

from fastact.cpu.copy import copy
from fastact.cpu.raw import call_accumulate, call_draw, helper, lesser, put, run_kernel, scratch, word
from fastact.cpu.words import (
    ACCUMULATE,
    APART,
    BASE,
    BUFFER,
    BUFFERS,
    DRAWN,
    FLAT,
    JOB_CONTROL,
    JOB_DIMS,
    JOB_ROWS,
    JOB_RUNS,
    JOB_SHAPE,
    JOB_UNIT,
    KERNEL,
    MODE,
    PLACE,
    POINTERS,
    REDUCED,
    ROW,
    RUNS,
    SCALAR,
    SIZE,
    STAGED,
    STRIDES,
    TILED,
)


@helper
def seek(shape: int, dims: int, row: int, place: int, start: int) -> int:
    """Write the index of element `start` of an array to `place`; return its byte offset in the operand of `row`."""
    offset = 0
    rest = start
    d = dims
    while d > 0:
        d -= 1
        extent = word(shape, d)
        index = rest % extent
        rest //= extent
        put(place, d, index)
        offset += index * word(row, STRIDES + d)
    return offset


@helper
def carry(shape: int, dims: int, place: int, length: int) -> int:
    """Move `place` on by `length` along the last axis, up to its end; return the first axis whose index has changed."""
    d = dims - 1
    put(place, d, word(place, d) + length)
    while d > 0 and word(place, d) == word(shape, d):
        put(place, d, 0)
        put(place, d - 1, word(place, d - 1) + 1)
        d -= 1
    return d


@helper
def change(shape: int, dims: int, row: int, length: int, axis: int) -> Any:
    """What a move by `length`, carried up to `axis`, adds to the byte offset in the operand of `row`."""
    d = dims - 1
    offset = length * word(row, STRIDES + d)
    while d > axis:
        offset += word(row, STRIDES + d - 1) - word(shape, d) * word(row, STRIDES + d)
        d -= 1
    return offset


@helper
def move(job: int, row: int, start: int, count: int, buffer: int, gather: bool) -> None:
    """Copy elements [start, start + count) of an operand, in the job's order, into `buffer` or back."""
    size = word(row, SIZE)
    shape = job + 8 * JOB_SHAPE
    dims = word(job, JOB_DIMS)
    step = word(row, STRIDES + dims - 1)
    place = scratch(PLACE)
    memory = word(row, BASE) + seek(shape, dims, row, place, start)
    done = 0
    while done < count:
        length = lesser(count - done, word(shape, dims - 1) - word(place, dims - 1))
        if gather:
            copy(buffer + done * size, size, memory, step, length, size)
        else:
            copy(memory, step, buffer + done * size, size, length, size)
        done += length
        memory += change(shape, dims, row, length, carry(shape, dims, place, length))


def run(job: int, first: int, stop: int) -> None:  # noqa: C901, PLR0912
    """Elements [first, stop) of a job, which begin a block.

    A block is what fits into the buffers of the operands that need one; a kernel runs over all of it, or over its runs.
    """
    operands = word(job, 1)
    inputs = word(job, 2)
    shape = job + 8 * JOB_SHAPE
    dims = word(job, JOB_DIMS)
    by_runs = word(job, JOB_RUNS) != 0
    unit = word(job, JOB_UNIT) if word(job, JOB_UNIT) != 0 else stop - first
    pointers = scratch(POINTERS)
    memory = scratch(POINTERS)
    buffers = scratch(BUFFERS)
    place = scratch(PLACE)
    for j in range(operands):
        row = job + 8 * (JOB_ROWS + j * ROW)
        if word(row, MODE) == SCALAR:
            copy(buffers + j * BUFFER, word(row, SIZE), word(row, BASE), 0, lesser(stop - first, unit), word(row, SIZE))
        elif word(row, MODE) == TILED:
            move(job, row, first, lesser(stop - first, unit), buffers + j * BUFFER, True)
        elif word(row, MODE) == RUNS:
            put(memory, j, word(row, BASE) + seek(shape, dims, row, place, first))
    start = first
    while start < stop:
        end = lesser(start + unit, stop)
        for j in range(inputs):
            row = job + 8 * (JOB_ROWS + j * ROW)
            if word(row, MODE) == STAGED:
                move(job, row, start, end - start, buffers + j * BUFFER, True)
            elif word(row, MODE) == DRAWN:
                call_draw(word(row, BASE), word(row, APART), start, end - start, buffers + j * BUFFER)
        here = start
        while here < end:
            count = lesser(end - here, word(shape, dims - 1) - word(place, dims - 1)) if by_runs else end - here
            for j in range(operands):
                row = job + 8 * (JOB_ROWS + j * ROW)
                if word(row, MODE) == FLAT:
                    put(pointers, j, word(row, BASE) + here * word(row, SIZE))
                elif word(row, MODE) == RUNS:
                    put(pointers, j, word(memory, j))
                else:
                    put(pointers, j, buffers + j * BUFFER + (here - start) * word(row, SIZE))
            run_kernel(word(job, KERNEL), pointers, count)
            here += count
            if by_runs:
                axis = carry(shape, dims, place, count)
                for j in range(operands):
                    row = job + 8 * (JOB_ROWS + j * ROW)
                    put(memory, j, word(memory, j) + change(shape, dims, row, count, axis))
        for j in range(inputs, operands):
            row = job + 8 * (JOB_ROWS + j * ROW)
            if word(row, MODE) == STAGED:
                move(job, row, start, end - start, buffers + j * BUFFER, False)
            elif word(row, MODE) == REDUCED:
                call_accumulate(word(word(job, JOB_CONTROL), ACCUMULATE), job, row, start, end - start, buffers + j * BUFFER)
        start = end
