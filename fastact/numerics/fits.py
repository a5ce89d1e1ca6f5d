"""What is fitted: the functions behind every coefficient table of `f32` and `f64`, where, how well. `fit` does the fitting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp

mp.mp.prec = 200
Function = Callable[[Any], Any]


@dataclass(frozen=True)
class Fit:
    """One polynomial or rational function: what it approximates, where, and its error bounds as powers of two per width.

    The error that counts is that of the whole expression: `weight` is what the function is multiplied by, divided by
    the value. A polynomial is the interpolant at Chebyshev nodes, within a factor of two of the best; with `stepwise`
    its coefficients are rounded one by one, from the first, and the rest fitted again each time to what that leaves.
    A rational function N / D has degrees (n, d), tables NAME_N and NAME_D; D(0) is 1, or if `monic` its last coefficient.
    """

    name: str
    function: Function
    weight: Function
    intervals: tuple[tuple[Any, Any], tuple[Any, Any]]
    degrees: tuple[Any, Any]
    bounds: tuple[float, float]
    stepwise: bool = False
    monic: bool = False

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the stored tables."""
        if isinstance(self.degrees[0], int):
            return (self.name,)
        return (f"{self.name}_N", f"{self.name}_D")


LN2 = mp.log(2)
HALF = LN2 / 2 * mp.mpf("1.0001")
SILU_ROOT = 1 + mp.lambertw(mp.exp(-1)).real
SILU_E = SILU_ROOT - 1
GELU_ROOT = mp.findroot(lambda z: mp.erfc(z / mp.sqrt(2)) / 2 - z * mp.npdf(z), 0.75)


def _ratio(numerator: Function, denominator: Function, series: Function) -> Function:
    """A quotient, continued by its limit where both sides vanish."""
    return lambda r: series(r) if abs(r) < mp.mpf(2) ** -40 else numerator(r) / denominator(r)


def _odd_rest(odd: Function, third: Any, fifth: Any) -> Function:
    """(f(x) - x) / x³ as a function of x², for an odd f(x) = x + third x³ + fifth x⁵ + ..."""
    return _ratio(lambda v: odd(mp.sqrt(v)) - mp.sqrt(v), lambda v: v * mp.sqrt(v), lambda v: third + fifth * v)


def silu_slope(d: Any) -> Any:
    """silu'(-z) / (z0 - z) at z = z0 + d, with the root z0 divided out."""
    e = SILU_E * mp.exp(-d)
    return e * (1 + SILU_E * (-mp.expm1(-d) / d if d else 1)) / (1 + e) ** 2


def tail(z: Any) -> Any:
    """R(z) = Φ(-z) e^(z²/2)."""
    return mp.erfc(z / mp.sqrt(2)) / 2 * mp.exp(z * z / 2)


def gelu_tanh_slope(z: Any) -> Any:
    """Derivative of the gelu by tanh at -z."""
    linear = 2 * mp.sqrt(2 / mp.pi)
    cubic = linear * mp.mpf("0.044715") * z**3
    q = 1 / (1 + mp.exp(linear * z + cubic))
    return q * (1 - (1 - q) * (linear * z + 3 * cubic))


def mish_slope(z: Any) -> Any:
    """Derivative of mish at -z."""
    n = mp.exp(-z)
    return n * (4 * (1 - z) + n * (6 - 4 * z) + 4 * n**2 + n**3) / (2 + 2 * n + n * n) ** 2


def _without_root(function: Function, root: Any) -> Function:
    """-f(root + d) / d, continued where d vanishes."""
    tiny = mp.mpf(2) ** -60
    return lambda d: function(root + d) / -d if abs(d) > tiny else -(function(root + tiny) - function(root - tiny)) / (2 * tiny)


def dish_slope(z: Any) -> Any:
    """Derivative of dish at -z."""
    u = z / mp.sqrt(1 + z * z)
    return (1 - 2 * u + u**3) / 2


DISH_ROOT = mp.sqrt((mp.sqrt(5) - 1) / 2)
GELU_TANH_ROOT = mp.findroot(gelu_tanh_slope, 0.75)
MISH_ROOT = mp.findroot(mish_slope, 1.19)


def celu_loss(u: Any) -> Any:
    """(1 - e^u (1 - u)) / u², the part of celu's derivative by alpha that has no root."""
    return mp.mpf(0.5) + u / 3 if abs(u) < mp.mpf(2) ** -60 else (1 - mp.exp(u) * (1 - u)) / (u * u)


def slope(z: Any) -> Any:
    """M(z) = (R(z) - z/√(2π)) / (z0 - z), with the root z0 of gelu'(-z) divided out."""
    if abs(z - GELU_ROOT) < mp.mpf(2) ** -30:
        step = mp.mpf(2) ** -30
        return (slope(GELU_ROOT - step) + slope(GELU_ROOT + step)) / 2
    return (tail(z) - z / mp.sqrt(2 * mp.pi)) / (GELU_ROOT - z)


TAIL_CONSTANT = mp.mpf("0.34375")


def _both(low: Any, high: Any) -> Any:
    return ((low, high), (low, high))


FITS = (
    Fit(
        "EXPM1",
        _ratio(lambda r: mp.expm1(r) - r, lambda r: r * r, lambda r: 0.5 + r / 6),
        lambda r: r * r / mp.exp(r),
        _both(-HALF, HALF),
        (4, 10),
        (-26.4, -61),
    ),
    Fit(
        "TANH_HALF",
        _odd_rest(lambda r: 2 * mp.tanh(r / 2), -mp.mpf(1) / 12, mp.mpf(1) / 120),
        lambda v: v * mp.sqrt(v) / (2 * mp.tanh(mp.sqrt(v) / 2)) if v else 0,
        _both(0, HALF**2),
        (2, 5),
        (-30.7, -55.8),
    ),
    Fit(
        "ATANH_HALF",
        _odd_rest(lambda t: 2 * mp.atanh(t / 2), mp.mpf(1) / 12, mp.mpf(1) / 80),
        lambda v: v * mp.sqrt(v) / (2 * mp.atanh(mp.sqrt(v) / 2)) if v else 0,
        _both(0, mp.mpf(4) / 9),
        (3, 9),
        (-25.8, -56.9),
    ),
    Fit(
        "LOG_COSH",
        _ratio(lambda v: mp.log(mp.cosh(mp.sqrt(v) / 2)), lambda v: v, lambda v: mp.mpf(1) / 8 - v / 192),
        lambda v: v / mp.log1p(mp.exp(-mp.sqrt(v))),
        _both(0, mp.mpf("0.2501")),
        (2, 6),
        (-27, -57),
    ),
    Fit(
        "SILU_SLOPE",
        silu_slope,
        lambda d: 1 / silu_slope(d),
        _both(-mp.mpf("0.1501"), mp.mpf("0.1501")),
        (4, 10),
        (-26, -54.9),
    ),
    Fit(
        "GELU_TANH_SLOPE",
        _without_root(gelu_tanh_slope, GELU_TANH_ROOT),
        lambda d: 1 / _without_root(gelu_tanh_slope, GELU_TANH_ROOT)(d),
        _both(-mp.mpf("0.1501"), mp.mpf("0.1501")),
        (5, 11),
        (-24.7, -53.6),
    ),
    Fit(
        "MISH_SLOPE",
        _without_root(mish_slope, MISH_ROOT),
        lambda d: 1 / _without_root(mish_slope, MISH_ROOT)(d),
        _both(-mp.mpf("1.1925"), mp.mpf("0.3")),
        (9, 20),
        (-23.9, -53.7),
    ),
    Fit(
        "DISH_SLOPE",
        _without_root(dish_slope, DISH_ROOT),
        lambda d: 1 / _without_root(dish_slope, DISH_ROOT)(d),
        _both(-mp.mpf("0.4201"), mp.mpf("0.2701")),
        (11, 20),
        (-25.4, -54.9),
        stepwise=True,
    ),
    Fit(
        "TANH_SHRINK",
        lambda v: -_odd_rest(mp.tanh, -mp.mpf(1) / 3, mp.mpf(2) / 15)(v),
        lambda v: -1 / _odd_rest(mp.tanh, -mp.mpf(1) / 3, mp.mpf(2) / 15)(v),
        _both(0, 1),
        (8, 15),
        (-24.8, -54),
    ),
    Fit(
        "CELU_LOSS",
        lambda t: celu_loss(t - 1),
        lambda t: 1 / celu_loss(t - 1),
        _both(-1, 1),
        (8, 15),
        (-23.7, -52.9),
    ),
    Fit(
        "SINE",
        _odd_rest(mp.sin, -mp.mpf(1) / 6, mp.mpf(1) / 120),
        lambda v: v * mp.sqrt(v) / mp.sin(mp.sqrt(v)) if v else 0,
        _both(0, (mp.pi / 2) ** 2 * mp.mpf("1.0001")),
        (4, 7),
        (-25.6, -54.6),
    ),
    Fit(
        "CENTRE",
        lambda h: (mp.ncdf(mp.sqrt(h)) - mp.mpf(0.5)) / mp.sqrt(h) if h > mp.mpf(2) ** -80 else 1 / mp.sqrt(2 * mp.pi),
        lambda h: mp.sqrt(h) / mp.ncdf(-mp.sqrt(h)),
        _both(0, mp.mpf("0.8335") ** 2),
        (4, 9),
        (-27.9, -58),
        stepwise=True,
    ),
    Fit(
        "TAIL",
        lambda z: 1 - z * tail(z) / TAIL_CONSTANT,
        lambda z: TAIL_CONSTANT / (z * tail(z)),
        ((mp.mpf("0.832"), 14.7), (mp.mpf("0.832"), 38.8)),
        ((4, 4), (10, 10)),
        (-24.8, -54.6),
        monic=True,
    ),
    Fit(
        "TAIL_SLOPE",
        lambda z: 1 - 2 * slope(z),
        lambda z: 1 / (2 * slope(z)),
        ((0, 14.7), (0, 38.8)),
        ((4, 4), (10, 10)),
        (-25.3, -56),
        monic=True,
    ),
)
