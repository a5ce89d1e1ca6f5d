"""Exponentials, and what is made of them: reduced once, scaled so that subnormal results are rounded once.

Bound to a width by `bind`; unbound, the source computes in float64.
"""

from __future__ import annotations

from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import exponent_from_low_bits, fma, horner, select


def reduce(u: Any, v: Any, magic: Any) -> Any:
    """s = 2^(n + scale) and r with e^(u + v) = 2^n e^r, |r| ≤ ln2/2; |v| is a rounding error of u. `magic` holds the scale."""
    t = fma(u, k.LOG2E, magic)
    n = t - magic
    return exponent_from_low_bits(t), fma(n, -k.LN2_HIGH, u) + fma(n, -k.LN2_LOW, v)


def expm1_reduced(r: Any) -> Any:
    """e^r - 1 for |r| ≤ ln2/2, below 0.6 ulp of its value."""
    return fma(r * r, horner(r, k.EXPM1), r)


def scaled_exp(factor: Any, u: Any, v: Any) -> Any:
    """factor·SCALE·e^(u + v) for u ≤ 0 down to where e^u vanishes, rounded once at the end: factor·s is exact."""
    s, r = reduce(u, v, k.MAGIC_SCALED)
    s = factor * s
    return fma(s, expm1_reduced(r), s)


def logistic_parts(z: Any, v: Any) -> Any:
    """s, p and D with SCALE·e = s (1 + p), e = e^-(z + v), D = SCALE·(1 + e), for 0 ≤ z ≤ LOGISTIC_END.

    So σ(-z) = s (1 + p) / D and σ(z) = SCALE / D. SCALE + s is exact wherever the rest of D matters: D is rounded once.
    """
    s, r = reduce(-z, -v, k.MAGIC_SCALED)
    p = expm1_reduced(r)
    return s, p, fma(s, p, k.SCALE + s)


def squared(s: Any, p: Any, d: Any) -> Any:
    """D² for the D of `logistic_parts`, its rounding error included: SCALE + s - D is exact, both lie within a factor of two."""
    low = fma(s, p, (k.SCALE + s) - d)
    return fma(d, d, (d + d) * low)


def at_most(x: Any, high: Any) -> Any:
    """min(x, high), with NaN kept."""
    return select(x > high, high, x)


def at_least(x: Any, low: Any) -> Any:
    """max(x, low), with NaN kept."""
    return select(x < low, low, x)
