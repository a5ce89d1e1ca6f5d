"""Activations made of quotients and square roots."""

from __future__ import annotations

from math import inf
from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, copysign, fma, real, select, sqrt
from fastact.record import Budget, Interval, Limits, Param, Ulp, definition


@definition(
    formula=r"\frac{x}{1 + |x|}",
    derivative=r"\frac{1}{(1 + |x|)^2}",
    range=Interval(-1.0, 1.0),
    limits=Limits(-1.0, 1.0),
    derivative_limits=Limits(0.0, 0.0),
    odd=True,
    monotone=True,
    budget=Budget(forward=Ulp(2.5, 2.5), derivative=Ulp(4.0, 4.0)),
    source="Bergstra, Desjardins, Lamblin & Bengio 2009, Quadratic polynomials learn better image features",
)
def softsign(x: Any) -> Any:
    """Softsign; with i = 1 / (1 + |x|) it is 1 - i beyond 1, where |x| i could be inf · 0."""
    one, z = real(1), absolute(x)
    i = one / (one + z)
    return copysign(select(z > one, one - i, z * i), x), i * i


@definition(
    formula=r"\frac{x + \sqrt{x^2 + b}}{2}",
    derivative=r"\frac{f(x)}{\sqrt{x^2 + b}}",
    params=(Param("b", 4.0, samples=(4.0, 1.0, 0.01, 30.0)),),
    range=Interval(0.0, inf),
    limits=Limits(0.0, inf),
    derivative_limits=Limits(0.0, 1.0),
    monotone=True,
    budget=Budget(forward=Ulp(2.5, 2.5), derivative=Ulp(4.0, 4.0), params=Ulp(4.0, 4.0)),
    source="Barron 2021, arXiv:2112.11687",
)
def squareplus(x: Any, b: Any) -> Any:
    """Smooth rectifier without exponentials, for b > 0; other b give NaN.

    With h = √(x² + b) and a = (|x| + h)/2 the value is a on the right and (b/4)/a on the left; the derivative is that over h.
    Where x² overflows h is |x|.
    """
    half, quarter, z = real(0.5), real(0.25), absolute(x)
    b = fma(sqrt(b), real(0), b)
    square = fma(z, z, b)
    h = select(square == real(inf), z, sqrt(square))
    a = fma(half, h, half * z)
    other = (quarter * b) / a
    share = other / h
    negative = x < real(0)
    return select(negative, other, a), select(negative, share, real(1) - share), quarter / h


@definition(
    formula=r"\frac{x}{2} \left(1 + \frac{x}{\sqrt{1 + x^2}}\right)",
    derivative=r"\frac{1 + 2u - u^3}{2},\; u = \frac{x}{\sqrt{1 + x^2}}",
    range=Interval(-0.15014146029, inf),
    limits=Limits(-0.0, inf),
    derivative_limits=Limits(-0.0, 1.0),
    roots=(-0.7861513777574233,),
    budget=Budget(forward=Ulp(2.5, 2.5), derivative=Ulp(4.0, 4.0)),
    source="Daniël de Kok 2022, in thinc 8.1",
)
def dish(x: Any) -> Any:
    """Smooth rectifier like silu, without exponentials.

    With z = |x|, h² = 1 + z²: y = max(x, 0) - z / (2 h (h + z)). The derivative is G on the left, 1 - G on the right,
    G = (1/φ - z²) (φ h + z) / (2 h⁴ (h + z) (φ z + h) / h) with the golden ratio φ. Far out z / (2 h (h + z)) is 1 / (4 z).
    """
    zero, one, half = real(0), real(1), real(0.5)
    negative, z = x < zero, absolute(x)
    v = z * z
    square = one + v
    h = sqrt(square)
    both = fma(h, z, square)
    far = z > k.DISH_END
    tail = select(far, half * half, half * z) / select(far, z, both)
    low = fma(z, z, -v)
    n = ((k.GOLDEN_INVERSE - v) + (k.GOLDEN_INVERSE_LOW - low)) * fma(k.GOLDEN, h, z)
    g = (half * n) / ((square * both) * fma(k.GOLDEN, z, h))
    limit = tail + tail
    g = select(far, -limit * limit, g)
    return select(negative, -zero, x) - tail, select(negative, g, one - g)
