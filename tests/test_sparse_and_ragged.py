"""Sparse and ragged arrays, and those of the array API: elements by their own rules, rows refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import defaults, same_bits

import fastact as fa
from fastact import Activation

DENSE = np.float32([[0, 0, 5, 0], [0, -1, 0, 0], [0, 0, 0, 0.5]])
WHOLE: dict[str, Callable[[Any], Any]] = {
    "softmax: x": fa.softmax,
    "logsumexp.backward: x": lambda a: fa.logsumexp.backward(1.0, a),
    "softmax_cross_entropy: logits": lambda a: fa.softmax_cross_entropy(a, [0, 1, 2]),
    "sigmoid_cross_entropy: logits": lambda a: fa.sigmoid_cross_entropy(a, 1.0),
    "prelu.backward: x": lambda a: fa.prelu.backward(1.0, a, 0.1),
    "swiglu.packed: x": fa.swiglu.packed,
    "dropout: x": lambda a: fa.dropout(a, rng=1),
    "crelu: x": fa.crelu,
}


@pytest.mark.parametrize("activation", fa.ACTIVATIONS, ids=lambda a: a.name)
def test_sparse_elements(activation: Activation) -> None:
    """What is not stored is f(0), and stays so: functions with f(0) = 0 are as sparse as before."""
    sparse = pytest.importorskip("sparse")
    x = sparse.COO.from_numpy(DENSE)
    zero = activation(np.float32([0]), *defaults(activation))
    for given in (x, sparse.GCXS.from_coo(x)) if activation is fa.gelu else (x,):
        y = activation(given, *defaults(activation))
        assert type(y) is type(given)
        assert y.nnz <= given.nnz
        same_bits(np.float32([y.fill_value]), zero)
        same_bits(y.todense(), activation(DENSE, *defaults(activation)))
    y, d = activation.value_and_grad(x, *defaults(activation))
    same_bits(d.todense(), activation.derivative(DENSE, *defaults(activation)))


def test_sparse_gradients() -> None:
    sparse = pytest.importorskip("sparse")
    x, dy = sparse.COO.from_numpy(DENSE), sparse.COO.from_numpy(DENSE[::-1])
    dx = fa.gelu.backward(dy, x)
    assert dx.nnz <= x.nnz
    same_bits(dx.todense(), fa.gelu.backward(DENSE[::-1], DENSE))
    same_bits(fa.swiglu(x, dy).todense(), fa.swiglu(DENSE, DENSE[::-1]))
    same_bits(fa.gelu(x, bias=0.5).todense(), fa.gelu(DENSE, bias=0.5))
    with pytest.raises(ValueError, match=r"^gelu: Performing a mixed sparse-dense operation that would result in a dense array"):
        fa.gelu(x, bias=np.float32([1, 2, 3, 4]))


@pytest.mark.parametrize("call", WHOLE)
def test_sparse_rows(call: str) -> None:
    sparse = pytest.importorskip("sparse")
    with pytest.raises(
        TypeError, match=rf"^{call} is of type sparse.COO; accepted.* are plain arrays, as of {call.rsplit(maxsplit=1)[-1]}.todense\(\)$"
    ):
        WHOLE[call](sparse.COO.from_numpy(DENSE))


def test_sparse_arrays_of_scipy() -> None:
    x = pytest.importorskip("scipy.sparse").csr_array(DENSE)
    calls: dict[str, Callable[[Any], Any]] = {"gelu: x": fa.gelu, "softmax: x": fa.softmax, "crelu: x": fa.crelu}
    for told, call in (calls | {"gelu.backward: dy": lambda a: fa.gelu.backward(a, a)}).items():
        name = told.split()[-1]
        with pytest.raises(TypeError, match=rf"^{told} is of type scipy.csr_array; accepted are plain arrays, as of {name}.toarray"):
            call(x)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_ragged() -> None:
    awkward = pytest.importorskip("awkward")
    flat, counts = np.float32([1, -2, 3, 0.5, -1]), [2, 0, 3]
    x = awkward.unflatten(flat, counts)
    for call in (fa.gelu, lambda a: fa.gelu.backward(a, a), lambda a: fa.leaky_relu(a, 0.1), lambda a: fa.swiglu(a, a)):
        y = call(x)
        assert type(y) is awkward.Array
        assert awkward.num(y).tolist() == counts
        same_bits(awkward.to_numpy(awkward.flatten(y)), call(flat))
    y, d = fa.gelu.value_and_grad(x)
    same_bits(awkward.to_numpy(awkward.flatten(d)), fa.gelu.derivative(flat))
    missing = fa.gelu(awkward.Array([[1.0, None], []]))
    assert missing.tolist() == [[fa.gelu(1.0), None], []]
    offsets = np.cumsum([0, *counts])
    rows = fa.softmax(x)
    assert awkward.num(rows).tolist() == counts
    same_bits(awkward.to_numpy(awkward.flatten(rows)), fa.softmax(flat, offsets=offsets))
    same_bits(awkward.to_numpy(fa.logsumexp(x)), fa.logsumexp(flat, offsets=offsets))
    dx = fa.softmax.backward(x, x)
    same_bits(awkward.to_numpy(awkward.flatten(dx)), fa.softmax.backward(flat, flat, offsets=offsets))
    for call, message in (
        (lambda: fa.softmax(x, 0), r"^softmax: axis is 0; accepted for a ragged array is its last axis, -1$"),
        (lambda: fa.softmax(awkward.Array([[1.0, None]])), r"^softmax: x is of type 1 \* var \* \?float64; accepted are lists of numbers"),
        (
            lambda: fa.softmax.backward(flat, x),
            r"^softmax.backward: dy is of type ndarray; accepted beside a ragged x is an array of awkward$",
        ),
        (lambda: fa.crelu(x), r"^crelu: x is of type awkward.Array; accepted are plain arrays, as of awkward.to_numpy\(x\)$"),
        (lambda: fa.gelu(awkward.Array(["a"])), r"^gelu: x has dtype <U1; accepted are float16"),
    ):
        with pytest.raises(TypeError, match=message):
            call()
    with pytest.raises(ValueError, match=r"^softmax.backward: dy has rows of other lengths than x; accepted is the form of x$"):
        fa.softmax.backward(awkward.unflatten(flat, [3, 2, 0]), x)


def test_array_api() -> None:
    strict = pytest.importorskip("array_api_strict")
    x = strict.asarray(DENSE)
    for call in (fa.gelu, lambda a: fa.gelu.backward(a, a), fa.softmax, lambda a: fa.softmax.backward(a, a), lambda a: fa.swiglu(a, a)):
        assert type(call(x)) is type(x)
        same_bits(np.asarray(call(x)), call(DENSE))
    y, d = fa.gelu.value_and_grad(x)
    dx, dslope = fa.prelu.backward(x, x, strict.asarray(np.float32(0.1)))
    assert {type(a) for a in (y, d, dx, dslope, fa.dropout(x, rng=1), fa.logsumexp(x), fa.leaky_relu(x, 0.1))} == {type(x)}
    assert type(fa.softmax(x, out=np.zeros_like(DENSE))) is np.ndarray
    same_bits(fa.crelu(x), fa.crelu(DENSE))
