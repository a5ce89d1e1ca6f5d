"""The lower tail of the normal distribution, relative to e^(-z²/2)."""

from __future__ import annotations

from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import fma, horner, real
from fastact.numerics.exponential import scaled_exp


def scaled_gauss(z: Any) -> Any:
    """SCALE·e^(-z²/2) for 0 ≤ z ≤ NORMAL_END; the square is taken in two terms, or its rounding would be multiplied by z²/2."""
    h = z * z
    low = fma(z, z, -h)
    return scaled_exp(real(-0.5) * h, real(-0.5) * low)


def mapped(z: Any) -> Any:
    """g = 1/(z + K) and v = 1 - 2K g, which takes [0, ∞) to [-1, 1)."""
    g = real(1) / (z + k.NORMAL_KNEE)
    return g, fma(real(-2) * k.NORMAL_KNEE, g, real(1))


def tail_ratio(g: Any, v: Any) -> Any:
    """R(z) = Φ(-z) e^(z²/2)."""
    return horner(v, k.TAIL) * g


def slope_ratio(z: Any, v: Any) -> Any:
    """(Φ(-z) - z φ(z)) e^(z²/2), whose root is a factor."""
    return ((k.GELU_ROOT - z) + k.GELU_ROOT_LOW) * horner(v, k.TAIL_SLOPE)
