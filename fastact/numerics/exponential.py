"""Exponentials, and what is made of them: reduced once, scaled so that subnormal results are rounded once.

Bound to a width by `bind`; unbound, the source computes in float64.
"""

from __future__ import annotations

from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import exponent_from_low_bits, fma, horner, real, reciprocal_of_power, select


def reduce(u: Any, v: Any, magic: Any) -> Any:
    """s = 2^(n + scale) and r with e^(u + v) = 2^n e^r, |r| ≤ ln2/2; |v| is a rounding error of u. `magic` holds the scale."""
    t = fma(u, k.LOG2E, magic)
    n = t - magic
    r = fma(n, -k.LN2_HIGH, u)
    return exponent_from_low_bits(t), fma(n, -k.LN2_LOW, r) + v


def expm1_reduced(r: Any) -> Any:
    """e^r - 1 for |r| ≤ ln2/2, below 0.6 ulp of its value."""
    return fma(r * r, horner(r, k.EXPM1), r)


def scaled_exp(u: Any, v: Any) -> Any:
    """SCALE·e^(u + v) for u ≤ 0 down to where e^u vanishes: a normal number where e^u is subnormal."""
    s, r = reduce(u, v, k.MAGIC_SCALED)
    return fma(s, expm1_reduced(r), s)


def logistic_parts(z: Any, v: Any) -> Any:
    """E = SCALE·e and D = SCALE·(1 + e), e = e^-(z + v), for 0 ≤ z ≤ LOGISTIC_END: σ(-z) = E/D, σ(z) = SCALE/D.

    SCALE + s is exact wherever the rest of D matters, so that D is rounded once.
    """
    s, r = reduce(-z, -v, k.MAGIC_SCALED)
    p = expm1_reduced(r)
    return fma(s, p, s), fma(s, p, k.SCALE + s)


def hyperbolic_parts(x: Any) -> Any:
    """2 sinh x and 2 cosh x for |x| ≤ TANH_END, odd and even bit for bit.

    With e^x = 2^n (C + S): (2^n - 2^-n) C ± (2^n + 2^-n) S, and the two swapped.
    """
    s, r = reduce(x, real(-0.0), k.MAGIC)
    z = r * r
    odd = fma(r * z, horner(z, k.SINH), r)
    even = fma(z, horner(z, k.COSH), real(1))
    q = reciprocal_of_power(s)
    a, b = s - q, s + q
    return fma(a, even, b * odd), fma(b, even, a * odd)


def at_most(x: Any, high: Any) -> Any:
    """min(x, high), with NaN kept."""
    return select(x > high, high, x)


def at_least(x: Any, low: Any) -> Any:
    """max(x, low), with NaN kept."""
    return select(x < low, low, x)
