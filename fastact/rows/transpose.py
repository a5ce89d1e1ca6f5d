"""Copies of matrices with their axes swapped, in square blocks that are turned in registers."""

from __future__ import annotations

import functools
from typing import Any

from llvmlite import ir

from fastact.cpu.loops import Kernel
from fastact.rows.access import iota, splat
from fastact.rows.emit import I32, I64, PTR, constant, intrinsic, loop
from fastact.rows.kernel import build


def _turn(builder: Any, lines: list[Any]) -> list[Any]:
    """A square of vectors transposed: blocks of half the side are exchanged, then of a quarter, and so on."""
    side = len(lines)
    distance = side // 2
    while distance:
        for k in range(side):
            if not k & distance:
                a, b = lines[k], lines[k + distance]
                low = [j if not j & distance else side + j - distance for j in range(side)]
                high = [j + distance if not j & distance else side + j for j in range(side)]
                masks = [ir.Constant(ir.VectorType(I32, side), [constant(I32, j) for j in m]) for m in (low, high)]
                lines[k], lines[k + distance] = (builder.shuffle_vector(a, b, m) for m in masks)
        distance //= 2
    return lines


def _emit(builder: Any, size: int, target: Any, target_pitch: Any, source: Any, source_pitch: Any, rows: Any, columns: Any) -> None:
    """target[c, r] = source[r, c], both dense along their last axis."""
    side = 8 if size == 8 else 16
    kind = ir.VectorType(ir.IntType(8 * size), side)

    def line(base: Any, pitch: Any, first: Any, k: int, column: Any) -> Any:
        row = builder.mul(builder.add(first, constant(I64, k)), pitch)
        return builder.inttoptr(builder.add(base, builder.add(row, builder.mul(column, constant(I64, size)))), PTR)

    def inside(first: Any, k: int, count: Any, start: Any, extent: Any) -> Any:
        """Which lanes of line first + k are there, of `count` lines of `extent` elements."""
        stop = builder.select(builder.icmp_signed("<", builder.add(first, constant(I64, k)), count), extent, constant(I64, 0))
        return builder.icmp_signed("<", builder.add(splat(builder, start, side), iota(side)), splat(builder, stop, side))

    def block(r: Any, c: Any, *, whole: bool) -> tuple[()]:
        lines = []
        for k in range(side):
            where = line(source, source_pitch, r, k, c)
            if whole:
                ahead = line(source, source_pitch, r, k + side, c)
                intrinsic(builder, "prefetch", ir.VoidType(), [ahead, constant(I32, 0), constant(I32, 3), constant(I32, 1)], PTR)
                lines.append(builder.load(where, typ=kind, align=size))
            else:
                mask = inside(r, k, rows, c, columns)
                lines.append(intrinsic(builder, "masked.load", kind, [where, constant(I32, size), mask, constant(kind, 0)], kind, PTR))
        for k, value in enumerate(_turn(builder, lines)):
            where = line(target, target_pitch, c, k, r)
            if whole:
                builder.store(value, where, align=size)
            else:
                given = [value, where, constant(I32, size), inside(c, k, columns, r, rows)]
                intrinsic(builder, "masked.store", ir.VoidType(), given, kind, PTR)
        return ()

    def over(first: Any, _: Any) -> Any:
        full = builder.icmp_signed("<=", builder.add(first, constant(I64, side)), rows)
        whole = builder.select(full, builder.and_(columns, constant(I64, -side)), constant(I64, 0))
        loop(builder, (constant(I64, 0), whole, side), [], lambda c, _: block(first, c, whole=True))
        loop(builder, (whole, columns, side), [], lambda c, _: block(first, c, whole=False))
        return ()

    loop(builder, (constant(I64, 0), rows, side), [], over)


@functools.cache
def compile_transpose(size: int) -> Kernel:
    """Compile ``void f(target, target_pitch, source, source_pitch, rows, columns)`` for items of 1, 2, 4 or 8 bytes; all are int64."""
    return build(f"transpose_{size}", [I64] * 6, lambda builder, *given: _emit(builder, size, *given))
