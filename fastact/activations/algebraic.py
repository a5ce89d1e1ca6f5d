"""Activations made of quotients and square roots."""

from __future__ import annotations

from math import inf
from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, at_most, copysign, fma, real, select, sqrt
from fastact.numerics.gate import slope_at_root
from fastact.record import Budget, Interval, Limits, Param, Ulp, definition


@definition(
    formula=r"\frac{x}{1 + |x|}",
    derivative=r"\frac{1}{(1 + |x|)^2}",
    range=Interval(-1.0, 1.0),
    limits=Limits(-1.0, 1.0),
    derivative_limits=Limits(0.0, 0.0),
    odd=True,
    monotone=True,
    budget=Budget(forward=Ulp(1.3, 1.3), derivative=Ulp(1.0, 1.0)),
    source="Bergstra, Desjardins, Lamblin & Bengio 2009, Quadratic polynomials learn better image features",
)
def softsign(x: Any) -> Any:
    """Softsign, by the one division that never falls as z = |x| grows, though 1 + z is rounded.

    y = 1 - 1 / (1 + z) beyond 1, (1 + (z - 1) / (1 + z)) / 2 below; next to 0, up to the root 0.618 of z + z² = 1, it is z - z²/(1 + z).
    The derivative is i², where what i = 1 / (1 + z) lacks is added.
    """
    one, half, z = real(1), real(0.5), at_most(absolute(x), k.LARGEST)
    near, inner = z < k.SOFTSIGN_NEAR, z < one
    d = one + z
    quotient = select(near, z, select(inner, z - one, one)) / d
    y = fma(select(near, -z, select(inner, half, -one)), quotient, select(near, z, select(inner, half, one)))
    i = one / d
    low = select(inner, z - (d - one), one - (d - z))
    square = i * i
    return copysign(y, x), fma(square + square, fma(-i, low, fma(-i, d, one)), square)


@definition(
    formula=r"\frac{x + \sqrt{x^2 + b}}{2}",
    derivative=r"\frac{f(x)}{\sqrt{x^2 + b}}",
    params=(Param("b", 4.0, samples=(4.0, 1.0, 0.01, 30.0)),),
    range=Interval(0.0, inf),
    limits=Limits(0.0, inf),
    derivative_limits=Limits(0.0, 1.0),
    monotone=True,
    budget=Budget(forward=Ulp(2.3, 1.9), derivative=Ulp(2.7, 2.6), params=Ulp(2.1, 2.1)),
    source="Barron 2021, arXiv:2112.11687",
)
def squareplus(x: Any, b: Any) -> Any:
    """Smooth rectifier without exponentials, for b > 0; other b give NaN.

    With h = √(x² + b) and a = (|x| + h)/2 the value is a on the right and (b/4)/a on the left; the left value over h is the
    derivative, or 1 less it. Where x² overflows h is |x|. Next to 0, where steps of h are larger than those of x, y is
    √b/2 + x/2 + (x/2) x / (h + √b). With TWO_STEPS what the roundings of a and of the quotient leave is divided too, 1/a being
    y / (b/4); so y is h and a last rounding away from the truth, and falls with z as h grows.
    """
    half, quarter, z = real(0.5), real(0.25), absolute(x)
    root, hx = sqrt(b), half * x
    b = fma(root, real(0), b)
    square = fma(z, z, b)
    large = square == real(inf)
    h = select(large, z, sqrt(square))
    a = fma(half, h, half * z)
    near = z < k.SQUAREPLUS_NEAR * h
    other = select(near, hx, quarter * b) / select(near, h + root, a)
    share = select(large, other, quarter * b) / select(large, h, fma(half * z, h, half * square))
    if k.TWO_STEPS:
        inverse = real(1) / (quarter * b)
        rest = fma(-other, half * z - (a - half * h), fma(-other, a, quarter * b))
        exact = select(near, near, select(large, large, inverse == real(inf)))
        other = select(exact, other, fma(rest, other * inverse, other))
    negative = x < real(0)
    y = select(near, fma(half, root, fma(x, other, hx)), select(negative, other, a))
    return y, select(negative, share, real(1) - share), quarter / h


@definition(
    formula=r"\frac{x}{2} \left(1 + \frac{x}{\sqrt{1 + x^2}}\right)",
    derivative=r"\frac{1 + 2u - u^3}{2},\; u = \frac{x}{\sqrt{1 + x^2}}",
    range=Interval(-0.15014155300038890, inf),
    limits=Limits(-0.0, inf),
    derivative_limits=Limits(-0.0, 1.0),
    roots=(-0.7861513777574233,),
    budget=Budget(forward=Ulp(1.6, 1.6), derivative=Ulp(3.5, 3.3)),
    source="Daniël de Kok 2022, in thinc 8.1",
)
def dish(x: Any) -> Any:
    """Smooth rectifier like silu, without exponentials.

    With z = |x|, h² = 1 + z², P = h (h + z): y = max(x, 0) - z / (2P), 1 / (4z) where P overflows. P is computed with the rounding
    errors of h², h and h + z. The derivative is G on the left, 1 - G on the right; with u = z/h and w = 1/P = 1 - u it is
    G = 1/2 - u (1 - u²/2) = w (3w - 1 - w²) / 2, around the root a polynomial.
    """
    zero, one, half, three = real(0), real(1), real(0.5), real(3)
    negative, z = x < zero, absolute(x)
    v = z * z
    square = one + v
    more = square - one
    low = ((one - (square - more)) + (v - more)) + fma(z, z, -v)
    h = sqrt(square)
    total = h + z
    shift = total - h
    product = fma(h, total, fma(h, (h - (total - shift)) + (z - shift), fma(half, at_most(z, one), one) * (fma(-h, h, square) + low)))
    inner = product < real(inf)
    tail = select(inner, half * z, half * half) / select(inner, product, z)
    u, w = select(inner, z, half) / select(inner, h, z), one / product
    near = fma(u, fma(half * u, u, -one), half)
    delta = z - k.DISH_ROOT
    root = slope_at_root(delta, k.DISH_SLOPE, k.DISH_ROOT_OFFSET)
    outer = half * w * fma(-w, w, fma(three, w, -one))
    g = select(delta < k.DISH_NEAR, near, select(delta < k.DISH_FAR, root, outer))
    g = select(inner, g, -u * u)
    return select(negative, -zero, x) - tail, select(negative, g, one - g)
