"""Normal noise on the input of a clipped unit: always (NANI), of a learnt scale (NANIL), or beyond saturation only (NANIS).

A noisy input that lies on a corner counts as beyond it, as in the functions without noise.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from fastact.noise.output_noise import SOURCE
from fastact.noise.saturation import beyond
from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, at_most, copysign, fma, real, select, unless_nan
from fastact.numerics.exponential import log1p_terms, logistic_loss, reduce_decay, tanh_half
from fastact.record import Budget, Interval, Limits, Param, Scalar, Ulp, definition

_XI = Param("xi", None, samples=(-0.8, 1.2, -1.1, 0.0))
_TANH, _SIGMOID = (Limits(-1.0, 1.0), Interval(-1.0, 1.0)), (Limits(0.0, 1.0), Interval(0.0, 1.0))
_FLAT = Limits(0.0, 0.0)
_ROUNDED = Budget(forward=Ulp(0.8, 0.8), derivative=Ulp(0.0, 0.0), params=Ulp(0.5, 0.5))


def _unit(
    formula: str, derivative: str, kind: tuple[Limits, Interval], *params: Param, budget: Budget = _ROUNDED
) -> Callable[[Scalar], Any]:
    return definition(
        formula=formula,
        derivative=derivative,
        params=(_XI, *params),
        range=kind[1],
        limits=kind[0],
        derivative_limits=_FLAT,
        flat=True,
        budget=budget,
        source=SOURCE,
    )


def clipped(z: Any, slope: Any, half: Any, middle: Any) -> Any:
    """Return the clipped line at z, whether z is beyond a corner, and the slope, or NaN for NaN."""
    steep = slope * z
    under, over = steep <= -half, steep >= half
    line = select(middle == real(0), z, fma(slope, z, middle))
    y = select(under, middle - half, select(over, middle + half, line))
    return y, under | over, slope * unless_nan(z, real(1))


def _with_noise(x: Any, xi: Any, c: Any, slope: Any, half: Any, middle: Any) -> Any:
    zero = real(0)
    y, flat, h = clipped(fma(c, xi, x), slope, half, middle)
    return y, select(flat, zero, h), select(flat, zero, c * h), select(flat, zero, xi * h)


def _when_saturated(x: Any, xi: Any, c: Any, slope: Any, half: Any, middle: Any) -> Any:
    saturated, zero = slope * absolute(x) >= half, real(0)
    y, flat, h = clipped(select(saturated, fma(c, xi, x), x), slope, half, middle)
    still = flat | (slope * absolute(x) < half)
    return y, select(flat, zero, h), select(still, zero, c * h), select(still, zero, xi * h)


def _learnt(x: Any, xi: Any, c: Any, p: Any, slope: Any, half: Any, middle: Any) -> Any:
    """With q = |Delta| / (|xi| + 1e-10), a = pq, L = softplus(a), g = σ(a): z = x + c·L·xi.

    dL/dx = g·p·q' beyond saturation, dL/dp = g·q, dL/dxi = -g·a / (xi ± 1e-10).
    """
    zero, one = real(0), real(1)
    saturated, base = slope * absolute(x) > half, absolute(xi) + real(1e-10)
    delta, _ = beyond(x, slope, half)
    q = select(saturated, at_most(absolute(delta) / base, k.LARGEST), zero)
    a = p * q
    a = copysign(at_most(absolute(a), k.LARGEST), a)
    s, r = reduce_decay(at_most(absolute(a), k.LOGISTIC_END))
    t = tanh_half(r)
    first, rest = log1p_terms(s, t)
    small = fma(-s, logistic_loss(s, t), s) * k.UNSCALE
    positive = a > zero
    scale, g = fma(first + rest, k.UNSCALE, select(positive, a, zero)), select(positive, one - small, small)
    y, flat, h = clipped(fma(c, xi * scale, x), slope, half, middle)
    strength = (c * xi) * g
    grow = strength * p * (copysign(slope, x) / base)
    return (
        y,
        select(flat, zero, h * select(saturated, one + grow, one)),
        select(flat, zero, h * (c * fma(-g * a, absolute(xi) / base, scale))),
        select(flat, zero, h * (xi * scale)),
        select(flat, zero, h * (strength * q)),
    )


_C = Param("c", 0.05, samples=(0.05, 0.25, 1.0, 0.5))
_C_SATURATED = Param("c", 0.25, samples=(0.25, 0.05, 1.0, 0.5))
_P = Param("p", 1.0, samples=(1.0, 2.0, 0.5, -0.5), trainable=True)


@_unit(r"h(x + c\xi)", r"h'(x + c\xi)", _TANH, _C)
def input_noise_hard_tanh(x: Any, xi: Any, c: Any) -> Any:
    """Clip to [-1, 1] of x with normal noise of scale c."""
    return _with_noise(x, xi, c, real(1), real(1), real(0))


@_unit(r"h(x + c\xi)", r"h'(x + c\xi)", _SIGMOID, _C)
def input_noise_hard_sigmoid(x: Any, xi: Any, c: Any) -> Any:
    """Line x/4 + 1/2 clipped to [0, 1], of x with normal noise of scale c."""
    return _with_noise(x, xi, c, real(0.25), real(0.5), real(0.5))


@definition(
    formula=r"\max(x + c\xi, 0)",
    derivative=r"[x + c\xi > 0]",
    params=(_XI, _C),
    range=Interval(0.0, inf),
    limits=Limits(0.0, inf),
    derivative_limits=Limits(0.0, 1.0),
    flat=True,
    budget=Budget(forward=Ulp(0.5, 0.5), derivative=Ulp(0.0, 0.0), params=Ulp(0.0, 0.0)),
    source=SOURCE + " (its code, NReLU); Nair & Hinton 2010 for noise of a scale that depends on x",
)
def noisy_relu(x: Any, xi: Any, c: Any) -> Any:
    """Rectified linear unit of x with normal noise of scale c."""
    zero = real(0)
    z = fma(c, xi, x)
    flat, number = z <= zero, unless_nan(z, real(1))
    return select(flat, zero, z), select(flat, zero, number), select(flat, zero, c * number), select(flat, zero, xi * number)


@_unit(r"|x| \ge x_t\,?\;h(x + c\xi) : h(x)", r"h'(|x| \ge x_t\,?\;x + c\xi : x)", _TANH, _C_SATURATED)
def saturated_noise_hard_tanh(x: Any, xi: Any, c: Any) -> Any:
    """Clip to [-1, 1] with normal noise of scale c added to x where |x| is at least 1."""
    return _when_saturated(x, xi, c, real(1), real(1), real(0))


@_unit(r"|x| \ge x_t\,?\;h(x + c\xi) : h(x)", r"h'(|x| \ge x_t\,?\;x + c\xi : x)", _SIGMOID, _C_SATURATED)
def saturated_noise_hard_sigmoid(x: Any, xi: Any, c: Any) -> Any:
    """Line x/4 + 1/2 clipped to [0, 1], with normal noise of scale c added to x where |x| is at least 2."""
    return _when_saturated(x, xi, c, real(0.25), real(0.5), real(0.5))


_LEARNT = (
    r"h(x + c\,\mathrm{softplus}(p q)\,\xi),\; q = \frac{|h(x) - u(x)|}{|\xi| + 10^{-10}}",
    r"h'(z)\,(1 + c\,\xi\,g(p q)\,p\,q')",
)
_LEARNT_BUDGET = Budget(forward=Ulp(3.7, 4.6), derivative=Ulp(4.0, 3.7), params=Ulp(4.2, 4.1))


@_unit(*_LEARNT, _TANH, _C_SATURATED, _P, budget=_LEARNT_BUDGET)
def learned_noise_hard_tanh(x: Any, xi: Any, c: Any, p: Any) -> Any:
    """Clip to [-1, 1] of x with normal noise whose scale grows beyond saturation; p is learnt."""
    return _learnt(x, xi, c, p, real(1), real(1), real(0))


@_unit(*_LEARNT, _SIGMOID, _C_SATURATED, _P, budget=_LEARNT_BUDGET)
def learned_noise_hard_sigmoid(x: Any, xi: Any, c: Any, p: Any) -> Any:
    """Line x/4 + 1/2 clipped to [0, 1], of x with normal noise whose scale grows beyond saturation; p is learnt."""
    return _learnt(x, xi, c, p, real(0.25), real(0.5), real(0.5))
