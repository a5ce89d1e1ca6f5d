"""What several definitions of the oracle are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

try:
    from mpmath import erfc, exp, log1p, mp, mpf, pi, sqrt, workprec
except ImportError as missing:
    raise ImportError("fastact.oracle needs mpmath: pip install 'fastact[verify]'") from missing

Definition = Callable[..., Any]


def sigmoid(x: Any) -> Any:
    """1 / (1 + e^-x)."""
    return 1 / (1 + exp(-x))


def phi(x: Any) -> Any:
    """The normal density."""
    return exp(-x * x / 2) / sqrt(2 * pi)


def cdf(x: Any) -> Any:
    """The normal distribution."""
    bounded = min(max(x, -(10**9)), 10**9)  # mpmath's erfc takes no larger ones; the tails are below 1e-(10**17) there
    return erfc(-bounded / sqrt(mpf(2))) / 2


def entropy(u: Any) -> Any:
    """log(1 + e^u) - u·s(u), which is even in u."""
    return log1p(exp(-abs(u))) + abs(u) * sigmoid(-abs(u))


def wide(definition: Definition) -> Definition:
    """With more digits the further x is from 1: for an inner argument that is rounded, up to a cubic, and for x - tanh x."""

    def wider(x: Any, *params: Any) -> Any:
        magnitude = mp.mag(x) if x else 0
        with workprec(mp.prec + max(3 * magnitude, -2 * magnitude)):
            return definition(x, *params)

    return wider


def exponent(u: Any) -> Any:
    """`u`, cut where e^u no longer matters."""
    return max(u, -(10**9))  # e^u is below 1e-(10**8) there, and the digits that a rounded u costs are few


def silu(v: Any) -> Any:
    """Of v: v s(v)."""
    return v * sigmoid(v)


def silu_slope(v: Any) -> Any:
    """Its derivative."""
    return sigmoid(v) * (1 + v * sigmoid(-v))


def cubic(x: Any) -> Any:
    """The argument of gelu_tanh's logistic function."""
    return sqrt(8 / pi) * (x + 44715 * x**3 / 10**6)


def cubic_slope(x: Any) -> Any:
    """Its derivative."""
    return sqrt(8 / pi) * (1 + 3 * 44715 * x**2 / 10**6)


def softplus(x: Any) -> Any:
    """log(1 + e^x)."""
    return max(x, 0) + log1p(exp(-abs(x)))


def sech2(x: Any) -> Any:
    """1 / cosh(x)^2."""
    return 4 * sigmoid(2 * x) * sigmoid(-2 * x)


def selu_alpha() -> Any:
    """The constant α of selu."""
    return mpf("1.673263242354377284817042991671652038461")


def selu_scale() -> Any:
    """The constant λ of selu."""
    return mpf("1.050700987355480493419334985294606351959")


def hard_sigmoid(x: Any, slope: Any, offset: Any) -> tuple[Any, bool]:
    """The line, clipped, and whether x is between the corners; the doubles nearest to them are corners too."""
    line = slope * x + offset
    if slope and x == float(-offset / slope):
        return mpf(0), False
    if slope and x == float(float(1 - offset) / slope):
        return mpf(1), False
    return min(max(line, 0), 1), 0 < line < 1


def sign(x: Any) -> Any:
    """-1, 0 or 1."""
    return (x > 0) - (x < 0)


def dish_gap(x: Any) -> Any:
    """1 + x/sqrt(1 + x^2)."""
    h = sqrt(1 + x * x)
    return 1 / (h * (h - x)) if x < 0 else 1 + x / h


def squareplus(x: Any, b: Any) -> Any:
    """(x + sqrt(x^2 + b)) / 2."""
    h = sqrt(x * x + b)
    return b / (2 * (h - x)) if x < 0 else (x + h) / 2
