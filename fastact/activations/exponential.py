"""Activations made of the exponential function."""

from __future__ import annotations

from math import inf, nan
from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import at_least, at_most, fma, horner, polynomial, real, select
from fastact.numerics.exponential import expm1_reduced, reduce, reduce_sum
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

    With e^x = m (1 + p), m = 2^n: e^x - 1 = m p + (m - 1), where the last term is 0 next to x = 0. With TWO_STEPS it is multiplied
    before it is rounded.
    """
    zero, one = real(0), real(1)
    s, r = reduce(at_least(x, k.ELU_END), k.MAGIC)
    p = expm1_reduced(r)
    m, scaled = s * k.UNSCALE, alpha * s
    below = fma(m, p, m - one)
    y = fma(alpha, below, alpha * fma(m, p, (m - one) - below)) if k.TWO_STEPS else alpha * below
    negative, positive = x < zero, x > zero
    derivative = select(positive, one, fma(scaled, p, scaled) * k.UNSCALE)
    return select(negative, y, x), derivative, select(negative, below, select(positive, zero, x))


@definition(
    formula=r"x > 0\,?\;x : \alpha\,(e^{x/\alpha} - 1)",
    derivative=r"x > 0\,?\;1 : e^{x/\alpha}",
    params=(Param("alpha", 1.0, samples=(1.0, 0.5, 3.0, 0.07)),),
    range=Interval(lambda alpha: -alpha, inf),
    limits=Limits(lambda alpha: -alpha, inf),
    derivative_limits=Limits(0.0, 1.0),
    monotone=True,
    budget=Budget(forward=Ulp(2.4, 1.8), derivative=Ulp(1.1, 1.1), params=Ulp(3.7, 3.5)),
    source="Barron 2017, arXiv:1704.07483",
)
def celu(x: Any, alpha: Any) -> Any:
    """Exponential linear unit with a continuous derivative, for alpha > 0; other alpha give NaN.

    u = x/α is taken in two terms. Next to 0, where m = 1, the first term of α (e^u - 1) is x itself; elsewhere TWO_STEPS is as
    in elu. dy/dα = -(1 - e^u (1 - u)).
    """
    zero, one = real(0), real(1)
    negative, positive = x < zero, x > zero
    number = select(alpha > zero, one, real(nan))
    inverse = one / alpha
    error = fma(-alpha, inverse, one) * inverse
    bounded = at_least(at_most(x, zero), k.ELU_END * alpha)
    u = bounded * inverse
    low = fma(bounded, inverse, -u) + bounded * error
    s, r = reduce_sum(u, low)
    square = r * r
    bend = square * polynomial(k.EXPM1, square, r)
    p, m = bend + r, s * k.UNSCALE
    below = fma(m, p, m - one)
    product = fma(alpha, below, alpha * fma(m, p, (m - one) - below)) if k.TWO_STEPS else alpha * below
    y = select(m == one, fma(alpha, bend, x), product)
    e = fma(s, p, s) * k.UNSCALE
    loss = select(u < k.CELU_END, one - e * ((one - u) - low), fma(u, u, (u + u) * low) * horner(u + one, k.CELU_LOSS))
    by_alpha = select(negative, -loss, select(positive, zero, x))
    return select(negative, y, x) * number, select(positive, one, e) * number, by_alpha * number


@definition(
    formula=r"\lambda\,(x > 0\,?\;x : \alpha\,(e^x - 1))",
    derivative=r"\lambda\,(x > 0\,?\;1 : \alpha\,e^x)",
    range=Interval(-1.7580993408473768, inf),
    limits=Limits(-1.7580993408473768, inf),
    derivative_limits=Limits(0.0, 1.0507009873554805),
    kinks=(Kink(at=0.0, derivative=1.7580993408473768),),
    monotone=True,
    budget=Budget(forward=Ulp(2.0, 1.6), derivative=Ulp(1.2, 1.1)),
    source="Klambauer, Unterthiner, Mayr & Hochreiter 2017, arXiv:1706.02515",
)
def selu(x: Any) -> Any:
    """Scaled exponential linear unit, λ = 1.05070098735548, α = 1.67326324235438; the derivative at 0 is λα.

    λ is rounded down, so that both its terms are positive: -0 and infinity pass.
    """
    zero = real(0)
    s, r = reduce(at_least(at_most(x, zero), k.ELU_END), k.MAGIC)
    p = expm1_reduced(r)
    m, scaled = s * k.UNSCALE, k.SELU_ALPHA * s
    y = select(x < zero, k.SELU_ALPHA * fma(m, p, m - real(1)), fma(x, k.SELU_SCALE, x * k.SELU_SCALE_LOW))
    return y, select(x > zero, k.SELU_SCALE + k.SELU_SCALE_LOW, fma(scaled, p, scaled) * k.UNSCALE)


@definition(
    formula="e^x",
    derivative="e^x",
    range=Interval(0.0, inf),
    limits=Limits(0.0, inf),
    derivative_limits=Limits(0.0, inf),
    monotone=True,
    budget=Budget(forward=Ulp(1.2, 1.1), derivative=Ulp(1.2, 1.1)),
    source="Euler 1748, Introductio in analysin infinitorum",
)
def exp(x: Any) -> Any:
    """Exponential; what would be subnormal is scaled up until the end, what would overflow down."""
    low = x < k.EXP_SPLIT
    s, r = reduce(at_most(at_least(x, k.ELU_END), k.EXP_END), select(low, k.MAGIC, k.MAGIC_DOWN))
    y = fma(s, expm1_reduced(r), s) * select(low, k.UNSCALE, k.SCALE)
    return y, y
