"""Sines of reduced arguments."""

from __future__ import annotations

from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import fma, horner


def quarter_turns(u: Any, low: Any) -> Any:
    """Return r, its own rounding error and whether n is odd, for u + low = n π/2 + r, |r| ≤ π/4, |u| ≤ TURNS_END.

    u - n PIO2 is exact: both are multiples of ulp(1), and the difference is below 1. MAGIC_INTEGER rounds to an integer,
    MAGIC_EVEN to an even one.
    """
    n = fma(u, k.TWO_OVER_PI, k.MAGIC_INTEGER) - k.MAGIC_INTEGER
    even = (n + k.MAGIC_EVEN) - k.MAGIC_EVEN
    first, rest = fma(n, -k.PIO2, u), fma(n, -k.PIO2_LOW, low)
    r = first + rest
    return r, (first - r) + rest, even != n


def sine(r: Any) -> Any:
    """Sin r for |r| ≤ π/2."""
    square = r * r
    return fma(r * square, horner(square, k.SINE), r)


def sine_squared(r: Any, low: Any) -> Any:
    """sin²(r + low) as r², rounded, and the rest: with sin r = r + c, c (2r + c) and rounding errors."""
    square = r * r
    c = (r * square) * horner(square, k.SINE)
    return square, fma(r + r + c, c + low, fma(r, r, -square))
