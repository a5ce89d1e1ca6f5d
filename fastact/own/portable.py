"""A user's function with `math`, NumPy's functions and builtins replaced by those that also take x of every kind: see fastact.scalars."""

from __future__ import annotations

import builtins
import contextlib
import functools
import math
from collections.abc import Callable, Iterator
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from fastact import scalars
from fastact.binding import bind
from fastact.numerics.bind import bind as in_float64
from fastact.own.number import Number
from fastact.record import Record

_MEANINGS: dict[int, Callable[..., Any]] = {
    id(getattr(module, name)): function
    for module, likes in ((math, scalars.LIKE_MATH), (np, scalars.LIKE_NUMPY), (builtins, scalars.LIKE_BUILTINS))
    for name, function in likes.items()
}
"""By the identity of the function that is meant."""


class _Module:
    """A module whose functions have the meanings above."""

    def __init__(self, module: ModuleType, known: dict[Any, Any]) -> None:
        self._module, self._known = module, known

    def __getattr__(self, name: str) -> Any:
        return _resolve(getattr(self._module, name), self._known)


def _names(code: CodeType) -> Iterator[str]:
    """Names that a function looks up, and the functions inside it."""
    yield from code.co_names
    for c in code.co_consts:
        if isinstance(c, CodeType):
            yield from _names(c)


def _resolve(value: Any, known: dict[Any, Any]) -> Any:
    if id(value) in _MEANINGS:
        return _MEANINGS[id(value)]
    if isinstance(value, ModuleType):
        return value if value is scalars else _Module(value, known)
    if isinstance(record := getattr(value, "record", None), Record) and record.operands == ("x",):
        return _Function(record, known)
    value = getattr(value, "py_func", value)  # what numba.njit made
    if not isinstance(value, FunctionType) or value.__module__ == scalars.__name__:
        return value
    if str(value.__module__).startswith("fastact."):
        return _numeric(value)
    return _rebound(value, known)


class _Function:
    """An activation within a scalar: its value, and by `scalar_grad` all of its results."""

    def __init__(self, record: Record, known: dict[Any, Any]) -> None:
        self.record = record
        self._own = _rebound(record.scalar, known) if record.plain and isinstance(record.scalar, FunctionType) else None

    def scalar_grad(self, x: Any, *params: Any) -> Any:
        """(y, dy/dx, dy/dparam...)."""
        given = x, *bind(self.record, "", params, {})
        if self._own is not None:
            return self._own(*given)
        number = next((a for a in given if isinstance(a, Number)), None)
        if number is not None:
            return number.trace.call(self.record.scalar, *given)
        if hasattr(x, "_mpf_"):
            from fastact.oracle import DEFINITIONS

            return tuple(x.context.mpf(part(*given)) for part in DEFINITIONS[self.record.name])
        with np.errstate(all="ignore"):
            return in_float64(self.record.scalar, "float64")(*map(np.float64, given))

    def __call__(self, x: Any, *params: Any) -> Any:
        return self.scalar_grad(x, *params)[0]

    scalar = __call__

    def derivative(self, x: Any, *params: Any) -> Any:
        """dy/dx."""
        return self.scalar_grad(x, *params)[1]

    def value_and_grad(self, x: Any, *params: Any) -> Any:
        """(y, dy/dx)."""
        return tuple(self.scalar_grad(x, *params)[:2])


def _numeric(function: FunctionType) -> Callable[..., Any]:
    """A function of fastact's numerics, for numbers of the trace too."""

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        number = next((a for a in arguments if isinstance(a, Number)), None)
        return function(*arguments) if number is None else number.trace.call(function, *arguments)

    return call


def _rebound(function: FunctionType, known: dict[Any, Any]) -> FunctionType:
    if function in known:
        return known[function]  # type: ignore[no-any-return]
    scope: dict[str, Any] = {"__name__": function.__module__, "__builtins__": builtins}
    cells = tuple(CellType() for _ in function.__closure__ or ())
    made = FunctionType(function.__code__, scope, function.__name__, function.__defaults__, cells or None)
    made.__kwdefaults__ = function.__kwdefaults__
    known[function] = made
    for name in set(_names(function.__code__)):
        if name in function.__globals__:
            scope[name] = _resolve(function.__globals__[name], known)
        elif name in scalars.LIKE_BUILTINS:
            scope[name] = scalars.LIKE_BUILTINS[name]
    for cell, own in zip(cells, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # of a cell that is empty
            cell.cell_contents = _resolve(own.cell_contents, known)
    return made


def portable(function: Callable[..., Any]) -> FunctionType:
    """The function for numbers of every kind: of a trace, NumPy's, mpmath's. Its own code runs; what it calls is bound anew.

    Names are looked up now: what is assigned to them later is not seen.
    """
    assert isinstance(function, FunctionType)
    return _rebound(function, {})
