"""Activations made of hyperbolic functions."""

from __future__ import annotations

from math import inf
from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, at_most, copysign, fma, horner, real, select
from fastact.numerics.exponential import logistic_loss, logistic_parts, reduce_decay, squared, tanh_half
from fastact.record import Budget, Interval, Limits, Ulp, definition


@definition(
    formula=r"\tanh x",
    derivative=r"\frac{1}{\cosh^2 x}",
    range=Interval(-1.0, 1.0),
    limits=Limits(-1.0, 1.0),
    derivative_limits=Limits(0.0, 0.0),
    odd=True,
    monotone=True,
    budget=Budget(forward=Ulp(2.2, 1.6), derivative=Ulp(2.4, 2.5)),
    source="LeCun, Bottou, Orr & Müller 1998, Efficient BackProp",
)
def tanh(x: Any) -> Any:
    """Hyperbolic tangent.

    With e = e^(-2|x|): |y| = (1 - e) / (1 + e), where 1 - e = -expm1(-2|x|) is exact next to 0; dy/dx = 4e / (1 + e)².
    With TWO_STEPS what the roundings of numerator, denominator and quotient leave is divided too, 1 / (1 + e) being (1 + |y|) / 2.
    """
    s, r = reduce_decay(at_most(real(2) * absolute(x), k.LOGISTIC_END))
    p, d = logistic_parts(s, -r)
    n = fma(-s, p, k.SCALE - s)
    y = n / d
    if k.TWO_STEPS:
        left = fma(-y, d, n) + fma(-s, p, (k.SCALE - s) - n)
        y = fma(fma(-y, fma(s, p, (k.SCALE + s) - d), left), fma(y, k.UNSCALE_HALF, k.UNSCALE_HALF), y)
    e = fma(s, p, s)
    return copysign(y, x), (real(4) * k.SCALE * e) / squared(e)


def _tanh_parts(z: Any) -> Any:
    """For z ≥ 0: z - tanh z, tanh z, and w = 1 - tanh z = 2σ(-2z); next to 0 the first is a polynomial, elsewhere (z - 1) + w."""
    s, r = reduce_decay(at_most(z + z, k.LOGISTIC_END))
    w = fma(-s, logistic_loss(s, tanh_half(r)), s) * (real(2) * k.UNSCALE)
    v = z * z
    cube = z * v
    bend = horner(v, k.TANH_SHRINK)
    rest = fma(cube, bend, fma(z, fma(z, z, -v), fma(z, v, -cube)) * bend)
    small = z < real(1)
    return select(small, rest, (z - real(1)) + w), select(small, z - rest, real(1) - w), w


@definition(
    formula=r"x - \tanh x",
    derivative=r"\tanh^2 x",
    range=Interval(-inf, inf),
    limits=Limits(-inf, inf),
    derivative_limits=Limits(1.0, 1.0),
    odd=True,
    monotone=True,
    budget=Budget(forward=Ulp(2.3, 2.0), derivative=Ulp(3.0, 2.9)),
    source="Collobert, Kavukcuoglu & Farabet 2011, Torch7 (its module TanhShrink)",
)
def tanh_shrink(x: Any) -> Any:
    """Difference of x and its hyperbolic tangent, without cancellation."""
    rest, t, _ = _tanh_parts(absolute(x))
    return copysign(rest, x), t * t


@definition(
    formula=r"x \tanh x",
    derivative=r"\tanh x + \frac{x}{\cosh^2 x}",
    range=Interval(0.0, inf),
    limits=Limits(inf, inf),
    derivative_limits=Limits(-1.0, 1.0),
    roots=(0.0,),
    budget=Budget(forward=Ulp(1.7, 1.6), derivative=Ulp(2.0, 1.9)),
    source="Roy, Manna, Dubey & Chaudhuri 2019, arXiv:1901.05894",
)
def lisht(x: Any) -> Any:
    """Linearly scaled hyperbolic tangent, even; 1/cosh² x = w (2 - w) with w = 1 - tanh |x|."""
    z = absolute(x)
    _, t, w = _tanh_parts(z)
    return z * t, copysign(fma(at_most(z, k.LOGISTIC_END) * w, real(2) - w, t), x)
