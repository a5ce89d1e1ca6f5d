"""Arguments of a call of the softmax family: checked before anything is written, and laid out as rows."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastact.directions import STORAGE
from fastact.errors import ACCEPTED

Array = np.ndarray[Any, np.dtype[Any]]


@functools.cache
def computed(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """The dtype of the result, None if that of the operand is not supported."""
    if dtype.kind in "biu":
        return np.dtype(np.exp(np.zeros(0, dtype)).dtype)
    name = "longdouble" if dtype.char == "g" else dtype.name
    return dtype.newbyteorder("=") if name in STORAGE and not dtype.names else None


def floats(call: str, operands: Mapping[str, Any]) -> tuple[np.dtype[Any], list[Array]]:
    """The common dtype of the operands, and them as native, aligned arrays of it. Plain numbers take the dtype of the others."""
    given = {name: a if isinstance(a, np.ndarray) else np.asarray(a) for name, a in operands.items()}
    kinds = []
    for name, a in given.items():
        found = computed(a.dtype)
        if found is None:
            raise TypeError(f"{call}: {name} has dtype {a.dtype}; accepted are {ACCEPTED}")
        if type(operands[name]) not in (int, float):
            kinds.append(found)
    dtype = functools.reduce(np.promote_types, kinds) if kinds else np.dtype(np.float64)
    return dtype, [np.require(a, dtype, "A") for a in given.values()]


def axes_of(call: str, axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes of a row, counted from 0, in order."""
    if ndim == 0:
        raise ValueError(f"{call}: x is a single number; accepted are arrays of at least one axis")
    given = tuple(range(ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    try:
        found = [operator.index(a) for a in given]
    except TypeError:
        raise TypeError(f"{call}: axis is {axis!r}; accepted is a whole number, a tuple of them, or None for all axes") from None
    if any(not -ndim <= a < ndim for a in found) or not found:
        raise ValueError(f"{call}: axis is {axis!r}, and x has {ndim} axes; accepted are whole numbers from {-ndim} to {ndim - 1}")
    found = [a % ndim for a in found]
    if len(set(found)) < len(found):
        raise ValueError(f"{call}: axis is {axis!r}, which names an axis twice")
    return tuple(sorted(found))


def mask_of(call: str, where: Any, shape: tuple[int, ...]) -> Array | None:
    """The mask, broadcast to x."""
    if where is None:
        return None
    mask = np.asarray(where)
    if mask.dtype != np.bool_:
        raise TypeError(f"{call}: where has dtype {mask.dtype}; accepted is bool")
    return broadcast(call, "where", mask, shape)


def broadcast(call: str, name: str, array: Array, shape: tuple[int, ...], beside: str = "x") -> Array:
    """An operand, broadcast to x."""
    if array.shape == shape:
        return array
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(f"{call}: {name} has shape {array.shape}, which does not broadcast to {shape}, that of {beside}") from None


def check_causal(call: str, axes: tuple[int, ...], ndim: int, offsets: Any) -> None:
    """The causal form needs the last two axes: queries and keys."""
    if ndim < 2 or axes != (ndim - 1,):
        raise ValueError(f"{call}: causal is for rows along the last axis of at least two; x has {ndim} axes, and axis is {axes}")
    if offsets is not None:
        raise ValueError(f"{call}: causal and offsets are given; accepted is one of them")


def offsets_of(call: str, offsets: Any, axes: tuple[int, ...], shape: tuple[int, ...]) -> Array | None:
    """The offsets as int64."""
    if offsets is None:
        return None
    if len(axes) != 1:
        raise ValueError(f"{call}: offsets are for rows along one axis; axis is {axes}")
    found = np.asarray(offsets)
    if found.dtype.kind not in "iu" or found.ndim != 1:
        raise TypeError(f"{call}: offsets has dtype {found.dtype} and shape {found.shape}; accepted are whole numbers along one axis")
    n = shape[axes[0]]
    steps = np.diff(found.astype(np.int64))
    if not len(found) or found[0] != 0 or found[-1] != n or (steps < 0).any():
        bad = f"; offsets[{int(np.argmax(steps < 0)) + 1}] is less than the one before" if (steps < 0).any() else ""
        ends = f"they start with {found[0]} and end with {found[-1]}{bad}" if len(found) else "they are empty"
        raise ValueError(f"{call}: offsets must not decrease, from 0 to {n}, the length of the axis; {ends}")
    return np.ascontiguousarray(found, np.int64)


def scale_of(call: str, scale: Any) -> float:
    """The factor of x."""
    try:
        return float(scale)
    except (TypeError, ValueError):
        raise TypeError(f"{call}: scale is {scale!r}; accepted is one number") from None


def output(call: str, out: Any, shape: tuple[int, ...], dtype: np.dtype[Any], name: str = "out") -> Array | None:
    """Check the array that is given for a result."""
    if out is None:
        return None
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{call}: {name} is a {type(out).__name__}; accepted is a NumPy array, or None")
    if not out.flags.writeable:
        raise ValueError(f"{call}: {name} is read-only; accepted is a writeable array")
    if out.shape != shape:
        raise ValueError(f"{call}: {name} has shape {out.shape}; accepted is the shape of the result, {shape}")
    if not np.can_cast(dtype, out.dtype, "same_kind"):
        raise TypeError(f"{call}: {name} has dtype {out.dtype}, to which the result cannot be cast by casting='same_kind'")
    return out


def rows(array: Array, axes: tuple[int, ...]) -> Array:
    """A view with the axes of a row last and merged; several axes that cannot be merged are copied."""
    last = array.ndim - 1
    if axes == (last,):
        return array
    moved = np.moveaxis(array, axes, tuple(range(array.ndim - len(axes), array.ndim)))
    return moved if len(axes) == 1 else moved.reshape(*moved.shape[: array.ndim - len(axes)], -1)


@dataclass(frozen=True, slots=True)
class Result:
    """An array of a result: what the caller gets, and the rows that the kernel writes."""

    final: Array
    rows: Array
    axes: tuple[int, ...]

    @classmethod
    def make(cls, out: Array | None, like: Array, dtype: np.dtype[Any], axes: tuple[int, ...], inputs: Sequence[Array]) -> Result:
        """Write to `out` itself where it has the right dtype and does not run across an input."""
        final = np.empty_like(like, dtype, subok=False) if out is None else out
        view = rows(final, axes)
        direct = final.dtype == dtype and final.dtype.isnative and final.flags.aligned and (len(axes) == 1 or np.shares_memory(view, final))
        if direct and out is not None:
            repeated = any(s == 0 and n > 1 for s, n in zip(out.strides, out.shape, strict=True))
            direct = not repeated and not any(crosses(a, view) for a in inputs)
        return cls(final, view if direct else np.empty(view.shape, dtype), axes)

    def finish(self) -> Array:
        """Copy to where the caller wants it, if the kernel could not write there."""
        if self.axes and not np.may_share_memory(self.rows, self.final):
            moved = np.moveaxis(self.final, self.axes, tuple(range(self.final.ndim - len(self.axes), self.final.ndim)))
            np.copyto(moved, self.rows.reshape(moved.shape), casting="same_kind")
        return self.final


def crosses(a: Array, b: Array) -> bool:
    """Whether two arrays share memory without being the same."""
    if not np.may_share_memory(a, b):
        return False
    return a.__array_interface__["data"][0] != b.__array_interface__["data"][0] or a.strides != b.strides or a.shape != b.shape
