"""Pieces of x·σ(w): its value, and its derivative next to the root and away from it. All take z ≥ 0 and work on the negative side."""

from __future__ import annotations

from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, fma, horner, real, select
from fastact.numerics.exponential import expm1_reduced, logistic_loss, squared


def gate_tail(z: Any, s: Any, h: Any) -> Any:
    """SCALE·z·σ(-w) for the e^-w that was reduced to s and r, h = tanh_half(r)."""
    zs = z * s
    return fma(-zs, logistic_loss(s, h), zs)


def gate_slope(s: Any, r: Any, z: Any, low: Any, delta: Any) -> Any:
    """silu'(-z - low) for e^-(z + low) = 2^n e^r; `delta` is the distance of z + low from the root.

    e N / (1 + e)² with e = e^-z, N = 1 + e - z; next to the root expanded there. s N is exact.
    """
    p = expm1_reduced(r)
    n = fma(real(1) - z, k.SCALE, s) + fma(s, p, -low * k.SCALE)
    root = slope_at_root(delta, k.SILU_SLOPE, k.SILU_ROOT_OFFSET)
    return select(absolute(delta) < k.SILU_NEAR, root, fma(s * n, p, s * n) / squared(fma(s, p, s)))


def slope_at_root(delta: Any, coefficients: Any, offset: Any) -> Any:
    """A derivative at the distance `delta` from its rounded root, where it is `offset`: a polynomial."""
    return fma(-delta, horner(delta, coefficients), offset)


def slope_beyond(first: Any, rest: Any, s: Any, p: Any) -> Any:
    """Return e N / (1 + e)² for SCALE N = first + rest and SCALE·e = s (1 + p): N is rounded, what that leaves out enters the last fma.

    s N is exact.
    """
    n = first + rest
    return fma(s, n, fma(s * n, p, s * ((first - n) + rest))) / squared(fma(s, p, s))
