"""activation_stats on the device: counts and extremes as on the CPU, moments within a bound, the same bits in any layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import DTYPES, Array, np_dtype, same_bits
from planned import execute
from stub import fakes, scene
from stub.device import Stub

import fastact as fa
from fastact.cuda.statistics import RESULTS, planned

EXACT = ("zeros", "saturated", "dead", "minimum", "maximum", "nonfinite")


def batch(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Array:
    x = (np.random.default_rng(seed).standard_normal(shape) * 3).astype(np_dtype(dtype))
    some = x.reshape(-1)
    some[::101], some[5::211], some[7::307] = np.nan, np.inf, 0
    return x


def device(x: Array, f: Any, axes: tuple[int, ...], *params: float, tolerance: float = 0.01) -> dict[str, Array]:
    """The results of the kernels, run by the interpreter."""
    shape = tuple(x.shape[a] for a in axes)
    found = {name: np.empty(shape, dtype) for name, dtype in RESULTS.items()}
    dtype = x.dtype.name
    values = [np.float64(p) if dtype == "float64" else np.float32(p) for p in params]
    plan = planned(f.record, dtype, x.shape, x.strides, axes)
    execute(plan, [x, *found.values(), *values, np.float64(tolerance)], range(1, 1 + len(RESULTS)))
    return found


def compare(found: Any, wanted: fa.ActivationStats) -> None:
    for name in EXACT:
        np.testing.assert_array_equal(found[name], getattr(wanted, name), err_msg=name)
    np.testing.assert_allclose(found["mean"], wanted.mean, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(found["variance"], wanted.variance, rtol=1e-13, atol=1e-18)


@pytest.mark.parametrize(("shape", "axis"), [((90, 37), None), ((90, 37), 0), ((90, 37), -1), ((5, 7, 6, 11), (0, 2)), ((20_001,), None)])
def test_against_the_cpu(shape: tuple[int, ...], axis: Any) -> None:
    axes = () if axis is None else tuple(a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,)))
    for f, params in ((fa.relu, ()), (fa.elu, (0.5,))):
        x = batch(shape, "float32")
        compare(device(x, f, axes, *params), fa.activation_stats(x, f, *params, axis=axis))


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(dtype: str) -> None:
    x = batch((130, 19), dtype)
    compare(device(x, fa.sigmoid, (1,)), fa.activation_stats(x, fa.sigmoid, axis=1))


def test_the_layout_does_not_count() -> None:
    x = batch((64, 33), "float32")
    expected = device(x, fa.silu, (1,))
    wide = np.empty((64, 66), np.float32)
    wide[:, ::2] = x
    for other in (np.asfortranarray(x), np.ascontiguousarray(x[::-1])[::-1], wide[:, ::2]):
        for name, values in device(other, fa.silu, (1,)).items():
            same_bits(values, expected[name])


def test_moments_of_what_lies_far_from_0() -> None:
    """A mean of 10^6 deviations leaves the variance its digits."""
    x = 1e6 + np.random.default_rng(0).standard_normal(30_000)
    found = device(x, fa.identity, ())
    np.testing.assert_allclose(found["variance"], x.var(), rtol=1e-10)
    np.testing.assert_allclose(found["mean"], x.mean(), rtol=1e-15)


def test_nothing_finite() -> None:
    x = np.full((40, 3), np.nan, np.float32)
    x[:, 1] = 1
    compare(device(x, fa.relu, (1,)), fa.activation_stats(x, fa.relu, axis=1))
    compare(device(x[:0], fa.relu, (1,)), fa.activation_stats(x[:0], fa.relu, axis=1))


@scene
def test_calls(stub: Stub) -> None:
    torch = fakes.torch(stub)
    host = np.random.default_rng(0).standard_normal((50, 6)).astype(np.float32)
    x = torch.Tensor(stub.filled(host))
    y = np.maximum(host, 0).astype(float)
    for axis, others in ((None, (0, 1)), (1, 0)):
        found = fa.activation_stats(x, fa.relu, axis=axis)
        assert found.count == host.size // found.mean.host.size
        zeros, none = (y == 0).mean(others), np.zeros(found.mean.host.shape, np.int64)
        wanted = [found.count, zeros, zeros, none > 0, y.mean(others), y.var(others), y.min(others), y.max(others), none]
        compare({name: getattr(found, name).host for name in RESULTS}, fa.ActivationStats(*wanted))
        assert {name: getattr(found, name).dtype for name in RESULTS} == RESULTS
    with pytest.raises(ValueError, match=r"activation_stats: axis is 2; accepted are whole numbers from -2 to 1"):
        fa.activation_stats(x, fa.relu, axis=2)
    whole = torch.Tensor(stub.empty((4, 6), "i8"))
    with pytest.raises(TypeError, match=r"activation_stats: x has dtype int64; accepted on a CUDA device are"):
        fa.activation_stats(whole, fa.relu)
