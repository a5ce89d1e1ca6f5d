"""The forward and its companions are NumPy ufuncs, with all that this entails."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from cases import DIRECTIONS, bare, call, defaults, edges, np_dtype, ordinary, parameters, same_bits, trainable, uniform_bits

import fastact
from fastact import ACTIVATIONS, Activation

WITH_PARAMS = [a for a in ACTIVATIONS if a.params]
COUNTS = {"forward": (1, 1), "backward": (2, 1), "derivative": (1, 1), "value_and_grad": (1, 2)}


def test_is_a_ufunc(activation: Activation, direction: str) -> None:
    ufunc = bare(activation, direction)
    assert isinstance(ufunc, np.ufunc)
    nin, nout = COUNTS[direction]
    assert (ufunc.nin, ufunc.nout) == (nin + len(activation.params), nout)
    assert ufunc.__name__ == (activation.name if direction == "forward" else f"{activation.name}_{direction}")
    p = len(activation.params)
    lead, tail = nin, nout
    assert ufunc.types == [f"{t * lead}{w * p}->{t * tail}" for t, w in (("e", "f"), ("f", "f"), ("d", "d"), ("g", "g"))]
    assert activation.record.summary in (ufunc.__doc__ or "")
    assert pickle.loads(pickle.dumps(ufunc)) is ufunc
    assert ufunc is bare(activation, direction)


def test_forward_ufunc_is_the_property(activation: Activation) -> None:
    assert activation.ufunc is bare(activation, "forward")
    assert pickle.loads(pickle.dumps(activation)) is activation


def test_names_of_the_module() -> None:
    names = dir(fastact.ufuncs)
    assert len(names) == len(set(names)) == 4 * len(ACTIVATIONS) + 5 * len(fastact.GATES)
    assert all(isinstance(getattr(fastact.ufuncs, name), np.ufunc) for name in names)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'; it has identity, identity_backward"):
        fastact.ufuncs.nothing  # noqa: B018


def test_promotion_follows_exp(activation: Activation, direction: str) -> None:
    for kind in (bool, "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"):
        x = np.array([0, 1, 1, 0]).astype(kind)
        expected = np.exp(x).dtype
        for y in call(activation, direction, x, dy=x):
            assert y.dtype == expected, f"{kind} gives {y.dtype}"
        for y, z in zip(
            call(activation, direction, x, dy=x), call(activation, direction, x.astype(expected), dy=x.astype(expected)), strict=True
        ):
            same_bits(y, z)
    if direction != "backward":
        assert all(y.dtype == np.float64 for y in call(activation, direction, [0, 1.5, -2]))
        assert all(type(y) is np.float64 for y in call(activation, direction, 1.5))


@pytest.mark.parametrize("activation", WITH_PARAMS, ids=lambda a: a.name)
@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("n", [20, 40000])
def test_dtype_of_the_parameters(activation: Activation, direction: str, name: str, n: int) -> None:
    """Python floats, float32 and 16-bit parameters leave the dtype of x; only float64 arrays widen it."""
    x = ordinary(name, n)
    params = [0.3 + 0.5 * k for k in range(len(activation.params))]
    exact = call(activation, direction, x, *[np.float32(p) for p in params])
    for convert in (float, np.float32, lambda p: np.array([p], np.float32), lambda p: np.full(n, p, np.float32)):
        for y, z in zip(call(activation, direction, x, *map(convert, params)), exact, strict=True):
            same_bits(y, z)
    for y in call(activation, direction, x, *[np_dtype(name).type(p) for p in params]):
        assert y.dtype == x.dtype
    for y in call(activation, direction, x, *[int(p) + 2 for p in params]):
        assert y.dtype == x.dtype
    if not (direction == "backward" and trainable(activation)):
        wide = [np.full(n, p) for p in params]
        for y, z in zip(call(activation, direction, x, *wide), call(activation, direction, x.astype(float), *wide), strict=True):
            assert y.dtype == np.float64
            same_bits(y, z)


def test_bfloat16_stays(activation: Activation, direction: str) -> None:
    x = np.array([-1.5, 0.25, 3], ml_dtypes.bfloat16)
    assert all(y.dtype == x.dtype for y in call(activation, direction, x))
    assert all(np.shape(y) == () and np.asarray(y).dtype == x.dtype for y in call(activation, direction, x[0]))


def test_ufunc_keywords(activation: Activation) -> None:
    x, params = ordinary("float32", (6, 5)), defaults(activation)
    y = activation(x, *params)
    same_bits(activation(x, *params, dtype=np.float64), activation(x.astype(float), *params))
    same_bits(activation(x.astype(float), *params, dtype=np.float32, casting="same_kind"), y)
    same_bits(activation(x, *params, out=np.zeros((6, 5))), y.astype(np.float64))
    with np.errstate(over="ignore"):
        same_bits(activation(x, *params, out=np.zeros((6, 5), np.float16)), y.astype(np.float16))
    assert activation(x, *params, order="F").flags.f_contiguous
    same_bits(activation(x, *params, order="F"), y)
    same_bits(activation(x, *params, out=(np.zeros_like(x),)), y)
    assert activation.derivative(x, *params, dtype=np.float64).dtype == np.float64
    same_bits(activation.value_and_grad(x, *params, dtype=np.float64)[0], activation(x.astype(float), *params))
    with pytest.raises(TypeError, match="cast"):
        activation(x.astype(float), *params, dtype=np.float32, casting="safe")


def test_parameters_by_keyword(activation: Activation, direction: str) -> None:
    x = ordinary("float32", 30)
    for params in parameters(activation):
        named = dict(zip((p.name for p in activation.params), params, strict=True))
        for y, z in zip(call(activation, direction, x, **named), call(activation, direction, x, *params), strict=True):
            same_bits(y, z)
        for name, value in named.items():
            mixed = [value if p.name == name else d for p, d in zip(activation.params, defaults(activation), strict=True)]
            same_bits(call(activation, direction, x, **{name: value})[0], call(activation, direction, x, *mixed)[0])


@pytest.mark.parametrize("n", [1, 40, 70001])
def test_no_warning_ever(activation: Activation, dtype: str, direction: str, n: int, threads: int) -> None:
    for params in parameters(activation):
        base = np.concatenate([edges(dtype, activation, params), uniform_bits(dtype, 3000, 2, finite=False)])
        x = np.resize(base, n) if n > 1 else base
        dy = np.roll(x, 7)
        columns = [a[: a.size // 8 * 8].reshape(-1, 8)[:, 1:7] for a in (x, dy)]
        pieces = [(x[k : k + 1], dy[k : k + 1]) for k in range(0, x.size, 61)] if n == 1 else [(x, dy), (x[::2], dy[::2]), columns]
        with np.errstate(all="raise"), warnings.catch_warnings():
            warnings.simplefilter("error")
            for part, gradient in pieces:
                call(activation, direction, part, *params, dy=gradient)
                if not (direction == "backward" and trainable(activation)):
                    bare(activation, direction)(*[gradient] * (direction == "backward"), part, *params)


def test_pandas(activation: Activation) -> None:
    pandas = pytest.importorskip("pandas")
    x = ordinary("float32", 12)
    for given in (pandas.Series(x, index=list("abcdefghijkl")), pandas.DataFrame(x.reshape(4, 3), columns=list("abc"))):
        y = activation(given, *defaults(activation))
        assert type(y) is type(given)
        assert y.index.equals(given.index)
        same_bits(y.to_numpy(), activation(given.to_numpy(), *defaults(activation)))
        assert type(activation.derivative(given, *defaults(activation))) is type(given)


def test_xarray(activation: Activation) -> None:
    xarray = pytest.importorskip("xarray")
    given = xarray.DataArray(ordinary("float32", (4, 3)), dims=("a", "b"))
    y = activation(given, *defaults(activation))
    assert isinstance(y, xarray.DataArray)
    assert y.dims == ("a", "b")
    same_bits(y.to_numpy(), activation(given.to_numpy(), *defaults(activation)))


def test_dask(activation: Activation) -> None:
    array = pytest.importorskip("dask.array")
    x = ordinary("float32", (300, 40))
    lazy = activation(array.from_array(x, chunks=(100, 20)), *defaults(activation))
    assert isinstance(lazy, array.Array)
    assert lazy.dtype == x.dtype
    same_bits(lazy.compute(), activation(x, *defaults(activation)))


def test_masked_arrays(activation: Activation) -> None:
    x = ordinary("float32", 30)
    y = activation(np.ma.masked_array(x, x > 5), *defaults(activation))
    assert isinstance(y, np.ma.MaskedArray)
    np.testing.assert_array_equal(y.mask, x > 5)
    same_bits(y.compressed(), activation(x[x <= 5], *defaults(activation)))


def test_array_ufunc_is_asked(activation: Activation) -> None:
    class Asked:
        def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> tuple[str, str]:
            return ufunc.__name__, method

    for direction in DIRECTIONS:
        if not (direction == "backward" and trainable(activation)):
            name = activation.name if direction == "forward" else f"{activation.name}_{direction}"
            assert bare(activation, direction)(*[Asked()] * bare(activation, direction).nin) == (name, "__call__")
    assert activation(Asked(), *defaults(activation)) == (activation.name, "__call__")


def test_ufunc_methods() -> None:
    x = ordinary("float32", 8)
    expected = x.copy()
    expected[2] = fastact.silu(x[2:3])[0]
    fastact.ufuncs.silu.at(x, [2])
    same_bits(x, expected)
    outer = fastact.ufuncs.leaky_relu.outer(x, np.array([0.1, 0.2], np.float32))
    same_bits(outer, fastact.leaky_relu(x[:, None], np.array([0.1, 0.2], np.float32)))
