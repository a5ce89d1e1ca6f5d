"""Noise on the output of a saturated unit: normal (NAN), or half-normal (NAH), and the means over it."""

from __future__ import annotations

from math import inf, pi, sqrt
from typing import Any

from fastact.noise.saturation import noisy
from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, copysign, real
from fastact.record import Budget, Interval, Limits, Param, Ulp, definition

SOURCE = "Gulcehre, Moczulski, Denil & Bengio 2016, Noisy activation functions, arXiv:1603.00391"
MEAN = sqrt(2 / pi)
"""Mean of the half-normal distribution."""
_BUDGET = Budget(forward=Ulp(5.4, 5.5), derivative=Ulp(5.7, 5.7), params=Ulp(12.0, 7.1))
_XI = Param("xi", None, samples=(0.7, -0.7, 1.3, 0.0))


def _params(alpha: float, c: float) -> tuple[Param, ...]:
    return (
        Param("alpha", alpha, samples=(alpha, 0.9, 1.0, 1.2)),
        Param("c", c, samples=(c, 0.25, 30.0, 1.0)),
        Param("p", 1.0, samples=(1.0, -0.8, 0.6, 0.0), trainable=True),
    )


_TANH_PARAMS, _SIGMOID_PARAMS = _params(1.15, 0.5), _params(1.1, 0.15)


def _fields(mean: float | None, half: bool, unit: str) -> dict[str, Any]:
    """Metadata of one unit with noise, or with its `mean` instead; limits are those of (1 - α)u, or of h and the noise for α = 1."""
    tanh = unit == "tanh"
    epsilon = "E[\\varepsilon]" if mean is not None else r"|\xi|" if half else r"\xi"

    def reached(side: int) -> Any:
        def limit(*given: float) -> float:
            xi, alpha, c, p = given if mean is None else (mean, *given)
            noise = (abs(xi) if half else xi) * c / 4 * (p != 0)
            return side * inf * (1 - alpha) if alpha != 1 else (side if tanh else (side + 1) / 2) - side * noise

        return limit

    return {
        "formula": rf"\alpha h(x) + (1 - \alpha) u(x) + d(x)\,c\,(g(p(h(x) - u(x))) - \tfrac12)^2\,{epsilon}",
        "derivative": r"h(x) = u(x)\,?\;u' : (1 - \alpha) u' - d(x)\,\varepsilon\,\sigma'(p(h(x) - u(x)))\,p\,u'".replace(
            r"\varepsilon", epsilon
        ),
        "params": (*((_XI,) if mean is None else ()), *(_TANH_PARAMS if tanh else _SIGMOID_PARAMS)),
        "range": Interval(-inf, inf),
        "limits": Limits(reached(-1), reached(1)),
        "derivative_limits": Limits(*[lambda *given: (1 - given[-3]) * (1 if tanh else 0.25)] * 2),
        "budget": _BUDGET,
        "source": SOURCE,
    }


def _tanh(x: Any, epsilon: Any, alpha: Any, c: Any, p: Any) -> Any:
    return noisy(x, epsilon, alpha, c, p, real(1), real(1), real(0))


def _sigmoid(x: Any, epsilon: Any, alpha: Any, c: Any, p: Any) -> Any:
    return noisy(x, epsilon, alpha, c, p, real(0.25), real(0.5), real(0.5))


@definition(**_fields(None, False, "tanh"))
def noisy_hard_tanh(x: Any, xi: Any, alpha: Any, c: Any, p: Any) -> Any:
    """Clip to [-1, 1] with normal noise where x is beyond, which pushes towards the clip and grows with the distance; p is learnt."""
    return _tanh(x, xi, alpha, c, p)


@definition(**_fields(None, True, "tanh"))
def noisy_hard_tanh_half(x: Any, xi: Any, alpha: Any, c: Any, p: Any) -> Any:
    """Clip to [-1, 1] with half-normal noise |xi| where x is beyond, always towards the clip; p is learnt."""
    y, dx, dxi, dalpha, dc, dp = _tanh(x, absolute(xi), alpha, c, p)
    return y, dx, dxi * copysign(real(1), xi), dalpha, dc, dp


@definition(**_fields(None, False, "sigmoid"))
def noisy_hard_sigmoid(x: Any, xi: Any, alpha: Any, c: Any, p: Any) -> Any:
    """Line x/4 + 1/2 clipped to [0, 1], with normal noise where x is beyond; p is learnt."""
    return _sigmoid(x, xi, alpha, c, p)


@definition(**_fields(None, True, "sigmoid"))
def noisy_hard_sigmoid_half(x: Any, xi: Any, alpha: Any, c: Any, p: Any) -> Any:
    """Line x/4 + 1/2 clipped to [0, 1], with half-normal noise |xi| where x is beyond, towards the clip; p is learnt."""
    y, dx, dxi, dalpha, dc, dp = _sigmoid(x, absolute(xi), alpha, c, p)
    return y, dx, dxi * copysign(real(1), xi), dalpha, dc, dp


@definition(**_fields(0.0, False, "tanh"))
def noisy_hard_tanh_expected(x: Any, alpha: Any, c: Any, p: Any) -> Any:
    """Mean of `noisy_hard_tanh`: no noise."""
    y, dx, _, dalpha, dc, dp = _tanh(x, real(0), alpha, c, p)
    return y, dx, dalpha, dc, dp


@definition(**_fields(MEAN, False, "tanh"))
def noisy_hard_tanh_half_expected(x: Any, alpha: Any, c: Any, p: Any) -> Any:
    """Mean of `noisy_hard_tanh_half`, whose noise has the mean √(2/π)."""
    y, dx, _, dalpha, dc, dp = _tanh(x, k.HALF_NORMAL_MEAN, alpha, c, p)
    return y, dx, dalpha, dc, dp


@definition(**_fields(0.0, False, "sigmoid"))
def noisy_hard_sigmoid_expected(x: Any, alpha: Any, c: Any, p: Any) -> Any:
    """Mean of `noisy_hard_sigmoid`: no noise."""
    y, dx, _, dalpha, dc, dp = _sigmoid(x, real(0), alpha, c, p)
    return y, dx, dalpha, dc, dp


@definition(**_fields(MEAN, False, "sigmoid"))
def noisy_hard_sigmoid_half_expected(x: Any, alpha: Any, c: Any, p: Any) -> Any:
    """Mean of `noisy_hard_sigmoid_half`, whose noise has the mean √(2/π)."""
    y, dx, _, dalpha, dc, dp = _sigmoid(x, k.HALF_NORMAL_MEAN, alpha, c, p)
    return y, dx, dalpha, dc, dp
