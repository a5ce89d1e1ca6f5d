"""Activations made of the logistic function σ(x) = 1 / (1 + e^-x)."""

from __future__ import annotations

from math import inf
from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, at_most, fma, real, select
from fastact.numerics.exponential import log1p_terms, log_cosh, logistic_loss, reduce_decay, reduce_sum, tanh_half
from fastact.record import Budget, Interval, Limits, Param, Ulp, definition


@definition(
    formula=r"\sigma(x) = \frac{1}{1 + e^{-x}}",
    derivative=r"\sigma(x)\,\sigma(-x)",
    range=Interval(0.0, 1.0),
    limits=Limits(0.0, 1.0),
    derivative_limits=Limits(0.0, 0.0),
    monotone=True,
    budget=Budget(forward=Ulp(1.7, 1.8), derivative=Ulp(2.1, 2.2)),
    source="Verhulst 1838; Rumelhart, Hinton & Williams 1986",
    aliases=("expit", "logistic"),
)
def sigmoid(x: Any) -> Any:
    """Logistic function, from q = σ(-|x|): the other half is 1 - q, the derivative q - q².

    With e^-|x| = m e^-r and h = tanh_half(r): q = c (1 - v), v = h / (1 + m + h (1 - m)/2), where c = m / (1 + m) belongs to h = 0.
    Whenever |x| steps, v grows by more than its rounding errors: q never rises.
    """
    s, r = reduce_decay(at_most(absolute(x), k.LOGISTIC_END))
    h, m = tanh_half(r), s * k.UNSCALE
    above = real(1) + m
    c, v = s / above, h / fma(h, fma(m, real(-0.5), real(0.5)), above)
    q = fma(-c, v, c) * k.UNSCALE
    return select(x < real(0), q, real(1) - q), fma(-q, q, q)


@definition(
    formula=r"\frac{1}{\beta}\,\ln(1 + e^{\beta x})",
    derivative=r"\sigma(\beta x)",
    params=(Param("beta", 1.0, samples=(1.0, 0.3, 2.0, 7.3)),),
    range=Interval(0.0, inf),
    limits=Limits(0.0, inf),
    derivative_limits=Limits(0.0, 1.0),
    monotone=True,
    budget=Budget(forward=Ulp(1.7, 1.7), derivative=Ulp(1.7, 1.7), params=Ulp(3.1, 3.0)),
    source="Dugas, Bengio, Bélisle, Nadeau & Garcia 2001",
)
def softplus(x: Any, beta: Any) -> Any:
    """Smooth rectifier, without a threshold.

    With z = |βx| and L = log1p(e^-z): y = max(x, 0) + L/β, dy/dβ = -(|x| σ(-z) + L/|β|) / |β|. The product z is taken in two
    terms, or its rounding would be multiplied by z in the tail; so are L and 1/β, and L/β is rounded once. That y never falls
    is decided beyond SOFTPLUS_NEAR by x, of which an ulp is there no less than one of L/β; next to 0 y is ln2/β + x/2 + ln(cosh(βx/2))/β.
    """
    one, size = real(1), absolute(beta)
    bounded = at_most(absolute(x), k.LOGISTIC_END / size)
    z = size * bounded
    s, r = reduce_sum(-z, -fma(size, bounded, -z))
    h = tanh_half(-r)
    first, rest = log1p_terms(s, h)
    inverse = one / beta
    error = fma(-beta, inverse, one) * inverse
    quotient = fma(first, inverse, fma(first, error, rest * inverse))
    u = beta * x
    positive = u > real(0)
    near, line = z < k.SOFTPLUS_NEAR, select(positive, x, real(0))
    bend = fma(x, log_cosh(u), real(0.5) * x) + fma(k.LN2_HIGH, error, k.LN2_LOW * inverse)
    y = select(near, fma(k.LN2_HIGH, inverse, bend), fma(quotient, k.UNSCALE, line))
    quotient = absolute(select(near, (y - line) * k.SCALE, quotient))
    scaled = fma(-s, logistic_loss(s, h), s)
    q = scaled * k.UNSCALE
    return y, select(positive, one - q, q), -(fma(bounded, scaled, quotient) / size) * k.UNSCALE


@definition(
    formula=r"-\ln(1 + e^{-x})",
    derivative=r"\sigma(-x)",
    range=Interval(-inf, 0.0),
    limits=Limits(-inf, -0.0),
    derivative_limits=Limits(1.0, 0.0),
    monotone=True,
    budget=Budget(forward=Ulp(1.6, 1.7), derivative=Ulp(1.7, 1.6)),
    source="Bishop 2006, Pattern recognition and machine learning, section 4.3",
)
def log_sigmoid(x: Any) -> Any:
    """Logarithm of the logistic function, min(x, 0) - log1p(e^-|x|), next to 0 as in softplus."""
    z = absolute(x)
    s, r = reduce_decay(at_most(z, k.LOGISTIC_END))
    h = tanh_half(r)
    first, rest = log1p_terms(s, h)
    negative = x < real(0)
    far = fma(-(first + rest), k.UNSCALE, select(negative, x, real(-0.0)))
    near = (fma(-x, log_cosh(x), real(0.5) * x) - k.LN2_LOW) - k.LN2_HIGH
    q = fma(-s, logistic_loss(s, h), s) * k.UNSCALE
    return select(z < k.SOFTPLUS_NEAR, near, far), select(negative, real(1) - q, q)
