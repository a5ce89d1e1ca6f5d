"""The C reference of the functions with noise, of the generator and of its draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastact.noise.key import key
from fastact.reference import _built

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

_KINDS = ("uniform", "normal", "gumbel")


def pairs(name: str, x: ArrayLike, noise: ArrayLike, *params: float, dtype: DTypeLike = np.longdouble) -> NDArray[Any]:
    """Results of the function `name`, computed in `dtype`, float64 or long double.

    Parameters
    ----------
    name : str
        Name of the function.
    x, noise : array_like, shape (n,)
        Points.
    *params : float
        Parameters, shared by all points.
    dtype : dtype
        The width.

    Returns
    -------
    ndarray, shape (n, 3 + len(params), 2)
        Value, derivatives by x, by the noise and by each parameter; each with the largest term that it is a sum of.
    """
    kind = np.dtype(dtype)
    suffix, pointer = ("", "double *") if kind == np.float64 else ("_l", "long double *")
    points, drawn = np.broadcast_arrays(np.asarray(x, kind), np.asarray(noise, kind))
    given = [np.ascontiguousarray(points), np.ascontiguousarray(drawn), np.array([*params, 0], kind)]
    result = np.empty((points.size, 3 + len(params), 2), kind)
    ffi, lib = _built().ffi, _built().lib
    getattr(lib, f"fastact_noise_{name}{suffix}")(points.size, *(ffi.cast(pointer, a.ctypes.data) for a in (*given, result)))
    return result


def words(rng: Any, first: int, count: int) -> NDArray[np.uint32]:
    """Words of the generator from number `first` of a stream on."""
    seed, stream = (int(k) for k in key("reference.words", rng))
    result = np.empty(count, np.uint32)
    ffi, lib = _built().ffi, _built().lib
    lib.fastact_noise_words(seed, stream, first, count, ffi.cast("uint32_t *", result.ctypes.data))
    return result


def draws(kind: str, bits: int, rng: Any, first: int, count: int) -> NDArray[np.longdouble]:
    """Draws from number `first` of a stream on, "uniform", "normal" or "gumbel", made of words of 32 or 64 bits, in long double."""
    seed, stream = (int(k) for k in key("reference.draws", rng))
    result = np.empty(count, np.longdouble)
    ffi, lib = _built().ffi, _built().lib
    lib.fastact_noise_draws(_KINDS.index(kind), bits, seed, stream, first, count, ffi.cast("long double *", result.ctypes.data))
    return result
