"""The softmax family on device arrays over a stub of the driver: results, `out`, options, and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import same_bits
from stub import fakes, scene
from stub.device import Described, Stub

import fastact as fa


def tensor(stub: Stub, shape: Any, seed: int = 0, kind: Any = np.float32) -> fakes.Tensor:
    return fakes.Tensor(stub.filled(np.random.default_rng(seed).normal(0, 3, shape).astype(kind)))


def held(stub: Stub, values: Any) -> fakes.Tensor:
    return fakes.Tensor(stub.filled(np.asarray(values)))


@scene
def test_functions_and_gradients(stub: Stub) -> None:
    fakes.torch(stub)
    for shape, axis in (((5, 70), -1), ((3, 40, 6), 1), ((2, 3, 20), (1, 2)), ((7,), None)):
        x = tensor(stub, shape)
        for f in fa.ROWS:
            y = f(x, axis=axis)
            assert type(y) is fakes.Tensor
            same_bits(y.host, np.asarray(f(x.host, axis=axis)))
            dy = tensor(stub, y.shape, 1)
            same_bits(f.backward(dy, x, axis=axis).host, f.backward(dy.host, x.host, axis=axis))
            if not f.record.reduces:
                same_bits(f.backward_from_output(dy, y, axis=axis).host, f.backward_from_output(dy.host, y.host, axis=axis))
    stub.check()


@scene
def test_options_and_broadcasting(stub: Stub) -> None:
    fakes.torch(stub)
    x, mask = tensor(stub, (3, 5, 33)), held(stub, np.random.default_rng(1).random((5, 1)) < 0.5)
    same_bits(fa.softmax(x, where=mask, scale=0.5).host, fa.softmax(x.host, where=mask.host, scale=0.5))
    same_bits(fa.log_softmax(x, causal=True).host, fa.log_softmax(x.host, causal=True))
    dy = tensor(stub, (33,), 2)
    same_bits(fa.softmax.backward(dy, x).host, fa.softmax.backward(dy.host, x.host))
    turned = fakes.Tensor(x.host.transpose(2, 0, 1))
    same_bits(fa.softmax(turned, axis=0).host, fa.softmax(turned.host, axis=0))
    same_bits(fa.logsumexp(turned, axis=0).host, fa.logsumexp(turned.host, axis=0))


@scene
def test_out(stub: Stub) -> None:
    fakes.torch(stub)
    x, y = tensor(stub, (4, 50)), tensor(stub, (4, 50), 1)
    expected = fa.softmax(x.host)
    assert fa.softmax(x, out=y) is y
    same_bits(y.host, expected)
    assert fa.softmax(x, out=x) is x
    same_bits(x.host, expected)
    row = tensor(stub, 4)
    fa.logsumexp(y, out=row)
    same_bits(row.host, fa.logsumexp(y.host))
    before = stub.launches[:]
    for bad, told in (
        (tensor(stub, (4, 51)), r"softmax: out has shape \(4, 51\); accepted is the shape of the result, \(4, 50\)"),
        (tensor(stub, (4, 50), kind=np.float64), r"softmax: out has dtype float64; accepted is float32"),
        (x.host, r"softmax: out is a ndarray on the host"),
        (fakes.Tensor(y.host[:, ::-1]), r"softmax: out shares memory with an operand"),
    ):
        with pytest.raises((TypeError, ValueError), match=told):
            fa.softmax(y, out=bad)
    assert stub.launches == before


@scene
def test_empty(stub: Stub) -> None:
    fakes.torch(stub)
    assert fa.softmax(tensor(stub, (0, 5))).shape == (0, 5)
    assert fa.softmax(tensor(stub, (3, 0))).shape == (3, 0)
    assert fa.sigmoid_cross_entropy(tensor(stub, (0,)), tensor(stub, (0,))).shape == (0,)
    same_bits(fa.logsumexp(tensor(stub, (3, 0))).host, np.full(3, -np.inf, np.float32))


@scene
def test_bad_input(stub: Stub) -> None:
    fakes.torch(stub)
    x, turned = tensor(stub, (4, 50)), fakes.Tensor(tensor(stub, (4, 6, 5)).host.transpose(0, 2, 1))
    bad: list[tuple[Any, str]] = [
        (lambda: fa.softmax(x, axis=2), r"softmax: axis is 2, and x has 2 axes"),
        (lambda: fa.softmax(x, offsets=x), r"softmax: offsets is not accepted for arrays on a CUDA device; accepted are axis, out"),
        (lambda: fa.softmax(x, mask=x), r"softmax: no option 'mask'"),
        (lambda: fa.softmax(x, where=x), r"softmax: where has dtype float32; accepted on a CUDA device are bool"),
        (lambda: fa.softmax(x, where=np.ones(50, bool)), r"softmax: where is a ndarray on the host"),
        (lambda: fa.softmax(x, causal=True, axis=0), r"softmax: causal is for rows along the last axis"),
        (lambda: fa.softmax(held(stub, np.arange(3))), r"softmax: x has dtype int64; accepted on a CUDA device are float16"),
        (lambda: fa.softmax.backward(x.host, x), r"softmax\.backward: dy is a ndarray on the host beside arrays on a CUDA device"),
        (lambda: fa.softmax.backward(x, x.host), r"softmax\.backward: x is a ndarray on the host"),
        (lambda: fa.softmax.backward(tensor(stub, 7), x), r"softmax\.backward: dy has shape \(7,\), which does not broadcast to \(4, 50\)"),
        (lambda: fa.softmax.backward(tensor(stub, 50, kind=np.float64), x), r"dy has dtype float64; accepted is float32, as x has"),
        (lambda: fa.logsumexp.backward(x, x), r"logsumexp\.backward: dy has shape \(4, 50\), which does not broadcast to \(4,\)"),
        (lambda: fa.logsumexp.backward_from_output(x, x), r"accepted is logsumexp\.backward"),
        (
            lambda: fa.softmax(turned, axis=(1, 2)),
            r"the axes \(1, 2\) of x do not lie",
        ),
        (lambda: fa.softmax(Described(x.host)), r"cannot make another one for the result; accepted is out="),
        (lambda: fa.softmax_cross_entropy(x, x.host), r"softmax_cross_entropy: labels is a ndarray on the host"),
        (lambda: fa.softmax_cross_entropy(x, held(stub, np.zeros(5, int))), r"labels has shape \(5,\); accepted is \(4,\)"),
        (lambda: fa.softmax_cross_entropy(x, tensor(stub, 4)), r"labels has shape \(4,\); accepted are probabilities in the shape"),
        (lambda: fa.softmax_cross_entropy(x, x, label_smoothing=2), r"label_smoothing is 2; accepted are numbers from 0 to 1"),
        (lambda: fa.sigmoid_cross_entropy(x, tensor(stub, 7)), r"they do not broadcast"),
        (lambda: fa.sigmoid_cross_entropy(x, 0.5), r"sigmoid_cross_entropy: targets is a float"),
    ]
    for run, told in bad:
        with pytest.raises((TypeError, ValueError), match=told):
            run()
    assert not stub.launches


@scene
def test_cross_entropies(stub: Stub) -> None:
    fakes.torch(stub)
    f, x, dy = fa.softmax_cross_entropy, tensor(stub, (6, 40)), tensor(stub, 6, 1)
    labels, soft = held(stub, np.array([3, 0, 39, -100, 7, 7])), held(stub, np.random.default_rng(2).random((6, 40)).astype(np.float32))
    for target, options in ((labels, {"ignore_index": -100}), (soft, {"label_smoothing": 0.1})):
        given, host = (x, target), (x.host, target.host)
        same_bits(f(*given, **options).host, f(*host, **options))
        for made, expected in zip(f.value_and_grad(*given, **options), f.value_and_grad(*host, **options), strict=True):
            same_bits(made.host, expected)
        same_bits(f.backward(dy, *given, **options).host, f.backward(dy.host, *host, **options))
    turned = fakes.Tensor(x.host.T)
    same_bits(f(turned, labels, axis=0, ignore_index=-100).host, f(turned.host, labels.host, axis=0, ignore_index=-100))
    small = held(stub, labels.host.astype(np.int32))
    expected = f.backward(dy.host, x.host, labels.host, ignore_index=-100)
    assert f.backward(dy, x, small, ignore_index=-100, out=x) is x
    same_bits(x.host, expected)
    loss, dx = f.value_and_grad(x, held(stub, np.array([0, 40, 1, 2, -1, 3])))
    assert np.isnan(loss.host).tolist() == [False, True, False, False, True, False]
    assert np.isnan(dx.host).all(1).tolist() == np.isnan(loss.host).tolist()
    g = fa.sigmoid_cross_entropy
    for a, b in ((x, soft), (fakes.Tensor(x.host[:, ::2]), fakes.Tensor(soft.host[:1, ::2]))):
        same_bits(g(a, b).host, g(a.host, b.host))
        same_bits(g.backward(a, b, a).host, g.backward(a.host, b.host, a.host))
    stub.check()
