"""Definitions in mpmath, to 1e-30 and better: the top of the chain oracle, C reference, kernels.

Each activation is written as a textbook defines it, once per derivative, for finite arguments. Forms differ from the textbook
only where the definition would cancel at any fixed precision: 1 - s(x) is s(-x), the lower tail of a distribution is an erfc.
"""

from __future__ import annotations

import math
from typing import Any

try:
    from mpmath import exp, expm1, log1p, mp, mpf, sin, sqrt, tanh, workprec
except ImportError as missing:
    raise ImportError("fastact.oracle needs mpmath: pip install 'fastact[verify]'") from missing

from fastact.oracle.parts import (
    Definition,
    cdf,
    cubic,
    cubic_slope,
    dish_gap,
    entropy,
    exponent,
    hard_sigmoid,
    phi,
    sech2,
    selu_alpha,
    selu_scale,
    sigmoid,
    sign,
    silu,
    silu_slope,
    softplus,
    squareplus,
    wide,
)

PRECISION = 240
"""Bits: 100 for 1e-30, 106 for the distance of a double or long double from a root of a derivative, and a reserve."""

DEFINITIONS: dict[str, tuple[Definition, ...]] = {
    "relu": (lambda x: max(x, 0), lambda x: x > 0),
    "leaky_relu": (lambda x, slope: x if x > 0 else slope * x, lambda x, slope: 1 if x > 0 else slope, lambda x, slope: min(x, 0)),
    "prelu": (lambda x, slope: x if x > 0 else slope * x, lambda x, slope: 1 if x > 0 else slope, lambda x, slope: min(x, 0)),
    "identity": (lambda x: x, lambda x: 1),
    "relu6": (lambda x: min(max(x, 0), 6), lambda x: 0 < x < 6),
    "threshold": (
        lambda x, threshold, value: x if x > threshold else value,
        lambda x, threshold, value: x > threshold,
        lambda x, threshold, value: 0,
        lambda x, threshold, value: x <= threshold,
    ),
    "thresholded_relu": (lambda x, alpha: x if x > alpha else 0, lambda x, alpha: x > alpha, lambda x, alpha: 0),
    "relu_squared": (lambda x: max(x, 0) ** 2, lambda x: 2 * max(x, 0)),
    "step": (lambda x: x > 0, lambda x: 0),
    "hard_tanh": (
        lambda x, low, high: min(max(x, low), high),
        lambda x, low, high: low < x < high,
        lambda x, low, high: x <= low,
        lambda x, low, high: x >= high,
    ),
    "hard_sigmoid": (
        lambda x, slope, offset: hard_sigmoid(x, slope, offset)[0],
        lambda x, slope, offset: slope if hard_sigmoid(x, slope, offset)[1] else 0,
        lambda x, slope, offset: x if hard_sigmoid(x, slope, offset)[1] else 0,
        lambda x, slope, offset: hard_sigmoid(x, slope, offset)[1],
    ),
    "hard_swish": (
        lambda x: x * min(max(x + 3, 0), 6) / 6,
        lambda x: (2 * x + 3) / 6 if -3 < x < 3 else x >= 3,
    ),
    "hard_shrink": (lambda x, lambd: x if abs(x) > lambd else 0, lambda x, lambd: abs(x) > lambd, lambda x, lambd: 0),
    "soft_shrink": (
        lambda x, lambd: x - sign(x) * lambd if abs(x) > lambd else 0,
        lambda x, lambd: abs(x) > lambd,
        lambda x, lambd: -sign(x) if abs(x) > lambd else 0,
    ),
    "sparse_sigmoid": (lambda x: min(max((x + 1) / 2, 0), 1), lambda x: mpf(-1 < x < 1) / 2),
    "sparse_plus": (lambda x: (x + 1) ** 2 / 4 if -1 < x < 1 else max(x, 0), lambda x: min(max((x + 1) / 2, 0), 1)),
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
    "log_sigmoid": (lambda x: -softplus(-x), lambda x: sigmoid(-x)),
    "tanh": (tanh, sech2),
    "tanh_shrink": (wide(lambda x: x - tanh(x)), lambda x: tanh(x) ** 2),
    "lisht": (lambda x: x * tanh(x), lambda x: tanh(x) + x * sech2(x)),
    "softplus": (
        lambda x, beta: max(x, 0) + log1p(exp(-abs(beta * x))) / beta,
        lambda x, beta: sigmoid(beta * x),
        lambda x, beta: -entropy(beta * x) / beta**2,
    ),
    "silu": (silu, silu_slope),
    "swish": (
        lambda x, beta: x * sigmoid(beta * x),
        lambda x, beta: silu_slope(beta * x),
        lambda x, beta: x * x * sigmoid(beta * x) * sigmoid(-beta * x),
    ),
    "quick_gelu": (wide(lambda x: x * sigmoid(1702 * x / 1000)), wide(lambda x: silu_slope(1702 * x / 1000))),
    "gelu": (lambda x: x * cdf(x), lambda x: cdf(x) + x * phi(x)),
    "gelu_tanh": (
        wide(lambda x: x * sigmoid(cubic(x))),
        wide(lambda x: sigmoid(cubic(x)) * (1 + x * cubic_slope(x) * sigmoid(-cubic(x)))),
    ),
    "mish": (
        lambda x: x * tanh(softplus(x)),
        lambda x: tanh(softplus(x)) + x * sech2(softplus(x)) * sigmoid(x),
    ),
    "exp": (exp, exp),
    "elu": (
        lambda x, alpha: x if x > 0 else alpha * expm1(x),
        lambda x, alpha: 1 if x > 0 else alpha * exp(x),
        lambda x, alpha: 0 if x > 0 else expm1(x),
    ),
    "celu": (
        lambda x, alpha: x if x > 0 else alpha * expm1(exponent(x / alpha)),
        lambda x, alpha: 1 if x > 0 else exp(exponent(x / alpha)),
        wide(lambda x, alpha: 0 if x > 0 else expm1(exponent(x / alpha)) + abs(x) / alpha * exp(exponent(x / alpha))),
    ),
    "selu": (
        lambda x: selu_scale() * (x if x > 0 else selu_alpha() * expm1(x)),
        lambda x: selu_scale() * (1 if x > 0 else selu_alpha() * exp(x)),
    ),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    "squareplus": (
        squareplus,
        lambda x, b: squareplus(x, b) / sqrt(x * x + b),
        lambda x, b: 1 / (4 * sqrt(x * x + b)),
    ),
    "dish": (
        lambda x: x * dish_gap(x) / 2,
        lambda x: dish_gap(x) * (1 + x / sqrt(1 + x * x) - x * x / (1 + x * x)) / 2,
    ),
    "snake": (
        lambda x, alpha: x + sin(alpha * x) ** 2 / alpha if alpha else x,
        lambda x, alpha: 1 + sin(2 * alpha * x),
        lambda x, alpha: (alpha * x * sin(2 * alpha * x) - sin(alpha * x) ** 2) / alpha**2 if alpha else x * x,
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
