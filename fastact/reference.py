"""The C reference: every activation, its derivative and its derivatives by the parameters, in float64 and long double."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from fastact.binding import bind

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    Floats = NDArray[np.floating[Any]]


@functools.cache
def _built() -> Any:
    try:
        return importlib.import_module("fastact._reference")
    except ImportError as error:
        raise ImportError(
            "fastact's C reference is not built; install fastact with a C compiler at hand (`pip install .` in its source folder)"
        ) from error


@functools.cache
def names() -> dict[str, int]:
    """Name of each function in the reference, with the number of its parameters."""
    loops = {name.removeprefix("fastact_") for name in dir(_built().lib) if not name.endswith("_l")}
    return {name: sum(f"{name}_d{k}" in loops for k in (1, 2, 3)) for name in sorted(loops) if f"{name}_d0" in loops}


def forward(name: str, x: ArrayLike, *params: ArrayLike, dtype: DTypeLike = np.longdouble) -> Floats:
    """Values of the activation `name` at `x`, computed in `dtype`: float64 or long double."""
    return _call(name, "", x, params, np.dtype(dtype))


def derivative(name: str, x: ArrayLike, *params: ArrayLike, dtype: DTypeLike = np.longdouble) -> Floats:
    """Its derivative by `x`."""
    return _call(name, "_d0", x, params, np.dtype(dtype))


def param_derivative(name: str, which: int, x: ArrayLike, *params: ArrayLike, dtype: DTypeLike = np.longdouble) -> Floats:
    """Its derivative by the parameter at position `which`, counted from 0."""
    if not 0 <= which < len(params):
        raise ValueError(f"{name} was given {len(params)} parameters; there is none at position {which}")
    return _call(name, f"_d{which + 1}", x, params, np.dtype(dtype))


def gate(
    factors: tuple[str, ...], a: ArrayLike, b: ArrayLike, *params: ArrayLike, dtype: DTypeLike = np.longdouble
) -> tuple[Floats, Floats, Floats]:
    """Value f(a)·g(b) of a gate, dy/da and dy/db; `factors` names f, and g where it is not b itself.

    f has the first parameters, as many as it takes, g the first and the last.
    """
    kind, first = np.dtype(dtype), params[: names().get(factors[0], 0)]
    left, slope_left = (_call(factors[0], which, a, first, kind) for which in ("", "_d0"))
    right, slope_right = _as(b, kind), _as(1, kind)
    if len(factors) > 1:
        right, slope_right = (_call(factors[1], which, b, (params[0], params[-1]), kind) for which in ("", "_d0"))
    with np.errstate(all="ignore"):
        return left * right, slope_left * right, left * slope_right


def of_activation(activation: Any, x: Any, /, *params: Any, **named: Any) -> np.ndarray[Any, Any]:
    """f(x) by the C reference in long double."""
    return forward(activation.record.in_reference, x, *bind(activation.record, ".reference", params, named))


def derivative_of_activation(activation: Any, x: Any, /, *params: Any, **named: Any) -> np.ndarray[Any, Any]:
    """f'(x) by the C reference in long double."""
    return derivative(activation.record.in_reference, x, *bind(activation.record, ".reference_derivative", params, named))


def maxout(groups: ArrayLike) -> tuple[Floats, NDArray[np.uintp]]:
    """The largest of the last axis, and where it is first, in long double; NaN counts as the largest."""
    x = np.ascontiguousarray(_as(groups, np.dtype(np.longdouble)))
    y, index = np.empty(x.shape[:-1], np.longdouble), np.zeros(x.shape[:-1], np.uintp)
    cast = _built().ffi.cast
    read, write = (cast("long double *", a.ctypes.data) for a in (x, y))
    _built().lib.fastact_maxout_l(y.size, x.shape[-1], read, write, cast("size_t *", index.ctypes.data))
    return y, index


def crelu(x: ArrayLike) -> tuple[Floats, Floats]:
    """Both halves, max(x, 0) and max(-x, 0), in long double."""
    points = np.ascontiguousarray(_as(x, np.dtype(np.longdouble)))
    halves = np.empty((2, *points.shape), np.longdouble)
    read, right, left = (_built().ffi.cast("long double *", a.ctypes.data) for a in (points, *halves.reshape(2, *points.shape)))
    _built().lib.fastact_crelu_l(points.size, read, right, left)
    return halves[0], halves[1]


def _call(name: str, suffix: str, x: ArrayLike, params: tuple[ArrayLike, ...], dtype: np.dtype[Any]) -> Floats:
    if dtype not in (np.dtype(np.float64), np.dtype(np.longdouble)):
        raise TypeError(f"the reference computes in float64 or longdouble, not in {dtype}")
    if name not in names():
        raise ValueError(f"the reference has no function {name!r}; it has {', '.join(names())}")
    if len(params) != names()[name]:
        raise TypeError(f"{name} takes {names()[name]} parameters in the reference, {len(params)} were given")
    points = _as(x, dtype)
    values = [_as(p, dtype) for p in params]
    shape = np.broadcast_shapes(points.shape, *(v.shape for v in values))
    shared = all(v.ndim == 0 for v in values)
    points = np.ascontiguousarray(np.broadcast_to(points, shape))
    values = [np.ascontiguousarray(v if shared else np.broadcast_to(v, shape)) for v in values]
    y = np.empty(shape, dtype)
    ffi, lib = _built().ffi, _built().lib
    pointer, width = ("double *", "") if dtype == np.float64 else ("long double *", "_l")
    inputs = [points, *values, points, points][:3]  # a parameter that is not there is not looked at
    *read, write = (ffi.cast(pointer, a.ctypes.data) for a in (*inputs, y))
    getattr(lib, f"fastact_{name}{suffix}{width}")(y.size, *read, 0 if shared else 1, write)
    return y[()]


def _as(a: ArrayLike, dtype: np.dtype[Any]) -> Floats:
    given = np.asarray(a)
    if not np.can_cast(given.dtype, dtype, "safe"):
        raise TypeError(f"the reference takes what casts safely to {dtype}, not {given.dtype}")
    return given.astype(dtype, copy=False)
