"""Scalars for the user's own compiled code: functions for `numba.njit`, and plain C loops by address."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types
from numba.extending import overload

from fastact.cpu.loops import STORAGE, Direction, Kernel, compile_kernel
from fastact.numerics.bind import bind
from fastact.record import Record

ACCEPTED = tuple(name for name in STORAGE if name != "longdouble")
_plain: dict[tuple[Record, Direction, str], Kernel] = {}


def _width(x: Any) -> str:
    return "float32" if x is types.float32 or type(x) in (np.float32, np.float16) else "float64"


def _arity(count: int, choose: Callable[[Any], Callable[..., Any]]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A Python function of x and `count` parameters, and its Numba implementation; `choose` gives the compiled one."""
    if count == 0:
        return (lambda x: choose(x)(x)), (lambda x: choose(x))  # noqa: PLW0108
    if count == 1:
        return (lambda x, a: choose(x)(x, a)), (lambda x, a: choose(x))
    return (lambda x, a, b: choose(x)(x, a, b)), (lambda x, a, b: choose(x))


@functools.cache
def embedded(record: Record, *, gradients: bool) -> Callable[..., Any]:
    """`record.scalar`, or only its y, as a function that can be called from Python and from `@njit` code.

    The width is that of `x`: float32 is computed in float32, all else in float64.
    """
    count, defaults = len(record.params), tuple(p.default for p in record.params if p.default is not None)

    def choose(x: Any) -> Callable[..., Any]:
        width = _width(x)
        chosen = _typed(bind(record.scalar, width, from_python=True), getattr(np, width), count, gradients)
        chosen.__defaults__ = defaults
        return chosen

    function, implementation = _arity(count, choose)
    function.__name__ = f"{record.name}_scalar_grad" if gradients else f"{record.name}_scalar"
    function.__doc__ = record.summary
    function.__defaults__ = implementation.__defaults__ = defaults
    overload(function, jit_options={"error_model": "numpy"})(implementation)
    return function


def _typed(compiled: Any, real: Any, count: int, gradients: bool) -> Callable[..., Any]:
    """The compiled scalar, or its y, on arguments cast to its width."""
    if count == 0:
        return (lambda x: compiled(real(x))) if gradients else (lambda x: compiled(real(x))[0])
    if count == 1:
        return (lambda x, a: compiled(real(x), real(a))) if gradients else (lambda x, a: compiled(real(x), real(a))[0])
    if gradients:
        return lambda x, a, b: compiled(real(x), real(a), real(b))
    return lambda x, a, b: compiled(real(x), real(a), real(b))[0]


def address(record: Record, dtype: str, direction: Direction) -> int:
    """Address of ``void f(intptr_t n, const T *x, const P *param..., T *y)``; see `Activation.address`."""
    if dtype not in ACCEPTED:
        raise TypeError(f"{record.name}.address: dtype is {dtype!r}; accepted are {', '.join(ACCEPTED)}")
    accepted = ("forward", "backward", "derivative", "value_and_grad")
    if direction not in accepted:
        raise ValueError(f"{record.name}.address: direction is {direction!r}; accepted are {', '.join(accepted)}")
    key = (record, direction, dtype)
    if key not in _plain:
        _plain[key] = compile_kernel(record, direction, dtype, plain=True)
    return _plain[key].address
