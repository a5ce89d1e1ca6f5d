"""Activations made of hyperbolic functions."""

from __future__ import annotations

from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import real
from fastact.numerics.exponential import at_least, at_most, hyperbolic_parts
from fastact.record import Budget, Interval, Limits, Ulp, definition


@definition(
    formula=r"\tanh x",
    derivative=r"\frac{1}{\cosh^2 x}",
    range=Interval(-1.0, 1.0),
    limits=Limits(-1.0, 1.0),
    derivative_limits=Limits(0.0, 0.0),
    odd=True,
    monotone=True,
    budget=Budget(forward=Ulp(2.5, 2.0), derivative=Ulp(4.0, 4.0)),
    source="LeCun, Bottou, Orr & Müller 1998, Efficient BackProp",
)
def tanh(x: Any) -> Any:
    """Hyperbolic tangent."""
    sinh2, cosh2 = hyperbolic_parts(at_most(at_least(x, -k.TANH_END), k.TANH_END))
    q = real(2) / cosh2
    return sinh2 / cosh2, q * q
