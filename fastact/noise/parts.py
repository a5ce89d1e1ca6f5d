"""The four floats that `draws` makes a number of, from random bits."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from fastact.numerics.emit import DOUBLE, FLOAT, I32, I64


def single(builder: Any, word: Any) -> list[Any]:
    """unit, tail, centre and sign of a draw (see `draws`) from 32 bits; the top one is the sign."""

    def real(value: float) -> Any:
        return ir.Constant(FLOAT, value)

    top = builder.lshr(word, I32(8))
    unit = builder.fmul(builder.sitofp(top, FLOAT), real(2.0**-24))
    unit = builder.select(builder.icmp_unsigned("==", top, I32(0)), real(2.0**-25), unit)
    low = builder.and_(word, I32(0x7FFFFFFF))
    ends = (low, builder.xor(low, I32(0x7FFFFFFF)))
    tail, centre = (builder.fmul(builder.fadd(builder.sitofp(m, FLOAT), real(0.5)), real(2.0**-32)) for m in ends)
    sign = builder.select(builder.icmp_signed("<", word, I32(0)), real(-1.0), real(1.0))
    return [unit, tail, centre, sign]


def double(builder: Any, word: Any) -> list[Any]:
    """The same from 64 bits; the low 52 are the distance from the end."""

    def real(value: float) -> Any:
        return ir.Constant(DOUBLE, value)

    top = builder.lshr(word, I64(11))
    unit = builder.fmul(builder.sitofp(top, DOUBLE), real(2.0**-53))
    unit = builder.select(builder.icmp_unsigned("==", top, I64(0)), real(2.0**-54), unit)
    large = builder.or_(builder.and_(word, I64(2**52 - 1)), I64(0x433 << 52))
    tail = builder.fmul(builder.fadd(builder.fsub(builder.bitcast(large, DOUBLE), real(2.0**52)), real(0.5)), real(2.0**-53))
    sign = builder.select(builder.icmp_signed("<", word, I64(0)), real(-1.0), real(1.0))
    return [unit, tail, builder.fsub(real(0.5), tail), sign]
