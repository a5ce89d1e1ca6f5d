"""float16 to float32 and back, of scalars and vectors: by the CPU's instructions, or by integers where it has none.

LLVM would call functions of the compiler's runtime there, which a process that runs Numba does not have.
"""

from __future__ import annotations

from typing import Any

from fastact.cpu.features import converts_half
from fastact.numerics.emit import FLOAT, HALF, I16, I32, constant, vector


def widen(builder: Any, value: Any) -> Any:
    """A float16, or a vector of them, as float32."""
    kind = vector(FLOAT, value.type)
    return builder.fpext(value, kind) if converts_half() else by_integers(builder, value)


def narrow(builder: Any, value: Any) -> Any:
    """A float32, or a vector of them, rounded to float16, to nearest even."""
    kind = vector(HALF, value.type)
    return builder.fptrunc(value, kind) if converts_half() else rounded_by_integers(builder, value)


def by_integers(builder: Any, value: Any) -> Any:
    """As `widen`: the 10 digits and the exponent, moved and read as float32, times 2^112 is the number, subnormals too."""
    words, floats = vector(I32, value.type), vector(FLOAT, value.type)
    given = builder.zext(builder.bitcast(value, vector(I16, value.type)), words)
    negative = builder.shl(builder.and_(given, constant(words, 0x8000)), constant(words, 16))
    size = builder.and_(given, constant(words, 0x7FFF))
    moved = builder.shl(size, constant(words, 13))
    number = builder.bitcast(builder.fmul(builder.bitcast(moved, floats), constant(floats, 2.0**112)), words)
    special, nan = (builder.icmp_unsigned(sign, size, constant(words, 0x7C00)) for sign in (">=", ">"))
    quiet = builder.select(nan, constant(words, 0x7FC00000), constant(words, 0x7F800000))
    return builder.bitcast(builder.or_(negative, builder.select(special, builder.or_(moved, quiet), number)), floats)


def rounded_by_integers(builder: Any, value: Any) -> Any:
    """As `narrow`: half a unit is added, less if the last digit is even, and the rest cut; to subnormals 1/2, whose unit is theirs."""
    words, floats, short = vector(I32, value.type), vector(FLOAT, value.type), vector(I16, value.type)
    given = builder.bitcast(value, words)
    size = builder.and_(given, constant(words, 0x7FFFFFFF))
    odd = builder.and_(builder.lshr(size, constant(words, 13)), constant(words, 1))
    carried = builder.add(builder.add(size, constant(words, 0xFFF - (112 << 23))), odd)
    normal = builder.lshr(carried, constant(words, 13))
    shifted = builder.bitcast(builder.fadd(builder.bitcast(size, floats), constant(floats, 0.5)), words)
    small = builder.sub(shifted, constant(words, 126 << 23))
    digits = builder.and_(builder.lshr(size, constant(words, 13)), constant(words, 0x3FF))
    nan = builder.icmp_unsigned(">", size, constant(words, 0xFF << 23))
    large = builder.select(nan, builder.or_(digits, constant(words, 0x7E00)), constant(words, 0x7C00))
    result = builder.select(builder.icmp_unsigned("<", size, constant(words, 113 << 23)), small, normal)
    result = builder.select(builder.icmp_unsigned(">=", size, constant(words, 143 << 23)), large, result)
    sign = builder.and_(builder.lshr(given, constant(words, 16)), constant(words, 0x8000))
    return builder.bitcast(builder.trunc(builder.or_(result, sign), short), vector(HALF, value.type))
