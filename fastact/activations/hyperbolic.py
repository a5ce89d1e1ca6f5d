"""Activations made of hyperbolic functions."""

from __future__ import annotations

from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, copysign, fma, real
from fastact.numerics.exponential import at_most, logistic_parts, reduce_decay, squared
from fastact.record import Budget, Interval, Limits, Ulp, definition


@definition(
    formula=r"\tanh x",
    derivative=r"\frac{1}{\cosh^2 x}",
    range=Interval(-1.0, 1.0),
    limits=Limits(-1.0, 1.0),
    derivative_limits=Limits(0.0, 0.0),
    odd=True,
    monotone=True,
    budget=Budget(forward=Ulp(2.2, 2.2), derivative=Ulp(2.4, 2.5)),
    source="LeCun, Bottou, Orr & Müller 1998, Efficient BackProp",
)
def tanh(x: Any) -> Any:
    """Hyperbolic tangent.

    With e = e^(-2|x|): |y| = (1 - e) / (1 + e), where 1 - e = -expm1(-2|x|) is exact next to 0; dy/dx = 4e / (1 + e)².
    """
    s, r = reduce_decay(at_most(real(2) * absolute(x), k.LOGISTIC_END))
    p, d = logistic_parts(s, -r)
    y = copysign(fma(-s, p, k.SCALE - s) / d, x)
    e = fma(s, p, s)
    return y, (real(4) * k.SCALE * e) / squared(e)
