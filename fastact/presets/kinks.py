"""Scalars of fastact's functions with another derivative where theirs jumps, or with a branch more.

Away from those points they have the bits of the functions that they are made of.
"""

from __future__ import annotations

from typing import Any

from fastact.activations import clipped, exponential, logistic, piecewise
from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, real, select, unless_nan

_leaky, _clip, _half = piecewise.leaky_relu.scalar, clipped.hard_tanh.scalar, clipped.sparse_sigmoid.scalar
_celu, _elu, _selu, _softplus = exponential.celu.scalar, exponential.elu.scalar, exponential.selu.scalar, logistic.softplus.scalar


def leaky_passing(x: Any, slope: Any) -> Any:
    """Rectified linear unit with a small slope for negative x; the derivative at 0 is 1."""
    y, derivative, by_slope = _leaky(x, slope)
    return y, select(x == real(0), unless_nan(slope, real(1)), derivative), by_slope


def prelu_blocked(x: Any, slope: Any) -> Any:
    """Rectified linear unit whose slope for negative x is learnt; the derivative at 0 is 0."""
    y, derivative, by_slope = _leaky(x, slope)
    return y, select(x == real(0), unless_nan(slope, real(0)), derivative), by_slope


def celu_doubled(x: Any, alpha: Any) -> Any:
    """Exponential linear unit with a continuous derivative, for alpha > 0, but for the derivative at 0, which is 2."""
    y, derivative, by_alpha = _celu(x, alpha)
    return y, select(x == real(0), derivative + derivative, derivative), by_alpha


def selu_scaled(x: Any) -> Any:
    """Scaled exponential linear unit; the derivative at 0 is λ."""
    y, derivative = _selu(x)
    return y, select(x == real(0), k.SELU_SCALE + k.SELU_SCALE_LOW, derivative)


def selu_given(x: Any, alpha: Any, gamma: Any) -> Any:
    """Scaled exponential linear unit whose two constants are parameters."""
    y, derivative, by_alpha = _elu(x, alpha)
    return gamma * y, gamma * derivative, gamma * by_alpha, y


def clip_passing(x: Any, low: Any, high: Any) -> Any:
    """Clip to [low, high]; the derivative at both ends is 1."""
    y, derivative, by_low, by_high = _clip(x, low, high)
    return y, select((x == low) | (x == high), unless_nan(derivative, real(1)), derivative), by_low, by_high


def clip_halved(x: Any, low: Any, high: Any) -> Any:
    """Clip to [low, high]; the derivative at both ends is 1/2."""
    y, derivative, by_low, by_high = _clip(x, low, high)
    return y, select((x == low) | (x == high), unless_nan(derivative, real(0.5)), derivative), by_low, by_high


def sparse_sigmoid_halved(x: Any) -> Any:
    """Straight line from 0 at -1 to 1 at 1; the derivative at both ends is 1/4."""
    y, derivative = _half(x)
    return y, select(absolute(x) == real(1), real(0.25), derivative)


def softplus_cut(x: Any, beta: Any, threshold: Any) -> Any:
    """Smooth rectifier that is x itself where beta·x is above a threshold.

    There ln(1 + e^(βx))/β is larger than x by e^(-βx)/β: with the default 20 less than float32 can tell, so in float32 it is `softplus`
    up to rounding; in float64 it is off by 1e-10 of x.
    """
    zero, one = real(0), real(1)
    y, derivative, by_beta = _softplus(x, beta)
    linear, nothing = beta * x > threshold, unless_nan(x, zero)
    y, derivative = unless_nan(threshold, y), unless_nan(threshold, derivative)
    return select(linear, x, y), select(linear, one, derivative), select(linear, zero, by_beta), nothing
