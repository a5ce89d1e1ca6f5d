"""Bad calls of the functions with noise: messages that name the argument, and nothing written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastact as fa

X = np.linspace(-4, 4, 12, dtype=np.float32).reshape(3, 4)
T = fa.noisy_hard_tanh
FROZEN = np.zeros((3, 4), np.float32)
FROZEN.setflags(write=False)


def ones(*shape: int) -> Any:
    return np.ones(shape, np.float32)


CASES: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (
        lambda out: T(X, rng=1, p=ones(3), out=out),
        ValueError,
        "noisy_hard_tanh: x has shape (3, 4), p has shape (3,); they do not broadcast",
    ),
    (
        lambda out: T(X, ones(3, 4), p=ones(3), out=out),
        ValueError,
        "noisy_hard_tanh: x has shape (3, 4), p has shape (3,); they do not broadcast",
    ),
    (
        lambda out: T(X, ones(4), out=out),
        ValueError,
        "noisy_hard_tanh: xi has shape (4,), x has shape (3, 4); accepted is xi of the shape of the result, (3, 4), or a number",
    ),
    (
        lambda out: T.backward(X, X, ones(2, 4), wrt="x", out=out),
        ValueError,
        "noisy_hard_tanh.backward: xi has shape (2, 4), x has shape (3, 4); accepted is xi of the shape of the result, (3, 4), or a number",
    ),
    (
        lambda out: T.backward(X, X, rng=1, p=ones(5, 1), out=(out, None)),
        ValueError,
        "noisy_hard_tanh.backward: dy has shape (3, 4), x has shape (3, 4), p has shape (5, 1); they do not broadcast",
    ),
    (lambda out: T(X, out=out), TypeError, "noisy_hard_tanh: accepted is xi, the noise, or rng, from which it is drawn; neither is given"),
    (
        lambda out: T(X, X, rng=1, out=out),
        TypeError,
        "noisy_hard_tanh: accepted is xi, the noise, or rng, from which it is drawn; both are given",
    ),
    (lambda out: T(X, rng=1, q=2, out=out), TypeError, "noisy_hard_tanh: q is not accepted; parameters are alpha, c, p"),
    (lambda out: T(X, rng="a", out=out), TypeError, "noisy_hard_tanh: rng is 'a'; accepted is a whole number from 0 to 2^64 - 1, the seed"),
    (lambda out: T(X, rng=(1, 2, 3), out=out), TypeError, "noisy_hard_tanh: rng is (1, 2, 3); accepted is a whole number"),
    (lambda out: T(X, rng=-1, out=out), ValueError, "noisy_hard_tanh: rng is -1; accepted is a whole number from 0 to 2^64 - 1, the seed"),
    (lambda out: T(X, rng=(0, 2**64), out=out), ValueError, "noisy_hard_tanh: rng is (0, 18446744073709551616); accepted is"),
    (lambda out: T(X.astype(complex), rng=1, out=out), TypeError, "noisy_hard_tanh: x has dtype complex128; accepted are float16"),
    (
        lambda out: T(np.ma.array(X), rng=1, out=out),
        TypeError,
        "noisy_hard_tanh: x is a MaskedArray; accepted with noise that is drawn are",
    ),
    (lambda out: T(X.astype(np.longdouble), rng=1, out=out), TypeError, "noisy_hard_tanh: x has dtype"),
    (
        lambda out: T(X, rng=1, out=out[:2]),
        ValueError,
        "noisy_hard_tanh: out has shape (2, 4); accepted is the shape of the result, (3, 4)",
    ),
    (lambda _: T(X, rng=1, out=FROZEN), ValueError, "noisy_hard_tanh: out is read-only; accepted is a writeable array"),
    (
        lambda out: T(X, rng=1, out=out.view(np.int32)),
        TypeError,
        "noisy_hard_tanh: out has dtype int32; accepted is an aligned array of float32",
    ),
    (lambda _: T(X, rng=1, out=[]), TypeError, "noisy_hard_tanh: out is a list; accepted is a NumPy array, or None"),
    (
        lambda out: T.value_and_grad(X, rng=1, out=(out,)),
        ValueError,
        "noisy_hard_tanh.value_and_grad: out has 1 arrays; accepted are 2, or None",
    ),
    (
        lambda out: T.value_and_grad(X, rng=1, out=out),
        ValueError,
        "noisy_hard_tanh.value_and_grad: out has 1 arrays; accepted are 2, or None",
    ),
    (
        lambda out: T.backward(X, X, rng=1, wrt="z", out=out),
        ValueError,
        "noisy_hard_tanh.backward: wrt has 'z'; accepted are x, xi, alpha, c, p",
    ),
    (
        lambda out: T.backward(X, X, rng=1, wrt=("x", "xi"), out=(out, None)),
        ValueError,
        "noisy_hard_tanh.backward: wrt has 'xi', which is drawn; give it as an array for its gradient",
    ),
    (
        lambda out: fa.dropout(X, ones(4), out=out),
        ValueError,
        "dropout: u has shape (4,), x has shape (3, 4); accepted is u of the shape of the result, (3, 4), or a number",
    ),
    (lambda _: fa.learned_noise_hard_tanh.expected, AttributeError, "learned_noise_hard_tanh: its mean over the noise has no closed form"),
    (lambda _: fa.dropout_after(3), TypeError, "dropout_after: activation is 3; accepted is an activation of fastact"),
    (lambda _: fa.noise.normal(1, 3, "int32"), TypeError, "noise.normal: dtype is int32; accepted are float32 and float64"),
    (lambda _: fa.noise.uniform(1.5, 3), TypeError, "noise.uniform: rng is 1.5; accepted is a whole number"),
]


@pytest.mark.parametrize(("run", "error", "message"), CASES, ids=[str(k) for k in range(len(CASES))])
def test_messages(run: Callable[[Any], Any], error: type[Exception], message: str) -> None:
    out = np.full((3, 4), 7, np.float32)
    with pytest.raises(error, match=re.escape(message)):
        run(out)
    assert (out == 7).all()


@pytest.mark.parametrize("rate", [-0.5, 1.5, np.inf, np.nan])
@pytest.mark.parametrize("unit", [fa.dropout, fa.alpha_dropout, fa.dropout_after(fa.relu)], ids=["dropout", "alpha_dropout", "after"])
def test_a_rate_that_is_none_gives_nan(unit: Any, rate: float) -> None:
    x = np.linspace(0.5, 2, 9)
    assert np.isnan(unit(x, rng=3, rate=rate)).all()
    assert np.isnan(unit.derivative(x, rng=3, rate=rate)).all()
