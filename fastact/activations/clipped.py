"""Activations cut off by constants. NaN passes every branch."""

from __future__ import annotations

from math import inf, nan
from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, copysign, fma, real, select, unless_nan
from fastact.record import EXACT, ROUNDED, Budget, Interval, Kink, Limits, Param, Ulp, definition


def _clip(x: Any, low: Any, high: Any) -> tuple[Any, Any, Any, Any]:
    """Return x between low and high, and the derivatives by x, low and high; NaN for NaN.

    A NaN among the bounds puts every x below the lower one, where all is NaN: what they alone decide costs loops next to nothing.
    """
    zero, one, none = real(0), real(1), real(nan)
    good = (absolute(low) >= zero) & (absolute(high) >= zero)
    below, above = x <= select(good, low, real(inf)), x >= high
    y = select(below, select(good, low, none), select(above, high, x))
    nothing = unless_nan(x, select(good, zero, none))
    derivative = select((x > low) & (x < high), one, nothing)
    return y, derivative, select(good & below, one, nothing), select(good & above, one, nothing)


@definition(
    formula=r"\min(\max(x, 0), 6)",
    derivative=r"[0 < x < 6]",
    range=Interval(0.0, 6.0),
    limits=Limits(0.0, 6.0),
    derivative_limits=Limits(0.0, 0.0),
    kinks=(Kink(at=0.0, derivative=0.0), Kink(at=6.0, derivative=0.0)),
    flat=True,
    monotone=True,
    budget=Budget(forward=EXACT, derivative=EXACT),
    source="Krizhevsky 2010, Convolutional deep belief networks on CIFAR-10",
)
def relu6(x: Any) -> Any:
    """Rectified linear unit, cut at 6."""
    y, derivative, _, _ = _clip(x, real(0), real(6))
    return y, derivative


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
    budget=Budget(forward=EXACT, derivative=EXACT, params=EXACT),
    source="Collobert 2004, Large scale machine learning (thesis), section 5.3",
)
def hard_tanh(x: Any, low: Any, high: Any) -> Any:
    """Clip to [low, high]; odd for the default bounds."""
    return _clip(x, low, high)


@definition(
    formula=r"\min(\max(\mathrm{slope}\cdot x + \mathrm{offset}, 0), 1)",
    derivative=r"\mathrm{slope}\cdot[0 < f(x) < 1]",
    params=(Param("slope", 1 / 6, samples=(1 / 6, 0.2, 0.25, -0.5)), Param("offset", 0.5, samples=(0.5, 0.5, 0.25, 0.5))),
    range=Interval(0.0, 1.0),
    limits=Limits(lambda slope, offset: 0.0 if slope > 0 else 1.0, lambda slope, offset: 1.0 if slope > 0 else 0.0),
    derivative_limits=Limits(0.0, 0.0),
    kinks=(
        Kink(at=lambda slope, offset: -offset / slope, derivative=0.0),
        Kink(at=lambda slope, offset: (1 - offset) / slope, derivative=0.0),
    ),
    flat=True,
    budget=Budget(forward=ROUNDED, derivative=EXACT, params=EXACT),
    source="Courbariaux, Bengio & David 2015, BinaryConnect, arXiv:1511.00363",
)
def hard_sigmoid(x: Any, slope: Any, offset: Any) -> Any:
    """Straight line from 0 to 1.

    The ends belong to the flat parts, rounded as they are, so 0.5 / (1/6) is 3. Between the floats next to them the line is
    strictly between 0 and 1. 1 - offset is taken in two terms.
    """
    zero, one = real(0), real(1)
    rest = one - offset
    slope = slope + zero
    start, stop = -offset / slope, rest / slope + select(slope == zero, zero, ((one - rest) - offset) / slope)
    falling = slope < zero
    below, above = x <= select(falling, stop, start), x >= select(falling, start, stop)
    flat, number = below | above, unless_nan(x, one)
    left, right = select(falling, one, zero), select(falling, zero, one)
    y = select(below, left, select(above, right, fma(slope, x, offset)))
    return y, select(flat, zero, slope * number), select(flat, zero, x), select(flat, zero, number)


@definition(
    formula=r"\frac{x}{6}\,\min(\max(x + 3, 0), 6)",
    derivative=r"x \le -3\,?\;0 : x \ge 3\,?\;1 : \frac{2x + 3}{6}",
    range=Interval(-0.375, inf),
    limits=Limits(-0.0, inf),
    derivative_limits=Limits(0.0, 1.0),
    kinks=(Kink(at=-3.0, derivative=0.0), Kink(at=3.0, derivative=1.0)),
    roots=(-1.5,),
    flat=True,
    budget=Budget(forward=Ulp(1.1, 1.1), derivative=Ulp(1.1, 1.1)),
    source="Howard et al. 2019, Searching for MobileNetV3, arXiv:1905.02244",
    aliases=("hard_silu",),
)
def hard_swish(x: Any) -> Any:
    """Product of x and a line from 0 to 1; -0 on the left. Sixths, and x + 3, are taken in two terms."""
    zero, one, three = real(0), real(1), real(3)
    left, right = x <= -three, x >= three
    longer, line = x + three, fma(real(2), x, three)
    product = fma(x, longer, x * (x - (longer - three)))
    y = copysign(fma(product, k.SIXTH, product * k.SIXTH_LOW), x)
    derivative = fma(line, k.SIXTH, line * k.SIXTH_LOW)
    return select(left, -zero, select(right, x, y)), select(left, zero, select(right, one, derivative))


_SHRINK: dict[str, Any] = {
    "params": (Param("lambd", 0.5, samples=(0.5, 0.1, 2.0)),),
    "derivative": r"[|x| > \lambda]",
    "range": Interval(-inf, inf),
    "limits": Limits(-inf, inf),
    "derivative_limits": Limits(1.0, 1.0),
    "kinks": (Kink(at=lambda lambd: -lambd, derivative=0.0), Kink(at=lambda lambd: lambd, derivative=0.0)),
    "flat": True,
    "odd": True,
    "monotone": True,
    "source": "Donoho & Johnstone 1994, Ideal spatial adaptation by wavelet shrinkage",
}


def _flat_part(lambd: Any) -> tuple[Any, Any]:
    """Return the value of a shrink near 0, and where that ends: 0 up to lambd, and NaN everywhere if lambd is negative or NaN."""
    right = lambd >= real(0)
    return select(right, real(0), real(nan)), select(right, lambd, real(inf))


@definition(**_SHRINK, formula=r"|x| > \lambda\,?\;x : 0", budget=Budget(forward=EXACT, derivative=EXACT, params=EXACT))
def hard_shrink(x: Any, lambd: Any) -> Any:
    """Passes x, or where |x| is at most lambd, a zero of its sign; lambd < 0 gives NaN."""
    none, end = _flat_part(lambd)
    flat, number = absolute(x) <= end, unless_nan(x, real(1))
    return select(flat, copysign(none, x), x), select(flat, none, number), number - number + none


@definition(**_SHRINK, formula=r"\mathrm{sign}(x)\,\max(|x| - \lambda, 0)", budget=Budget(forward=ROUNDED, derivative=EXACT, params=EXACT))
def soft_shrink(x: Any, lambd: Any) -> Any:
    """Shifts x towards 0 by lambd; a zero keeps the sign of x. lambd < 0 gives NaN."""
    none, end = _flat_part(lambd)
    z = absolute(x)
    flat, number = z <= end, unless_nan(x, real(1))
    return copysign(select(flat, none, z - lambd), x), select(flat, none, number), select(flat, none, -copysign(number, x))


@definition(
    formula=r"\min(\max(\frac{x + 1}{2}, 0), 1)",
    derivative=r"\frac12\,[-1 < x < 1]",
    range=Interval(0.0, 1.0),
    limits=Limits(0.0, 1.0),
    derivative_limits=Limits(0.0, 0.0),
    kinks=(Kink(at=-1.0, derivative=0.0), Kink(at=1.0, derivative=0.0)),
    flat=True,
    monotone=True,
    budget=Budget(forward=ROUNDED, derivative=EXACT),
    source="Martins & Astudillo 2016, arXiv:1602.02068 (the sparsemax of two classes)",
)
def sparse_sigmoid(x: Any) -> Any:
    """Straight line from 0 at -1 to 1 at 1, the derivative of `sparse_plus`."""
    zero, one, half = real(0), real(1), real(0.5)
    below, above = x <= -one, x >= one
    inside = unless_nan(x, half)
    return select(below, zero, select(above, one, fma(x, half, half))), select(below, zero, select(above, zero, inside))


@definition(
    formula=r"x \le -1\,?\;0 : x \ge 1\,?\;x : \frac{(x + 1)^2}{4}",
    derivative=r"\min(\max(\frac{x + 1}{2}, 0), 1)",
    range=Interval(0.0, inf),
    limits=Limits(0.0, inf),
    derivative_limits=Limits(0.0, 1.0),
    flat=True,
    monotone=True,
    budget=Budget(forward=Ulp(0.6, 0.6), derivative=ROUNDED),
    source="Blondel, Martins & Niculae 2020, Learning with Fenchel-Young losses",
)
def sparse_plus(x: Any) -> Any:
    """Parabola between 0 and x, joined smoothly at -1 and 1."""
    zero, one, half = real(0), real(1), real(0.5)
    below, above = x <= -one, x >= one
    line = fma(x, half, half)
    rest = fma(x, half, half - line)
    square = fma(line, line, (line + line) * rest)
    return select(below, zero, select(above, x, square)), select(below, zero, select(above, one, line))
