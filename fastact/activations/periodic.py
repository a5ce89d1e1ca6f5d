"""Activations with sines."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, copysign, fma, real, select
from fastact.numerics.sine import quarter_turns, sine, sine_squared
from fastact.record import Budget, Interval, Limits, Param, Ulp, definition


@definition(
    formula=r"x + \frac{\sin^2 \alpha x}{\alpha}",
    derivative=r"1 + \sin 2 \alpha x",
    params=(Param("alpha", 1.0, samples=(1.0, 0.5, 3.0, -2.0, 0.7)),),
    range=Interval(-inf, inf),
    limits=Limits(-inf, inf),
    derivative_limits=Limits(np.nan, np.nan),
    reach=lambda alpha: 2.0**21 / abs(alpha),
    terms=(lambda x, alpha: 1.0, lambda x, alpha: abs(x / alpha) * np.minimum(1.0, abs(2 * alpha * x))),
    budget=Budget(forward=Ulp(2.4, 1.9), derivative=Ulp(1.7, 1.5), params=Ulp(3.0, 2.9)),
    source="Liu, Hartwig & Ueda 2020, arXiv:2006.08195",
)
def snake(x: Any, alpha: Any) -> Any:
    """Line with waves; the product αx is exact. Beyond |αx| = 2²¹ (in float64 2⁵⁰) the waves are left out: y = x, dy/dx = 1.

    With αx = k π/2 + r: sin² αx is sin² r for even k, else 1 - sin² r, in two terms; sin 2αx is ± sin 2r. With TWO_STEPS
    the quotient is in two terms as well, so that where it cancels most of x, only the last sum is rounded.
    """
    one, product = real(1), alpha * x
    outside = absolute(product) > k.TURNS_END
    r, low, odd = quarter_turns(product, fma(alpha, x, -product))
    square, rest = sine_squared(r, low)
    other = one - square
    first, rest = select(odd, other, square), select(odd, ((one - other) - square) - rest, rest)
    part = first + rest
    rest = (first - part) + rest
    inverse = one / alpha
    error = fma(-alpha, inverse, one) * inverse
    if k.TWO_STEPS:
        bend = part * inverse
        y = (x + bend) + fma(rest, inverse, fma(part, error, fma(part, inverse, -bend)))
    else:
        y = fma(part, inverse, x) + fma(rest, inverse, part * error)
    twice = sine(r + r)
    wave = select(odd, -twice, twice)
    number = x - x
    by_alpha = fma(x, wave, -(part * inverse)) * inverse
    return select(outside, x, copysign(y, x)), select(outside, one + number, one + wave), select(outside, number, by_alpha)
