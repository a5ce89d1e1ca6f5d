"""Activations made of the logistic function σ(x) = 1 / (1 + e^-x)."""

from __future__ import annotations

from math import inf
from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, fma, horner, real, select
from fastact.numerics.exponential import (
    at_most,
    expm1_reduced,
    log1p_terms,
    logistic_loss,
    reduce_decay,
    reduce_sum,
    squared,
    tanh_half,
)
from fastact.record import Budget, Interval, Limits, Param, Ulp, definition


@definition(
    formula=r"\sigma(x) = \frac{1}{1 + e^{-x}}",
    derivative=r"\sigma(x)\,\sigma(-x)",
    range=Interval(0.0, 1.0),
    limits=Limits(0.0, 1.0),
    derivative_limits=Limits(0.0, 0.0),
    monotone=True,
    budget=Budget(forward=Ulp(1.7, 1.7), derivative=Ulp(2.2, 2.2)),
    source="Verhulst 1838; Rumelhart, Hinton & Williams 1986",
    aliases=("expit", "logistic"),
)
def sigmoid(x: Any) -> Any:
    """Logistic function, from q = σ(-|x|): the other half is 1 - q, the derivative q - q²."""
    s, r = reduce_decay(at_most(absolute(x), k.LOGISTIC_END))
    q = fma(-s, logistic_loss(s, tanh_half(r)), s) * k.UNSCALE
    return select(x < real(0), q, real(1) - q), fma(-q, q, q)


@definition(
    formula=r"x\,\sigma(x)",
    derivative=r"\sigma(x)\,(1 + x\,\sigma(-x))",
    range=Interval(-0.27846454276107380, inf),
    limits=Limits(-0.0, inf),
    derivative_limits=Limits(-0.0, 1.0),
    roots=(-1.2784645427610738,),
    budget=Budget(forward=Ulp(1.9, 1.9), derivative=Ulp(3.8, 3.8)),
    source="Elfwing, Uchibe & Doya 2018, arXiv:1702.03118; swish: Ramachandran, Zoph & Le 2017, arXiv:1710.05941",
    aliases=("swish",),
)
def silu(x: Any) -> Any:
    """Sigmoid-weighted linear unit.

    y = max(x, 0) - z σ(-z), z = |x|. With e = e^-z the derivative is G = e N / (1 + e)², N = 1 + e - z, on the negative
    side, 1 - G on the other; next to its root G is expanded there.
    """
    zero, one = real(0), real(1)
    negative = x < zero
    z = at_most(absolute(x), k.LOGISTIC_END)
    s, r = reduce_decay(z)
    zs = z * s
    tail = fma(-zs, logistic_loss(s, tanh_half(r)), zs)
    y = fma(-tail, k.UNSCALE, select(negative, real(-0.0), x))
    p = expm1_reduced(-r)
    e = fma(s, p, s)
    n = fma(s, p, fma(one - z, k.SCALE, s))
    delta = z - k.SILU_ROOT
    root = fma(-delta, horner(delta, k.SILU_SLOPE), k.SILU_ROOT_OFFSET)
    g = select(absolute(delta) < k.SILU_NEAR, root, (e * n) / squared(e))
    return y, select(negative, g, one - g)


@definition(
    formula=r"\frac{1}{\beta}\,\ln(1 + e^{\beta x})",
    derivative=r"\sigma(\beta x)",
    params=(Param("beta", 1.0, samples=(1.0, 0.3, 2.0, 7.3)),),
    range=Interval(0.0, inf),
    limits=Limits(0.0, inf),
    derivative_limits=Limits(0.0, 1.0),
    monotone=True,
    budget=Budget(forward=Ulp(2.1, 2.1), derivative=Ulp(1.7, 1.7), params=Ulp(3.0, 2.9)),
    source="Dugas, Bengio, Bélisle, Nadeau & Garcia 2001",
)
def softplus(x: Any, beta: Any) -> Any:
    """Smooth rectifier, without a threshold.

    With z = |βx| and L = log1p(e^-z): y = max(x, 0) + L/β, dy/dβ = -(|x| σ(-z) + L/|β|) / |β|. The product z is taken in two
    terms, or its rounding would be multiplied by z in the tail; so are L and 1/β, and L/β is rounded once.
    """
    one, size = real(1), absolute(beta)
    bounded = at_most(absolute(x), k.LOGISTIC_END / size)
    z = size * bounded
    s, r = reduce_sum(-z, -fma(size, bounded, -z))
    h = tanh_half(-r)
    first, rest = log1p_terms(s, h)
    log1p = first + rest
    inverse = one / beta
    error = fma(-beta, inverse, one) * inverse
    quotient = fma(log1p, inverse, fma(log1p, error, ((first - log1p) + rest) * inverse))
    positive = beta * x > real(0)
    y = fma(quotient, k.UNSCALE, select(positive, x, real(0)))
    scaled = fma(-s, logistic_loss(s, h), s)
    q = scaled * k.UNSCALE
    return y, select(positive, one - q, q), -(fma(bounded, scaled, absolute(quotient)) / size) * k.UNSCALE
