"""Arrays of noise: the draws that a call with the same `rng` and shape makes in its loop."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from fastact import errors
from fastact.activations.piecewise import identity
from fastact.cpu import walk
from fastact.noise import draws
from fastact.noise.drive import Draw, drawn
from fastact.noise.key import key
from fastact.placement import on_device

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

_KINDS = (np.dtype(np.float32), np.dtype(np.float64))


def _array(name: str, draw: Draw, rng: Any, shape: Any, dtype: DTypeLike | None, out: Any) -> Any:
    words, kind = key(name, rng), None if dtype is None else np.dtype(dtype)
    if kind not in (None, *_KINDS):
        raise TypeError(f"{name}: dtype is {kind}; accepted are float32 and float64")
    if out is None:
        if shape is None:
            raise TypeError(f"{name}: neither shape nor out is given; accepted is a shape, or an array for the numbers")
        result = np.empty(shape, kind or np.float32)
    else:
        size = None if shape is None else (int(shape),) if np.ndim(shape) == 0 else tuple(int(n) for n in shape)
        if on_device(out):
            return importlib.import_module("fastact.cuda.filling").fill(name, draw, words, size, kind and kind.name, out)
        errors.check_plain(f"{name}: out", out)
        own = getattr(out, "dtype", None)
        wanted = kind or (own if own in _KINDS else _KINDS[0])
        errors.check_output(f"{name}: out", out, np.shape(out) if size is None else size, wanted)
        result = out
    zero = np.zeros((), result.dtype)
    if result.size and not walk.walk(identity, "forward", result.dtype.name, [zero], [result], drawn(draw, 0, words)):
        raise ValueError(f"{name}: out has {result.ndim} axes in an order that cannot be run through; accepted is an array in C order")
    return result


def uniform(rng: Any, shape: int | tuple[int, ...] | None = None, dtype: DTypeLike | None = None, *, out: Any = None) -> Any:
    """Uniform numbers in (0, 1).

    Parameters
    ----------
    rng : int or tuple of two int
        Seed, or seed and stream, below 2^64.
    shape : int or tuple of int, optional
        Shape of the result; that of `out` if not given.
    dtype : dtype, optional
        float32, made of 24 random bits a number, or float64, of 53; by default that of `out`, or float32.
    out : array, optional
        For the numbers: a NumPy array, or one in C order on a CUDA device.

    Returns
    -------
    ndarray, or `out`
        The numbers; those at the same index in C order are the same whatever the shape. Neither 0 nor 1 comes up.

    Raises
    ------
    TypeError
        If `rng` is no seed, neither `shape` nor `out` is given, or a dtype is another.
    ValueError
        If `out` is read-only or of another shape.
    """
    return _array("noise.uniform", draws.uniform, rng, shape, dtype, out)


def normal(rng: Any, shape: int | tuple[int, ...] | None = None, dtype: DTypeLike | None = None, *, out: Any = None) -> Any:
    """Standard normal numbers, by the inverse of the distribution function; arguments as of `uniform`."""
    return _array("noise.normal", draws.normal, rng, shape, dtype, out)


def gumbel(rng: Any, shape: int | tuple[int, ...] | None = None, dtype: DTypeLike | None = None, *, out: Any = None) -> Any:
    """Standard Gumbel numbers, -ln(-ln u); arguments as of `uniform`."""
    return _array("noise.gumbel", draws.gumbel, rng, shape, dtype, out)
