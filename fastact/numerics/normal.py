"""The lower tail of the normal distribution, as e^(-z²/2) times rational functions without cancellation.

Each value is c e^(-z²/2) (1 - d) with a constant c next to what the rest of it is on average: |d| < 0.36, so the errors
of d = N / D count for little.
"""

from __future__ import annotations

from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import copysign, exponent_from_low_bits, fma, horner, real
from fastact.numerics.exponential import expm1_reduced


def gauss(z: Any, square: Any) -> tuple[Any, Any]:
    """Return s and p with SCALE·e^(-z²/2) = s (1 + p) for 0 ≤ z ≤ NORMAL_END, `square` = z².

    n LN2_SHORT is exact, so that only the difference of it and z²/2 is rounded, not the square.
    """
    t = fma(square, real(-0.5) * k.LOG2E, k.MAGIC)
    n = t - k.MAGIC
    r = fma(n, -k.LN2_SHORT_REST, fma(real(-0.5) * z, z, -(n * k.LN2_SHORT)))
    return exponent_from_low_bits(t), expm1_reduced(r)


def less(a: Any, p: Any, d: Any) -> Any:
    """Return a (1 + p) (1 - d), as a and what it differs by."""
    return fma(a, fma(-d, real(1) + p, p), a)


def centre(x: Any, square: Any) -> Any:
    """x·Φ(x) for |x| < CENTRE_END, as x/2 + x² CENTRE(x²): rounded once; -0 stays."""
    return copysign(fma(square, horner(square, k.CENTRE), real(0.5) * x), x)


def scaled_tail(z: Any, s: Any, p: Any) -> Any:
    """SCALE·z·Φ(-z) for z ≥ CENTRE_END, with s and p of `gauss`."""
    return less(k.TAIL_CONSTANT * s, p, horner(z, k.TAIL_N) / horner(z, k.TAIL_D))


def scaled_slope(z: Any, s: Any, p: Any) -> Any:
    """SCALE·(Φ(-z) - z φ(z)), whose root is a factor; c = 1/2."""
    distance = (real(0.5) * k.GELU_ROOT - real(0.5) * z) + real(0.5) * k.GELU_ROOT_LOW
    return less(s * distance, p, horner(z, k.TAIL_SLOPE_N) / horner(z, k.TAIL_SLOPE_D))
