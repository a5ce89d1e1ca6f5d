"""Gumbel softmax: rows sum to 1, hard samples come up with the probabilities of softmax, gradients are those of the soft results."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from cases import ordinary, same_bits
from scipy.special import softmax

import fastact as fa


@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32", "float64"])
def test_values(kind: str, axis: int) -> None:
    x = ordinary(kind, (5, 6, 7))
    y = fa.gumbel_softmax(x, rng=3, temperature=0.7, axis=axis)
    g = fa.noise.gumbel(3, x.shape, "float64" if kind == "float64" else "float32")
    wanted = softmax((x.astype(g.dtype) + g).astype(np.float64) / 0.7, axis=axis)
    assert (y.dtype, y.shape) == (x.dtype, x.shape)
    places = {"float16": 11, "bfloat16": 8, "float32": 19, "float64": 48}
    np.testing.assert_allclose(y.astype(np.float64), wanted, rtol=2.0 ** -places[kind], atol=1e-7)
    same_bits(fa.gumbel_softmax(np.asfortranarray(x), rng=3, temperature=0.7, axis=axis), y)
    same_bits(fa.gumbel_softmax(np.repeat(x, 2, 2)[..., ::2], rng=3, temperature=0.7, axis=axis), y)


def test_hard_samples_have_the_probabilities_of_softmax() -> None:
    logits = np.array([1.0, 0.0, -1.0, 2.0, -np.inf], np.float32)
    n = 400_000
    y = fa.gumbel_softmax(np.broadcast_to(logits, (n, 5)), rng=(5, 1), temperature=0.3, hard=True)
    assert (y.sum(1) == 1).all()
    share = softmax(logits.astype(np.float64))
    assert (abs(y.sum(0, dtype=np.float64) - n * share) <= 4 * np.sqrt(n * share * (1 - share))).all()
    soft = fa.gumbel_softmax(np.broadcast_to(logits, (n, 5)), rng=(5, 1), temperature=0.3)
    assert (soft.argmax(1) == y.argmax(1)).all()


def test_gradient() -> None:
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(4, 6)), rng.normal(size=(4, 6))
    for axis in (0, 1):
        dx = fa.gumbel_softmax.backward(dy, x, rng=9, temperature=0.5, axis=axis)
        for place in np.ndindex(x.shape):
            step = np.zeros_like(x)
            step[place] = 1e-6
            above, below = (fa.gumbel_softmax(x + s * step, rng=9, temperature=0.5, axis=axis) for s in (1, -1))
            np.testing.assert_allclose(dx[place], ((above - below) * dy).sum() / 2e-6, rtol=1e-6, atol=1e-8)


def test_special_values_and_names() -> None:
    with np.errstate(all="raise"):
        assert np.isnan(fa.gumbel_softmax(np.array([np.nan, 1.0]), rng=1)).all()
        assert np.isnan(fa.gumbel_softmax(np.array([np.nan, 1.0]), rng=1, hard=True)).all()
        for hard in (False, True):  # as softmax has it
            assert (fa.gumbel_softmax(np.full(3, -np.inf), rng=1, hard=hard) == 0).all()
        assert (fa.gumbel_softmax(np.array([-np.inf, 1.0]), rng=1) == [0, 1]).all()
    assert fa.gumbel_softmax(np.zeros((0, 3)), rng=1).shape == (0, 3)
    assert fa.gumbel_softmax(np.zeros((3, 0)), rng=1, hard=True).shape == (3, 0)
    assert fa.gumbel_softmax(np.arange(3), rng=1).dtype == np.float64
    assert pickle.loads(pickle.dumps(fa.gumbel_softmax)) is fa.gumbel_softmax
    assert repr(fa.gumbel_softmax) == "<fastact gumbel_softmax(x, rng, temperature=1, hard=False, axis=-1)>"


def test_errors() -> None:
    x = np.zeros((2, 3))
    with pytest.raises(ValueError, match="gumbel_softmax: temperature is 0; accepted is a positive number"):
        fa.gumbel_softmax(x, rng=1, temperature=0)
    with pytest.raises(ValueError, match="gumbel_softmax: axis is 2; accepted are whole numbers from -2 to 1"):
        fa.gumbel_softmax(x, rng=1, axis=2)
    with pytest.raises(ValueError, match=r"gumbel_softmax.backward: dy has shape \(3,\); accepted is the shape of x, \(2, 3\)"):
        fa.gumbel_softmax.backward(np.zeros(3), x, rng=1)
    with pytest.raises(TypeError, match="gumbel_softmax: x has dtype complex128; accepted are float16"):
        fa.gumbel_softmax(x.astype(complex), rng=1)
    with pytest.raises(TypeError, match="gumbel_softmax: rng is None; accepted is a whole number"):
        fa.gumbel_softmax(x, rng=None)
