"""Derivatives as functions of y = f(x), for a backward pass that keeps y and not x.

Each scalar maps ``(y, *params)`` to ``(y, f'(x))``. Parameters must be such that y tells which branch x was on: where they
are not, as with a negative slope, the derivative is NaN.
"""

from __future__ import annotations

from math import nan
from typing import Any

from fastact.activations import algebraic, clipped, exponential, hyperbolic, logistic, piecewise
from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, at_most, fma, real, select, sqrt, unless_nan
from fastact.numerics.exponential import expm1_reduced, reduce
from fastact.record import FromOutput, Record, Ulp


def _unless(condition: Any, d: Any) -> Any:
    return select(condition, real(nan), d)


def _rising(y: Any) -> Any:
    return y, unless_nan(y, select(y > real(0), real(1), real(0)))


def _shrunk(y: Any, lambd: Any) -> Any:
    inner = select(y == real(0), real(0), real(1))
    return y, _unless(lambd < real(0), unless_nan(y, unless_nan(lambd, inner)))


def _linear(y: Any) -> Any:
    return y, unless_nan(y, real(1))


def _between(y: Any) -> Any:
    return y, unless_nan(y, select((y > real(0)) & (y < real(6)), real(1), real(0)))


def _leaky(y: Any, slope: Any) -> Any:
    return y, _unless(slope < real(0), unless_nan(y, select(y > real(0), real(1), slope)))


def _above(y: Any, alpha: Any) -> Any:
    return y, _unless(alpha < real(0), unless_nan(y, unless_nan(alpha, select(y > real(0), real(1), real(0)))))


def _inside(y: Any, low: Any, high: Any) -> Any:
    return y, unless_nan(y, unless_nan(low, unless_nan(high, select((y > low) & (y < high), real(1), real(0)))))


def _half(y: Any) -> Any:
    return y, unless_nan(y, select((y > real(0)) & (y < real(1)), real(0.5), real(0)))


def _level(y: Any) -> Any:
    return y, unless_nan(y, real(0))


def _parabola(y: Any) -> Any:
    """Y = x²: f' = 2√y."""
    return y, real(2) * sqrt(y)


def _risen(u: Any) -> Any:
    """1 - e^u for u ≤ 0."""
    s, r = reduce(select(u < k.ELU_END, k.ELU_END, u), k.MAGIC)
    m = s * k.UNSCALE
    return -fma(m, expm1_reduced(r), m - real(1))


def _softplus(y: Any, beta: Any) -> Any:
    """σ(βx) = 1 - e^(-βy)."""
    return y, _risen(-beta * y)


def _log_sigmoid(y: Any) -> Any:
    """σ(-x) = 1 - e^y."""
    return y, _risen(at_most(y, real(0)))


def _squareplus(y: Any, b: Any) -> Any:
    """√(x² + b) = y + b/(4y), so f' = q² / (1 + q²) with q = 2y/√b, or 1 / (1 + 1/q²): neither overflows."""
    q = (y + y) / sqrt(b)
    low = q < real(1)
    t = select(low, q, real(1) / q)
    u = t * t
    return y, select((b == real(0)) & (y == real(0)), real(0.5), select(low, u, real(1)) / (real(1) + u))


def _elu(y: Any, alpha: Any) -> Any:
    return y, _unless(alpha < real(0), select(y > real(0), real(1), y + alpha))


def _celu(y: Any, alpha: Any) -> Any:
    return y, _unless(alpha < real(0), select(y > real(0), real(1), (y + alpha) / alpha))


def _selu(y: Any) -> Any:
    """λα e^x = y + λα."""
    return y, select(y > real(0), k.SELU_SCALE, y + k.SELU_ALPHA)


def _exp(y: Any) -> Any:
    return y, y


def _sigmoid(y: Any) -> Any:
    return y, fma(-y, y, y)


def _tanh(y: Any) -> Any:
    return y, fma(-y, y, real(1))


def _softsign(y: Any) -> Any:
    """1 / (1 + |x|) = 1 - |y|."""
    rest = real(1) - absolute(y)
    return y, rest * rest


_EXACT = Ulp(float32=0.0, float64=0.0)
FROM_OUTPUT: dict[Record, FromOutput] = {
    piecewise.identity: FromOutput(_linear, _EXACT),
    piecewise.relu: FromOutput(_rising, _EXACT),
    clipped.relu6: FromOutput(_between, _EXACT),
    piecewise.leaky_relu: FromOutput(_leaky, _EXACT, domain="slope ≥ 0"),
    piecewise.prelu: FromOutput(_leaky, _EXACT, domain="slope ≥ 0"),
    piecewise.thresholded_relu: FromOutput(_above, _EXACT, domain="alpha ≥ 0"),
    clipped.hard_tanh: FromOutput(_inside, _EXACT),
    clipped.hard_shrink: FromOutput(_shrunk, _EXACT, domain="lambd ≥ 0"),
    clipped.soft_shrink: FromOutput(_shrunk, _EXACT, domain="lambd ≥ 0"),
    clipped.sparse_sigmoid: FromOutput(_half, _EXACT),
    piecewise.step: FromOutput(_level, _EXACT),
    piecewise.relu_squared: FromOutput(_parabola, Ulp(float32=0.5, float64=0.5)),
    logistic.softplus: FromOutput(_softplus, Ulp(float32=2.5, float64=2.5), domain="beta > 0"),
    logistic.log_sigmoid: FromOutput(_log_sigmoid, Ulp(float32=2.3, float64=2.4)),
    algebraic.squareplus: FromOutput(_squareplus, Ulp(float32=7.5, float64=7.5)),
    exponential.exp: FromOutput(_exp, Ulp(float32=1.2, float64=1.1)),
    exponential.elu: FromOutput(_elu, Ulp(float32=1.1, float64=1.1), of="alpha", domain="alpha ≥ 0"),
    exponential.celu: FromOutput(_celu, Ulp(float32=1.0, float64=1.0), of="1", domain="alpha > 0"),
    exponential.selu: FromOutput(_selu, Ulp(float32=1.3, float64=1.4), of="1"),
    logistic.sigmoid: FromOutput(_sigmoid, Ulp(float32=0.5, float64=0.5), of="1"),
    hyperbolic.tanh: FromOutput(_tanh, Ulp(float32=2.2, float64=2.0), of="1"),
    algebraic.softsign: FromOutput(_softsign, Ulp(float32=1.2, float64=1.2), of="1"),
}
"""What is not here is refused: its y belongs to more than one x, or gives no bound."""
