"""Exponentials, and what is made of them: reduced once, scaled so that subnormal results are rounded once.

Bound to a width by `bind`; unbound, the source computes in float64.
"""

from __future__ import annotations

from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import exponent_from_low_bits, fma, horner, polynomial, real


def reduce(u: Any, magic: Any) -> Any:
    """Return s and r with e^u = 2^n e^r, |r| ≤ ln2/2: s = SCALE·2^n for MAGIC, 2^n / SCALE for MAGIC_DOWN."""
    t = fma(u, k.LOG2E, magic)
    n = t - magic
    return exponent_from_low_bits(t), fma(n, -k.LN2_LOW, fma(n, -k.LN2_HIGH, u))


def reduce_decay(z: Any) -> Any:
    """Return s = SCALE·2^n and r with e^-z = 2^n e^-r. A minus sign on z would keep compilers from making a bound on it one instruction."""
    t = fma(z, -k.LOG2E, k.MAGIC)
    n = t - k.MAGIC
    return exponent_from_low_bits(t), fma(n, k.LN2_LOW, fma(n, k.LN2_HIGH, z))


def reduce_sum(u: Any, v: Any) -> Any:
    """Return s and r with e^(u + v) = 2^n e^r, where v is a rounding error of u."""
    t = fma(u, k.LOG2E, k.MAGIC)
    n = t - k.MAGIC
    return exponent_from_low_bits(t), fma(n, -k.LN2_HIGH, u) + fma(n, -k.LN2_LOW, v)


def expm1_reduced(r: Any) -> Any:
    """e^r - 1 for |r| ≤ ln2/2, below 0.6 ulp of its value."""
    square = r * r
    return fma(square, polynomial(k.EXPM1, square, r), r)


def tanh_half(r: Any) -> Any:
    """Return h = 2 tanh(r/2) for |r| ≤ ln2/2.

    As e^-r = (2 - h) / (2 + h), this odd function of half as many terms does for the exponential wherever a quotient is formed.
    """
    square = r * r
    return fma(r * square, horner(square, k.TANH_HALF), r)


def logistic_loss(s: Any, h: Any) -> Any:
    """Return w with e / (1 + e) = m (1 - w), for the e = m e^-r ≤ 1 with m = s / SCALE and h = tanh_half(r).

    m is exact and -0.42 < w < 0.6, so the errors of w count for less: w = (m + h (1 - m/2)) / (1 + m + h (1 - m)/2).
    """
    m = s * k.UNSCALE
    above = fma(h, fma(m, real(-0.5), real(1)), m)
    return above / fma(h, fma(m, real(-0.5), real(0.5)), real(1) + m)


def log1p_terms(s: Any, h: Any) -> Any:
    """SCALE·log1p(e) for the same e, as a sum of two terms, the second below a twentieth of the first. The sum never falls as e grows.

    It is 2 atanh(t/2) = t + t³ ATANH_HALF(t²) with t = 2e / (2 + e) = c (1 - v), where c = 2m / (2 + m) belongs to h = 0: as a
    difference from m, since 2 + m is not exact for small m. What rounding t leaves out enters the second term.
    """
    half = s * (real(0.5) * k.UNSCALE)
    a = real(1) + half
    c, v = fma(-s, half / a, s), h / fma(h, fma(half, real(-0.5), real(0.5)), a)
    t = fma(-c, v, c)
    square = (t * k.UNSCALE) * (t * k.UNSCALE)
    return t, fma(t * square, horner(square, k.ATANH_HALF), fma(-c, v, c - t))


def log_cosh(u: Any) -> Any:
    """ln(cosh(u/2)) / u for |u| < SOFTPLUS_NEAR. There log1p(e^u) = ln2 + u/2 + ln(cosh(u/2)), whose first terms decide how it moves."""
    v = u * u
    return u * horner(v, k.LOG_COSH)


def logistic_parts(s: Any, r: Any) -> Any:
    """Return p and D with SCALE·e = s (1 + p) and D = SCALE·(1 + e), for the e^-z ≤ 1 that was reduced to s and r.

    So σ(-z) = s (1 + p) / D and σ(z) = SCALE / D. SCALE + s is exact wherever the rest of D matters: D is rounded once.
    """
    p = expm1_reduced(r)
    return p, fma(s, p, k.SCALE + s)


def squared(e: Any) -> Any:
    """SCALE²·(1 + e)² from E = SCALE·e ≤ SCALE, as SCALE² + E (E + 2 SCALE): near e = 1 the error of E cancels in E / (1 + e)²."""
    return fma(e, e + k.SCALE_TWICE, k.SCALE_SQUARED)


def log_near(q: Any) -> Any:
    """log(1 + q) for 0 ≤ q ≤ 1, as 2 atanh(t/2) with t = 2q / (2 + q)."""
    t = (q + q) / (real(2) + q)
    square = t * t
    return fma(t * square, horner(square, k.ATANH_HALF), t)
