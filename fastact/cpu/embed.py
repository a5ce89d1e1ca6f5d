"""Scalars for the user's own compiled code: functions for `numba.njit`, and plain C loops by address."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import intrinsic, overload

from fastact.cpu.loops import Kernel, compile_kernel
from fastact.directions import STORAGE, Direction
from fastact.numerics.bind import bind
from fastact.numerics.emit import Value
from fastact.own import paths
from fastact.record import Record

ACCEPTED = tuple(name for name in STORAGE if name != "longdouble")
_plain: dict[tuple[Record, Direction, str], Kernel] = {}


def _width(x: Any) -> str:
    return "float32" if x is types.float32 or type(x) in (np.float32, np.float16) else "float64"


def _callable(count: int, choose: Callable[[Any], Callable[..., Any]]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A Python function of `count` arguments, and its Numba implementation; `choose` gives the compiled one by the first."""
    choices: dict[int, tuple[Callable[..., Any], Callable[..., Any]]] = {
        1: (lambda a: choose(a)(a), lambda a: choose(a)),  # noqa: PLW0108
        2: (lambda a, b: choose(a)(a, b), lambda a, b: choose(a)),
        3: (lambda a, b, c: choose(a)(a, b, c), lambda a, b, c: choose(a)),
        4: (lambda a, b, c, d: choose(a)(a, b, c, d), lambda a, b, c, d: choose(a)),
        5: (lambda a, b, c, d, e: choose(a)(a, b, c, d, e), lambda a, b, c, d, e: choose(a)),
    }
    return choices[count]


@functools.cache
def embedded(record: Record, *, gradients: bool) -> Callable[..., Any]:
    """`record.scalar`, or only its y, as a function that can be called from Python and from `@njit` code.

    The width is that of the first argument: float32 is computed in float32, all else in float64.
    """
    count, defaults = len(record.operands) + len(record.params), tuple(p.default for p in record.params if p.default is not None)

    def choose(x: Any) -> Callable[..., Any]:
        width = _width(x)
        chosen = _typed(_bound(record, width), getattr(np, width), count, _whole if gradients else _first)
        chosen.__defaults__ = defaults
        return chosen

    function, implementation = _callable(count, choose)
    function.__name__ = f"{record.name}_scalar_grad" if gradients else f"{record.name}_scalar"
    function.__doc__ = record.summary
    function.__defaults__ = implementation.__defaults__ = defaults
    overload(function, jit_options={"error_model": "numpy"})(implementation)
    return function


@functools.cache
def _bound(record: Record, width: str) -> Callable[..., Any]:
    """The scalar in a width for code of Numba; a user's own is traced, so that it has the bits of the array call."""
    if not record.plain:
        return bind(record.scalar, width, from_python=True)  # type: ignore[no-any-return]
    real, count = getattr(types, width), len(record.operands) + len(record.params)
    whole: Any = types.UniTuple(real, 1 + count)  # type: ignore[attr-defined]

    def lower(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return context.make_tuple(builder, whole, paths.results(record, width, [Value(builder, v) for v in values]))

    def typed(typing: Any, *given: Any) -> Any:
        return whole(*given), lower

    positional = [inspect.Parameter(f"a{k}", inspect.Parameter.POSITIONAL_ONLY) for k in range(1 + count)]
    typed.__signature__ = inspect.Signature(positional)  # type: ignore[attr-defined]
    return njit(_typed(intrinsic(typed), getattr(np, width), count, _whole))  # type: ignore[no-any-return]


def on_device(record: Record, *, gradients: bool) -> Callable[..., Any]:
    """The same for kernels of `numba.cuda`, which is imported here."""
    from fastact.cuda import embed

    return embed.embedded(record, gradients=gradients)


def _property(gradients: bool, beside: str) -> property:
    told = f"As `{beside}`, for use inside `numba.cuda.jit`: needs numba-cuda."
    return property(lambda self: on_device(self.record, gradients=gradients), doc=told)


cuda_scalar, cuda_scalar_grad = _property(False, "scalar"), _property(True, "scalar_grad")


@njit
def _whole(results: Any) -> Any:
    return results


@njit
def _first(results: Any) -> Any:
    return results[0]


def _typed(compiled: Any, real: Any, count: int, pick: Any) -> Callable[..., Any]:
    """The compiled scalar on arguments cast to its width; `pick` chooses among the results."""
    choices: dict[int, Callable[..., Any]] = {
        1: lambda a: pick(compiled(real(a))),
        2: lambda a, b: pick(compiled(real(a), real(b))),
        3: lambda a, b, c: pick(compiled(real(a), real(b), real(c))),
        4: lambda a, b, c, d: pick(compiled(real(a), real(b), real(c), real(d))),
        5: lambda a, b, c, d, e: pick(compiled(real(a), real(b), real(c), real(d), real(e))),
    }
    return choices[count]


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


def address_of(activation: Any, dtype: str = "float32", direction: Direction = "forward") -> int:
    """Address of a plain C loop, compiled on demand and valid as long as the process lives.

    Parameters
    ----------
    dtype : {"float16", "bfloat16", "float32", "float64"}
        Element type T. Parameters are P: float32, or float64 for float64.
    direction : {"forward", "backward", "derivative", "value_and_grad"}
        ``void f(intptr_t n, const T *x, const P *param..., T *y)``; backward has dy before x, and
        value_and_grad d after y. Each parameter points to one value. Arrays are dense; outputs may be inputs.

    Returns
    -------
    int
        The address. The loop uses the calling thread alone and may be called from many at once.
    """
    return address(activation.record, dtype, direction)
