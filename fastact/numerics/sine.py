"""Sines of reduced arguments."""

from __future__ import annotations

from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import fma, horner, real


def quarter_turns(u: Any, low: Any) -> Any:
    """Return r and whether n is odd, for u + low = n π/2 + r with |r| ≤ π/4; |u| ≤ TURNS_END, `low` a rounding error of u.

    u - n PIO2 is exact: both are multiples of ulp(1), and the difference is below 1. MAGIC_INTEGER rounds to an integer.
    """
    n = fma(u, k.TWO_OVER_PI, k.MAGIC_INTEGER) - k.MAGIC_INTEGER
    half = fma(n, real(0.5), k.MAGIC_INTEGER) - k.MAGIC_INTEGER
    return fma(n, -k.PIO2_LOW, fma(n, -k.PIO2, u)) + low, half + half != n


def sine(r: Any) -> Any:
    """Sin r for |r| ≤ π/2."""
    square = r * r
    return fma(r * square, horner(square, k.SINE), r)
