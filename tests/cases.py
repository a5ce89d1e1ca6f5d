"""What the tests share: the inputs that a record calls for, one way to call every direction, and equality of bits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import ml_dtypes
import numpy as np

import fastact
from fastact import Activation, verify
from fastact.record import at
from fastact.verify.samples import places

Array = np.ndarray[Any, np.dtype[Any]]
DIRECTIONS = ("forward", "backward", "derivative", "value_and_grad")
DTYPES = ("float16", "bfloat16", "float32", "float64")
GRAIN = 32768
ROOMY = {"float16": (-8.0, 8.0), "bfloat16": (-8.0, 8.0), "float32": (-20.0, 20.0), "float64": (-40.0, 40.0)}


def np_dtype(name: str) -> np.dtype[Any]:
    return np.dtype(ml_dtypes.bfloat16) if name == "bfloat16" else np.dtype(name)


def width(name: str) -> str:
    """The dtype in which parameters come, and results are computed."""
    return "float64" if name == "float64" else "float32"


def bits(a: Any) -> Array:
    array = np.asarray(a)
    return array.view(f"u{array.dtype.itemsize}")


def is_nan(a: Any) -> Array:
    """np.isnan, which warns of signalling bfloat16."""
    with np.errstate(invalid="ignore"):
        return np.isnan(a)


def is_finite(a: Any) -> Array:
    with np.errstate(invalid="ignore"):
        return np.isfinite(a)


def same_bits(a: Any, b: Any) -> None:
    """Assert equal dtype, shape and bits; every NaN equals every other."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype, f"{a.dtype} instead of {b.dtype}"
    assert a.shape == b.shape, f"shape {a.shape} instead of {b.shape}"
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    wrong = (bits(a) != bits(b)) & ~(is_nan(a) & is_nan(b))
    if wrong.any():
        first = tuple(int(i[0]) for i in np.nonzero(wrong))
        raise AssertionError(f"{wrong.sum()} of {wrong.size} differ; at {first}: {a[first]!r} instead of {b[first]!r}")


def neighbours(values: Iterable[float], dtype: np.dtype[Any]) -> Array:
    """The values in `dtype`, and for each that is finite and not 0 the next floats on both sides."""
    with np.errstate(all="ignore"):
        center = np.array(list(values)).astype(dtype)
    inner = center[is_finite(center) & (center != 0)]
    one = bits(inner).dtype.type(1)
    return np.concatenate([center, (bits(inner) + one).view(dtype), (bits(inner) - one).view(dtype)])


def edges(name: str, activation: Activation | None = None, params: tuple[float, ...] = (), *, finite: bool = False) -> Array:
    """Places of `fastact.verify.samples` and their neighbours, infinities and NaN."""
    dtype = np_dtype(name)
    found = places(ml_dtypes.finfo(dtype), activation and activation.record, params)
    x = neighbours([*found, math.inf, -math.inf, math.nan, -math.nan], dtype)
    return x[is_finite(x)] if finite else x


def uniform_bits(name: str, count: int, seed: int, *, finite: bool = True) -> Array:
    """Floats uniform over their bit patterns."""
    dtype = np_dtype(name)
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2 ** (8 * dtype.itemsize), count, dtype=f"u{dtype.itemsize}").view(dtype)
    return x[is_finite(x)] if finite else x


def ordinary(name: str, shape: Any, seed: int = 0) -> Array:
    """Values where functions bend, half of them negative."""
    return np.random.default_rng(seed).uniform(*ROOMY[name], shape).astype(np_dtype(name))


def defaults(activation: Activation) -> tuple[float, ...]:
    """Every parameter's default, or its first sample where it must be given."""
    return activation.record.typical


def parameters(activation: Activation) -> list[tuple[float, ...]]:
    """The defaults, and the samples of the record taken side by side."""
    return verify.parameters(activation, every=True)


def rounded(params: Iterable[float], name: str) -> tuple[float, ...]:
    """Parameters as a loop of that dtype sees them."""
    return tuple(float(np.dtype(width(name)).type(p)) for p in params)


def trainable(activation: Activation) -> bool:
    return any(p.trainable for p in activation.params)


def call(activation: Activation, direction: str, x: Any, *params: Any, dy: Any = None, out: Any = None, **options: Any) -> tuple[Any, ...]:
    """The results of any direction that have the shape of x, as a tuple; dy is 1 unless given."""
    missing = activation.params[len(params) :]
    options |= {p.name: p.samples[0] for p in missing if p.default is None and p.name not in options}
    if direction == "forward":
        return (activation(x, *params, out=out, **options),)
    if direction == "backward":
        result = activation.backward(np.ones_like(x) if dy is None else dy, x, *params, out=out, **options)
        return result[:1] if trainable(activation) else (result,)
    if direction == "derivative":
        return (activation.derivative(x, *params, out=out, **options),)
    result = activation.value_and_grad(x, *params, out=out, **options)
    assert isinstance(result, tuple)
    return result


def bare(activation: Activation, direction: str) -> np.ufunc:
    name = activation.name if direction == "forward" else f"{activation.name}_{direction}"
    ufunc = getattr(fastact.ufuncs, name)
    assert isinstance(ufunc, np.ufunc)
    return ufunc


def smooth_mask(activation: Activation, x: Array, params: tuple[float, ...], distance: float) -> Array:
    """Where x is farther than `distance` from every kink."""
    kinks = [at(kink.at, *params) for kink in activation.kinks]
    return np.all([abs(x - k) > distance for k in kinks], axis=0) if kinks else np.ones(x.shape, bool)
