"""Activations x·σ(w(x)), a gate by the logistic function, and mish.

With z = |x| and q = σ(-w(z)) they are max(x, 0) - z q; the derivative is G on the left and 1 - G on the right.
"""

from __future__ import annotations

from math import inf
from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, at_most, copysign, fma, real, select
from fastact.numerics.exponential import expm1_reduced, logistic_loss, reduce_decay, reduce_sum, tanh_half
from fastact.numerics.gate import gate_slope, gate_tail, slope_at_root, slope_beyond
from fastact.record import Budget, Interval, Limits, Param, Ulp, definition


@definition(
    formula=r"x\,\sigma(x)",
    derivative=r"\sigma(x)\,(1 + x\,\sigma(-x))",
    range=Interval(-0.27846454276107380, inf),
    limits=Limits(-0.0, inf),
    derivative_limits=Limits(-0.0, 1.0),
    roots=(-1.2784645427610738,),
    budget=Budget(forward=Ulp(1.9, 1.9), derivative=Ulp(3.6, 3.4)),
    source="Elfwing, Uchibe & Doya 2018, arXiv:1702.03118",
)
def silu(x: Any) -> Any:
    """Sigmoid-weighted linear unit, `swish` for beta = 1."""
    zero, one = real(0), real(1)
    negative = x < zero
    z = at_most(absolute(x), k.LOGISTIC_END)
    s, r = reduce_decay(z)
    y = fma(-gate_tail(z, s, tanh_half(r)), k.UNSCALE, select(negative, -zero, x))
    g = gate_slope(s, -r, z, zero, z - k.SILU_ROOT)
    return y, select(negative, g, one - g)


@definition(
    formula=r"x\,\sigma(\beta x)",
    derivative=r"\sigma(\beta x)\,(1 + \beta x\,\sigma(-\beta x))",
    params=(Param("beta", 1.0, samples=(1.0, 0.5, 1.702, 10.0, -0.7, 0.0), trainable=True),),
    range=Interval(
        lambda beta: -0.27846454276107380 / beta if beta > 0 else -inf, lambda beta: inf if beta >= 0 else -0.27846454276107380 / beta
    ),
    limits=Limits(lambda beta: -0.0 if beta > 0 else -inf, lambda beta: inf if beta >= 0 else 0.0),
    derivative_limits=Limits(
        lambda beta: -0.0 if beta > 0 else 1.0 if beta else 0.5, lambda beta: 1.0 if beta > 0 else -0.0 if beta else 0.5
    ),
    roots=(lambda beta: -1.2784645427610738 / beta if beta else inf,),
    budget=Budget(forward=Ulp(2.0, 1.9), derivative=Ulp(4.0, 4.0), params=Ulp(3.5, 3.4)),
    source="Ramachandran, Zoph & Le 2017, arXiv:1710.05941",
)
def swish(x: Any, beta: Any) -> Any:
    """Gate with a slope that is learnt; `backward` returns (dx, dbeta).

    z = |βx| is taken in two terms, or its rounding would be multiplied by z in the tail. With q = σ(-z):
    dy/dβ = x² q (1 - q). Beyond SWISH_END q counts as 0. Where x² could overflow with the scale, q is unscaled before x enters.
    For β = 0 it is 1/2, and |x| - tail is right at infinity.
    """
    zero, one = real(0), real(1)
    size, a = absolute(beta), absolute(x)
    end = k.SWISH_END / size
    some = at_most(a, at_most(end, k.LARGEST))
    z = size * some
    low = fma(size, some, -z)
    s, r = reduce_sum(-z, -low)
    loss, small = logistic_loss(s, tanh_half(-r)), end * end * k.SCALE == real(inf)
    weight, down = select(a > end, zero, some), select(small, one, k.UNSCALE)
    xs = weight * (s * select(small, k.UNSCALE, one))
    tail = fma(-xs, loss, xs)
    other = fma(-(s * k.UNSCALE), one - loss, one)
    by_beta = ((tail * other) * weight) * down
    tail = tail * down
    negative = beta * x < zero
    g = gate_slope(s, r, z, low, (z - k.SILU_ROOT) + low)
    return copysign(select(negative, tail, a - tail), x), select(negative, g, one - g), by_beta


@definition(
    formula=r"x\,\sigma(1.702\,x)",
    derivative=r"\sigma(1.702\,x)\,(1 + 1.702\,x\,\sigma(-1.702\,x))",
    range=Interval(-0.16361018963635365, inf),
    limits=Limits(-0.0, inf),
    derivative_limits=Limits(-0.0, 1.0),
    roots=(-0.75115425541228896,),
    budget=Budget(forward=Ulp(1.9, 2.0), derivative=Ulp(3.7, 3.3)),
    source="Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2",
)
def quick_gelu(x: Any) -> Any:
    """Approximation of gelu by the logistic function; 1.702 |x| is taken in two terms."""
    zero, one = real(0), real(1)
    negative = x < zero
    some = at_most(absolute(x), k.QUICK_END)
    z = k.QUICK * some
    low = fma(k.QUICK, some, -z) + k.QUICK_LOW * some
    s, r = reduce_sum(-z, -low)
    y = fma(-gate_tail(some, s, tanh_half(-r)), k.UNSCALE, select(negative, -zero, x))
    p = expm1_reduced(r)
    beyond = slope_beyond(fma(one - z, k.SCALE, s), fma(s, p, -low * k.SCALE), s, p)
    delta = (z - k.SILU_ROOT) + low
    g = select(absolute(delta) < k.SILU_NEAR, slope_at_root(delta, k.SILU_SLOPE, k.SILU_ROOT_OFFSET), beyond)
    return y, select(negative, g, one - g)


@definition(
    formula=r"\frac{x}{2} \left(1 + \tanh\left(\sqrt{2/\pi}\,(x + 0.044715\,x^3)\right)\right)",
    derivative=r"\sigma(w) + x\,\sigma(w)\,\sigma(-w)\,w',\; w = 2\sqrt{2/\pi}\,(x + 0.044715\,x^3)",
    range=Interval(-0.17004075057125412, inf),
    limits=Limits(-0.0, inf),
    derivative_limits=Limits(-0.0, 1.0),
    roots=(-0.7524614220710162,),
    budget=Budget(forward=Ulp(1.8, 1.8), derivative=Ulp(4.0, 4.0)),
    source="Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2 (the form by tanh)",
)
def gelu_tanh(x: Any) -> Any:
    """Approximation of gelu by tanh, as x σ(w).

    w = z (LINEAR + CUBIC z²) is taken in two terms. G = e N / (1 + e)², N = 1 + e - z w'(z), z w' = w + 2 CUBIC z³.
    """
    zero, one = real(0), real(1)
    negative = x < zero
    z = at_most(absolute(x), k.GELU_TANH_END)
    v = z * z
    cubic = k.GELU_TANH_CUBIC * v
    slope = k.GELU_TANH_LINEAR + cubic
    shift = slope - k.GELU_TANH_LINEAR
    rest = (k.GELU_TANH_LINEAR - (slope - shift)) + (cubic - shift)
    products = fma(k.GELU_TANH_CUBIC, v, -cubic) + fma(k.GELU_TANH_CUBIC, fma(z, z, -v), k.GELU_TANH_CUBIC_LOW * v)
    w = z * slope
    low = fma(z, slope, -w) + z * (rest + (products + k.GELU_TANH_LINEAR_LOW))
    s, r = reduce_sum(-w, -low)
    y = fma(-gate_tail(z, s, tanh_half(-r)), k.UNSCALE, select(negative, -zero, x))
    p = expm1_reduced(r)
    beyond = slope_beyond(fma(one - w, k.SCALE, s), fma(s, p, -fma(z + z, cubic, low) * k.SCALE), s, p)
    delta = z - k.GELU_TANH_ROOT
    root = slope_at_root(delta, k.GELU_TANH_SLOPE, k.GELU_TANH_ROOT_OFFSET)
    g = select(absolute(delta) < k.GELU_TANH_NEAR, root, beyond)
    return y, select(negative, g, one - g)


@definition(
    formula=r"x \tanh(\ln(1 + e^x))",
    derivative=r"\frac{n\,(4(x + 1) + 4n^2 + n^3 + n(4x + 6))}{(2 + 2n + n^2)^2},\; n = e^x",
    range=Interval(-0.30884341301725041, inf),
    limits=Limits(-0.0, inf),
    derivative_limits=Limits(-0.0, 1.0),
    roots=(-1.1924312145154952,),
    budget=Budget(forward=Ulp(2.2, 1.9), derivative=Ulp(3.8, 3.4)),
    source="Misra 2019, arXiv:1908.08681",
)
def mish(x: Any) -> Any:
    """Self-regularized unit.

    With e = e^-|x|: y = x e (1 - w) with w = (e + e²) / (2 + 2e + e²) on the left, x - 2 x e² / (1 + 2e + 2e²) on the right.
    Left of 0, where 1 - w is next to 0.6, it is (1 - v) / 2 with the smaller v = (e² - 2) / (2 + 2e + e²).
    """
    zero, one, two, four, six, eight = real(0), real(1), real(2), real(4), real(6), real(8)
    negative = x < zero
    z = at_most(absolute(x), k.LOGISTIC_END)
    s, r = reduce_decay(z)
    p = expm1_reduced(-r)
    e = fma(s, p, s) * k.UNSCALE
    square = e * e
    below = fma(select(negative, one, two), square, fma(two, e, select(negative, two, one)))
    centre = negative & (z < k.MISH_CENTRE)
    share = select(negative, square + select(centre, -two, e), square + square) / below
    zs = z * select(centre, real(0.5) * k.SCALE, s)
    y = select(negative, -fma(zs, fma(p, one - share, -share), zs) * k.UNSCALE, fma(-z, share, x))
    left = s * fma(e, fma(e, e + four, fma(-four, z, six)), fma(-four, z, four))
    right = fma(e, fma(e, fma(four * e, z + one, fma(four, z, six)), four), one)
    below = fma(e, fma(e, fma(e, e + four, eight), eight), four)
    above = fma(e, fma(e, fma(e, fma(four, e, eight), eight), four), one)
    delta = z - k.MISH_ROOT
    root = slope_at_root(delta, k.MISH_SLOPE, k.MISH_ROOT_OFFSET)
    g = select(negative, fma(left, p, left), right) / select(negative, below, above)
    near = negative & (delta < k.MISH_NEAR)
    return y, select(near, root, select(negative, g * k.UNSCALE, g))
