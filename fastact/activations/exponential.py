"""Activations made of the exponential function."""

from __future__ import annotations

from math import inf
from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import fma, real, select
from fastact.numerics.exponential import at_least, expm1_reduced, reduce
from fastact.record import Budget, Interval, Kink, Limits, Param, Ulp, definition


@definition(
    formula=r"x > 0\,?\;x : \alpha\,(e^x - 1)",
    derivative=r"x > 0\,?\;1 : \alpha\,e^x",
    params=(Param("alpha", 1.0, samples=(1.0, 0.5, 1.6732632423543772, 3.0)),),
    range=Interval(lambda alpha: -alpha, inf),
    limits=Limits(lambda alpha: -alpha, inf),
    derivative_limits=Limits(0.0, 1.0),
    kinks=(Kink(at=0.0, derivative=lambda alpha: alpha),),
    monotone=True,
    budget=Budget(forward=Ulp(2.1, 1.7), derivative=Ulp(1.2, 1.1), params=Ulp(1.2, 1.2)),
    source="Clevert, Unterthiner & Hochreiter 2015, arXiv:1511.07289",
)
def elu(x: Any, alpha: Any) -> Any:
    """Exponential linear unit; the derivative at 0 is alpha.

    With e^x = m (1 + p), m = 2^n: y = alpha m p + (alpha m - alpha), where the last term is 0 next to x = 0.
    """
    zero, one = real(0), real(1)
    s, r = reduce(at_least(x, k.ELU_END))
    p = expm1_reduced(r)
    m, scaled = s * k.UNSCALE, alpha * s
    am = alpha * m
    negative, positive = x < zero, x > zero
    y = select(negative, fma(am, p, am - alpha), x)
    derivative = select(positive, one, fma(scaled, p, scaled) * k.UNSCALE)
    return y, derivative, select(negative, fma(m, p, m - one), select(positive, zero, x))
