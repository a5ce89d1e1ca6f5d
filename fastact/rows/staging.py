"""Runs of rows as the driver hands them out: rows that are not dense go through buffers, some at a time."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastact.cpu import jitted, raw
from fastact.cpu.copy import copy
from fastact.cpu.raw import I8, PTR, helper, lesser, put, run_kernel, scratch, word
from fastact.rows import words
from fastact.rows.words import AXIS, DIMS, FIRST, KERNEL, LENGTH, LIMIT, OFFSETS, OPERANDS, PAIR, SHAPE, STAGED, STEP, STRIDES, TEMPLATE

_WORDS = words.KERNEL_WORDS
_BYTES = 8 * _WORDS


@intrinsic
def _turn(typing: Any, function: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
    """Call ``void f(intptr_t, ...)`` with six operands by its address."""

    def lower(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [v.type for v in given[1:]])
        builder.call(builder.inttoptr(given[0], kind.as_pointer()), given[1:])
        return context.get_dummy_value()

    return types.void(*[types.intp] * 7), lower


@intrinsic
def _byte(typing: Any, target: Any, source: Any) -> Any:
    """Copy one byte."""

    def lower(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        target, source = (builder.inttoptr(g, PTR) for g in given)
        builder.store(builder.load(source, typ=I8), target)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp), lower


@helper
def _copy(target: int, target_step: int, source: int, source_step: int, count: int, size: int) -> None:
    if size == 1:
        for k in range(count):
            _byte(target + k * target_step, source + k * source_step)
    else:
        copy(target, target_step, source, source_step, count, size)


@helper
def _stage(row: int, memory: int, buffer: int, length: int, count: int, step: int, inwards: bool) -> None:
    """Copy `count` rows of an operand, `step` bytes apart, to its buffer or back."""
    size = word(row, words.SIZE)
    axis = word(row, AXIS)
    pitch = word(row, words.PITCH)
    if word(row, words.TURN) != 0 and step == size:
        if inwards:
            _turn(word(row, words.TURN), buffer, pitch, memory, axis, length, count)
        else:
            _turn(word(row, words.TURN), memory, axis, buffer, pitch, count, length)
    else:
        for k in range(count):
            if inwards:
                _copy(buffer + k * pitch, size, memory + k * step, axis, length, size)
            else:
                _copy(memory + k * step, axis, buffer + k * pitch, size, length, size)


@helper
def _move(job: int, given: int, axis: int, count: int) -> None:
    """Move every operand on by `count` along an axis of the rows."""
    for j in range(word(job, OPERANDS)):
        place = FIRST + PAIR * j
        put(given, place, word(given, place) + count * word(job, words.ROWS + j * words.ROW + STRIDES + axis))


@helper
def _seek(job: int, given: int, index: int) -> None:
    """The kernel's words for the row of this number."""
    last = word(job, DIMS) - 1
    for k in range(_WORDS):
        put(given, k, word(job, TEMPLATE + k))
    inner = index % word(job, SHAPE + last)
    rest = index // word(job, SHAPE + last)
    _move(job, given, last, inner)
    put(given, LIMIT, word(given, LIMIT) + inner * word(given, STEP))
    d = last
    while d > 0:
        d -= 1
        place = rest % word(job, SHAPE + d)
        rest //= word(job, SHAPE + d)
        _move(job, given, d, place)
        if d == 0 and word(job, OFFSETS) != 0:
            start = word(word(job, OFFSETS), place)
            put(given, LENGTH, word(word(job, OFFSETS), place + 1) - start)
            for j in range(word(job, OPERANDS)):
                first = FIRST + PAIR * j
                put(given, first, word(given, first) + start * word(job, words.ROWS + j * words.ROW + AXIS))


@helper
def _stage_all(job: int, given: int, memory: int, buffers: int, count: int, inwards: bool) -> None:
    """Copy all operands that are staged in this direction; inwards, let the kernel find them in their buffers."""
    for j in range(word(job, OPERANDS)):
        row = job + 8 * (words.ROWS + j * words.ROW)
        place = FIRST + PAIR * j
        if word(row, STAGED) == 0:
            continue
        buffer = buffers + word(row, words.START)
        if inwards:
            put(memory, place, word(given, place))
            put(memory, place + 1, word(given, place + 1))
            put(given, place, buffer)
            put(given, place + 1, word(row, words.PITCH))
        if word(row, STAGED) & (1 if inwards else 2):
            _stage(row, word(memory, place), buffer, word(given, LENGTH), count, word(memory, place + 1), inwards)


def run(job: int, first: int, stop: int) -> None:
    """Rows [first, stop) of a job, in runs along its last axis."""
    given = scratch(_BYTES)
    memory = scratch(_BYTES)
    extent = word(job, SHAPE + word(job, DIMS) - 1)
    group = word(job, words.GROUP)
    buffers = word(job, words.BUFFER) + first // word(job, words.CHUNK) * word(job, words.BUFFER_BYTES)
    row = first
    while row < stop:
        count = lesser(lesser(stop - row, extent - row % extent), group)
        _seek(job, given, row)
        _stage_all(job, given, memory, buffers, count, True)
        run_kernel(word(job, KERNEL), given, count)
        _stage_all(job, given, memory, buffers, count, False)
        row += count


def address() -> int:
    """Address of `run`, compiled."""
    return jitted.address(run, raw.RUN_LOOP)
