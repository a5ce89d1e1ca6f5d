"""Binding: what the names that a plain scalar function uses mean in one width."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from fastact.numerics import bits, f32, f64

WIDTHS: dict[str, tuple[ModuleType, Callable[[Any], Any]]] = {"float32": (f32, np.float32), "float64": (f64, np.float64)}


def resolved(function: FunctionType, width: str, called: Callable[[FunctionType], Any]) -> dict[str, Any]:
    """Every global name that `function` uses with its meaning in a width; `called` gives that of a plain function."""
    constants, real = WIDTHS[width]

    def resolve(value: Any) -> Any:
        if value is f64:
            return constants
        if value is bits.real:
            return real
        return called(value) if isinstance(value, FunctionType) else value

    names = function.__code__.co_names
    return {name: resolve(value) for name, value in function.__globals__.items() if name in names}


@functools.cache
def bind(function: Callable[..., Any], width: str) -> FunctionType:
    """`function` as plain Python over NumPy scalars of a width ("float32", "float64"): the same arithmetic, for reading and debugging.

    Plain functions are bound in turn, `f64` becomes the width's constants, `real` its type.
    """
    if not isinstance(function, FunctionType):
        raise TypeError(f"bind: function is a {type(function).__name__}; accepted is a plain Python function")
    scope = resolved(function, width, lambda value: value if value in bits.CODE else bind(value, width))
    scope |= {"__name__": function.__module__, "__builtins__": __builtins__}
    return FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)
