"""The functions of fastact for HIPS autograd: `function(f)` is an activation or a gate whose gradient autograd knows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
from autograd.extend import defjvp, defvjp, primitive

from fastact import Activation, Gate
from fastact.binding import bind
from fastact.interop.pieces import check


@functools.cache
def function(f: Activation | Gate) -> Callable[..., Any]:
    """An activation or a gate for `autograd.grad` and the like, by its arrays; parameters are constants.

    Parameters
    ----------
    f : Activation or Gate
        The function.

    Returns
    -------
    callable
        ``(x, *params) -> ndarray``, or ``(a, b, *params)`` of a gate; parameters also by keyword.

    Raises
    ------
    TypeError
        If `f` is neither. What it returns raises a NotImplementedError where a second derivative is asked for.
    """
    check("autograd", f)
    call, count = f"fastact.interop.autograd.{f.name}", len(f.record.operands)
    value, slopes = primitive(f), primitive(f.derivative)

    def slope(position: int, *operands: Any) -> Any:
        found = slopes(*operands)
        return found[position] if count > 1 else found

    def refuse(*_: Any) -> NoReturn:
        raise NotImplementedError(f"{call}: there are no second derivatives; accepted are those of the first order")

    def refuse_parameters(*_: Any) -> NoReturn:
        raise NotImplementedError(f"{call}: parameters are constants here; accepted are derivatives by {' and '.join(f.record.operands)}")

    constant = [refuse_parameters] * len(f.params)
    pulled = [lambda y, *given, k=k: lambda dy: _to_shape(dy * slope(k, *given), np.shape(given[k])) for k in range(count)]
    defvjp(value, *pulled, *constant)
    defjvp(value, *[lambda dx, y, *given, k=k: dx * slope(k, *given) for k in range(count)], *constant)
    defvjp(slopes, *[refuse] * count)
    defjvp(slopes, *[refuse] * count)

    def called(*given: Any, **named: Any) -> Any:
        if len(given) < count:
            raise TypeError(f"{call}: {len(given)} arrays given; accepted are {', '.join(f.record.operands)} and parameters")
        params = bind(f.record, "", given[count:], named)
        if named:
            told = ", ".join((*f.record.operands, *(p.name for p in f.params)))
            raise TypeError(f"{call}: no argument {next(iter(named))!r}; accepted are {told}")
        return value(*given[:count], *params)

    return called


def _to_shape(gradient: Any, shape: tuple[int, ...]) -> Any:
    """The sum over what was broadcast."""
    extra = np.ndim(gradient) - len(shape)
    summed = gradient.sum(axis=tuple(range(extra))) if extra else gradient
    axes = tuple(k for k, n in enumerate(shape) if n == 1 and np.shape(summed)[k] != 1)
    return summed.sum(axis=axes, keepdims=True) if axes else summed
