"""Definitions in mpmath, to 1e-30 and better: the top of the chain oracle, C reference, kernels.

Each activation is written as a textbook defines it, once per derivative, for finite arguments. Forms differ from the textbook
only where the definition would cancel at any fixed precision: 1 - s(x) is s(-x), the lower tail of a distribution is an erfc.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

try:
    from mpmath import erfc, exp, expm1, log1p, mp, mpf, pi, sqrt, tanh, workprec
except ImportError as missing:
    raise ImportError("fastact.oracle needs mpmath: pip install 'fastact[verify]'") from missing

PRECISION = 240
"""Bits: 100 for 1e-30, 106 for the distance of a double or long double from a root of a derivative, and a reserve."""

Definition = Callable[..., Any]


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + exp(-x))


def _phi(x: Any) -> Any:
    return exp(-x * x / 2) / sqrt(2 * pi)


def _cdf(x: Any) -> Any:
    bounded = min(max(x, -(10**9)), 10**9)  # mpmath's erfc takes no larger ones; the tails are below 1e-(10**17) there
    return erfc(-bounded / sqrt(mpf(2))) / 2


def _entropy(u: Any) -> Any:
    """log(1 + e^u) - u·s(u), which is even in u."""
    return log1p(exp(-abs(u))) + abs(u) * _sigmoid(-abs(u))


DEFINITIONS: dict[str, tuple[Definition, ...]] = {
    "relu": (lambda x: max(x, 0), lambda x: x > 0),
    "leaky_relu": (lambda x, slope: x if x > 0 else slope * x, lambda x, slope: 1 if x > 0 else slope, lambda x, slope: min(x, 0)),
    "prelu": (lambda x, slope: x if x > 0 else slope * x, lambda x, slope: 1 if x > 0 else slope, lambda x, slope: min(x, 0)),
    "hard_tanh": (
        lambda x, low, high: min(max(x, low), high),
        lambda x, low, high: low < x < high,
        lambda x, low, high: x <= low,
        lambda x, low, high: x >= high,
    ),
    "sigmoid": (_sigmoid, lambda x: _sigmoid(x) * _sigmoid(-x)),
    "tanh": (tanh, lambda x: 4 * _sigmoid(2 * x) * _sigmoid(-2 * x)),
    "softplus": (
        lambda x, beta: max(x, 0) + log1p(exp(-abs(beta * x))) / beta,
        lambda x, beta: _sigmoid(beta * x),
        lambda x, beta: -_entropy(beta * x) / beta**2,
    ),
    "silu": (lambda x: x * _sigmoid(x), lambda x: _sigmoid(x) * (1 + x * _sigmoid(-x))),
    "gelu": (lambda x: x * _cdf(x), lambda x: _cdf(x) + x * _phi(x)),
    "elu": (
        lambda x, alpha: x if x > 0 else alpha * expm1(x),
        lambda x, alpha: 1 if x > 0 else alpha * exp(x),
        lambda x, alpha: 0 if x > 0 else expm1(x),
    ),
}
"""The function, its derivative by x, its derivatives by each parameter."""


def exact(x: Any) -> Any:
    """`x` (float, NumPy scalar, long double too) as an mpf without rounding."""
    mantissa, exponent = _frexp(x)
    high = float(mantissa)
    with workprec(PRECISION):
        return (mpf(high) + mpf(float(mantissa - high))) * mpf(2) ** exponent


def _frexp(x: Any) -> tuple[Any, int]:
    import numpy as np

    mantissa, exponent = np.frexp(x) if isinstance(x, np.longdouble) else math.frexp(x)
    return mantissa, int(exponent)


def forward(name: str, x: Any, *params: Any) -> Any:
    """Value of the activation `name` at a finite `x`."""
    return evaluate(DEFINITIONS[name][0], x, params)


def derivative(name: str, x: Any, *params: Any) -> Any:
    """Its derivative by `x`."""
    return evaluate(DEFINITIONS[name][1], x, params)


def param_derivative(name: str, which: int, x: Any, *params: Any) -> Any:
    """Its derivative by the parameter at position `which`, counted from 0."""
    return evaluate(DEFINITIONS[name][2 + which], x, params)


def evaluate(definition: Definition, x: Any, params: tuple[Any, ...]) -> Any:
    """Evaluate one of the `DEFINITIONS` at a finite point, with all digits of the arguments."""
    point, values = exact(x), [exact(p) for p in params]
    if not all(map(mp.isfinite, (point, *values))):
        raise ValueError("the oracle is defined at finite points; limits stand in the activation's record")
    with workprec(PRECISION):
        return +mpf(definition(point, *values))
