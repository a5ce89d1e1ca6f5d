"""Bit-level primitives: a plain Python meaning, and the LLVM code that every compiled target uses for it; and bounds made of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir

if TYPE_CHECKING:
    from fractions import Fraction

_INT = {ir.FloatType(): (ir.IntType(32), 23), ir.DoubleType(): (ir.IntType(64), 52)}


def real(c: Any) -> Any:
    """`c` in the width of the kernel; unbound source is float64."""
    return np.float64(c)


def fma(a: Any, b: Any, c: Any) -> Any:
    """a·b + c with one rounding."""
    width = type(a)
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        return width(a * b + c)
    from fractions import Fraction

    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if exact == 0:
        return width(a * b + c)
    return _round(exact, width)


def _round(exact: Fraction, width: Any) -> Any:
    """`exact` rounded once, to nearest even."""
    from fractions import Fraction

    info = np.finfo(width)
    try:
        exponent = max(math.frexp(float(exact))[1] - 1, info.minexp) - info.nmant
        scale = Fraction(2) ** exponent
        with np.errstate(over="ignore", under="ignore"):
            return width(np.float64(math.ldexp(round(exact / scale), exponent)))
    except OverflowError:
        return width(math.inf if exact > 0 else -math.inf)


def select(condition: Any, a: Any, b: Any) -> Any:
    """`a` where `condition` holds, else `b`; both are evaluated."""
    return a if condition else b


def at_most(x: Any, high: Any) -> Any:
    """min(x, high), with NaN kept."""
    return select(x > high, high, x)


def at_least(x: Any, low: Any) -> Any:
    """max(x, low), with NaN kept."""
    return select(x < low, low, x)


def unless_nan(x: Any, value: Any) -> Any:
    """`value`, but NaN where x is NaN."""
    return select(absolute(x) >= real(0), value, x)


def horner(x: Any, coefficients: Any) -> Any:
    """Σ coefficients[k]·x^k by a chain of fma."""
    value = coefficients[-1]
    for c in coefficients[-2::-1]:
        value = fma(value, x, c)
    return value


def polynomial(coefficients: Any, square: Any, x: Any) -> Any:
    """Σ coefficients[k]·x^k as even part + x·odd part, each by `horner` in `square` = x²: half the latency, no more operations."""
    if len(coefficients) == 1:
        return coefficients[0]
    return fma(horner(square, coefficients[1::2]), x, horner(square, coefficients[::2]))


def absolute(x: Any) -> Any:
    """|x|, sign bit cleared."""
    return abs(x)


def sqrt(x: Any) -> Any:
    """√x, correctly rounded."""
    return np.sqrt(x)


def copysign(x: Any, sign: Any) -> Any:
    """|x| with the sign bit of `sign`."""
    return type(x)(math.copysign(x, sign))


def exponent_from_low_bits(t: Any) -> Any:
    """The low bits of `t`, moved into the exponent field: the power of two that a magic-number sum selects."""
    integer, shift = (np.uint32, 23) if type(t) is np.float32 else (np.uint64, 52)
    bits: Any = np.asarray(t).view(integer)
    return (bits << integer(shift)).view(type(t))[()]


def exponent_of(x: Any) -> Any:
    """The e of x = 2^e m with √½ ≤ m < √2, for positive normal x."""
    m, e = np.frexp(x)
    return type(x)(e - (m < type(x)(math.sqrt(0.5))))


def mantissa_of(x: Any) -> Any:
    """The m of x = 2^e m with √½ ≤ m < √2, for positive normal x."""
    m, _ = np.frexp(x)
    return m + m if m < type(x)(math.sqrt(0.5)) else m


def _select(builder: Any, condition: Any, a: Any, b: Any) -> Any:
    return builder.select(condition, a, b)


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    return builder.fma(a, b, c)


def _absolute(builder: Any, x: Any) -> Any:
    return builder.call(builder.module.declare_intrinsic("llvm.fabs", [x.type]), [x])


def _sqrt(builder: Any, x: Any) -> Any:
    return builder.call(builder.module.declare_intrinsic("llvm.sqrt", [x.type]), [x])


def _copysign(builder: Any, x: Any, sign: Any) -> Any:
    integer, _ = _INT[x.type]
    top = integer(1 << (integer.width - 1))
    magnitude = builder.and_(builder.bitcast(x, integer), builder.not_(top))
    return builder.bitcast(builder.or_(magnitude, builder.and_(builder.bitcast(sign, integer), top)), x.type)


def _exponent_from_low_bits(builder: Any, t: Any) -> Any:
    integer, shift = _INT[t.type]
    return builder.bitcast(builder.shl(builder.bitcast(t, integer), integer(shift)), t.type)


def _exponent(builder: Any, x: Any) -> tuple[Any, Any, Any]:
    """The exponent of `exponent_of` as an integer, the bits of `x`, and where the exponent lies in them."""
    integer, shift = _INT[x.type]
    root = {23: 0x3F3504F3, 52: 0x3FE6A09E667F3BCD}[shift]  # √½, to nearest
    bits = builder.bitcast(x, integer)
    return builder.ashr(builder.sub(bits, integer(root)), integer(shift)), bits, integer(shift)


def _exponent_of(builder: Any, x: Any) -> Any:
    exponent, _, _ = _exponent(builder, x)
    return builder.sitofp(exponent if exponent.type.width == 32 else builder.trunc(exponent, ir.IntType(32)), x.type)


def _mantissa_of(builder: Any, x: Any) -> Any:
    exponent, bits, shift = _exponent(builder, x)
    return builder.bitcast(builder.sub(bits, builder.shl(exponent, shift)), x.type)


def _horner(builder: Any, x: Any, coefficients: Any) -> Any:
    value = builder.extract_value(coefficients, coefficients.type.count - 1)
    for k in range(coefficients.type.count - 2, -1, -1):
        value = builder.fma(value, x, builder.extract_value(coefficients, k))
    return value


def _polynomial(builder: Any, coefficients: Any, square: Any, x: Any) -> Any:
    terms = [builder.extract_value(coefficients, k) for k in range(coefficients.type.count)]

    def chain(part: list[Any]) -> Any:
        value = part[-1]
        for c in part[-2::-1]:
            value = builder.fma(value, square, c)
        return value

    return builder.fma(chain(terms[1::2]), x, chain(terms[::2])) if len(terms) > 1 else terms[0]


CODE: dict[Callable[..., Any], Callable[..., Any]] = {
    fma: _fma,
    select: _select,
    horner: _horner,
    polynomial: _polynomial,
    absolute: _absolute,
    sqrt: _sqrt,
    copysign: _copysign,
    exponent_from_low_bits: _exponent_from_low_bits,
    exponent_of: _exponent_of,
    mantissa_of: _mantissa_of,
}
"""Primitive to LLVM code; the result has the type of the last argument, of `horner` that of the first."""
