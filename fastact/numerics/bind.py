"""Binding: the one place where a plain scalar function becomes compiled code of one width."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
from numba import njit, types
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


@functools.cache
def bind(function: Callable[..., Any], width: str, *, compiled: bool = True) -> Any:
    """`function` with every name it uses resolved for `width` ("float32", "float64").

    Plain functions are bound in turn, `f64` becomes the width's constants, `real` its type. With `compiled=False`
    the result is plain Python over NumPy scalars: the same arithmetic, for reading and debugging.
    """
    constants, real = WIDTHS[width]

    def resolve(name: str, value: Any) -> Any:
        if value is f64:
            return constants
        if value is bits.real:
            return real
        if compiled and value in bits.CODE:
            return _primitive(value)
        if isinstance(value, FunctionType) and value not in bits.CODE:
            return bind(value, width, compiled=compiled)
        return value

    assert isinstance(function, FunctionType)
    scope = {k: v if k.startswith("__") else resolve(k, v) for k, v in function.__globals__.items() if k in function.__code__.co_names}
    scope["__name__"] = function.__module__
    scope["__builtins__"] = __builtins__
    bound = FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)
    return njit(forceinline=True, error_model="numpy")(bound) if compiled else bound


def float_type(width: str) -> Any:
    """Numba's type of a width."""
    return {"float32": types.float32, "float64": types.float64}[width]
