"""Activations made of straight lines. The positive branch is taken for x > 0 only; NaN passes every branch."""

from __future__ import annotations

from math import inf, nan
from typing import Any

from fastact.numerics.bits import absolute, at_least, real, select, unless_nan
from fastact.record import EXACT, ROUNDED, Budget, Interval, Kink, Limits, Param, definition


@definition(
    formula="x",
    derivative="1",
    range=Interval(-inf, inf),
    limits=Limits(-inf, inf),
    derivative_limits=Limits(1.0, 1.0),
    odd=True,
    monotone=True,
    budget=Budget(forward=EXACT, derivative=EXACT),
    source="Widrow & Hoff 1960, Adaptive switching circuits",
    aliases=("linear",),
)
def identity(x: Any) -> Any:
    """Unchanged x."""
    return x, unless_nan(x, real(1))


@definition(
    formula=r"\max(x, 0)",
    derivative=r"[x > 0]",
    range=Interval(0.0, inf),
    limits=Limits(0.0, inf),
    derivative_limits=Limits(0.0, 1.0),
    kinks=(Kink(at=0.0, derivative=0.0),),
    flat=True,
    monotone=True,
    budget=Budget(forward=EXACT, derivative=EXACT),
    source="Nair & Hinton 2010, Rectified linear units improve restricted Boltzmann machines",
)
def relu(x: Any) -> Any:
    """Rectified linear unit; relu(-0) is +0."""
    zero, one = real(0), real(1)
    flat = x <= zero
    return select(flat, zero, x), select(flat, zero, unless_nan(x, one))


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
    "budget": Budget(forward=ROUNDED, derivative=EXACT, params=EXACT),
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


_STEPPED: dict[str, Any] = {"flat": True, "budget": Budget(forward=EXACT, derivative=EXACT, params=EXACT)}


def _threshold(x: Any, threshold: Any, value: Any) -> tuple[Any, Any, Any]:
    """Return x or `value`, the derivative, and whether x is below the threshold, as 1 or 0; NaN for NaN.

    What parameters alone decide costs loops next to nothing: a NaN among them is the value on both sides, and the slope.
    """
    zero, none = real(0), real(nan)
    good = (absolute(threshold) >= zero) & (absolute(value) >= zero)
    one = select(good, real(1), none)
    y = select(x <= select(good, threshold, real(inf)), select(good, value, none), x)
    flat, number = x <= select(good, threshold, none), unless_nan(x, one)
    return y, select(flat, zero, number), select(flat, one, number - number)


@definition(
    **_STEPPED,
    formula=r"x > \mathrm{threshold}\,?\;x : \mathrm{value}",
    derivative=r"[x > \mathrm{threshold}]",
    params=(Param("threshold", None, samples=(0.5, 0.0, -1.0, 0.1)), Param("value", None, samples=(0.25, 0.0, -3.0, 20.0))),
    range=Interval(min, inf),
    limits=Limits(lambda threshold, value: value, inf),
    derivative_limits=Limits(0.0, 1.0),
    kinks=(Kink(at=lambda threshold, value: threshold, derivative=0.0),),
    source="Collobert, Kavukcuoglu & Farabet 2011, Torch7 (its module Threshold)",
)
def threshold(x: Any, threshold: Any, value: Any) -> Any:
    """Passes x above a threshold, else a value; both must be given."""
    y, derivative, below = _threshold(x, threshold, value)
    return y, derivative, derivative - derivative, below


@definition(
    **_STEPPED,
    formula=r"x > \alpha\,?\;x : 0",
    derivative=r"[x > \alpha]",
    params=(Param("alpha", 1.0, samples=(1.0, 0.5, 2.5, -0.75)),),
    range=Interval(lambda alpha: min(alpha, 0.0), inf),
    limits=Limits(0.0, inf),
    derivative_limits=Limits(0.0, 1.0),
    kinks=(Kink(at=lambda alpha: alpha, derivative=0.0),),
    source="Konda, Memisevic & Krueger 2014, arXiv:1402.3337",
)
def thresholded_relu(x: Any, alpha: Any) -> Any:
    """Passes x above alpha, else 0; at alpha the function jumps."""
    y, derivative, _ = _threshold(x, alpha, real(0))
    return y, derivative, derivative - derivative


@definition(
    formula=r"\max(x, 0)^2",
    derivative=r"2\max(x, 0)",
    range=Interval(0.0, inf),
    limits=Limits(0.0, inf),
    derivative_limits=Limits(0.0, inf),
    flat=True,
    monotone=True,
    budget=Budget(forward=ROUNDED, derivative=EXACT),
    source="So et al. 2021, Primer, arXiv:2109.08668",
)
def relu_squared(x: Any) -> Any:
    """Square of the rectified linear unit."""
    positive = select(x <= real(0), real(0), x)
    return positive * positive, positive + positive


@definition(
    formula=r"[x > 0]",
    derivative="0",
    range=Interval(0.0, 1.0),
    limits=Limits(0.0, 1.0),
    derivative_limits=Limits(0.0, 0.0),
    kinks=(Kink(at=0.0, derivative=0.0),),
    flat=True,
    monotone=True,
    budget=Budget(forward=EXACT, derivative=EXACT),
    source="McCulloch & Pitts 1943, A logical calculus of the ideas immanent in nervous activity",
    aliases=("heaviside",),
)
def step(x: Any) -> Any:
    """Heaviside's step, 0 at 0; its derivative is 0 everywhere."""
    zero, one = real(0), real(1)
    flat, number = x <= zero, unless_nan(x, one)
    return select(flat, zero, number), number - number
