"""Definitions in mpmath, to 1e-30 and better: the top of the chain oracle, C reference, kernels.

Each activation is written as a textbook defines it, once per derivative, for finite arguments. Forms differ from the textbook
only where the definition would cancel at any fixed precision: 1 - s(x) is s(-x), the lower tail of a distribution is an erfc.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

try:
    from mpmath import erfc, exp, expm1, log1p, mp, mpf, pi, sin, sqrt, tanh, workprec
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


def _wide(definition: Definition) -> Definition:
    """With more digits the further x is from 1: for an inner argument that is rounded, up to a cubic, and for x - tanh x."""

    def wider(x: Any, *params: Any) -> Any:
        magnitude = mp.mag(x) if x else 0
        with workprec(mp.prec + max(3 * magnitude, -2 * magnitude)):
            return definition(x, *params)

    return wider


def _exponent(u: Any) -> Any:
    return max(u, -(10**9))  # e^u is below 1e-(10**8) there, and the digits that a rounded u costs are few


def _silu(v: Any) -> Any:
    return v * _sigmoid(v)


def _silu_slope(v: Any) -> Any:
    return _sigmoid(v) * (1 + v * _sigmoid(-v))


def _cubic(x: Any) -> Any:
    return sqrt(8 / pi) * (x + 44715 * x**3 / 10**6)


def _cubic_slope(x: Any) -> Any:
    return sqrt(8 / pi) * (1 + 3 * 44715 * x**2 / 10**6)


def _softplus(x: Any) -> Any:
    return max(x, 0) + log1p(exp(-abs(x)))


def _sech2(x: Any) -> Any:
    return 4 * _sigmoid(2 * x) * _sigmoid(-2 * x)


def _selu_alpha() -> Any:
    return mpf("1.673263242354377284817042991671652038461")


def _selu_scale() -> Any:
    return mpf("1.050700987355480493419334985294606351959")


def _hard_sigmoid(x: Any, slope: Any, offset: Any) -> tuple[Any, bool]:
    """The line, clipped, and whether x is between the corners; the doubles nearest to them are corners too."""
    line = slope * x + offset
    if slope and x == float(-offset / slope):
        return mpf(0), False
    if slope and x == float(float(1 - offset) / slope):
        return mpf(1), False
    return min(max(line, 0), 1), 0 < line < 1


def _sign(x: Any) -> Any:
    return (x > 0) - (x < 0)


def _dish_gap(x: Any) -> Any:
    """1 + x/sqrt(1 + x^2)."""
    h = sqrt(1 + x * x)
    return 1 / (h * (h - x)) if x < 0 else 1 + x / h


def _squareplus(x: Any, b: Any) -> Any:
    h = sqrt(x * x + b)
    return b / (2 * (h - x)) if x < 0 else (x + h) / 2


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
        lambda x, slope, offset: _hard_sigmoid(x, slope, offset)[0],
        lambda x, slope, offset: slope if _hard_sigmoid(x, slope, offset)[1] else 0,
        lambda x, slope, offset: x if _hard_sigmoid(x, slope, offset)[1] else 0,
        lambda x, slope, offset: _hard_sigmoid(x, slope, offset)[1],
    ),
    "hard_swish": (
        lambda x: x * min(max(x + 3, 0), 6) / 6,
        lambda x: (2 * x + 3) / 6 if -3 < x < 3 else x >= 3,
    ),
    "hard_shrink": (lambda x, lambd: x if abs(x) > lambd else 0, lambda x, lambd: abs(x) > lambd, lambda x, lambd: 0),
    "soft_shrink": (
        lambda x, lambd: x - _sign(x) * lambd if abs(x) > lambd else 0,
        lambda x, lambd: abs(x) > lambd,
        lambda x, lambd: -_sign(x) if abs(x) > lambd else 0,
    ),
    "sparse_sigmoid": (lambda x: min(max((x + 1) / 2, 0), 1), lambda x: mpf(-1 < x < 1) / 2),
    "sparse_plus": (lambda x: (x + 1) ** 2 / 4 if -1 < x < 1 else max(x, 0), lambda x: min(max((x + 1) / 2, 0), 1)),
    "sigmoid": (_sigmoid, lambda x: _sigmoid(x) * _sigmoid(-x)),
    "log_sigmoid": (lambda x: -_softplus(-x), lambda x: _sigmoid(-x)),
    "tanh": (tanh, _sech2),
    "tanh_shrink": (_wide(lambda x: x - tanh(x)), lambda x: tanh(x) ** 2),
    "lisht": (lambda x: x * tanh(x), lambda x: tanh(x) + x * _sech2(x)),
    "softplus": (
        lambda x, beta: max(x, 0) + log1p(exp(-abs(beta * x))) / beta,
        lambda x, beta: _sigmoid(beta * x),
        lambda x, beta: -_entropy(beta * x) / beta**2,
    ),
    "silu": (_silu, _silu_slope),
    "swish": (
        lambda x, beta: x * _sigmoid(beta * x),
        lambda x, beta: _silu_slope(beta * x),
        lambda x, beta: x * x * _sigmoid(beta * x) * _sigmoid(-beta * x),
    ),
    "quick_gelu": (_wide(lambda x: x * _sigmoid(1702 * x / 1000)), _wide(lambda x: _silu_slope(1702 * x / 1000))),
    "gelu": (lambda x: x * _cdf(x), lambda x: _cdf(x) + x * _phi(x)),
    "gelu_tanh": (
        _wide(lambda x: x * _sigmoid(_cubic(x))),
        _wide(lambda x: _sigmoid(_cubic(x)) * (1 + x * _cubic_slope(x) * _sigmoid(-_cubic(x)))),
    ),
    "mish": (
        lambda x: x * tanh(_softplus(x)),
        lambda x: tanh(_softplus(x)) + x * _sech2(_softplus(x)) * _sigmoid(x),
    ),
    "exp": (exp, exp),
    "elu": (
        lambda x, alpha: x if x > 0 else alpha * expm1(x),
        lambda x, alpha: 1 if x > 0 else alpha * exp(x),
        lambda x, alpha: 0 if x > 0 else expm1(x),
    ),
    "celu": (
        lambda x, alpha: x if x > 0 else alpha * expm1(_exponent(x / alpha)),
        lambda x, alpha: 1 if x > 0 else exp(_exponent(x / alpha)),
        _wide(lambda x, alpha: 0 if x > 0 else expm1(_exponent(x / alpha)) + abs(x) / alpha * exp(_exponent(x / alpha))),
    ),
    "selu": (
        lambda x: _selu_scale() * (x if x > 0 else _selu_alpha() * expm1(x)),
        lambda x: _selu_scale() * (1 if x > 0 else _selu_alpha() * exp(x)),
    ),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    "squareplus": (
        _squareplus,
        lambda x, b: _squareplus(x, b) / sqrt(x * x + b),
        lambda x, b: 1 / (4 * sqrt(x * x + b)),
    ),
    "dish": (
        lambda x: x * _dish_gap(x) / 2,
        lambda x: _dish_gap(x) * (1 + x / sqrt(1 + x * x) - x * x / (1 + x * x)) / 2,
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
