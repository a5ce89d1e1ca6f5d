"""Copies of matrices with their axes swapped, in square blocks that are turned in registers."""

from __future__ import annotations

import functools
from typing import Any

from llvmlite import ir

from fastact.cpu.loops import Kernel, build
from fastact.cpu.raw import loop
from fastact.numerics.emit import I32, I64, PTR, constant, intrinsic
from fastact.rows.access import iota, splat

_LINE = 64


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


class _Matrix:
    """Base, bytes from line to line, and bytes of an item."""

    def __init__(self, builder: Any, base: Any, pitch: Any, size: int) -> None:
        self.b, self.base, self.pitch, self.size = builder, base, pitch, size

    def at(self, line: Any, column: Any) -> Any:
        """Address of an element."""
        offset = self.b.add(self.b.mul(line, self.pitch), self.b.mul(column, constant(I64, self.size)))
        return self.b.inttoptr(self.b.add(self.base, offset), PTR)

    def start(self, side: int) -> Any:
        """Where blocks along a line begin, 0 or less, so that all but the first lie on whole cache lines as far as that can be."""
        left = self.b.and_(self.b.neg(self.base), constant(I64, _LINE - 1))
        ahead = self.b.and_(self.b.sdiv(left, constant(I64, self.size)), constant(I64, side - 1))
        zero = constant(I64, 0)
        return self.b.select(self.b.icmp_signed(">", ahead, zero), self.b.sub(ahead, constant(I64, side)), zero)


def _emit(builder: Any, size: int, outwards: bool, *given: Any) -> None:  # noqa: C901
    """target[c, r] = source[r, c]; the inner loop runs along the lines of whichever lies in the caller's memory."""
    side = 8 if size == 8 else 16
    kind = ir.VectorType(ir.IntType(8 * size), side)
    to, to_pitch, origin, origin_pitch, rows, columns = given
    target, source = _Matrix(builder, to, to_pitch, size), _Matrix(builder, origin, origin_pitch, size)

    def inside(line: Any, lines: Any, first: Any, extent: Any) -> Any:
        """Which lanes of a vector from `first` on are there; indices below 0 are beyond any extent as unsigned numbers."""
        stop = builder.select(builder.icmp_unsigned("<", line, lines), extent, constant(I64, 0))
        return builder.icmp_unsigned("<", builder.add(splat(builder, first, side), iota(side)), splat(builder, stop, side))

    def shifted(index: Any, k: int) -> Any:
        return builder.add(index, constant(I64, k))

    def safe(line: Any, lines: Any, *, whole: bool) -> Any:
        """A line that is there: a vector that is masked out altogether is slow all the same where no memory is mapped."""
        return line if whole else builder.select(builder.icmp_unsigned("<", line, lines), line, constant(I64, 0))

    def block(r: Any, c: Any, *, whole: bool) -> tuple[()]:
        lines = []
        for k in range(side):
            row, where = shifted(r, k), source.at(safe(shifted(r, k), rows, whole=whole), c)
            if whole:
                ahead = target.at(shifted(c, k + side), r) if outwards else source.at(shifted(r, k + side), c)
                hints = [constant(I32, int(outwards)), constant(I32, 3), constant(I32, 1)]
                intrinsic(builder, "prefetch", ir.VoidType(), [ahead, *hints], PTR)
                lines.append(builder.load(where, typ=kind, align=size))
            else:
                masked = [where, constant(I32, size), inside(row, rows, c, columns), constant(kind, 0)]
                lines.append(intrinsic(builder, "masked.load", kind, masked, kind, PTR))
        for k, value in enumerate(_turn(builder, lines)):
            column, where = shifted(c, k), target.at(safe(shifted(c, k), columns, whole=whole), r)
            if whole:
                builder.store(value, where, align=size)
            else:
                masked = [value, where, constant(I32, size), inside(column, columns, r, rows)]
                intrinsic(builder, "masked.store", ir.VoidType(), masked, kind, PTR)
        return ()

    zero = constant(I64, 0)
    outer, inner = (columns, rows) if outwards else (rows, columns)
    first = (target if outwards else source).start(side)
    first = builder.select(builder.icmp_signed(">=", inner, constant(I64, 4 * side)), first, zero)

    begin = builder.select(builder.icmp_signed("<", first, zero), shifted(first, side), zero)

    def place(i: Any, j: Any, *, whole: bool) -> tuple[()]:
        return block(j, i, whole=whole) if outwards else block(i, j, whole=whole)

    def over(i: Any, _: Any) -> tuple[()]:
        full = builder.icmp_signed("<=", shifted(i, side), outer)
        left = builder.sub(inner, begin)
        left = builder.select(builder.and_(full, builder.icmp_signed(">", left, zero)), left, zero)
        end = builder.add(begin, builder.and_(left, constant(I64, -side)))
        loop(builder, (first, begin, side), [], lambda j, _: place(i, j, whole=False))
        loop(builder, (begin, end, side), [], lambda j, _: place(i, j, whole=True))
        loop(builder, (end, inner, side), [], lambda j, _: place(i, j, whole=False))
        return ()

    loop(builder, (zero, outer, side), [], over)


@functools.cache
def compile_transpose(size: int, outwards: bool) -> Kernel:
    """Compile ``void f(target, target_pitch, source, source_pitch, rows, columns)`` for items of 1, 2, 4 or 8 bytes; all are int64."""
    return build(f"fastact_transpose_{size}", [I64] * 6, lambda builder, *given: _emit(builder, size, outwards, *given))
