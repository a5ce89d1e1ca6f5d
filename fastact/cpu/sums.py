"""Sums of parameter gradients, taken from the blocks while they are hot; nothing of the array's size is written."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastact.cpu.blocks import carry, change, seek
from fastact.cpu.raw import I64, PTR, add_real, lesser, loop, real_word, scratch, word
from fastact.cpu.words import APART, BASE, DIMS, JOB_CHUNK, PLACE, SHAPE, SIZE, STRIDES

DOUBLE, CHAINS = ir.DoubleType(), 4
EIGHT = ir.VectorType(DOUBLE, 8)


def _reals(builder: Any, pointer: Any, index: Any, count: int, kind: Any) -> Any:
    """`count` consecutive values of float32 or float64 from element `index` on, as float64."""
    place = builder.gep(pointer, [index], source_etype=kind)
    value = builder.load(place, typ=ir.VectorType(kind, count) if count > 1 else kind, align=8 if kind == DOUBLE else 4)
    if kind == DOUBLE:
        return value
    return builder.fpext(value, EIGHT if count > 1 else DOUBLE)


def _run_total(builder: Any, pointer: Any, length: Any, kind: Any) -> Any:
    """The sum of a run, in 4 chains of 8 lanes, added as a tree, and then the rest, fewer than 32, one after another."""
    zero = ir.Constant(EIGHT, [0.0] * 8)
    whole = builder.sdiv(length, I64(8 * CHAINS))

    def add_chains(k: Any, chains: list[Any]) -> list[Any]:
        base = builder.mul(k, I64(8 * CHAINS))
        return [builder.fadd(v, _reals(builder, pointer, builder.add(base, I64(8 * i)), 8, kind)) for i, v in enumerate(chains)]

    a, b, c, d = loop(builder, (I64(0), whole, 1), [zero] * CHAINS, add_chains)
    lanes = builder.fadd(builder.fadd(a, b), builder.fadd(c, d))
    parts = [builder.extract_element(lanes, ir.IntType(32)(i)) for i in range(8)]
    while len(parts) > 1:
        half = len(parts) // 2
        parts = [builder.fadd(parts[i], parts[i + half]) for i in range(half)]
    done = builder.mul(whole, I64(8 * CHAINS))

    def add_rest(k: Any, total: list[Any]) -> list[Any]:
        return [builder.fadd(total[0], _reals(builder, pointer, builder.add(done, k), 1, kind))]

    return loop(builder, (I64(0), builder.sub(length, done), 1), parts, add_rest)[0]


def _by_size(builder: Any, size: Any, emit: Any) -> list[Any]:
    """What `emit` makes of float32 where `size` is 4, else of float64."""
    results = []
    with builder.if_else(builder.icmp_signed("==", size, I64(4))) as (then, otherwise):
        for branch, kind in ((then, ir.FloatType()), (otherwise, DOUBLE)):
            with branch:
                value = emit(kind)
                results.append((value, builder.block))
    return results


@intrinsic
def run_total(typing: Any, address: Any, length: Any, size: Any) -> Any:
    """The sum of `length` dense values of `size` bytes, in an order that depends on the length alone."""

    def lower(context: Any, builder: Any, signature: Any, a: Any) -> Any:
        pointer = builder.inttoptr(a[0], PTR)
        found = _by_size(builder, a[2], lambda kind: _run_total(builder, pointer, a[1], kind))
        total = builder.phi(DOUBLE)
        for value, block in found:
            total.add_incoming(value, block)
        return total

    return types.float64(types.intp, types.intp, types.intp), lower


@intrinsic
def add_run(typing: Any, totals: Any, address: Any, length: Any, size: Any) -> Any:
    """Add `length` dense values of `size` bytes to as many float64."""

    def lower(context: Any, builder: Any, signature: Any, a: Any) -> Any:
        totals, pointer = builder.inttoptr(a[0], PTR), builder.inttoptr(a[1], PTR)

        def emit(kind: Any) -> None:
            def add(k: Any, _: list[Any]) -> list[Any]:
                place = builder.gep(totals, [k], source_etype=DOUBLE)
                value = builder.fadd(builder.load(place, typ=DOUBLE, align=8), _reals(builder, pointer, k, 1, kind))
                builder.store(value, place, align=8)
                return []

            loop(builder, (I64(0), a[2], 1), [], add)

        _by_size(builder, a[3], emit)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 4), lower


def accumulate(job: int, row: int, start: int, count: int, buffer: int) -> None:
    """Add elements [start, start + count), which lie in `buffer`, to the float64 accumulators of their task.

    Runs along which the accumulator stands still are summed each. The order of all additions depends on the logical
    index alone, not on threads or layout, as a task and its blocks do.
    """
    size = word(row, SIZE)
    shape = row + 8 * SHAPE
    dims = word(row, DIMS)
    step = word(row, STRIDES + dims - 1)
    place = scratch(PLACE)
    total = word(row, BASE) + start // word(job, JOB_CHUNK) * word(row, APART) + seek(shape, dims, row, place, start)
    done = 0
    while done < count:
        length = lesser(count - done, word(shape, dims - 1) - word(place, dims - 1))
        here = buffer + done * size
        if step == 0:
            add_real(total, run_total(here, length, size))
        elif step == 8:
            add_run(total, here, length, size)
        else:
            for k in range(length):
                add_real(total + k * step, real_word(here + k * size, size))
        done += length
        total += change(shape, dims, row, length, carry(shape, dims, place, length))
