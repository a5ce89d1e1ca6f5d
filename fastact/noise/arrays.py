"""Arrays of noise: the draws that a call with the same `rng` and shape makes in its loop."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fastact.activations.piecewise import identity
from fastact.cpu import walk
from fastact.noise import draws
from fastact.noise.drive import Draw, drawn
from fastact.noise.key import key

Array = np.ndarray[Any, np.dtype[Any]]


def _array(name: str, draw: Draw, rng: Any, shape: Any, dtype: DTypeLike) -> Array:
    words, kind = key(name, rng), np.dtype(dtype)
    if kind not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise TypeError(f"{name}: dtype is {kind}; accepted are float32 and float64")
    result = np.empty(shape, kind)
    if result.size:
        walk.walk(identity, "forward", kind.name, [np.zeros((), kind)], [result], drawn(draw, 0, words))
    return result


def uniform(rng: Any, shape: int | tuple[int, ...], dtype: DTypeLike = np.float32) -> Array:
    """Uniform numbers in (0, 1).

    Parameters
    ----------
    rng : int or tuple of two int
        Seed, or seed and stream, below 2^64.
    shape : int or tuple of int
        Shape of the result.
    dtype : dtype
        float32, made of 24 random bits a number, or float64, of 53.

    Returns
    -------
    ndarray
        The numbers; those at the same index in C order are the same whatever the shape. Neither 0 nor 1 comes up.
    """
    return _array("noise.uniform", draws.uniform, rng, shape, dtype)


def normal(rng: Any, shape: int | tuple[int, ...], dtype: DTypeLike = np.float32) -> Array:
    """Standard normal numbers, by the inverse of the distribution function; arguments as of `uniform`."""
    return _array("noise.normal", draws.normal, rng, shape, dtype)


def gumbel(rng: Any, shape: int | tuple[int, ...], dtype: DTypeLike = np.float32) -> Array:
    """Standard Gumbel numbers, -ln(-ln u); arguments as of `uniform`."""
    return _array("noise.gumbel", draws.gumbel, rng, shape, dtype)
