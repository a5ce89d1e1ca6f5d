"""The lower tail of the normal distribution, as e^(-z²/2) times rational functions without cancellation."""

from __future__ import annotations

from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import copysign, fma, horner, real
from fastact.numerics.exponential import expm1_reduced, reduce_sum


def scaled_gauss(factor: Any, z: Any) -> Any:
    """factor·SCALE·e^(-z²/2) for 0 ≤ z ≤ NORMAL_END; the square is taken in two terms, or its rounding would be multiplied by z²/2."""
    h = z * z
    low = fma(z, z, -h)
    s, r = reduce_sum(real(-0.5) * h, real(-0.5) * low)
    return fma(factor * s, expm1_reduced(r), factor * s)


def centre(x: Any, z: Any) -> Any:
    """x·Φ(x) for z = |x| < CENTRE_END, as x/2 + z² CENTRE(z²): rounded once; -0 stays."""
    h = z * z
    return copysign(fma(h, horner(h, k.CENTRE), real(0.5) * x), x)


def scaled_tail(z: Any) -> Any:
    """SCALE·z·Φ(-z), as e^(-z²/2) F / (1 + √(2π) F + z TAIL_L) with F = z/2 + z² TAIL_P, whose error cancels in the tail."""
    f = fma(z * z, horner(z, k.TAIL_P), real(0.5) * z)
    return scaled_gauss(f, z) / fma(k.SQRT_2PI, f, fma(z, horner(z, k.TAIL_L), real(1)))


def scaled_slope(z: Any) -> Any:
    """SCALE·(Φ(-z) - z φ(z)), whose root is a factor."""
    p = horner(z, k.TAIL_SLOPE_P)
    return scaled_gauss(fma(k.GELU_ROOT - z, p, k.GELU_ROOT_LOW * p), z) / fma(k.SQRT_2PI, p, horner(z, k.TAIL_SLOPE_L))
