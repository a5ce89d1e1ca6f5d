"""Labels and coordinates that differ, and columns of several dtypes: aligned where the order alone differs, else refused."""

from __future__ import annotations

import numpy as np
import pytest
from cases import same_bits
from labelled import DY, SLOPES, X, data_array, frame

import fastact as fa

pytestmark = pytest.mark.usefixtures("raising")


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
