"""Activations made of the logistic function σ(x) = 1 / (1 + e^-x)."""

from __future__ import annotations

from math import inf
from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, fma, horner, real, select
from fastact.numerics.exponential import at_most, logistic_parts, reduce, reduce_sum, squared
from fastact.record import Budget, Interval, Limits, Param, Ulp, definition


@definition(
    formula=r"\sigma(x) = \frac{1}{1 + e^{-x}}",
    derivative=r"\sigma(x)\,\sigma(-x)",
    range=Interval(0.0, 1.0),
    limits=Limits(0.0, 1.0),
    derivative_limits=Limits(0.0, 0.0),
    monotone=True,
    budget=Budget(forward=Ulp(2.4, 2.4), derivative=Ulp(2.4, 2.4)),
    source="Verhulst 1838; Rumelhart, Hinton & Williams 1986",
    aliases=("expit", "logistic"),
)
def sigmoid(x: Any) -> Any:
    """Logistic function."""
    s, r = reduce(-at_most(absolute(x), k.LOGISTIC_END))
    p, d = logistic_parts(s, r)
    e = fma(s, p, s)
    return select(x < real(0), e, k.SCALE) / d, (e * k.SCALE) / squared(e)


@definition(
    formula=r"x\,\sigma(x)",
    derivative=r"\sigma(x)\,(1 + x\,\sigma(-x))",
    range=Interval(-0.27846454276107380, inf),
    limits=Limits(-0.0, inf),
    derivative_limits=Limits(-0.0, 1.0),
    roots=(-1.2784645427610738,),
    budget=Budget(forward=Ulp(2.7, 2.5), derivative=Ulp(3.9, 4.2)),
    source="Elfwing, Uchibe & Doya 2018, arXiv:1702.03118; swish: Ramachandran, Zoph & Le 2017, arXiv:1710.05941",
    aliases=("swish",),
)
def silu(x: Any) -> Any:
    """Sigmoid-weighted linear unit.

    y = max(x, 0) - z σ(-z), z = |x|. With e = e^-z the derivative is (1 + e + z e) / (1 + e)² on the positive and
    e N / (1 + e)², N = 1 + e - z, on the negative side; next to the root of N it is expanded there.
    """
    zero, one = real(0), real(1)
    negative = x < zero
    z = at_most(absolute(x), k.LOGISTIC_END)
    s, r = reduce(-z)
    p, d = logistic_parts(s, r)
    e, zs = fma(s, p, s), z * s
    y = select(negative, real(-0.0), x) - fma(zs, p, zs) / d
    delta = z - k.SILU_ROOT
    n = fma(-delta, horner(delta, k.SILU_SLOPE), k.SILU_ROOT_OFFSET)
    sn = s * select(absolute(delta) < k.SILU_NEAR, k.SCALE * n, fma(one - z, k.SCALE, e))
    return y, select(negative, fma(sn, p, sn), k.SCALE * fma(z, e, k.SCALE + e)) / squared(e)


@definition(
    formula=r"\frac{1}{\beta}\,\ln(1 + e^{\beta x})",
    derivative=r"\sigma(\beta x)",
    params=(Param("beta", 1.0, samples=(1.0, 0.3, 2.0, 7.3)),),
    range=Interval(0.0, inf),
    limits=Limits(0.0, inf),
    derivative_limits=Limits(0.0, 1.0),
    monotone=True,
    budget=Budget(forward=Ulp(2.9, 3.0), derivative=Ulp(2.4, 2.4), params=Ulp(5.3, 4.9)),
    source="Dugas, Bengio, Bélisle, Nadeau & Garcia 2001",
)
def softplus(x: Any, beta: Any) -> Any:
    """Smooth rectifier, without a threshold; for beta ≤ 0 a formula without a promise.

    The product βx is taken in two terms, or its rounding would be multiplied by |βx| in the tail. With e = e^-|βx|
    and L = log1p(e): y = max(x, 0) + L/β and dy/dβ = -(|βx| σ(-|βx|) + L) / β².
    """
    zero = real(0)
    h = beta * x
    z = at_most(absolute(h), k.LOGISTIC_END)
    low = fma(beta, x, -h)
    low = select(absolute(h) >= k.LOGISTIC_END, zero, select(h < zero, -low, low))
    s, r = reduce_sum(-z, -low)
    p, d = logistic_parts(s, r)
    e = fma(s, p, s)
    ratio = e * k.UNSCALE
    log1p = e * horner(ratio, k.LOG1P)
    positive = h > zero
    y = fma(log1p / beta, k.UNSCALE, select(positive, x, zero))
    derivative = select(positive, k.SCALE, e) / d
    return y, derivative, -((log1p + (z * e) / (d * k.UNSCALE)) / (beta * beta)) * k.UNSCALE
