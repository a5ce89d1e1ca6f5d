"""Activations made of the normal distribution."""

from __future__ import annotations

from math import inf
from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, at_most, fma, real, select
from fastact.numerics.normal import centre, gauss, scaled_slope, scaled_tail
from fastact.record import Budget, Interval, Limits, Ulp, definition


@definition(
    formula=r"x\,\Phi(x)",
    derivative=r"\Phi(x) + x\,\varphi(x)",
    range=Interval(-0.16997120747990369, inf),
    limits=Limits(-0.0, inf),
    derivative_limits=Limits(-0.0, 1.0),
    roots=(-0.7517915246935645,),
    budget=Budget(forward=Ulp(2.0, 1.8), derivative=Ulp(2.9, 2.8)),
    source="Hendrycks & Gimpel 2016, arXiv:1606.08415 (the exact form, by the error function)",
)
def gelu(x: Any) -> Any:
    """Gaussian error linear unit.

    y = max(x, 0) - z Φ(-z), z = |x|. The derivative is G = Φ(-z) - z φ(z) on the negative side, 1 - G on the other. Next to 0,
    y = x/2 + x² (Φ(x) - 1/2)/x spares roundings.
    """
    negative = x < real(0)
    z = at_most(absolute(x), k.NORMAL_END)
    square = z * z
    s, p = gauss(z, square)
    tail = fma(-scaled_tail(z, s, p), k.UNSCALE, select(negative, real(-0.0), x))
    y = select(z < k.CENTRE_END, centre(x, square), tail)
    slope = scaled_slope(z, s, p)
    return y, fma(select(negative, slope, -slope), k.UNSCALE, select(negative, real(-0.0), real(1)))
