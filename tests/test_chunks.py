"""Arrays of dask: blocks are computed where they are and when asked for; rows may lie in several chunks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from cases import same_bits

import fastact as fa
from fastact.cpu.ufunc import typed_loop

da = pytest.importorskip("dask.array")
X = np.random.default_rng(5).uniform(-30, 30, (6, 500)).astype(np.float32)
DY = np.random.default_rng(6).uniform(-1, 1, (6, 500)).astype(np.float32)
CHUNKS = (4, 120)
ELEMENTS: dict[str, Callable[[Any, Any], Any]] = {
    "gelu": lambda x, dy: fa.gelu(x),
    "gelu.backward": lambda x, dy: fa.gelu.backward(dy, x),
    "gelu.value_and_grad": lambda x, dy: fa.gelu.value_and_grad(x),
    "leaky_relu": lambda x, dy: fa.leaky_relu(x, np.linspace(0, 1, 500, dtype=np.float32)),
    "gelu with bias": lambda x, dy: fa.gelu.backward(dy, x, scale=2.0, bias=np.linspace(0, 1, 500, dtype=np.float32), wrt="x"),
    "sigmoid.backward_from_output": lambda x, dy: fa.sigmoid.backward_from_output(dy, x),
    "swiglu.backward": lambda x, dy: fa.swiglu.backward(dy, x, dy),
    "whole numbers": lambda x, dy: fa.leaky_relu(x.astype(np.int8), 0.1),
    "where": lambda x, dy: fa.gelu(x, where=True),
}
ROWS: dict[str, Callable[[Any, Any], Any]] = {
    "softmax": lambda x, dy: fa.softmax(x),
    "softmin": lambda x, dy: fa.softmin(x, scale=0.25),
    "log_softmax": lambda x, dy: fa.log_softmax(x, scale=0.5),
    "logsumexp": lambda x, dy: fa.logsumexp(x),
    "softmax.backward": lambda x, dy: fa.softmax.backward(dy, x, scale=0.1),
    "softmin.backward_from_output": lambda x, dy: fa.softmin.backward_from_output(dy, fa.softmin(x)),
    "log_softmax.backward": lambda x, dy: fa.log_softmax.backward(dy, x),
    "log_softmax.backward_from_output": lambda x, dy: fa.log_softmax.backward_from_output(dy, fa.log_softmax(x)),
    "logsumexp.backward": lambda x, dy: fa.logsumexp.backward(dy[:, 0], x),
}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def each(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


def lazy(a: Any, chunks: Any = CHUNKS) -> Any:
    return da.from_array(a, chunks=chunks)


@pytest.mark.parametrize("call", ELEMENTS)
def test_elements(call: str) -> None:
    for y, wanted in zip(each(ELEMENTS[call](lazy(X), lazy(DY))), each(ELEMENTS[call](X, DY)), strict=True):
        assert isinstance(y, da.Array)
        assert (y.shape, y.chunks, y.dtype) == (wanted.shape, lazy(X).chunks, wanted.dtype)
        same_bits(y.compute(), wanted)


def test_arrays_of_xarray_stay_lazy() -> None:
    xarray = pytest.importorskip("xarray")
    x, dy = (xarray.DataArray(lazy(a), dims=("i", "j"), attrs={"u": 1}) for a in (X, DY))
    y, d = fa.gelu.value_and_grad(x)
    dx = fa.swiglu.backward(dy, x, dy)[0]
    for got, wanted in ((y, fa.gelu(X)), (d, fa.gelu.derivative(X)), (dx, fa.swiglu.backward(DY, X, DY)[0])):
        assert isinstance(got.data, da.Array)
        assert got.attrs == {"u": 1}
        same_bits(got.compute().to_numpy(), wanted)
    rows = fa.softmax(x.chunk(j=-1), "j")
    assert isinstance(rows.data, da.Array)
    same_bits(rows.compute().to_numpy(), fa.softmax(X))


@fa.define
def cube(x: float) -> tuple[float, float]:
    return x * x * x, 3 * x * x


def test_nothing_is_compiled_or_computed_before_it_is_asked_for() -> None:
    x = lazy(X.astype(np.float16))
    for y in (cube(x), cube.backward(x, x)):
        assert y.dtype == np.float16
        assert not any(typed_loop(cube.record, d, "float16").kernels for d in ("forward", "backward"))
    touched: list[int] = []
    y = fa.softmax(x.map_blocks(lambda a: touched.append(1) or a, dtype=x.dtype, meta=np.empty((0, 0), x.dtype)))
    assert not touched
    assert y.compute().shape == x.shape
    assert touched


@pytest.mark.parametrize("call", ROWS)
def test_rows_in_one_chunk(call: str) -> None:
    """The very calls, block by block."""
    wanted = ROWS[call](X, DY)
    y = ROWS[call](lazy(X, (4, -1)), lazy(DY))
    assert (y.shape, y.dtype) == (wanted.shape, wanted.dtype)
    same_bits(y.compute(), wanted)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("call", ROWS)
def test_rows_in_several_chunks(call: str, dtype: str) -> None:
    """Within a few units in the last place of the same rows in one piece, in long double."""
    x, dy = X.astype(dtype), DY.astype(dtype)
    y = ROWS[call](lazy(x), lazy(dy))
    wanted = ROWS[call](x.astype(np.longdouble), dy.astype(np.longdouble))
    assert (y.shape, y.dtype) == (wanted.shape, np.dtype(dtype))
    eps, tiny = np.finfo(dtype).eps, np.finfo(dtype).smallest_subnormal
    largest = np.abs(wanted).max(-1, keepdims=True) if "backward" in call else np.abs(wanted)
    if call == "log_softmax":
        largest = np.maximum(largest, 1)
    assert (np.abs(y.compute() - wanted) <= 6 * eps * largest + 2 * tiny).all()


@pytest.mark.parametrize("name", ["softmax", "softmin", "log_softmax", "logsumexp"])
def test_special_rows_in_several_chunks(name: str) -> None:
    inf, nan = np.inf, np.nan
    x = np.array([[-inf] * 6, [1, -inf, -inf, -inf, -inf, 2], [inf, 1, inf, inf, 0, -inf], [0, nan, 1, 2, 3, 4], [1e38] * 6], np.float32)
    function = getattr(fa, name)
    np.testing.assert_allclose(function(lazy(x, (2, 2))).compute(), function(x), rtol=1e-6)
    np.testing.assert_allclose(function(lazy(x.T, (2, 2)), 0).compute(), function(x.T, 0), rtol=1e-6)


def test_options_of_rows() -> None:
    mask = DY > 0
    for where in (mask, lazy(mask)):
        same_bits(fa.softmax(lazy(X, (4, -1)), where=where).compute(), fa.softmax(X, where=mask))
    square = lazy(X[:, :6], (-1, -1))
    same_bits(fa.softmax(square, causal=True).compute(), fa.softmax(X[:, :6], causal=True))
    same_bits(fa.sparsemax(lazy(X, (4, -1))).compute(), fa.sparsemax(X))
    same_bits(fa.softmax(lazy(X, (-1, -1)), (0, 1)).compute(), fa.softmax(X, (0, 1)))
    same_bits(fa.softmax.backward(DY, lazy(X, (4, -1))).compute(), fa.softmax.backward(DY, X))
    same_bits(fa.logsumexp.jvp(lazy(X, (4, -1)), lazy(DY)).compute(), fa.logsumexp.jvp(X, DY))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_lengths_may_be_unknown(name: str, axis: int) -> None:
    f, x, dy = getattr(fa, name), lazy(X)[X[:, 0] > -99], lazy(DY)[X[:, 0] > -99]
    if name == "logsumexp":
        dy = dy.sum(axis)
    np.testing.assert_allclose(f(x, axis).compute(), f(X, axis), rtol=1e-6)
    np.testing.assert_allclose(f.backward(dy, x, axis).compute(), f.backward(dy.compute(), X, axis), atol=1e-5)
    whole = lazy(X, (4, -1))[X[:, 0] > -99]
    same_bits(fa.softmax.backward(whole, whole).compute(), fa.softmax.backward(X, X))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda x: fa.softmax(da.ma.masked_array(x, DY > 0)),
            r"^softmax: x has 5 chunks along axis 1; accepted here are rows of one chunk, as of x.rechunk",
        ),
        (
            fa.sparsemax,
            r"^sparsemax: x has 5 chunks along axis 1; accepted here are rows of one chunk, as of x.rechunk",
        ),
        (lambda x: fa.softmax(x, where=DY > 0), r"^softmax: x has 5 chunks along axis 1; accepted here are"),
        (lambda x: fa.softmax(x.rechunk({1: -1}), causal=True), r"^softmax: x has 2 chunks along axis 0; accepted here are"),
        (lambda x: fa.softmax(x, out=X), r"^softmax: out is given beside an array of dask, which is not written to; accepted is None"),
        (lambda x: fa.softmax(x.astype(complex)), r"^softmax: x has dtype complex128; accepted are float16"),
        (lambda x: fa.gelu(x.astype(complex)), r"^gelu: x has dtype complex128; accepted are float16"),
        (
            lambda x: fa.softmax_cross_entropy(x, [0] * 6),
            r"^softmax_cross_entropy: logits is of type dask.Array; accepted are plain arrays",
        ),
        (
            lambda x: fa.prelu.backward(x, x, 0.1),
            r"^prelu.backward: dy is of type dask.Array; accepted for gradients of",
        ),
        (lambda x: fa.dropout(x, rng=1), r"^dropout: x is of type dask.Array; accepted with noise that is drawn are plain arrays, as"),
        (
            fa.crelu,
            r"^crelu: x is of type dask.Array; accepted are plain arrays, as those that x.map_blocks",
        ),
        (
            lambda x: fa.softmax.backward(np.ma.masked_array(DY, DY > 0), x),
            r"^softmax.backward: dy is a MaskedArray; accepted beside one of dask",
        ),
    ],
)
def test_what_needs_whole_arrays(call: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call(lazy(X))
