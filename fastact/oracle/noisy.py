"""Definitions of the functions with noise and of their means, in mpmath: value, derivatives by x, the noise and each parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpmath import erfc, exp, log1p, mp, mpf, pi, sqrt, workprec

from fastact.oracle import PRECISION, exact


def _g(z: Any) -> Any:
    return 1 / (1 + exp(-z))


def _sign(v: Any) -> int:
    return 1 if v >= 0 else -1


def _line(x: Any, tanh: bool) -> tuple[Any, Any, Any, Any]:
    """Line u, its slope, its clip h, and whether x is beyond."""
    if tanh:
        return x, mpf(1), min(max(x, -1), 1), abs(x) > 1
    u = x / 4 + mpf(1) / 2
    return u, mpf(1) / 4, min(max(u, 0), 1), abs(x) > 2


def _output(tanh: bool, half: bool) -> Callable[..., Any]:
    def definition(x: Any, xi: Any, alpha: Any, c: Any, p: Any) -> Any:
        u, slope, h, _ = _line(x, tanh)
        gap, e = h - u, abs(xi) if half else xi
        if not gap:
            return u, slope, 0, 0, 0, 0
        d, s = -_sign(x) * _sign(1 - alpha), _g(p * gap) - mpf(1) / 2
        ds = 2 * s * _g(p * gap) * _g(-p * gap)
        side = _sign(xi) if half else 1
        y = alpha * h + (1 - alpha) * u + d * c * s**2 * e
        return y, (1 - alpha) * slope - d * c * ds * p * slope * e, side * d * c * s**2, gap, d * s**2 * e, d * c * ds * gap * e

    return definition


def _input(tanh: bool, saturated: bool) -> Callable[..., Any]:
    def definition(x: Any, xi: Any, c: Any) -> Any:
        on = not saturated or abs(x) >= (1 if tanh else 2)
        _, slope, y, beyond = _line(x + c * xi if on else x, tanh)
        corner = abs(x + c * xi if on else x) == (1 if tanh else 2)
        d = 0 if beyond or corner else slope
        return y, d, c * d if on else 0, xi * d if on else 0

    return definition


def _learned(tanh: bool) -> Callable[..., Any]:
    def definition(x: Any, xi: Any, c: Any, p: Any) -> Any:
        u, slope, h, _ = _line(x, tanh)
        size = abs(xi) + mpf(1) / 10**10
        q = abs(h - u) / size
        scale = max(p * q, 0) + log1p(exp(-abs(p * q)))
        dq = _sign(x) * slope / size if q else 0
        z = x + c * scale * xi
        _, _, y, beyond = _line(z, tanh)
        d = 0 if beyond or abs(z) == (1 if tanh else 2) else slope
        dxi = scale - abs(xi) * _g(p * q) * p * q / size
        return y, d * (1 + c * xi * _g(p * q) * p * dq), d * c * dxi, d * xi * scale, d * c * xi * _g(p * q) * q

    return definition


def _noisy_relu(x: Any, xi: Any, c: Any) -> Any:
    z = x + c * xi
    return max(z, 0), z > 0, c * (z > 0), xi * (z > 0)


def _rrelu(x: Any, u: Any, lower: Any, upper: Any) -> Any:
    slope, low = lower + (upper - lower) * u, min(x, 0)
    return max(x, 0) + slope * low, 1 if x > 0 else slope, (upper - lower) * low, (1 - u) * low, u * low


def _dropout(x: Any, u: Any, rate: Any) -> Any:
    keep = u >= rate
    return keep * x / (1 - rate), keep / (1 - rate), 0, keep * x / (1 - rate) ** 2


def _alpha_dropout(x: Any, u: Any, rate: Any) -> Any:
    low = mpf("-1.050700987355480493419334985294606351959") * mpf("1.673263242354377284817042991671652038461")
    keep, variance = u >= rate, (1 - rate) * (1 + rate * low**2)
    a, v = 1 / sqrt(variance), x if u >= rate else low
    grow = -(low**2 * (1 - rate) - (1 + rate * low**2)) * a / (2 * variance)
    return a * (v - rate * low), keep * a, 0, grow * (v - rate * low) - a * low


def _tail(t: Any) -> Any:
    return erfc(t / sqrt(mpf(2))) / 2


def _density(t: Any) -> Any:
    return exp(-t * t / 2) / sqrt(2 * pi)


def _ramp(x: Any, c: Any) -> Any:
    """E max(x + c·xi, 0), and its derivatives."""
    return x * _tail(-x / c) + abs(c) * _density(x / c), _tail(-x / abs(c)), _sign(c) * _density(x / c)


def _clipped_mean(tanh: bool, saturated: bool) -> Callable[..., Any]:
    """A clip is the difference of two ramps."""

    def definition(x: Any, c: Any) -> Any:
        corner, slope = (1, mpf(1)) if tanh else (2, mpf(1) / 4)
        if saturated and abs(x) < corner:
            return slope * x + (0 if tanh else mpf(1) / 2), slope, 0
        with workprec(mp.prec + 100):
            (a, da, dac), (b, db, dbc) = _ramp(x + corner, abs(c)), _ramp(x - corner, abs(c))
            return (-1 if tanh else 0) + slope * (a - b), slope * (da - db), slope * _sign(c) * (dac - dbc)

    return definition


def _relu_mean(x: Any, c: Any) -> Any:
    value, d, dc = _ramp(x, abs(c))
    return value, d, _sign(c) * dc


NOISY: dict[str, Callable[..., Any]] = {
    "noisy_hard_tanh": _output(True, False),
    "noisy_hard_tanh_half": _output(True, True),
    "noisy_hard_sigmoid": _output(False, False),
    "noisy_hard_sigmoid_half": _output(False, True),
    "input_noise_hard_tanh": _input(True, False),
    "input_noise_hard_sigmoid": _input(False, False),
    "saturated_noise_hard_tanh": _input(True, True),
    "saturated_noise_hard_sigmoid": _input(False, True),
    "learned_noise_hard_tanh": _learned(True),
    "learned_noise_hard_sigmoid": _learned(False),
    "noisy_relu": _noisy_relu,
    "rrelu": _rrelu,
    "dropout": _dropout,
    "alpha_dropout": _alpha_dropout,
}
"""Of x, the noise and the parameters."""

MEANS: dict[str, Callable[..., Any]] = {
    "input_noise_hard_tanh": _clipped_mean(True, False),
    "input_noise_hard_sigmoid": _clipped_mean(False, False),
    "saturated_noise_hard_tanh": _clipped_mean(True, True),
    "saturated_noise_hard_sigmoid": _clipped_mean(False, True),
    "noisy_relu": _relu_mean,
}
"""Means in closed form that are no other function at a fixed noise, of x and the parameters: value, derivatives by x and the parameters."""


def evaluate(definition: Callable[..., Any], *arguments: Any) -> list[Any]:
    """Results of one of the definitions above, with all digits of the arguments."""
    with workprec(PRECISION):
        return [+mpf(v) for v in definition(*map(exact, arguments))]
