"""Arrays of other libraries: labels, masks and chunks come out as they went in, or a message tells what is accepted."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import same_bits
from labelled import DY, X, data_array, frame

import fastact as fa

pytestmark = pytest.mark.usefixtures("raising")

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


def each(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


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
    half = np.ma.masked_array(X.astype(np.float16), hidden)
    assert fa.softmax(half).dtype == np.float16
    known = np.ma.masked_array(shown, X > 1)
    same_bits(fa.softmax(np.ma.masked_array(X), where=known).data, fa.softmax(X, where=shown & (X <= 1)))


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
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
