"""A stretch of a job: at once where it is dense, row by row where rows are, else block by block through buffers on the stack."""

from __future__ import annotations

from typing import Any

from fastact.cpu.copy import copy
from fastact.cpu.raw import call_accumulate, call_draw, helper, lesser, put, run_kernel, scratch, word
from fastact.cpu.words import (
    ACCUMULATE,
    APART,
    BASE,
    BLOCK,
    BUFFER,
    BUFFERS,
    DRAWN,
    FLAT,
    JOB_CONTROL,
    JOB_DIMS,
    JOB_ROWS,
    JOB_SHAPE,
    KERNEL,
    MODE,
    PLACE,
    POINTERS,
    REDUCED,
    ROW,
    ROWS,
    SCALAR,
    SIZE,
    STAGED,
    STRIDES,
)


@helper
def seek(job: int, row: int, place: int, start: int) -> int:
    """Write the index of element `start` of a job to `place`; return its byte offset in the operand of `row`."""
    offset = 0
    rest = start
    d = word(job, JOB_DIMS)
    while d > 0:
        d -= 1
        extent = word(job, JOB_SHAPE + d)
        index = rest % extent
        rest //= extent
        put(place, d, index)
        offset += index * word(row, STRIDES + d)
    return offset


@helper
def advance(job: int, row: int, place: int, length: int) -> Any:
    """Move `place` on by `length` along the last axis, up to its end, and carry; return the change of the byte offset."""
    d = word(job, JOB_DIMS) - 1
    put(place, d, word(place, d) + length)
    change = length * word(row, STRIDES + d)
    while d > 0 and word(place, d) == word(job, JOB_SHAPE + d):
        change += word(row, STRIDES + d - 1) - word(place, d) * word(row, STRIDES + d)
        put(place, d, 0)
        put(place, d - 1, word(place, d - 1) + 1)
        d -= 1
    return change


@helper
def move(job: int, row: int, start: int, count: int, buffer: int, gather: bool) -> None:
    """Copy elements [start, start + count) of an operand, in the job's order, into `buffer` or back."""
    size = word(row, SIZE)
    last = word(job, JOB_DIMS) - 1
    step = word(row, STRIDES + last)
    place = scratch(PLACE)
    memory = word(row, BASE) + seek(job, row, place, start)
    done = 0
    while done < count:
        length = lesser(count - done, word(job, JOB_SHAPE + last) - word(place, last))
        if gather:
            copy(buffer + done * size, size, memory, step, length, size)
        else:
            copy(memory, step, buffer + done * size, size, length, size)
        done += length
        memory += advance(job, row, place, length)


@helper
def run_rows(job: int, pointers: int, start: int, count: int) -> None:
    """Run the kernel on elements [start, start + count), one row at a time, where some operands are dense in rows only.

    `pointers` are for the others, and are moved on.
    """
    last = word(job, JOB_DIMS) - 1
    place = scratch(PLACE)
    seek(job, job + 8 * JOB_ROWS, place, start)
    done = 0
    while done < count:
        length = lesser(count - done, word(job, JOB_SHAPE + last) - word(place, last))
        for j in range(word(job, 1)):
            row = job + 8 * (JOB_ROWS + j * ROW)
            if word(row, MODE) == ROWS:
                address = word(row, BASE)
                for d in range(last + 1):
                    address += word(place, d) * word(row, STRIDES + d)
                put(pointers, j, address)
        run_kernel(word(job, KERNEL), pointers, length)
        for j in range(word(job, 1)):
            row = job + 8 * (JOB_ROWS + j * ROW)
            put(pointers, j, word(pointers, j) + length * word(row, SIZE))
        done += length
        advance(job, job + 8 * JOB_ROWS, place, length)


@helper
def fetch(job: int, row: int, start: int, count: int, buffer: int) -> None:
    """Fill the buffer of an input with elements [start, start + count), if it has one that changes."""
    if word(row, MODE) == STAGED:
        move(job, row, start, count, buffer, True)
    elif word(row, MODE) == DRAWN:
        call_draw(word(row, BASE), word(row, APART), start, count, buffer)


def run(job: int, first: int, stop: int) -> None:  # noqa: C901
    """Elements [first, stop) of a job: at once where every operand is flat, by rows, or by blocks through the stack."""
    operands = word(job, 1)
    inputs = word(job, 2)
    pointers = scratch(POINTERS)
    buffers = scratch(BUFFERS)
    length = stop - first
    by_rows = False
    for j in range(operands):
        row = job + 8 * (JOB_ROWS + j * ROW)
        mode = word(row, MODE)
        if mode == ROWS:
            by_rows = True
        elif mode != FLAT:
            length = lesser(length, BLOCK)
        if mode == SCALAR:
            copy(buffers + j * BUFFER, word(row, SIZE), word(row, BASE), 0, lesser(stop - first, BLOCK), word(row, SIZE))
    start = first
    while start < stop:
        count = lesser(length, stop - start)
        for j in range(operands):
            row = job + 8 * (JOB_ROWS + j * ROW)
            buffer = buffers + j * BUFFER
            put(pointers, j, word(row, BASE) + start * word(row, SIZE) if word(row, MODE) == FLAT else buffer)
            if j < inputs:
                fetch(job, row, start, count, buffer)
        if by_rows:
            run_rows(job, pointers, start, count)
        else:
            run_kernel(word(job, KERNEL), pointers, count)
        for j in range(inputs, operands):
            row = job + 8 * (JOB_ROWS + j * ROW)
            if word(row, MODE) == STAGED:
                move(job, row, start, count, buffers + j * BUFFER, j < inputs)
            elif word(row, MODE) == REDUCED:
                call_accumulate(word(word(job, JOB_CONTROL), ACCUMULATE), job, row, start, count, buffers + j * BUFFER)
        start += count
