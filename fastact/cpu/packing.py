"""Bits for elements: 8 to a byte, in C order, the first in the lowest bit."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from fastact.cpu.raw import I8, I64, PTR, word
from fastact.cpu.taken import FIRST, SECOND, extra
from fastact.cpu.words import BASE, SIZE

_LANES = ir.VectorType(ir.IntType(1), 8)
_SIZES = (2, 4, 8)


def _bytes(builder: Any, count: Any, body: Any) -> None:
    """Run `body` for every byte that holds some of `count` bits."""
    groups = builder.lshr(builder.add(count, I64(7)), I64(3))
    with cgutils.for_range(builder, groups) as loop:
        body(loop.index)


def _splat(builder: Any, value: Any, kind: Any) -> Any:
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), builder.trunc(value, kind.element), ir.IntType(32)(0))
    return builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), 8), [0] * 8))


@intrinsic
def _pack(typing: Any, bits: Any, items: Any, count: Any, size: Any) -> Any:
    """Bit k tells whether item k is other than a zero; the items are followed by room for 7 more, which is cleared."""

    def lower(context: Any, builder: Any, signature: Any, a: Any) -> Any:
        target, source = (builder.inttoptr(address, PTR) for address in a[:2])
        for width in _SIZES:
            with builder.if_then(builder.icmp_signed("==", a[3], I64(width))):
                kind = ir.VectorType(ir.IntType(8 * width), 8)
                end = builder.gep(source, [builder.mul(a[2], I64(width))], source_etype=I8)
                cgutils.memset(builder, end, I64(7 * width), 0)

                def body(index: Any, kind: Any = kind, width: int = width) -> None:
                    values = builder.load(builder.gep(source, [index], source_etype=kind), typ=kind, align=width)
                    magnitude = builder.shl(values, ir.Constant(kind, [1] * 8))
                    bits = builder.icmp_unsigned("!=", magnitude, ir.Constant(kind, [0] * 8))
                    builder.store(builder.bitcast(bits, I8), builder.gep(target, [index], source_etype=I8), align=1)

                _bytes(builder, a[2], body)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 4), lower


@intrinsic
def _unpack(typing: Any, items: Any, bits: Any, count: Any, size: Any, low: Any, high: Any) -> Any:
    """Item k is `high` where bit k is set, else `low`; up to 7 items more are written."""

    def lower(context: Any, builder: Any, signature: Any, a: Any) -> Any:
        target, source = (builder.inttoptr(address, PTR) for address in a[:2])
        for width in _SIZES:
            with builder.if_then(builder.icmp_signed("==", a[3], I64(width))):
                kind = ir.VectorType(ir.IntType(8 * width), 8)
                low, high = (_splat(builder, value, kind) for value in a[4:])

                def body(index: Any, kind: Any = kind, width: int = width, low: Any = low, high: Any = high) -> None:
                    byte = builder.load(builder.gep(source, [index], source_etype=I8), typ=I8, align=1)
                    values = builder.select(builder.bitcast(byte, _LANES), high, low)
                    builder.store(values, builder.gep(target, [index], source_etype=kind), align=width)

                _bytes(builder, a[2], body)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 6), lower


def pack(job: int, row: int, start: int, count: int, buffer: int) -> None:
    """Take up items as the bits [start, start + count) of a mask; `start` is a multiple of 8."""
    _pack(word(row, BASE) + start // 8, buffer, count, word(row, SIZE))


def unpack(job: int, row: int, start: int, count: int, buffer: int) -> None:
    """Make items of the bits [start, start + count) of a mask: the operand's first word for 0, its second for 1."""
    _unpack(buffer, word(row, BASE) + start // 8, count, word(row, SIZE), extra(job, row, FIRST), extra(job, row, SECOND))
