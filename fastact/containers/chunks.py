"""Rows in several chunks of a dask array.

Of chunk b the first pass finds the maximum m_b and l_b = log Σ e^(x - m_b), two numbers for each of its rows. With the maximum m of
the row, softmax of l_b + (m_b - m) over the chunks is the share of each in its row, and the second pass multiplies the softmax of chunk b,
taken alone, by it. No task holds more than one chunk, and what is common to a row is in float64. Gradients need one sum per row more.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import dask.array as da
import numpy as np

from fastact.rows.members import logsumexp, softmax

Array = np.ndarray[Any, np.dtype[Any]]


def _over(x: Any, axis: int, count: int) -> tuple[Any, ...]:
    """The chunks of x, each of length `count` along the axis."""
    return (*x.chunks[:axis], (count,) * x.numblocks[axis], *x.chunks[axis + 1 :])


def _blocks(function: Callable[..., Any], *arrays: Any, dtype: Any, count: int | None = None, axis: int = 0) -> Any:
    """`function` on blocks of the same place in arrays of as many chunks each, of which the first may be longer than the others'."""
    every = tuple(range(arrays[0].ndim))
    pairs = [item for a in arrays for item in (a, every)]
    adjusted = {} if count is None else {axis: _over(arrays[0], axis, count)[axis]}
    meta = np.empty((0,) * arrays[0].ndim, dtype)
    return da.blockwise(function, every, *pairs, align_arrays=False, adjust_chunks=adjusted, dtype=dtype, meta=meta)


def spread(a: Any, shape: tuple[int, ...], chunks: Any) -> Any:
    """An operand in the shape and the chunks of another; of lengths that are not known, NaN, tasks are told whether they agree."""
    if a.chunks == chunks or (a.ndim == len(shape) and np.array_equal(a.shape, shape, equal_nan=True)):
        known = {k: c for k, c in enumerate(chunks) if not np.isnan(c).any()}
        return a.rechunk(known)
    return da.broadcast_to(a, shape).rechunk(chunks)


def _with_axis(a: Any, axis: int) -> Any:
    """The array with one more axis, of length 1."""
    return a[(slice(None),) * axis + (None,)]


def _repeated(a: Any, axis: int, count: int) -> Any:
    """The array `count` times along the axis; other lengths may be unknown."""
    return da.concatenate([a] * count, axis, allow_unknown_chunksizes=True)


def _wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype if dtype.char == "g" else np.dtype(np.float64)


def _less(a: Array, m: Array) -> Array:
    """A - m, and 0 where they are one infinity."""
    with np.errstate(all="ignore"):
        return np.where(a == m, 0, a - m)


def _parts(axis: int, factor: float, wide: Any, x: Array) -> Array:
    """(m, l) of one chunk along the axis."""
    scaled = x.astype(wide) * factor
    m = scaled.max(axis, keepdims=True, initial=-np.inf)
    return np.concatenate([m, np.expand_dims(logsumexp(_less(scaled, m), axis), axis)], axis)


def _pairs(axis: int, parts: Array) -> tuple[Array, Array]:
    """The maximum of each row, and l + (m_b - m) of its chunks."""
    before = (slice(None),) * axis
    m, logs = parts[*before, ::2], parts[*before, 1::2]
    top = m.max(axis, keepdims=True)
    return top, logs + _less(m, top)


def _shares(axis: int, parts: Array) -> Array:
    return softmax(_pairs(axis, parts)[1], axis)  # type: ignore[no-any-return]


def _total(axis: int, parts: Array) -> Array:
    """(m, l) of whole rows along the axis."""
    top, weights = _pairs(axis, parts)
    return np.concatenate([top, np.expand_dims(logsumexp(weights, axis), axis)], axis)


def _first(x: Any, axis: int, factor: float, dtype: np.dtype[Any]) -> Any:
    """(m, l) of all chunks, those of a row in one block."""
    wide = _wide(dtype)
    parts = _blocks(functools.partial(_parts, axis, factor, wide), x, dtype=wide, count=2, axis=axis)
    return parts.rechunk({axis: -1})


def _weighted(axis: int, factor: float, dtype: Any, x: Array, share: Array) -> Array:
    narrow = np.float32 if dtype.itemsize == 2 else dtype
    with np.errstate(all="ignore"):
        return (softmax(x.astype(narrow, copy=False), axis, scale=factor) * share).astype(dtype)  # type: ignore[no-any-return]


def _softmax(x: Any, axis: int, factor: float, dtype: np.dtype[Any]) -> Any:
    parts, wide = _first(x, axis, factor, dtype), _wide(dtype)
    shares = parts.map_blocks(functools.partial(_shares, axis), chunks=_over(parts, axis, x.numblocks[axis]), dtype=wide, meta=parts._meta)
    shares = shares.rechunk({axis: 1})
    return _blocks(functools.partial(_weighted, axis, factor, dtype), x, shares, dtype=dtype)


def _log(axis: int, factor: float, dtype: Any, x: Array, total: Array) -> Array:
    before = (slice(None),) * axis
    m, logs = total[*before, :1], total[*before, 1:]
    with np.errstate(all="ignore"):
        return np.where(m == -np.inf, m, _less(x.astype(m.dtype) * factor, m) - logs).astype(dtype)


def _all(x: Any, axis: int, factor: float, dtype: np.dtype[Any]) -> Any:
    """(m, l) of whole rows."""
    parts = _first(x, axis, factor, dtype)
    return parts.map_blocks(functools.partial(_total, axis), chunks=_over(parts, axis, 2), dtype=parts.dtype, meta=parts._meta)


def _log_softmax(x: Any, axis: int, factor: float, dtype: np.dtype[Any]) -> Any:
    total = _all(x, axis, factor, dtype)
    every = _repeated(total, axis, x.numblocks[axis])
    return _blocks(functools.partial(_log, axis, factor, dtype), x, every, dtype=dtype)


def _sum(axis: int, dtype: Any, total: Array) -> Array:
    with np.errstate(all="ignore"):
        return total.sum(axis).astype(dtype)  # type: ignore[no-any-return]


def _reduced(parts: Any, axis: int, dtype: Any) -> Any:
    """The sum along the axis, of which every block has all."""
    meta = np.empty((0,) * (parts.ndim - 1), dtype)
    return parts.map_blocks(functools.partial(_sum, axis, dtype), drop_axis=axis, dtype=dtype, meta=meta)


def _logsumexp(x: Any, axis: int, factor: float, dtype: np.dtype[Any]) -> Any:
    return _reduced(_all(x, axis, factor, dtype), axis, dtype)


def _dot(axis: int, wide: Any, dy: Array, *y: Array) -> Array:
    """Σ dy y, or Σ dy, of one chunk."""
    with np.errstate(all="ignore"):
        return (dy.astype(wide) * y[0] if y else dy.astype(wide)).sum(axis, keepdims=True)  # type: ignore[no-any-return]


def _gradient(factor: float, log: bool, dtype: Any, dy: Array, y: Array, dot: Array) -> Array:
    """Y (dy - Σ dy y) of softmax, dy - y Σ dy of its logarithm."""
    with np.errstate(all="ignore"):
        return (factor * (dy - y * dot if log else y * (dy - dot))).astype(dtype)  # type: ignore[no-any-return]


def _backward(dy: Any, y: Any, axis: int, factor: float, dtype: np.dtype[Any], *, log: bool = False) -> Any:
    """The gradient from the softmax y."""
    wide = _wide(dtype)
    dy = spread(dy, y.shape, y.chunks)
    dots = _blocks(functools.partial(_dot, axis, wide), dy, *(() if log else (y,)), dtype=wide, count=1, axis=axis)
    dot = _with_axis(_reduced(dots.rechunk({axis: -1}), axis, wide), axis)
    every = _repeated(dot, axis, y.numblocks[axis])
    return _blocks(functools.partial(_gradient, factor, log, dtype), dy, y, every, dtype=dtype)


def _between(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """What a softmax is kept in between passes: 16 bits would be rounded twice."""
    return np.dtype(np.float32) if dtype.itemsize == 2 else dtype


def _exp(dtype: Any, y: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.exp(y.astype(dtype))  # type: ignore[no-any-return]


def _row_gradient(factor: float, dtype: Any, y: Array, dy: Array) -> Array:
    with np.errstate(all="ignore"):
        return (y * (dy * factor)).astype(dtype)


def forward(name: str, arrays: Mapping[str, Any], axis: int, factor: float, dtype: np.dtype[Any]) -> Any:
    """A function of rows by its name."""
    functions = {"softmax": _softmax, "softmin": _softmax, "log_softmax": _log_softmax, "logsumexp": _logsumexp}
    return functions[name](arrays["x"], axis, factor, dtype)


def backward(name: str, arrays: Mapping[str, Any], axis: int, factor: float, dtype: np.dtype[Any]) -> Any:
    """Its gradient."""
    y = _softmax(arrays["x"], axis, factor, _between(dtype))
    if name != "logsumexp":
        return _backward(arrays["dy"], y, axis, factor, dtype, log=name == "log_softmax")
    lead = tuple(c for k, c in enumerate(y.chunks) if k != axis)
    dy = _with_axis(spread(arrays["dy"], tuple(map(sum, lead)), lead), axis)
    every = _repeated(dy, axis, y.numblocks[axis])
    return _blocks(functools.partial(_row_gradient, factor, dtype), y, every, dtype=dtype)


def backward_from_output(name: str, arrays: Mapping[str, Any], axis: int, factor: float, dtype: np.dtype[Any]) -> Any:
    """Its gradient from its result."""
    y, log = arrays["y"], name == "log_softmax"
    if log:
        kind = _between(dtype)
        y = _blocks(functools.partial(_exp, kind), y, dtype=kind)
    return _backward(arrays["dy"], y, axis, factor, dtype, log=log)
