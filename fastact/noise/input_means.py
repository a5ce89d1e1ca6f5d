"""Means over normal noise on the input, in closed form.

With T(t) = φ(t) - tΦ(-t), the mean of max(ξ - t, 0): E max(x + cξ, 0) = max(x, 0) + |c| T(|x/c|), and for the clip h to
[-1, 1], E h(x + cξ) = h(x) ± |c| (T((|x| + 1)/|c|) - T(||x| - 1|/|c|)) with the sign of x.
"""

from __future__ import annotations

from math import inf
from typing import Any

from fastact.noise.output_noise import SOURCE
from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, at_least, at_most, copysign, fma, horner, real, select, unless_nan
from fastact.numerics.normal import gauss, scaled_tail
from fastact.record import Budget, Interval, Limits, Param, Ulp, definition

_BUDGET = Budget(forward=Ulp(0.9, 1.0), derivative=Ulp(0.9, 0.8), params=Ulp(0.3, 0.4))
_C = Param("c", 0.05, samples=(0.05, 0.25, 1.0, 3.0))
_C_SATURATED = Param("c", 0.25, samples=(0.25, 0.05, 1.0, 3.0))


def _density(t: Any) -> Any:
    s, p = gauss(t, t * t)
    top = k.DENSITY_TOP * s
    return fma(top, p, top) * k.UNSCALE


def _tail(t: Any) -> Any:
    """Φ(-t) for 0 ≤ t ≤ NORMAL_END."""
    square = t * t
    s, p = gauss(t, square)
    return select(t < k.CENTRE_END, fma(-t, horner(square, k.CENTRE), real(0.5)), scaled_tail(t, s, p) / t * k.UNSCALE)


def _over(x: Any, scale: Any) -> Any:
    return at_most(absolute(x) / scale, k.NORMAL_END)


def _scale(c: Any) -> Any:
    """|c|, or instead of 0 a number that does not count."""
    return at_least(absolute(c), k.SMALLEST)


def _clip(x: Any, c: Any) -> Any:
    """E h(x + cξ), its derivatives by x and c, for the clip to [-1, 1]."""
    zero, one = real(0), real(1)
    z, scale, sign = absolute(x), _scale(c), copysign(one, x)
    far, near = _over(z + one, scale), _over(z - one, scale)
    far_density, near_density, far_tail, near_tail = _density(far), _density(near), _tail(far), _tail(near)
    rest = fma(-far, far_tail, far_density) - fma(-near, near_tail, near_density)
    inside = z < one
    y = fma(scale, rest, select(z > one, one, z))
    d = select(inside, (one - near_tail) - far_tail, near_tail - far_tail)
    number = select(z >= zero, one, z)
    return copysign(y, x), d * number, copysign(one, c) * sign * (far_density - near_density) * number


def _sigmoid(x: Any, c: Any) -> Any:
    """The same for the line x/4 + ½ clipped to [0, 1], which is ½ + ½ h(x/2)."""
    half = real(0.5)
    y, d, dc = _clip(half * x, half * c)
    return fma(half, y, half), real(0.25) * d, real(0.25) * dc


def _unless(linear: Any, line: Any, slope: Any, results: Any) -> Any:
    y, d, dc = results
    return select(linear, line, y), select(linear, slope, d), select(linear, real(0), dc)


def _fields(low: float, high: float, c: Param) -> dict[str, Any]:
    return {
        "formula": r"E\,h(x + c\xi)",
        "derivative": r"E\,h'(x + c\xi)",
        "params": (c,),
        "range": Interval(low, high),
        "limits": Limits(low, high),
        "derivative_limits": Limits(0.0, 0.0),
        "budget": _BUDGET,
        "source": SOURCE,
    }


@definition(**_fields(-1.0, 1.0, _C))
def input_noise_hard_tanh_expected(x: Any, c: Any) -> Any:
    """Mean of `input_noise_hard_tanh`."""
    return _clip(x, c)


@definition(**_fields(0.0, 1.0, _C))
def input_noise_hard_sigmoid_expected(x: Any, c: Any) -> Any:
    """Mean of `input_noise_hard_sigmoid`."""
    return _sigmoid(x, c)


@definition(**_fields(-1.0, 1.0, _C_SATURATED))
def saturated_noise_hard_tanh_expected(x: Any, c: Any) -> Any:
    """Mean of `saturated_noise_hard_tanh`."""
    return _unless(absolute(x) < real(1), x, real(1), _clip(x, c))


@definition(**_fields(0.0, 1.0, _C_SATURATED))
def saturated_noise_hard_sigmoid_expected(x: Any, c: Any) -> Any:
    """Mean of `saturated_noise_hard_sigmoid`."""
    line = fma(real(0.25), x, real(0.5))
    return _unless(absolute(x) < real(2), line, real(0.25), _sigmoid(x, c))


@definition(
    **_fields(0.0, inf, _C) | {"formula": r"E \max(x + c\xi, 0)", "derivative": r"\Phi(x / |c|)", "derivative_limits": Limits(0.0, 1.0)}
)
def noisy_relu_expected(x: Any, c: Any) -> Any:
    """Mean of `noisy_relu`."""
    zero, one = real(0), real(1)
    scale = _scale(c)
    t = _over(x, scale)
    density, tail = _density(t), _tail(t)
    y = fma(scale, fma(-t, tail, density), select(x < zero, zero, x))
    number = unless_nan(x, one)
    return y, select(x < zero, tail, one - tail) * number, copysign(density, c) * number
