"""What the function and its derivatives are, to more digits than they are computed with."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastact.activation import Activation
from fastact.own.portable import portable

Array = np.ndarray[Any, np.dtype[Any]]
_STEP, _LEVELS = 2.0**-9, 4
_BITS = 400
"""Of mpmath: 1 + e^-100, which the points looked at reach, has 145 bits, and its slopes are to have as many as float64 has."""


@dataclass(frozen=True, slots=True)
class Truth:
    """f and its derivatives by x (order 0) and the parameters (from 1), of numbers of mpmath; and where they come from.

    `claimed` are the derivatives that a user's function returns, by order, free of rounding as the slopes are.
    Without `forward` there are no more digits than those of the compiled function, of which differences are taken.
    """

    origin: str
    forward: Callable[..., Any] | None
    slope: Callable[..., Any] | None
    claimed: Callable[..., Any] | None = None


def truth_of(activation: Activation, expression: Callable[..., Any] | None) -> Truth:
    """From the expression given, from fastact's own definitions in mpmath, or the user's function run by mpmath."""
    record = activation.record
    try:
        import mpmath
    except ImportError as error:
        if expression is not None:
            raise ImportError("check_activation: expression= needs mpmath: pip install 'fastact[verify]'") from error
        return Truth("differences of the compiled function in float64; with mpmath, in higher precision", None, None)

    from fastact import oracle

    def differences(forward: Callable[..., Any]) -> Callable[..., Any]:
        def slope(order: int, *given: Any) -> Any:
            return mpmath.diff(lambda v: forward(*given[:order], v, *given[order + 1 :]), given[order])

        return slope

    if expression is not None:
        given = expression
        return Truth("the expression", lambda *v: given(mpmath, *v), differences(lambda *v: given(mpmath, *v)))
    if record.reference is not None and record.in_reference in oracle.DEFINITIONS:
        parts = oracle.DEFINITIONS[record.in_reference]
        return Truth("its definition in mpmath", parts[0], lambda order, *v: parts[1 + order](*v))
    if record.plain:
        function = portable(record.scalar)
        return Truth(
            "the function itself, run by mpmath",
            lambda *v: function(*v)[0],
            differences(lambda *v: function(*v)[0]),
            lambda order, *v: function(*v)[1 + order],
        )
    return Truth("differences of the compiled function in float64", None, None)


def exactly(function: Callable[..., Any], x: Array, params: tuple[float, ...]) -> list[Any]:
    """The function at each x by mpmath; None where it has no real value there."""
    from mpmath import mp, mpf, workprec

    from fastact import oracle

    found = []
    with workprec(_BITS):
        values = [oracle.exact(np.float64(p)) for p in params]
        for point in x:
            try:
                y = mp.mpmathify(function(oracle.exact(point), *values))
            except (ArithmeticError, ValueError):
                y = None
            found.append(y if isinstance(y, mpf) and mp.isfinite(y) else None)
    return found


def by_differences(activation: Activation, order: int, x: Array, params: tuple[float, ...]) -> Array:
    """Slopes of the compiled function in float64: central differences, extrapolated to step 0 (Richardson)."""
    given = [x, *(np.full_like(x, p) for p in params)]

    def difference(h: Array) -> Array:
        high, low = list(given), list(given)
        high[order], low[order] = given[order] + h, given[order] - h
        return np.asarray((activation(*high) - activation(*low)) / (high[order] - low[order]))

    with np.errstate(all="ignore"):
        step = _STEP * np.maximum(1, abs(given[order]))
        table = [difference(step / 2**k) for k in range(_LEVELS)]
        for k in range(1, _LEVELS):
            table = [fine + (fine - coarse) / (4**k - 1) for coarse, fine in itertools.pairwise(table)]
    return table[0]
