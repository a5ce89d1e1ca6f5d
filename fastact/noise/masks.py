"""Units that are random by uniform noise u: a random slope, and dropout in its forms. An element is dropped where u < rate."""

from __future__ import annotations

from math import inf, nan, sqrt
from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import at_least, fma, real, select, unless_nan
from fastact.numerics.bits import sqrt as root
from fastact.record import Budget, Interval, Limits, Param, Ulp, definition

_U = Param("u", None, samples=(0.25, 0.75, 0.01, 0.99))
_SLOPES = (Param("lower", 1 / 8, samples=(1 / 8, 0.0, -0.5)), Param("upper", 1 / 3, samples=(1 / 3, 0.5, 1.5)))
_RATE = Param("rate", 0.5, samples=(0.5, 0.1, 0.0, 0.9))
_DROPOUT = "Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014, Dropout (JMLR 15)"
_ALPHA = -1.7580993408473766  # -λα of selu


def _leaky(x: Any, slope: Any) -> Any:
    """x, or slope·x below 0; and whether x is positive."""
    zero, positive = real(0), x > real(0)
    finite = select(slope == zero, at_least(x, -real(1)), x)
    return select(positive, x, slope * finite), select(positive, real(1), select(x <= zero, slope, x)), select(positive, zero, x)


_RRELU: dict[str, Any] = {
    "range": Interval(-inf, inf),
    "derivative_limits": Limits(lambda *given: given[0], 1.0),
    "budget": Budget(forward=Ulp(2.3, 2.1), derivative=Ulp(1.0, 1.0), params=Ulp(1.5, 1.5)),
    "source": "Xu, Wang, Chen & Li 2015, arXiv:1505.00853",
}


def _slope(u: float, lower: float, upper: float) -> float:
    return lower + (upper - lower) * u


def _far(slope: float) -> float:
    return -0.0 if slope == 0 else -inf * slope


@definition(
    **_RRELU | {"derivative_limits": Limits(_slope, 1.0)},
    formula=r"x > 0\,?\;x : (\mathrm{lower} + (\mathrm{upper} - \mathrm{lower}) u)\,x",
    derivative=r"x > 0\,?\;1 : \mathrm{lower} + (\mathrm{upper} - \mathrm{lower}) u",
    params=(_U, *_SLOPES),
    limits=Limits(lambda u, lower, upper: _far(_slope(u, lower, upper)), inf),
)
def rrelu(x: Any, u: Any, lower: Any, upper: Any) -> Any:
    """Rectified linear unit with a random slope between lower and upper for negative x."""
    y, d, negative = _leaky(x, fma(u, upper, fma(-u, lower, lower)))
    return y, d, (upper - lower) * negative, (real(1) - u) * negative, u * negative


@definition(
    **_RRELU | {"derivative_limits": Limits(lambda lower, upper: _slope(0.5, lower, upper), 1.0)},
    formula=r"x > 0\,?\;x : \frac{\mathrm{lower} + \mathrm{upper}}{2}\,x",
    derivative=r"x > 0\,?\;1 : \frac{\mathrm{lower} + \mathrm{upper}}{2}",
    params=_SLOPES,
    limits=Limits(lambda lower, upper: _far(_slope(0.5, lower, upper)), inf),
)
def rrelu_expected(x: Any, lower: Any, upper: Any) -> Any:
    """Mean of `rrelu`: the slope between."""
    half = real(0.5)
    y, d, negative = _leaky(x, half * lower + half * upper)
    return y, d, half * negative, half * negative


def _share(rate: Any) -> Any:
    """The rate, or NaN outside of [0, 1]."""
    return select((rate >= real(0)) & (rate <= real(1)), rate, real(nan))


def dropped(y: Any, d: Any, u: Any, rate: Any) -> Any:
    """Of a value and its derivative: 0 where u < rate, else over 1 - rate; and the derivative by rate. NaN stays."""
    nothing, rate = unless_nan(y, real(0)), _share(rate)
    drop, kept = u < rate, real(1) - rate
    value = y / kept
    return select(drop, nothing, value), select(drop, nothing, d / kept), nothing, select(drop, nothing, value / kept)


@definition(
    formula=r"u < \mathrm{rate}\,?\;0 : \frac{x}{1 - \mathrm{rate}}",
    derivative=r"\frac{[u \ge \mathrm{rate}]}{1 - \mathrm{rate}}",
    params=(_U, _RATE),
    range=Interval(-inf, inf),
    limits=Limits(lambda u, rate: 0.0 if u < rate else -inf, lambda u, rate: 0.0 if u < rate else inf),
    derivative_limits=Limits(*[lambda u, rate: 0.0 if u < rate else 1 / (1 - rate)] * 2),
    flat=True,
    budget=Budget(forward=Ulp(1.5, 1.5), derivative=Ulp(1.3, 1.2), params=Ulp(3.4, 3.4)),
    source=_DROPOUT,
)
def dropout(x: Any, u: Any, rate: Any) -> Any:
    """0 with probability rate, else x / (1 - rate), so that the mean is x."""
    return dropped(x, real(1), u, rate)


@definition(
    formula="x",
    derivative="1",
    params=(_RATE,),
    range=Interval(-inf, inf),
    limits=Limits(-inf, inf),
    derivative_limits=Limits(1.0, 1.0),
    budget=Budget(forward=Ulp(0.0, 0.0), derivative=Ulp(0.0, 0.0), params=Ulp(0.0, 0.0)),
    source=_DROPOUT,
)
def dropout_expected(x: Any, rate: Any) -> Any:
    """Mean of `dropout`: x."""
    number = unless_nan(x, real(1))
    return x, number, number - number


def _affine(rate: Any) -> Any:
    """The a of a·x + b that restores mean 0 and variance 1, its derivative by rate, and 1 - rate; NaN for rates outside of [0, 1]."""
    rate = _share(rate)
    one, kept = real(1), real(1) - rate
    wide = fma(rate, k.SELU_ALPHA * k.SELU_ALPHA, one)
    a = one / root(kept * wide)
    return a, real(0.5) * a * (one / kept - k.SELU_ALPHA * k.SELU_ALPHA / wide), kept


def _gain(rate: float) -> float:
    return 1 / sqrt((1 - rate) * (1 + rate * _ALPHA**2))


_ALPHA_DROPOUT: dict[str, Any] = {
    "range": Interval(-inf, inf),
    "budget": Budget(forward=Ulp(3.0, 2.8), derivative=Ulp(1.7, 2.0), params=Ulp(4.4, 5.8)),
    "source": "Klambauer, Unterthiner, Mayr & Hochreiter 2017, Self-normalizing neural networks, arXiv:1706.02515",
}


def _alpha_limit(side: float) -> Any:
    return lambda u, rate: _gain(rate) * _ALPHA * (1 - rate) if u < rate else side


@definition(
    **_ALPHA_DROPOUT,
    formula=r"a\,(u < r\,?\;\alpha' : x) + b,\; a = ((1 - r)(1 + r\alpha'^2))^{-1/2},\; b = -a r \alpha',\; \alpha' = -\lambda\alpha",
    derivative=r"a\,[u \ge \mathrm{rate}]",
    params=(_U, _RATE),
    limits=Limits(_alpha_limit(-inf), _alpha_limit(inf)),
    derivative_limits=Limits(*[lambda u, rate: 0.0 if u < rate else _gain(rate)] * 2),
    flat=True,
)
def alpha_dropout(x: Any, u: Any, rate: Any) -> Any:
    """Dropout for selu: to the value of selu at -inf instead of 0, then scaled and shifted so that mean 0 and variance 1 are kept."""
    nothing = unless_nan(x, real(0))
    drop, (a, growth, kept) = u < _share(rate), _affine(rate)
    y = select(drop, nothing - (a * kept) * k.SELU_ALPHA, fma(a, x, (a * rate) * k.SELU_ALPHA))
    shift = k.SELU_ALPHA * fma(growth, rate, a)
    drate = select(drop, fma(-growth, k.SELU_ALPHA, shift), fma(growth, x, shift))
    return y, select(drop, nothing, a), nothing, drate


@definition(
    **_ALPHA_DROPOUT,
    formula=r"a\,(1 - r)\,x",
    derivative=r"a\,(1 - r)",
    params=(_RATE,),
    limits=Limits(-inf, inf),
    derivative_limits=Limits(*[lambda rate: _gain(rate) * (1 - rate)] * 2),
)
def alpha_dropout_expected(x: Any, rate: Any) -> Any:
    """Mean of `alpha_dropout` over the noise, at x. In evaluation, networks pass x itself."""
    a, growth, kept = _affine(rate)
    number = unless_nan(x, real(1))
    return (a * kept) * x, (a * kept) * number, fma(growth, kept, -a) * x
