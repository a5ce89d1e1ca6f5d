"""The gain of an activation: the factor in a weight's standard deviation, gain / sqrt(fan), that keeps a signal's size."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from fastact.activation import Activation
from fastact.binding import bind
from fastact.record import at

_REACH = 40.0
"""The normal density is below 1e-347 beyond."""
_ORDER, _FINEST, _AGREEMENT = 32, 64, 1e-13


def gain(f: Activation, /, *params: float, mode: Literal["forward", "backward"] = "forward", **named: float) -> float:
    """Gain of `f` for a standard normal input z: 1/sqrt(E f(z)²), or backward 1/sqrt(E f'(z)²).

    Weights of standard deviation gain/sqrt(fan_in) keep the mean square of the pre-activations from layer to layer, those of
    gain/sqrt(fan_out) with the backward gain that of the gradients (He, Zhang, Ren & Sun 2015, arXiv:1502.01852, section
    2.2). The two are equal for `relu` and its leaky kin, and differ elsewhere. They are integrals, not the rules of thumb
    of some frameworks, which have 5/3 for tanh, 1 for sigmoid and 3/4 for selu.

    Parameters
    ----------
    f : Activation
        The activation.
    *params, **named : float
        Its parameters, as in a call; numbers only.
    mode : {"forward", "backward"}
        Which of the two.

    Returns
    -------
    float
        The gain, to about 12 digits; inf where the mean square is 0, as that of the derivative of `step` is, and NaN for
        parameters outside their domain.

    Raises
    ------
    TypeError
        If `f` is no activation, or a parameter is no number, is missing, unknown, or given twice.
    ValueError
        If `mode` is neither of the two.

    Examples
    --------
    >>> round(fa.gain(fa.relu), 6)
    1.414214
    """
    if not isinstance(f, Activation):
        raise TypeError(f"gain: f is a {type(f).__name__}; accepted is an activation of fastact, such as fastact.relu")
    if not isinstance(mode, str) or mode not in ("forward", "backward"):
        raise ValueError(f"gain: mode is {mode!r}; accepted are 'forward' and 'backward'")
    values = _numbers(f, params, dict(named))
    square = _mean_square(f if mode == "forward" else f.derivative, values, [at(kink.at, *values) for kink in f.kinks])
    return math.inf if square == 0 else 1 / math.sqrt(square)


def _numbers(f: Activation, params: tuple[Any, ...], named: dict[str, Any]) -> tuple[float, ...]:
    """All parameters of `f` as numbers, by the rules of a call."""
    accepted = [p.name for p in f.params]
    for name in named:
        if name not in accepted:
            raise TypeError(f"gain: {name} is no parameter of {f.name}; accepted are {', '.join(accepted) or 'none'}")
    values = bind(f.record, "'s gain", params, named)
    for name, value in zip(accepted, values, strict=True):
        if not isinstance(value, int | float | np.integer | np.floating):
            raise TypeError(f"gain: {name} is a {type(value).__name__}; accepted is a number")
    return tuple(map(float, values))


def _mean_square(f: Callable[..., Any], params: tuple[float, ...], kinks: list[float]) -> float:
    """E f(z)² by Gauss and Legendre's rule between whole numbers and kinks, with ever narrower panels until two agree."""
    nodes, weights = np.polynomial.legendre.leggauss(_ORDER)
    inner = [kink for kink in kinks if abs(kink) < _REACH]
    found, panels = math.nan, 1
    while panels <= _FINEST:
        edges = np.unique(np.concatenate([np.linspace(-_REACH, _REACH, 80 * panels + 1), inner]))
        half = np.diff(edges)[:, None] / 2
        z = (edges[:-1] + edges[1:])[:, None] / 2 + half * nodes
        with np.errstate(all="ignore"):  # a tail that overflows before the density does away with it is NaN, and told as such
            terms = f(z, *params) ** 2 * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
            parts = terms * weights * half
        before, found = found, math.fsum(parts.ravel()) if np.isfinite(terms).all() else math.nan
        if math.isnan(found) or abs(found - before) <= _AGREEMENT * found:
            break
        panels *= 2
    return found
