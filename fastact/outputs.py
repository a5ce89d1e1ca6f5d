"""Operands and outputs of calls that are no ufuncs: checked before anything is written."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from fastact import dispatch, errors
from fastact.errors import ACCEPTED
from fastact.placement import on_device

Array = np.ndarray[Any, np.dtype[Any]]


@functools.cache
def _kind(dtype: np.dtype[Any]) -> str | None:
    """The loop dtype of an array of native order, or None if there is none."""
    name = "longdouble" if dtype.char == "g" else dtype.name
    return name if dtype.isnative and name in ("float16", "bfloat16", "float32", "float64", "longdouble") else None


def kind(dtype: np.dtype[Any]) -> str:
    """The name of the loops for a dtype that `floating` gives."""
    name = _kind(dtype)
    assert name is not None
    return name


def floating(call: str, name: str, given: Any) -> Array:
    """`given` as an array that loops can read: of a floating-point dtype, native and aligned; whole numbers as `numpy.exp` takes them."""
    if type(given) is np.ndarray and _kind(given.dtype) is not None and given.flags.aligned:
        return given
    errors.check_plain(f"{call}: {name}", given)
    array = np.asarray(errors.numbers(call, name, given))
    if array.dtype.kind in "biu":
        array = array.astype(np.exp.resolve_dtypes((array.dtype, None))[0])
    native = array.dtype.newbyteorder("=")
    if _kind(native) is None:
        raise TypeError(f"{call}: {name} has dtype {array.dtype}; accepted are {ACCEPTED}")
    return np.require(array, native, "A")


def ready(call: str, name: str, target: Any, shape: tuple[int, ...], dtype: Any, inputs: Sequence[Array] = ()) -> Array:
    """`target` if a result of that shape and dtype can be written to it, or a new array for None, laid out as the first of `inputs`."""
    if target is None:
        model = inputs[0] if inputs else None
        return np.empty(shape, dtype) if model is None or model.shape != shape else np.empty_like(model, dtype, subok=False)
    errors.check_output(f"{call}: {name}", target, shape, np.dtype(dtype))
    errors.check_plain(f"{call}: {name}", target)
    given: Array = target
    return given


def pair(call: str, out: Any) -> tuple[Any, Any]:
    """The two arrays, or Nones, of `out`."""
    if out is not None and (not isinstance(out, tuple) or len(out) != 2):
        raise ValueError(f"{call}: out is not a pair; accepted are 2 arrays, of which any may be None, or None")
    return out or (None, None)


def separate(call: str, first: Array, second: Array) -> None:
    """Check that two outputs have no memory in common."""
    if np.may_share_memory(first, second):
        raise ValueError(f"{call}: out[0] and out[1] share memory; accepted are arrays apart")


def apart(inputs: Sequence[Array], outputs: Sequence[Array]) -> list[Array]:
    """The inputs, copied where an output shares memory with them without being that very operand."""
    return [a.copy() if dispatch.clash([a], outputs[:1]) or any(np.may_share_memory(a, o) for o in outputs[1:]) else a for a in inputs]


def axis(call: str, x: Any, axis: Any) -> int:
    """The axis of an array, counted from the first."""
    try:
        return int(normalize_axis_index(operator.index(axis), x.ndim))
    except (TypeError, np.exceptions.AxisError):
        told = f"accepted are whole numbers from {-x.ndim} to {x.ndim - 1}" if x.ndim else "accepted is an array of at least one axis"
        raise ValueError(f"{call}: axis is {axis!r}; {told}") from None


def gradient(call: str, dy: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Dy as an array of the shape of the output and the dtype of x, which it must have."""
    return fitting(call, floating(call, "dy", dy), shape, dtype)


def fitting(call: str, dy: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """`dy` if it has the shape of the output and the dtype of x."""
    if dy.shape != shape:
        raise ValueError(f"{call}: dy has shape {dy.shape}; accepted is the shape of the output, {shape}")
    if dy.dtype != dtype:
        raise TypeError(f"{call}: dy has dtype {dy.dtype}; accepted is that of x, {dtype}")
    return dy


def tangent(call: str, dx: Any, x: Any) -> Any:
    """Dx as an array of the shape and dtype of x, which it must have; both on the host."""
    if on_device(x) or on_device(dx):
        raise TypeError(f"{call}: {'x' if on_device(x) else 'dx'} is on a CUDA device; accepted are arrays on the host")
    dx = floating(call, "dx", dx)
    if dx.shape != x.shape:
        raise ValueError(f"{call}: dx has shape {dx.shape}; accepted is the shape of x, {x.shape}")
    if dx.dtype != x.dtype:
        raise TypeError(f"{call}: dx has dtype {dx.dtype}; accepted is that of x, {x.dtype}")
    return dx


def scaled(shape: tuple[int, ...], axis: int, factor: int) -> tuple[int, ...]:
    """The shape, longer by a factor along one axis."""
    return (*shape[:axis], factor * shape[axis], *shape[axis + 1 :])
