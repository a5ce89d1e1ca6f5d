"""Counts and moments of values, taken up from the blocks while they are hot.

A run along which the accumulators stand still is taken at once: eight interleaved sums, added pairwise, give its mean, and
in a second pass its squares about that mean; then it is merged (Chan, Golub & LeVeque 1979). Elsewhere every element is
merged by itself (Welford 1962). Both are fixed by the logical index alone, and all is in float64.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastact.cpu import half
from fastact.cpu.blocks import carry, change, seek
from fastact.cpu.loops import DOUBLE, FLOAT, HALF, I16, I32, PTR
from fastact.cpu.raw import helper, lesser, scratch, word
from fastact.cpu.taken import FIRST, SECOND, extra
from fastact.cpu.words import APART, BASE, BLOCK, JOB_CHUNK, JOB_DIMS, JOB_SHAPE, PLACE, STRIDES

COUNT, MEAN, SQUARES, LOW, HIGH, ZEROS, VALUE_FIELDS = range(7)
SATURATED, ALIVE, SLOPE_FIELDS = range(3)
CODES = {"float16": 0, "bfloat16": 1, "float32": 2, "float64": 3}
_WIDE, _LANES = 8 * BLOCK, 8
_SUMS = 8 * _LANES


@intrinsic
def _reals(typing: Any, address: Any) -> Any:
    """The address as a pointer to float64."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.float64)(types.intp), lower


@intrinsic
def _real(typing: Any, address: Any, index: Any, code: Any) -> Any:
    """Item `index` of an array of the dtype of `code`, a literal, as float64."""
    if not isinstance(code, types.IntegerLiteral):
        return None
    memory = (HALF, I16, FLOAT, DOUBLE)[code.literal_value]

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.gep(builder.inttoptr(args[0], PTR), [args[1]], source_etype=memory)
        value = builder.load(place, typ=memory)
        if memory is I16:
            value = builder.bitcast(builder.shl(builder.zext(value, I32), I32(16)), FLOAT)
        elif memory is HALF:
            value = half.widen(builder, value)
        return value if memory is DOUBLE else builder.fpext(value, ir.DoubleType())

    return types.float64(types.intp, types.intp, code), lower


@helper
def _widen(source: int, code: int, count: int, target: int) -> None:
    """`count` items as float64."""
    wide = _reals(target)
    if code == 0:
        for k in range(count):
            wide[k] = _real(source, k, 0)
    elif code == 1:
        for k in range(count):
            wide[k] = _real(source, k, 1)
    elif code == 2:
        for k in range(count):
            wide[k] = _real(source, k, 2)
    else:
        for k in range(count):
            wide[k] = _real(source, k, 3)


@helper
def _total(sums: Any) -> Any:
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))


@helper
def _run_of_values(y: Any, first: int, count: int, total: Any) -> None:
    """Merge y[first], ..., y[first + count - 1] into the fields at `total`; those that are not finite are left out."""
    sums = _reals(scratch(_SUMS))
    for lane in range(_LANES):
        sums[lane] = 0.0
    low, high, finite, zeros = math.inf, -math.inf, 0, 0
    for k in range(count):
        v = y[first + k]
        inside = abs(v) < math.inf
        sums[k % _LANES] += v if inside else 0.0
        finite += inside
        zeros += v == 0.0
        low = v if inside and v < low else low
        high = v if inside and v > high else high
    total[ZEROS] += zeros
    if finite == 0:
        return
    mean = _total(sums) / finite
    for lane in range(_LANES):
        sums[lane] = 0.0
    for k in range(count):
        v = y[first + k]
        off = v - mean if abs(v) < math.inf else 0.0
        sums[k % _LANES] += off * off
    before, change = total[COUNT], mean - total[MEAN]
    after = before + finite
    total[COUNT] = after
    total[MEAN] += change * (finite / after)
    total[SQUARES] += _total(sums) + change * (before * (finite / after)) * change
    total[LOW], total[HIGH] = min(total[LOW], low), max(total[HIGH], high)


@helper
def _each_value(y: Any, first: int, count: int, address: int, step: int) -> None:
    """Merge y[first + k] into the fields at ``address + k * step``, for all k < count."""
    for k in range(count):
        v = y[first + k]
        total = _reals(address + k * step)
        total[ZEROS] += v == 0.0
        if abs(v) < math.inf:
            after = total[COUNT] + 1.0
            change = v - total[MEAN]
            mean = total[MEAN] + change / after
            total[COUNT], total[MEAN] = after, mean
            total[SQUARES] += change * (v - mean)
            total[LOW], total[HIGH] = min(total[LOW], v), max(total[HIGH], v)


@helper
def _slopes(d: Any, first: int, count: int, address: int, step: int, tolerance: float) -> None:
    """Count which of d[first + k] are below the tolerance, and which are not 0; NaN is neither small nor 0."""
    if step == 0:
        saturated, alive = 0, 0
        for k in range(count):
            v = d[first + k]
            saturated += abs(v) < tolerance
            alive += v != 0.0
        total = _reals(address)
        total[SATURATED] += saturated
        total[ALIVE] += alive
        return
    for k in range(count):
        v = d[first + k]
        total = _reals(address + k * step)
        total[SATURATED] += abs(v) < tolerance
        total[ALIVE] += v != 0.0


@helper
def _place(job: int, row: int, start: int, place: int) -> Any:
    """The accumulators of element `start` in those of its task."""
    return (
        word(row, BASE)
        + start // word(job, JOB_CHUNK) * word(row, APART)
        + seek(job + 8 * JOB_SHAPE, word(job, JOB_DIMS), row, place, start)
    )


@helper
def _onward(job: int, row: int, place: int, length: int) -> Any:
    """Bytes from the accumulators of an element to those of the one `length` further on."""
    shape = job + 8 * JOB_SHAPE
    dims = word(job, JOB_DIMS)
    return change(shape, dims, row, length, carry(shape, dims, place, length))


def values(job: int, row: int, start: int, count: int, buffer: int) -> None:
    """Take up values of y; the operand's first word is the code of their dtype."""
    wide, place = scratch(_WIDE), scratch(PLACE)
    _widen(buffer, extra(job, row, FIRST), count, wide)
    last = word(job, JOB_DIMS) - 1
    step = word(row, STRIDES + last)
    total = _place(job, row, start, place)
    done = 0
    while done < count:
        length = lesser(count - done, word(job, JOB_SHAPE + last) - word(place, last))
        moved = _onward(job, row, place, length)
        if step == 0:
            while moved == 0 and done + length < count:  # a run is told by the accumulators, not by how x lies in memory
                more = lesser(count - done - length, word(job, JOB_SHAPE + last) - word(place, last))
                length += more
                moved = _onward(job, row, place, more)
            _run_of_values(_reals(wide), done, length, _reals(total))
        else:
            _each_value(_reals(wide), done, length, total, step)
        done += length
        total += moved


def slopes(job: int, row: int, start: int, count: int, buffer: int) -> None:
    """Take up values of f'(x); the second word is the address of the tolerance."""
    wide, place = scratch(_WIDE), scratch(PLACE)
    _widen(buffer, extra(job, row, FIRST), count, wide)
    tolerance = _reals(extra(job, row, SECOND))[0]
    last = word(job, JOB_DIMS) - 1
    step = word(row, STRIDES + last)
    total = _place(job, row, start, place)
    done = 0
    while done < count:
        length = lesser(count - done, word(job, JOB_SHAPE + last) - word(place, last))
        _slopes(_reals(wide), done, length, total, step, tolerance)
        done += length
        total += _onward(job, row, place, length)
