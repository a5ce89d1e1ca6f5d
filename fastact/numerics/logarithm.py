"""Logarithms, for arguments that are positive and normal."""

from __future__ import annotations

from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import exponent_of, fma, horner, mantissa_of, real, select


def log1p_small(f: Any) -> Any:
    """ln(1 + f) for √½ - 1 ≤ f ≤ √2 - 1, as 2 atanh(t/2) with t = f / (1 + f/2)."""
    t = f / fma(f, real(0.5), real(1))
    square = t * t
    return fma(t * square, horner(square, k.ATANH_HALF), t)


def log_scaled(e: Any, f: Any) -> Any:
    """ln(2^e (1 + f)) for the same f."""
    return fma(e, k.LN2_HIGH, fma(e, k.LN2_LOW, log1p_small(f)))


def log(v: Any) -> Any:
    """Natural logarithm; v - 1 is exact next to 1."""
    return log_scaled(exponent_of(v), mantissa_of(v) - real(1))


def log_complement(p: Any) -> Any:
    """ln(1 - p) for 0 ≤ p ≤ ½: where 1 - p needs no exponent, p itself is kept."""
    v = real(1) - p
    e = exponent_of(v)
    return log_scaled(e, select(e == real(0), -p, mantissa_of(v) - real(1)))
