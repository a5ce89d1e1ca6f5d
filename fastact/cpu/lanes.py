"""Kernels over operands that are no arrays of one shape: strided lanes, by address, under the driver's threads.

A kernel is ``void kernel(intptr_t *table, intptr_t n)``: the table holds the address of the first lane of each of five operands,
the items from each one's lane to the next, and three words more. Such a job is one of the driver with the latter behind it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastact.cpu import compiling, half, jitted, parallel, raw, taken, words
from fastact.cpu.blocks import carry, change, seek
from fastact.cpu.layout import coalesce
from fastact.cpu.raw import I32, PTR, lesser, put, run_kernel, scratch, word
from fastact.cpu.words import BASE, BLOCK, JOB_DIMS, JOB_ROWS, JOB_SHAPE, KERNEL, PLACE, ROW, SIZE, STRIDES

OPERANDS, MORE = 5, 3
STEPS, EXTRA = OPERANDS, 2 * OPERANDS
_TABLE, _TAIL = 8 * (EXTRA + MORE), words.JOB_BYTES // 8
_KERNEL = types.void(types.intp, types.intp)
_FLOATS = {"float16": ir.HalfType(), "bfloat16": None, "float32": ir.FloatType(), "float64": ir.DoubleType()}
_compiled: dict[tuple[Any, ...], int] = {}


@intrinsic
def at(typing: Any, address: Any, item: Any) -> Any:
    """The address as a pointer to items of the type of `item`."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], PTR)

    return types.CPointer(item)(types.intp, item), lower


def compare(dtype: str) -> tuple[Any, Any, Any]:
    """Whether item a is above b or the first NaN, whether it is above 0, and its negative, NaN kept, of the bits of a dtype."""

    def number(builder: Any, bits: Any) -> Any:
        if dtype == "bfloat16":
            return builder.bitcast(builder.shl(builder.zext(bits, I32), I32(16)), ir.FloatType())
        value = builder.bitcast(bits, _FLOATS[dtype])
        return half.widen(builder, value) if dtype == "float16" else value

    def above(typing: Any, a: Any, b: Any) -> Any:
        def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            value, best = (number(builder, bits) for bits in args)
            return builder.and_(builder.fcmp_ordered("ord", best, best), builder.fcmp_unordered(">", value, best))

        return types.boolean(a, b), lower

    def positive(typing: Any, a: Any) -> Any:
        def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            value = number(builder, args[0])
            return builder.fcmp_unordered(">", value, ir.Constant(value.type, 0.0))

        return types.boolean(a), lower

    def negative(typing: Any, a: Any) -> Any:
        def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            bits, value = args[0], number(builder, args[0])
            flipped = builder.xor(bits, bits.type(1 << (bits.type.width - 1)))
            return builder.select(builder.fcmp_unordered("uno", value, value), bits, flipped)

        return a(a), lower

    return intrinsic(above), intrinsic(positive), intrinsic(negative)


def _run(job: int, first: int, stop: int) -> None:
    """Elements [first, stop) of a job, in stretches of a block at most."""
    place, table = scratch(PLACE), scratch(_TABLE)
    shape = job + 8 * JOB_SHAPE
    dims = word(job, JOB_DIMS)
    for j in range(OPERANDS):
        row = job + 8 * (JOB_ROWS + j * ROW)
        put(table, j, word(row, BASE) + seek(shape, dims, row, place, first))
        put(table, STEPS + j, word(row, STRIDES + dims - 1) // word(row, SIZE))
    for j in range(MORE):
        put(table, EXTRA + j, word(job, _TAIL + j))
    start = first
    while start < stop:
        count = lesser(lesser(stop - start, word(shape, dims - 1) - word(place, dims - 1)), BLOCK)
        run_kernel(word(job, KERNEL), table, count)
        axis = carry(shape, dims, place, count)
        for j in range(OPERANDS):
            row = job + 8 * (JOB_ROWS + j * ROW)
            put(table, j, word(table, j) + change(shape, dims, row, count, axis))
        start += count


def _address(kind: Any, make: Callable[..., Callable[..., None]], *key: Any) -> int:
    """The compiled function that `make` gives for `key`, which is kept."""
    with compiling.lock:
        if (make, key) not in _compiled:
            _compiled[make, key] = jitted.address(make(*key), kind)
        return _compiled[make, key]


def launch(
    call: str,
    make: Callable[..., Callable[..., None]],
    key: tuple[Any, ...],
    operands: Sequence[Any],
    extra: Sequence[int] = (),
    wide: int = 0,
) -> None:
    """Run the kernel that ``make(*key, layout)`` gives; the operands are arrays of one shape, and None where there is none.

    The layout is 1 where all lanes are dense, `wide` where those of the operands 0 and 4 are that many items apart and all
    others dense, else 0.
    """
    shape = next(a.shape for a in operands if a is not None)
    strides = [[0] * len(shape) if a is None else list(a.strides) for a in operands]
    order = sorted(range(len(shape)), key=lambda d: [-abs(s[d]) for s in reversed(strides)])
    sizes, merged = coalesce([shape[d] for d in order], [[s[d] for d in order] for s in strides])
    if len(sizes) > words.MAX_DIMS:
        raise ValueError(f"{call}: the array has {len(sizes)} axes that do not merge; at most {words.MAX_DIMS} are supported")
    lanes = [None if a is None else s[-1] // a.itemsize for a, s in zip(operands, merged, strict=True)]
    layout = next((k for k in (1, wide) if k and all(s in (None, k if j in (0, 4) else 1) for j, s in enumerate(lanes))), 0)
    parallel.prepare()
    job = np.zeros(_TAIL + MORE, np.int64)
    job[KERNEL] = _address(_KERNEL, make, *key, layout)
    job[JOB_DIMS], job[words.JOB_TOTAL], job[words.JOB_PARALLEL] = len(sizes), math.prod(shape), 1
    job[JOB_SHAPE : JOB_SHAPE + len(sizes)] = sizes
    for j, (a, s) in enumerate(zip(operands, merged, strict=True)):
        row = job[JOB_ROWS + j * ROW :]
        row[BASE], row[SIZE] = (0, 1) if a is None else (a.ctypes.data, a.itemsize)
        row[STRIDES : STRIDES + len(s)] = s
    job[_TAIL : _TAIL + len(extra)] = extra
    if job[words.JOB_TOTAL]:
        taken.launch(job, _address(raw.RUN_LOOP, _itself))


def _itself() -> Callable[..., None]:
    return _run
