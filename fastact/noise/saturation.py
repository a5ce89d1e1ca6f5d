"""What the noisy units share: how far an input is beyond saturation, and how strong the noise is there.

With h the clipped line u, Delta = h - u and t = tanh(p·Delta/2), the standard deviation is σ = c (g(p·Delta) - ½)² = (c/4) t².
"""

from __future__ import annotations

from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, at_most, copysign, fma, real, select, unless_nan
from fastact.numerics.exponential import logistic_parts, reduce_sum, squared


def beyond(x: Any, slope: Any, half: Any) -> Any:
    """Return h(x) - u(x) beyond saturation, -(slope·x - sgn(x)·half), kept finite, and its rounding error.

    slope is a power of two, so that slope·x is exact and the larger of the two.
    """
    line, end = copysign(at_most(slope * absolute(x), k.LARGEST), x), copysign(half, x)
    delta = end - line
    return delta, end - (delta + line)


def slopes(delta: Any, low: Any, p: Any) -> Any:
    """Return t = tanh(p·Delta/2) and SCALE·(1 - t²) = SCALE·4e / (1 + e)² for e = e^-|p·Delta|, 0 beyond SWISH_END.

    The product is taken in two terms, or its rounding would be multiplied by itself in the tail.
    """
    z = p * delta
    size = at_most(absolute(z), k.SWISH_END)
    rest = fma(p, delta, -z) + p * low
    near = size < k.SWISH_END
    s, r = reduce_sum(-size, select(near, select(z < real(0), rest, -rest), real(0)))
    part, total = logistic_parts(s, r)
    e = fma(s, part, s)
    bend = (real(4) * k.SCALE_SQUARED * e) / squared(e)
    return copysign(fma(-s, part, k.SCALE - s) / total, z), select(size == k.SWISH_END, real(0), bend)


def noisy(x: Any, epsilon: Any, alpha: Any, c: Any, p: Any, slope: Any, half: Any, middle: Any) -> Any:
    """Return φ = αh + (1 - α)u + dσε for u = slope·x + middle and saturation at |x| = half/slope, with all derivatives.

    d = -sgn(x)·sgn(1 - α) with sgn(0) = 1 points to h. Up to saturation, and at it, φ is u itself, and noise has no part.
    The derivatives are by x, ε, α, c and p. Where α = 1, or Delta has overflowed, no term is infinite that has the factor 0.
    """
    zero, one = real(0), real(1)
    saturated, number = slope * absolute(x) > half, unless_nan(x, one)
    nothing = number - number
    line = select(middle == zero, x, fma(slope, x, middle))
    delta, low = beyond(x, slope, half)
    t, bend = slopes(delta, low, p)
    rest, quarter = one - alpha, real(0.25) * c
    end = copysign(half, x) + middle
    base = select(rest == zero, end, fma(rest, line, alpha * end))
    d = select(alpha > one, copysign(one, x), -copysign(one, x))
    strength, push = t * t, d * epsilon
    gain = (push * quarter) * (t * bend)
    return (
        select(saturated, fma(push * quarter, strength, base), line),
        select(saturated, fma(gain * (p * slope), -k.UNSCALE, rest * slope), slope * number),
        select(saturated, d * (quarter * strength), nothing),
        select(saturated, delta, nothing),
        select(saturated, real(0.25) * (push * strength), nothing),
        select(saturated, gain * delta * k.UNSCALE, nothing),
    )
