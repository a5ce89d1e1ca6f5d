"""Binding: the one place where a plain scalar function becomes compiled code of one width."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
from numba import njit
from numba.extending import intrinsic

from fastact.numerics import bits, f32, f64

WIDTHS: dict[str, tuple[ModuleType, Callable[[Any], Any]]] = {"float32": (f32, np.float32), "float64": (f64, np.float64)}


@functools.cache
def _primitive(primitive: Callable[..., Any]) -> Any:
    code = bits.CODE[primitive]
    count = primitive.__code__.co_argcount

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return code(builder, *arguments)

    def one(typing: Any, a: Any) -> Any:
        return a(a), lower

    def two(typing: Any, a: Any, b: Any) -> Any:
        return a(a, b), lower

    def three(typing: Any, a: Any, b: Any, c: Any) -> Any:
        return c(a, b, c), lower

    return intrinsic((one, two, three)[count - 1])


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
def bind(function: Callable[..., Any], width: str, *, compiled: bool = True, from_python: bool = False) -> Any:
    """`function` with every name it uses resolved for `width` ("float32", "float64").

    Plain functions are bound in turn, `f64` becomes the width's constants, `real` its type. Compiled code can be
    called from Python only with `from_python`, which costs twice the compile time. With `compiled=False` the result is
    plain Python over NumPy scalars: the same arithmetic, for reading and debugging.
    """
    if not isinstance(function, FunctionType):
        raise TypeError(f"bind: function is a {type(function).__name__}; accepted is a plain Python function")

    def called(value: FunctionType) -> Any:
        if value in bits.CODE:
            return _primitive(value) if compiled else value
        return bind(value, width, compiled=compiled)

    scope = resolved(function, width, called)
    scope |= {"__name__": function.__module__, "__builtins__": __builtins__}
    bound = FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)
    if not compiled:
        return bound
    wrappers: dict[str, Any] = {} if from_python else {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return njit(forceinline=True, error_model="numpy", **wrappers)(bound)
