"""Exponentials, and what is made of them: reduced once, scaled so that subnormal results are rounded once.

Bound to a width by `bind`; unbound, the source computes in float64.
"""

from __future__ import annotations

from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import exponent_from_low_bits, fma, horner, select


def reduce(u: Any) -> Any:
    """Return s = SCALE·2^n and r with e^u = 2^n e^r, |r| ≤ ln2/2."""
    t = fma(u, k.LOG2E, k.MAGIC)
    n = t - k.MAGIC
    return exponent_from_low_bits(t), fma(n, -k.LN2_LOW, fma(n, -k.LN2_HIGH, u))


def reduce_sum(u: Any, v: Any) -> Any:
    """The same for e^(u + v), where v is a rounding error of u."""
    t = fma(u, k.LOG2E, k.MAGIC)
    n = t - k.MAGIC
    return exponent_from_low_bits(t), fma(n, -k.LN2_HIGH, u) + fma(n, -k.LN2_LOW, v)


def expm1_reduced(r: Any) -> Any:
    """e^r - 1 for |r| ≤ ln2/2, below 0.6 ulp of its value."""
    return fma(r * r, horner(r, k.EXPM1), r)


def logistic_parts(s: Any, r: Any) -> Any:
    """Return p and D with SCALE·e = s (1 + p) and D = SCALE·(1 + e), for the e^-z ≤ 1 that was reduced to s and r.

    So σ(-z) = s (1 + p) / D and σ(z) = SCALE / D. SCALE + s is exact wherever the rest of D matters: D is rounded once.
    """
    p = expm1_reduced(r)
    return p, fma(s, p, k.SCALE + s)


def squared(e: Any) -> Any:
    """SCALE²·(1 + e)² from E = SCALE·e ≤ SCALE, as SCALE² + E (E + 2 SCALE): near e = 1 the error of E cancels in E / (1 + e)²."""
    return fma(e, e + k.SCALE_TWICE, k.SCALE_SQUARED)


def at_most(x: Any, high: Any) -> Any:
    """min(x, high), with NaN kept."""
    return select(x > high, high, x)


def at_least(x: Any, low: Any) -> Any:
    """max(x, low), with NaN kept."""
    return select(x < low, low, x)
