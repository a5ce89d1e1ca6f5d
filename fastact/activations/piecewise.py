"""Activations made of straight lines. The positive branch is taken for x > 0 only; NaN passes every branch."""

from __future__ import annotations

from math import inf
from typing import Any

from fastact.numerics.bits import absolute, real, select
from fastact.numerics.exponential import at_least
from fastact.record import Budget, Interval, Kink, Limits, Param, Ulp, definition

_EXACT = Ulp(float32=0.0, float64=0.0)
_ROUNDED = Ulp(float32=0.5, float64=0.5)


@definition(
    formula=r"\max(x, 0)",
    derivative=r"[x > 0]",
    range=Interval(0.0, inf),
    limits=Limits(0.0, inf),
    derivative_limits=Limits(0.0, 1.0),
    kinks=(Kink(at=0.0, derivative=0.0),),
    flat=True,
    monotone=True,
    budget=Budget(forward=_EXACT, derivative=_EXACT),
    source="Nair & Hinton 2010, Rectified linear units improve restricted Boltzmann machines",
)
def relu(x: Any) -> Any:
    """Rectified linear unit; relu(-0) is +0."""
    zero, one = real(0), real(1)
    flat = x <= zero
    return select(flat, zero, x), select(flat, zero, select(absolute(x) >= zero, one, x))


def _leaky(x: Any, slope: Any) -> Any:
    """Slope 0 makes -0 of -inf, where the product would be NaN."""
    zero, one = real(0), real(1)
    positive = x > zero
    derivative = select(positive, one, select(x <= zero, slope, x))
    finite = select(slope == zero, at_least(x, -one), x)
    return select(positive, x, slope * finite), derivative, select(positive, zero, x)


_LEAKY: dict[str, Any] = {
    "formula": r"x > 0\,?\;x : \mathrm{slope}\cdot x",
    "derivative": r"x > 0\,?\;1 : \mathrm{slope}",
    "range": Interval(lambda slope: 0.0 if slope < 0 else -inf, inf),
    "limits": Limits(lambda slope: inf if slope < 0 else -inf, inf),
    "derivative_limits": Limits(lambda slope: slope, 1.0),
    "kinks": (Kink(at=0.0, derivative=lambda slope: slope),),
    "budget": Budget(forward=_ROUNDED, derivative=_EXACT, params=_EXACT),
}


@definition(
    **_LEAKY,
    params=(Param("slope", 0.01, samples=(0.01, 0.1, 0.3, 1.5, -0.25)),),
    source="Maas, Hannun & Ng 2013, Rectifier nonlinearities improve neural network acoustic models",
)
def leaky_relu(x: Any, slope: Any) -> Any:
    """Rectified linear unit with a small slope for negative x."""
    return _leaky(x, slope)


@definition(
    **_LEAKY,
    params=(Param("slope", 0.25, samples=(0.25, 0.01, 1.0, -0.5), trainable=True),),
    source="He, Zhang, Ren & Sun 2015, arXiv:1502.01852",
)
def prelu(x: Any, slope: Any) -> Any:
    """Rectified linear unit whose slope for negative x is learnt; `backward` returns (dx, dslope)."""
    return _leaky(x, slope)


@definition(
    formula=r"\min(\max(x, \mathrm{low}), \mathrm{high})",
    derivative=r"[\mathrm{low} < x < \mathrm{high}]",
    params=(Param("low", -1.0, samples=(-1.0, -0.5, 0.25)), Param("high", 1.0, samples=(1.0, 2.0, 6.0))),
    range=Interval(lambda low, high: low, lambda low, high: high),
    limits=Limits(lambda low, high: low, lambda low, high: high),
    derivative_limits=Limits(0.0, 0.0),
    kinks=(Kink(at=lambda low, high: low, derivative=0.0), Kink(at=lambda low, high: high, derivative=0.0)),
    flat=True,
    odd=True,
    monotone=True,
    budget=Budget(forward=_EXACT, derivative=_EXACT, params=_EXACT),
    source="Collobert 2004, Large scale machine learning (thesis), section 5.3",
)
def hard_tanh(x: Any, low: Any, high: Any) -> Any:
    """Clip to [low, high]; odd for the default bounds."""
    zero, one = real(0), real(1)
    below, above = x <= low, x >= high
    inside = select(absolute(x) >= zero, one, x)
    y = select(below, low, select(above, high, x))
    return y, select(below, zero, select(above, zero, inside)), select(below, one, zero), select(above, one, zero)
