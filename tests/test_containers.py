"""Arrays of other libraries: labels, masks and chunks come out as they went in, or a message tells what is accepted."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from cases import same_bits

import fastact as fa

X = np.random.default_rng(1).uniform(-4, 4, (4, 6)).astype(np.float32)
DY = np.random.default_rng(2).uniform(-1, 1, (4, 6)).astype(np.float32)
SLOPES = np.linspace(0.1, 0.6, 6, dtype=np.float32)
ROWS: dict[str, Callable[..., Any]] = {
    "softmax": lambda x, dy, axis: fa.softmax(x, axis),
    "hardmax": lambda x, dy, axis: fa.hardmax(x, axis, scale=0.5),
    "softmax.backward": lambda x, dy, axis: fa.softmax.backward(dy, x, axis),
    "softmin.backward_from_output": lambda x, dy, axis: fa.softmin.backward_from_output(dy, x, axis),
    "softmax.jvp": fa.softmax.jvp,
    "logsumexp.jvp": fa.logsumexp.jvp,
    "logsumexp": lambda x, dy, axis: fa.logsumexp(x, axis),
}
ELEMENTS: dict[str, Callable[[Any, Any], Any]] = {
    "gelu.derivative": lambda x, dy: fa.gelu.derivative(x),
    "gelu.backward": lambda x, dy: fa.gelu.backward(dy, x),
    "gelu.value_and_grad": lambda x, dy: fa.gelu.value_and_grad(x),
    "leaky_relu": lambda x, dy: fa.leaky_relu(x, 0.1),
    "leaky_relu of arrays": fa.leaky_relu,
    "gelu with bias": lambda x, dy: fa.gelu(x, bias=0.5),
    "gelu with scale": lambda x, dy: fa.gelu.backward(dy, x, scale=2.0, bias=0.5, wrt="x"),
    "sigmoid.backward_from_output": lambda x, dy: fa.sigmoid.backward_from_output(dy, x),
    "swiglu": fa.swiglu,
    "gelu.jvp": fa.gelu.jvp,
    "gated": lambda x, dy: fa.gated(fa.mish).backward(dy, x, dy),
}
LABELLED: dict[str, Callable[[Any, Any], Any]] = {
    "prelu.backward": lambda x, dy: fa.prelu.backward(dy, x, 0.25),
    "wrt": lambda x, dy: fa.leaky_relu.backward(dy, x, x, wrt=("slope", "x")),
    "dropout": lambda x, dy: fa.dropout(x, rng=3),
    "noisy": lambda x, dy: fa.noisy_hard_tanh.value_and_grad(x, rng=(3, 1)),
    "noisy.backward": lambda x, dy: fa.noisy_hard_tanh.backward(dy, x, rng=3, p=2.0),
    "sigmoid_cross_entropy": fa.sigmoid_cross_entropy,
}
REFUSED: dict[str, Callable[[Any], Any]] = {
    "swiglu.packed: x": fa.swiglu.packed,
    "crelu: x": fa.crelu,
    "maxout: x": lambda x: fa.maxout(x, 2),
    "relu.with_mask: x": fa.relu.with_mask,
    "gumbel_softmax: x": lambda x: fa.gumbel_softmax(x, rng=1),
    "activation_stats: x": lambda x: fa.activation_stats(x, fa.gelu),
}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "the matrix subclass", PendingDeprecationWarning)
        yield


def each(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


def frame(a: Any) -> Any:
    return pytest.importorskip("pandas").DataFrame(a, index=list("wxyz"), columns=list("abcdef"))


def data_array(a: Any) -> Any:
    return pytest.importorskip("xarray").DataArray(a, dims=("i", "j"), coords={"i": list("wxyz"), "j": range(6)}, attrs={"u": 1}, name="n")


@pytest.mark.parametrize("name", [*ELEMENTS, *LABELLED])
def test_labels_of_elements(name: str) -> None:
    call = (ELEMENTS | LABELLED)[name]
    expected = each(call(X, DY))
    for make in (frame, data_array):
        x = make(X)
        for y, wanted in zip(each(call(x, make(DY))), expected, strict=True):
            same_bits(np.asarray(y), wanted)
            if np.ndim(wanted):
                assert type(y) is type(x)
                assert y.coords.equals(x.coords) if make is data_array else y.axes[0].equals(x.index) and y.axes[1].equals(x.columns)


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("name", ROWS)
def test_labels_of_rows(name: str, axis: int) -> None:
    wanted = ROWS[name](X, DY, axis)
    y = ROWS[name](frame(X), frame(DY), ("index", "columns")[axis])
    labels = frame(X).axes if wanted.ndim == 2 else [frame(X).axes[axis + 1]]
    assert len(y.axes) == len(labels)
    assert all(mine.equals(other) for mine, other in zip(y.axes, labels, strict=True))
    same_bits(y.to_numpy(), wanted)
    turned = ROWS[name](data_array(X), data_array(DY).transpose("j", "i"), ("i", "j")[axis])
    assert turned.dims == (("i", "j") if wanted.ndim == 2 else (("j", "i")[axis],))
    assert turned.attrs == {"u": 1}
    assert set(turned.coords) == set(turned.dims)
    same_bits(turned.to_numpy(), wanted)


def test_losses_of_rows() -> None:
    labels = np.array([1, 0, 5, 2])
    loss, grad = fa.softmax_cross_entropy.value_and_grad(X, labels)
    given = frame(X)
    y, d = fa.softmax_cross_entropy.value_and_grad(given, pytest.importorskip("pandas").Series(labels, index=list("wxyz")))
    assert y.index.equals(given.index)
    assert d.columns.equals(given.columns)
    same_bits(y.to_numpy(), loss)
    same_bits(d.to_numpy(), grad)
    classes = data_array(X).isel(j=0, drop=True).copy(data=labels)
    y, d = fa.softmax_cross_entropy.value_and_grad(data_array(X), classes, "j")
    assert (y.dims, d.dims) == (("i",), ("i", "j"))
    same_bits(y.to_numpy(), loss)
    with pytest.raises(TypeError, match=r"^softmax_cross_entropy.backward: logits is a MaskedArray; accepted are plain arrays$"):
        fa.softmax_cross_entropy.backward(1.0, np.ma.masked_array(X, X > 0), labels)


def test_labels_that_differ() -> None:
    pandas = pytest.importorskip("pandas")
    x, dy = frame(X), frame(DY).set_axis(list("wxyv"))
    for call in (lambda: fa.gelu.backward(dy, x), lambda: fa.softmax.backward(dy, x), lambda: fa.prelu.backward(dy, x, 0.1)):
        with pytest.raises(ValueError, match=r"backward: dy has other labels than x; accepted is"):
            call()
    turned = x.iloc[::-1]
    same_bits(fa.gelu.backward(turned, x).loc[x.index].to_numpy(), fa.gelu.backward(X, X))
    series = pandas.Series(SLOPES, index=x.columns)
    dslope = fa.prelu.backward(frame(DY), x, series, wrt="slope")
    assert dslope.index.equals(x.columns)
    same_bits(dslope.to_numpy(), fa.prelu.backward(DY, X, SLOPES)[1])
    with pytest.raises(TypeError, match=r"^leaky_relu: slope is a Series beside a DataFrame; accepted are DataFrames, numbers, and arrays"):
        fa.leaky_relu(x, series)
    same_bits(fa.leaky_relu(x, SLOPES).to_numpy(), fa.leaky_relu(X, SLOPES))


def test_coordinates_that_differ() -> None:
    x = data_array(X)
    dy = data_array(DY).assign_coords(i=list("wxyv"))
    for call in (lambda: fa.gelu.backward(dy, x), lambda: fa.softmax.backward(dy, x, "j"), lambda: fa.prelu.backward(dy, x, 0.1)):
        with pytest.raises(ValueError, match=r"backward: dy has other coordinates than x along 'i'; accepted are those of x"):
            call()
    slope = x.isel(i=0, drop=True).copy(data=SLOPES)
    dx, dslope = fa.prelu.backward(data_array(DY).isel(i=[3, 2, 1, 0]), x, slope)
    same_bits(dslope.to_numpy(), fa.prelu.backward(DY, X, SLOPES)[1])
    assert (dx.dims, dslope.dims) == (("i", "j"), ("j",))
    rows = x.isel(j=0, drop=True).copy(data=SLOPES[:4])
    same_bits(fa.prelu.backward(data_array(DY), x, rows)[1].to_numpy(), fa.prelu.backward(DY, X, SLOPES[:4, None])[1][:, 0])
    with pytest.raises(TypeError, match=r"^softmax: x is a Dataset; accepted is a DataArray; for each of its variables, x.map"):
        fa.softmax(x.to_dataset())
    mapped = x.to_dataset().map(fa.softmax, args=("j",))
    same_bits(mapped["n"].to_numpy(), fa.softmax(X))
    assert fa.gelu(x.to_dataset())["n"].equals(fa.gelu(x))
    with pytest.raises(ValueError, match=r"^softmax: axis is 'k'; accepted are dimensions of x, 'i', 'j', and whole numbers"):
        fa.softmax(x, "k")
    with pytest.raises(TypeError, match=r"^gelu: out is a DataArray; accepted is a NumPy array, or None"):
        fa.gelu(x, out=x)


def test_columns_keep_their_dtypes() -> None:
    pandas = pytest.importorskip("pandas")
    mixed = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1].astype(float), "c": [1, 2, 3, 4]})
    whole = fa.leaky_relu(mixed, 0.1)
    assert [str(t) for t in whole.dtypes] == ["float32", "float64", "float64"]
    same_bits(whole["a"].to_numpy(), fa.leaky_relu(X[:, 0], 0.1))
    missing = pandas.DataFrame({"a": pandas.array([1.0, None, -2.0], "Float32"), "b": pandas.array([1.0, 2.0, None], "Float64")})
    dx = fa.gelu.backward(missing, missing)
    assert [str(t) for t in dx.dtypes] == ["Float32", "Float64"]
    assert dx.isna().equals(missing.isna())
    with pytest.raises(TypeError, match=r"^softmax: x has missing values; accepted are float16.*, all there, as of x.fillna\(0\)$"):
        fa.softmax(missing)
    there = fa.softmax(missing.fillna(0)["a"])
    assert str(there.dtype) == "Float32"
    same_bits(there.to_numpy(np.float32), fa.softmax(np.float32([1, 0, -2])))
    assert type(fa.softmax(pandas.Index(X[0], name="k"))) is pandas.Index
    with pytest.raises(TypeError, match=r"^softmax: axis is 'j'; accepted for a DataFrame are whole numbers, 'index' and 'columns'"):
        fa.softmax(mixed, "j")
    with pytest.raises(TypeError, match=r"^gelu: x has dtype (object|str)"):
        fa.gelu(pandas.DataFrame({"a": ["x"]}))


def test_masked_rows() -> None:
    hidden = X > 2
    hidden[3] = True
    data = np.where(hidden, np.float32("nan"), X)
    x = np.ma.masked_array(data, hidden, fill_value=7)
    shown = ~hidden
    for name, wanted in (("softmax", fa.softmax(X, where=shown)), ("sparsemax", fa.sparsemax(X, where=shown))):
        y = getattr(fa, name)(x)
        np.testing.assert_array_equal(y.mask, hidden)
        assert y.fill_value == 7
        same_bits(y.filled(0), np.where(hidden, np.float32(0), wanted))
    total = fa.logsumexp(x)
    np.testing.assert_array_equal(np.ma.getmaskarray(total), [False, False, False, True])
    same_bits(total.data[:3], fa.logsumexp(X, where=shown)[:3])
    assert fa.logsumexp(x[3]) is np.ma.masked
    dx = fa.softmax.backward(np.ma.masked_array(DY, hidden), x)
    same_bits(dx.filled(0), np.where(hidden, np.float32(0), fa.softmax.backward(DY, X, where=shown)))
    with pytest.raises(ValueError, match=r"^softmax.backward: dy is masked where x is not; accepted is a mask that hides no more"):
        fa.softmax.backward(np.ma.masked_array(DY, ~hidden), x)
    with pytest.raises(TypeError, match=r"^softmax.backward: dy is a MaskedArray; accepted beside x without a mask are plain arrays$"):
        fa.softmax.backward(np.ma.masked_array(DY, hidden), X)
    with pytest.raises(TypeError, match=r"^softmax: out is a ndarray; accepted beside a MaskedArray is a MaskedArray, or None$"):
        fa.softmax(x, out=np.zeros_like(X))
    out = np.ma.masked_array(np.zeros_like(X), False)
    assert fa.softmax(x, out=out) is out
    np.testing.assert_array_equal(out.mask, hidden)
    y = fa.gelu(x)
    np.testing.assert_array_equal(y.mask, np.exp(x).mask)
    assert y.fill_value == np.exp(x).fill_value == 7


def test_subclasses() -> None:
    class Named(np.ndarray[Any, Any]):
        unit = ""

        def __array_finalize__(self, other: Any) -> None:
            self.unit = getattr(other, "unit", "")

    x = X.view(Named)
    x.unit = "m"
    for y in (fa.gelu(x), fa.softmax(x), fa.softmax.backward(DY, x), fa.swiglu.packed(x)):
        assert type(y) is Named
        assert y.unit == "m"
    assert fa.gelu(X, out=x) is x
    matrix = np.matrix(X)
    assert type(fa.softmax(matrix, 0)) is np.matrix
    same_bits(fa.softmax(matrix), fa.softmax(X))
    structured = np.rec.array([(1.0, 2.0)], dtype=[("a", "f4"), ("b", "f4")])
    for call in (fa.gelu, fa.softmax, fa.crelu):
        with pytest.raises(TypeError, match=r"x has dtype .*accepted are float16"):
            call(structured)
        with pytest.raises(TypeError, match="x has dtype object; accepted are float16"):
            call(X.astype(object))


def test_maps_of_memory(tmp_path: Any) -> None:
    x = np.memmap(tmp_path / "x", np.float32, "w+", shape=X.shape)
    x[...] = X
    for call in (
        fa.gelu,
        fa.softmax,
        fa.swiglu.packed,
        lambda a: fa.swiglu.packed.backward(1.0, a),
        fa.crelu,
        lambda a: fa.dropout(a, rng=1),
    ):
        same_bits(call(x), call(X))
    assert fa.gelu(X, out=x) is x
    same_bits(x, fa.gelu(X))


class Overriding:
    """What has rules of its own for ufuncs, such as quantities with units."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return X

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> str:
        return ufunc.__name__


def test_other_classes() -> None:
    given = Overriding()
    assert fa.gelu(given) == "gelu"
    assert fa.softplus.backward(X, given) == "softplus_backward"
    calls: dict[str, Callable[[Any], Any]] = {"softmax: x": fa.softmax, "softmax.backward: dy": lambda a: fa.softmax.backward(a, X)}
    for use, call in (calls | REFUSED).items():
        told = rf"^{use} is of type test_containers.Overriding; accepted are plain arrays, as of numpy.asarray"
        with pytest.raises(TypeError, match=told):
            call(given)
    with pytest.raises(TypeError, match=r"^dropout: x is of type .*; accepted with noise that is drawn are plain arrays"):
        fa.dropout(given, rng=1)


@pytest.mark.parametrize("make", [frame, data_array])
@pytest.mark.parametrize("call", REFUSED)
def test_labels_are_not_lost(call: str, make: Callable[[Any], Any]) -> None:
    x = make(X)
    told = f"{call} is of type {type(x).__module__.partition('.')[0]}.{type(x).__name__}; accepted are plain arrays, as of x.to_numpy()"
    with pytest.raises(TypeError, match=f"^{re.escape(told)}$"):
        REFUSED[call](x)
    REFUSED[call](x.to_numpy())
