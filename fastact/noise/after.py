"""Dropout after an activation, in one pass: the scalar of the activation inside that of dropout."""

from __future__ import annotations

import functools
from math import inf
from types import FunctionType
from typing import Any

from fastact.activation import Activation
from fastact.noise import draws
from fastact.noise.masks import dropout as _dropout
from fastact.noise.masks import dropped
from fastact.noise.unit import Noisy
from fastact.record import Interval, Limits, Record, Scalar, at


def _inner(x: Any, *params: Any) -> Any:
    """Stands for the scalar of the activation."""
    raise NotImplementedError


def _none(x: Any, u: Any, rate: Any) -> Any:
    y, d = _inner(x)
    return dropped(y, d, u, rate)


def _one(x: Any, u: Any, rate: Any, a: Any) -> Any:
    y, d, da = _inner(x, a)
    value, dx, du, drate = dropped(y, d, u, rate)
    return value, dx, du, drate, dropped(da, da, u, rate)[0]


def _two(x: Any, u: Any, rate: Any, a: Any, b: Any) -> Any:
    y, d, da, db = _inner(x, a, b)
    value, dx, du, drate = dropped(y, d, u, rate)
    return value, dx, du, drate, dropped(da, da, u, rate)[0], dropped(db, db, u, rate)[0]


def _around(inner: Record) -> Scalar:
    """One of the functions above with the scalar of `inner` in its place."""
    outer = (_none, _one, _two)[len(inner.params)]
    scope = outer.__globals__ | {"_inner": inner.scalar, "__name__": __name__}
    scalar = FunctionType(outer.__code__, scope, f"{inner.name}_dropout")
    scalar.__doc__ = f"Dropout of {inner.name}(x): 0 with probability rate, else the value over 1 - rate."
    return scalar


@functools.cache
def _record(inner: Record) -> Record:
    def dropped_or(value: Any) -> Any:
        return lambda u, rate, *params: 0.0 if u < rate else at(value, *params) / (1 - rate)

    far, slope = inner.limits, inner.derivative_limits
    return Record(
        scalar=_around(inner),
        formula=rf"u < \mathrm{{rate}}\,?\;0 : \frac{{1}}{{1 - \mathrm{{rate}}}}\left({inner.formula}\right)",
        derivative=rf"\frac{{[u \ge \mathrm{{rate}}]}}{{1 - \mathrm{{rate}}}}\left({inner.derivative}\right)",
        params=(*_dropout.params, *inner.params),
        range=Interval(-inf, inf),
        limits=Limits(dropped_or(far.at_minus_inf), dropped_or(far.at_plus_inf)),
        derivative_limits=Limits(dropped_or(slope.at_minus_inf), dropped_or(slope.at_plus_inf)),
        flat=True,
        budget=inner.budget,
        plain=inner.plain,
        source=f"{_dropout.source}; {inner.source}",
    )


def dropout_after(activation: Activation) -> Noisy:
    """Dropout after an activation, as one function that reads x once.

    Parameters
    ----------
    activation : Activation
        Any activation of `fastact` with at most two parameters.

    Returns
    -------
    Noisy
        ``dropout(activation(x))`` with the parameters rate and those of the activation, as keywords. Its noise is that
        of `dropout`: the same seed and shape drop the same elements. Equal activations give the same object.

    Raises
    ------
    TypeError
        If `activation` is something else, or has more parameters.
    """
    if not isinstance(activation, Activation) or len(activation.params) > 2:
        raise TypeError(f"dropout_after: activation is {activation!r}; accepted is an activation of fastact with at most two parameters")
    return _after(activation)


@functools.cache
def _after(activation: Activation) -> Noisy:
    return Noisy(_record(activation.record), draws.uniform)
