"""activation_stats: NumPy's figures over every choice of units, the same bits however it runs, and what is refused."""

from __future__ import annotations

import dataclasses
import tracemalloc
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from cases import Array, np_dtype, same_bits

import fastact as fa

FIELDS = [field.name for field in dataclasses.fields(fa.ActivationStats)]


def batch(shape: tuple[int, ...], dtype: Any = np.float32, seed: int = 0) -> Array:
    return (np.random.default_rng(seed).standard_normal(shape) * 3).astype(dtype)


def check(found: fa.ActivationStats, f: fa.Activation, x: Array, axis: Any, params: tuple[float, ...] = ()) -> None:
    """Against NumPy over the values and derivatives themselves."""
    axes = () if axis is None else (axis,) if isinstance(axis, int) else axis
    units = [a % x.ndim for a in axes]
    others = tuple(d for d in range(x.ndim) if d not in units)
    y, d = f(x, *params).astype(float), f.derivative(x, *params).astype(float)
    inside = np.isfinite(y)
    assert found.count == y.size // max(1, np.size(found.mean))
    np.testing.assert_array_equal(found.nonfinite, (~inside).sum(others))
    for given, expected in ((found.zeros, y == 0), (found.saturated, abs(d) < 0.01)):
        np.testing.assert_allclose(given, expected.mean(others), rtol=1e-15)
    np.testing.assert_array_equal(found.dead, (d == 0).all(others))
    np.testing.assert_array_equal(found.minimum, y.min(others, where=inside, initial=np.inf))
    np.testing.assert_array_equal(found.maximum, y.max(others, where=inside, initial=-np.inf))
    np.testing.assert_allclose(found.mean, y.mean(others, where=inside), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(found.variance, y.var(others, where=inside), rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize("shape", [(1000, 37), (70_001,), (6, 30, 15, 30)], ids=str)
def test_against_numpy(shape: tuple[int, ...], threads: int) -> None:
    x = batch(shape)
    for axis in (None, 0, -1, 1, (0, -1)):
        if len(shape) == 1 and axis not in (None, 0, -1):
            continue
        for f, params in ((fa.relu, ()), (fa.tanh, ()), (fa.elu, (0.5,)), (fa.hard_tanh, (-1, 2))):
            check(fa.activation_stats(x, f, *params, axis=axis), f, x, axis, params)


def test_dtypes(dtype: str) -> None:
    x = batch((300, 50), np_dtype(dtype))
    for axis in (None, 0, 1):
        check(fa.activation_stats(x, fa.sigmoid, axis=axis), fa.sigmoid, x, axis)
    x = np.full((4, 3), -20, np_dtype(dtype))
    assert fa.activation_stats(x, fa.sigmoid).zeros == (dtype == "float16")  # what float16 rounds to 0 is 0


def test_not_finite() -> None:
    x = batch((500, 8))
    x[::7, 1], x[::5, 2], x[:, 3] = np.nan, np.inf, np.nan
    for axis in (None, 0, 1):
        with np.errstate(all="ignore"):
            if axis != 1:
                check(fa.activation_stats(x, fa.relu, axis=axis), fa.relu, x, axis)
    found = fa.activation_stats(x, fa.relu, axis=1)
    assert found.nonfinite.tolist() == [0, 72, 100, 500, 0, 0, 0, 0]
    assert np.isnan(found.mean[3])
    assert np.isnan(found.variance[3])
    assert (found.minimum[3], found.maximum[3], found.dead[3]) == (np.inf, -np.inf, False)
    assert np.isfinite(found.mean[[0, 1, 2]]).all()


def test_dead_units() -> None:
    """Units of which no input is positive, and no others; for them the gradient of every weight is 0."""
    x = batch((64, 20))
    x[:, 3] = -abs(x[:, 3])
    x[:, 5] = -abs(x[:, 5])
    x[7, 5] = 1e-30
    x[:, 6] = 0
    found = fa.activation_stats(x, fa.relu, axis=1)
    assert np.flatnonzero(found.dead).tolist() == [3, 6]
    assert np.flatnonzero(~fa.relu.backward(np.ones_like(x), x).any(0)).tolist() == [3, 6]
    assert not fa.activation_stats(x, fa.leaky_relu, axis=1).dead.any()
    assert not fa.activation_stats(np.full(9, -50.0), fa.sigmoid).dead  # small is not 0
    assert fa.activation_stats(x, fa.step, axis=1).dead.all()


@pytest.mark.parametrize(
    ("f", "tolerance", "edge"),
    [
        (fa.sigmoid, 0.05, 2.88727095036),
        (fa.sigmoid, 0.01, 4.58486333912),
        (fa.sigmoid, 0.001, 6.90575227230),
        (fa.tanh, 0.05, 2.17827221030),
        (fa.tanh, 0.01, 2.99322284613),
        (fa.tanh, 0.001, 4.14677472695),
    ],
)
def test_saturation(f: fa.Activation, tolerance: float, edge: float) -> None:
    for sign in (1, -1):
        assert fa.activation_stats(np.array([sign * (edge + 1e-9)]), f, tolerance=tolerance).saturated == 1
        assert fa.activation_stats(np.array([sign * (edge - 1e-9)]), f, tolerance=tolerance).saturated == 0


def test_a_large_mean() -> None:
    """Costs digits as mean/deviation, here 1e8, which is that of the merged means; sums of squares would lose all 16."""
    x = 1e8 + np.random.default_rng(2).standard_normal((40_000, 3))
    for axis in (None, 1):
        found = fa.activation_stats(x, fa.identity, axis=axis)
        true = x.astype(np.longdouble).var(None if axis is None else 0)
        np.testing.assert_allclose(found.variance, true.astype(float), rtol=1e8 * 2.0**-53)


def test_same_bits() -> None:
    """Of any layout, number of threads, and run."""
    x, before = batch((70, 40, 60)), fa.get_num_threads()
    wide = np.empty((70, 40, 121), np.float32)
    wide[..., 1::2] = x
    for axis in (None, 0, 1, 2, (0, 1), (0, 2)):
        found = []
        for n in (1, 2):
            fa.set_num_threads(n)
            found += [fa.activation_stats(v, fa.gelu, axis=axis) for v in (x, np.asfortranarray(x), wide[..., 1::2], x[::-1].copy()[::-1])]
        fa.set_num_threads(before)
        for other in found[1:]:
            for name in FIELDS:
                same_bits(getattr(other, name), getattr(found[0], name))


def test_shapes() -> None:
    x = batch((2, 3, 4))
    assert fa.activation_stats(x, fa.relu, axis=(2, 0)).mean.shape == (2, 4)
    assert fa.activation_stats(x, fa.relu, axis=(0, 1, 2)).mean.shape == (2, 3, 4)
    scalars = fa.activation_stats(x, fa.relu)
    assert [type(getattr(scalars, n)) for n in FIELDS] == [int, float, float, bool, float, float, float, float, int]
    assert fa.activation_stats(-2.0, fa.relu).dead is True
    assert fa.activation_stats(np.arange(-3, 4), fa.relu).zeros == 4 / 7
    empty = fa.activation_stats(np.ones((0, 3)), fa.relu, axis=1)
    assert empty.count == 0
    assert np.isnan(empty.mean).all()
    assert not empty.dead.any()
    assert fa.activation_stats(np.ones((3, 0)), fa.relu, axis=1).mean.shape == (0,)


def test_one_pass() -> None:
    x = batch((500, 400))
    for axis in (None, 1):
        fa.activation_stats(x, fa.silu, axis=axis)
        tracemalloc.start()
        fa.activation_stats(x, fa.silu, axis=axis)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found < x.nbytes // 4


@pytest.mark.parametrize(
    ("kind", "message", "arguments", "named"),
    [
        (TypeError, "activation_stats: f is a str; accepted is an activation of fastact, such as fastact.relu", ["relu"], {}),
        (ValueError, "activation_stats: axis is 2; accepted are whole numbers from -2 to 1", [fa.relu], {"axis": 2}),
        (ValueError, "activation_stats: axis is (0, -2); accepted are axes that differ", [fa.relu], {"axis": (0, -2)}),
        (ValueError, "activation_stats: tolerance is -1; accepted are numbers from 0", [fa.relu], {"tolerance": -1}),
        (TypeError, "activation_stats: slope is a ndarray; accepted is a number", [fa.prelu, np.ones(2)], {}),
        (TypeError, "activation_stats: slop is not accepted; parameters of prelu are slope", [fa.prelu], {"slop": 2}),
    ],
)
def test_refusals(kind: type[Exception], message: str, arguments: list[Any], named: dict[str, Any]) -> None:
    with pytest.raises(kind) as caught:
        fa.activation_stats(np.ones((2, 3)), *arguments, **named)
    assert str(caught.value) == message
    for dtype in (np.longdouble, np.complex64):
        with pytest.raises(TypeError, match=r"^activation_stats: x has dtype .*; accepted are float16"):
            fa.activation_stats(np.ones(3, dtype), fa.relu)


def test_bfloat16_of_every_size() -> None:
    x = np.arange(2**16, dtype=np.uint16).view(ml_dtypes.bfloat16)
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64)
        found = fa.activation_stats(x, fa.identity)
    assert found.nonfinite == (~np.isfinite(wide)).sum()
    assert found.maximum == wide[np.isfinite(wide)].max()


@pytest.mark.parametrize("shape", [(1,), (1, 3), (5, 3)])
def test_variance_of_values_whose_squares_overflow(shape: tuple[int, ...]) -> None:
    """Equal ones differ by nothing from their mean."""
    found = fa.activation_stats(np.full(shape, 1e200), fa.identity, axis=range(1, len(shape)))
    assert np.all(found.variance == 0)
    assert np.all(found.mean == 1e200)
