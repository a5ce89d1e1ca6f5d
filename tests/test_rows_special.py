"""Functions of rows at infinities and NaN, masked, causal, ragged, scaled and empty."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from cases import DTYPES, np_dtype
from cases import same_bits as same_narrow_bits

import fastact as fa
from fastact.rows.family import RowFunction

Array = np.ndarray[Any, np.dtype[Any]]
inf, nan = np.inf, np.nan


@pytest.fixture(params=fa.ROWS, ids=lambda f: f.name)
def function(request: pytest.FixtureRequest) -> RowFunction:
    return request.param


def same_bits(a: Array, b: Array) -> None:
    """Long double has bits that mean nothing."""
    if a.dtype.char == "g":
        np.testing.assert_array_equal(a, b, strict=True)
    else:
        same_narrow_bits(a, b)


def sample(shape: tuple[int, ...], function: RowFunction | None = None, axis: int = -1) -> tuple[Array, Array]:
    rng = np.random.default_rng(2)
    x, dy = rng.normal(0, 2, shape).astype(np.float32), rng.normal(0, 1, shape).astype(np.float32)
    return x, (dy.take(0, axis) if function is not None and function.record.reduces else dy)


EMPTY = {"softmax": 0, "softmin": 0, "log_softmax": -inf, "logsumexp": -inf, "hardmax": 0, "sparsemax": 0}
ROWS: list[tuple[str, list[float], Any]] = [
    ("softmax", [-inf, 0, -inf, 0], [0, 0.5, 0, 0.5]),
    ("softmax", [inf, 0, inf, -inf], [0.5, 0, 0.5, 0]),
    ("softmax", [inf, 3e38], [1, 0]),
    ("softmax", [3e38, -3e38], [1, 0]),
    ("softmin", [-inf, 0, 3, -inf], [0.5, 0, 0, 0.5]),
    ("log_softmax", [-inf, 0, -inf, 0], [-inf, -np.log(2), -inf, -np.log(2)]),
    ("log_softmax", [inf, 0, inf, -inf], [-np.log(2), -inf, -np.log(2), -inf]),
    ("logsumexp", [inf, 0], inf),
    ("logsumexp", [-inf, 7], 7),
    ("hardmax", [1, inf, 2, inf], [0, 1, 0, 0]),
    ("hardmax", [1, 3, 3, -inf], [0, 1, 0, 0]),
    ("sparsemax", [inf, 5, inf, -inf], [0.5, 0, 0.5, 0]),
    ("sparsemax", [-inf, 0.5, 0.25], [0, 0.625, 0.375]),
]


@pytest.mark.parametrize("dtype", [*DTYPES, "longdouble"])
@pytest.mark.parametrize(("name", "x", "y"), ROWS)
def test_infinities(name: str, x: list[float], y: Any, dtype: str) -> None:
    kind = np_dtype(dtype)
    if dtype == "float16" and 3e38 in x:
        pytest.skip("beyond float16")
    with np.errstate(all="raise", over="ignore"):
        found = getattr(fa, name)(np.array(x, kind))
    np.testing.assert_allclose(np.asarray(found, np.float64), y, rtol=0.005 if kind.itemsize == 2 else 3e-7)
    assert found.dtype == kind


@pytest.mark.parametrize("dtype", [*DTYPES, "longdouble"])
def test_nan_and_nothing(function: RowFunction, dtype: str) -> None:
    kind = np_dtype(dtype)
    for n in (1, 5, 64, 131):
        x = np.zeros((4, n), kind)
        x[0, n // 2] = nan
        x[1], x[2] = nan, -inf if function.record.sign > 0 else inf
        y = np.asarray(function(x), np.float64)
        assert np.isnan(y[:2]).all()
        assert (y[2] == EMPTY[function.name]).all()
        assert not np.isnan(y[3]).any()
        mixed = np.full((1, n + 1), -inf if function.record.sign > 0 else inf, kind)
        mixed[0, 0] = nan
        assert np.isnan(np.asarray(function(mixed), np.float64)).all()
        dy = np.ones(4 if function.record.reduces else x.shape, kind)
        dx = np.asarray(function.backward(dy, x), np.float64)
        assert (dx[2] == 0).all()
        if not function.record.reduces:
            dx = function.backward_from_output(dy, function(x))
            assert (np.asarray(dx, np.float64)[2] == 0).all() or function.name == "softmin"


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_where(function: RowFunction, axis: int) -> None:
    """A mask is -inf in its place, whatever stands there; gradients there are 0, whatever comes in."""
    x, dy = sample((7, 20, 33), function, axis)
    for shape in ((7, 20, 33), (20, 1), (33,), (7, 1, 1), (1, 20, 33)):
        mask = np.random.default_rng(4).random(shape) < 0.7
        full = np.broadcast_to(mask, x.shape)
        spoilt = np.where(full, x, nan).astype(np.float32)
        filled = np.where(full, x, -inf * function.record.sign).astype(np.float32)
        y = function(filled, axis)
        for where in (mask, np.asfortranarray(mask), np.repeat(mask, 2, -1)[..., ::2]):
            same_bits(function(spoilt, axis, where=where), y)
        some = full.any(axis) if function.record.reduces else full
        upstream = dy if function.record.reduces else np.where(full, dy, nan).astype(np.float32)
        dx = function.backward(upstream, spoilt, axis, where=mask)
        assert (dx[~full] == 0).all()
        calm = dy if function.record.reduces else np.where(full, dy, 0).astype(np.float32)
        same_bits(np.where(full, dx, 0), np.where(full, function.backward(calm, filled, axis), 0))
        if not function.record.reduces:
            from_y = function.backward_from_output(upstream, y, axis, where=mask)
            assert (from_y[~full] == 0).all()
            np.testing.assert_allclose(from_y, dx, rtol=1e-4, atol=2e-6)
        assert some.shape == y.shape


def test_causal(function: RowFunction) -> None:
    for queries, keys in ((5, 5), (4, 70), (70, 40), (130, 131)):
        x, dy = sample((3, queries, keys), function)
        mask = np.tri(queries, keys, keys - queries, dtype=bool)
        for kind in (np.float32, np.longdouble):
            same_bits(function(x.astype(kind), causal=True), function(x.astype(kind), where=mask))
        turned = np.ascontiguousarray(x.transpose(2, 0, 1)).transpose(1, 2, 0)
        same_bits(function(turned, causal=True), function(x, where=mask))
        same_bits(function.backward(dy, turned, causal=True) + 0, function.backward(dy, x, where=mask) + 0)
        if not function.record.reduces:
            y = function(x, causal=True)
            same_bits(function.backward_from_output(dy, y, causal=True) + 0, function.backward_from_output(dy, y, where=mask) + 0)


@pytest.mark.parametrize("kind", [np.float32, np.longdouble])
def test_ragged(function: RowFunction, kind: Any) -> None:
    offsets = np.array([0, 3, 3, 70, 71, 300], np.int32)
    pieces = [slice(a, b) for a, b in itertools.pairwise(offsets)]
    for shape, axis in (((300,), 0), ((300, 5), 0), ((4, 300), 1), ((3, 300, 2), 1)):
        x, dy = (a.astype(kind) for a in sample(shape))
        y = function(x, axis, offsets=offsets)
        first = np.moveaxis(x, axis, 0)
        if function.record.reduces:
            found = np.moveaxis(y, axis, 0)
            for row, p in zip(found, pieces, strict=True):
                same_bits(np.asarray(row), np.asarray(function(first[p], 0)))
            dx = function.backward(y, x, axis, offsets=offsets)
            for row, p in zip(found, pieces, strict=True):
                same_bits(np.moveaxis(dx, axis, 0)[p], function.backward(row, first[p], 0))
            continue
        dx, from_y = function.backward(dy, x, axis, offsets=offsets), function.backward_from_output(dy, y, axis, offsets=offsets)
        for p in pieces:
            given = np.moveaxis(dy, axis, 0)[p]
            same_bits(np.moveaxis(y, axis, 0)[p], function(first[p], 0))
            same_bits(np.moveaxis(dx, axis, 0)[p], function.backward(given, first[p], 0))
            same_bits(np.moveaxis(from_y, axis, 0)[p], function.backward_from_output(given, function(first[p], 0), 0))


@pytest.mark.parametrize("scale", [0.125, -3.0, 0.7, 0.0])
def test_scale(function: RowFunction, scale: float) -> None:
    x, dy = sample((6, 70), function)
    scaled = x * np.float32(scale)
    same_bits(function(x, scale=scale), function(scaled))
    np.testing.assert_allclose(
        function.backward(dy, x, scale=scale), np.float32(scale) * function.backward(dy, scaled), rtol=1e-5, atol=1e-7
    )
    if not function.record.reduces:
        y = function(scaled)
        given = function.backward_from_output(dy, y, scale=scale)
        np.testing.assert_allclose(given, np.float32(scale) * function.backward_from_output(dy, y), rtol=1e-6, atol=1e-9)


def test_gradient_is_that_of_the_function(function: RowFunction) -> None:
    """Central differences in float64; where the function is smooth."""
    rng = np.random.default_rng(8)
    x = rng.normal(0, 0.4, (4, 7))
    dy = rng.normal(size=4 if function.record.reduces else x.shape)
    dx, h = function.backward(dy, x), 1e-6
    for j in range(7):
        step = np.zeros(7)
        step[j] = h
        slope = (function(x + step) - function(x - step)) / (2 * h)
        expected = slope * dy if function.record.reduces else (slope * dy).sum(-1)
        np.testing.assert_allclose(dx[:, j], expected, atol=1e-8)


def test_empty_and_integers(function: RowFunction) -> None:
    assert function(np.zeros((0, 5), np.float32)).shape == ((0,) if function.record.reduces else (0, 5))
    none = function(np.zeros((3, 0), np.float32))
    assert (none == -inf).all() if function.record.reduces else none.shape == (3, 0)
    for kind in (np.int8, np.int16, np.int64, np.bool_):
        x = np.arange(6).astype(kind)
        y = function(x)
        same_bits(np.asarray(y), np.asarray(function(x.astype(y.dtype))))
        assert y.dtype == np.exp(x).dtype


def test_cross_entropy_by_hand() -> None:
    x = np.log(np.array([[1.0, 2, 5], [3, 3, 2]]))
    labels = np.array([2, 0], np.int8)
    p = np.array([[0.125, 0.25, 0.625], [0.375, 0.375, 0.25]])
    check = fa.softmax_cross_entropy
    np.testing.assert_allclose(check(x, labels), -np.log([0.625, 0.375]))
    np.testing.assert_allclose(check.value_and_grad(x, labels)[1], p - np.eye(3)[labels], atol=1e-16)
    ignored = check.value_and_grad(x, [2, -100], ignore_index=-100)
    assert ignored[0][1] == 0
    assert (ignored[1][1] == 0).all()
    for labels_too in (labels, np.eye(3)[labels]):
        for kind in (np.float64, np.longdouble):
            smooth, dx = check.value_and_grad(x.astype(kind), labels_too, label_smoothing=0.3)
            t = 0.7 * np.eye(3)[labels] + 0.1
            np.testing.assert_allclose(smooth.astype(float), -(t * np.log(p)).sum(-1))
            np.testing.assert_allclose(dx.astype(float), p - t, atol=1e-16)
    np.testing.assert_allclose(check.backward([2.0, -1.0], x, labels), [[2], [-1]] * (p - np.eye(3)[labels]), atol=1e-15)
    far = check.value_and_grad(np.float32([[0, -60], [-inf, 0]]), [0, 0])
    np.testing.assert_allclose(far[0], [np.exp(-60), inf])
    np.testing.assert_allclose(far[1], [[-np.exp(-60), np.exp(-60)], [-1, 1]], rtol=1e-6)


def test_sigmoid_cross_entropy_by_hand() -> None:
    check = fa.sigmoid_cross_entropy
    x, t = np.array([0, 100, -100, inf, -inf, nan, inf]), np.array([0.5, 1, 0, 1, 0, 1, 0])
    for kind in (np.float32, np.float64, np.longdouble):
        loss, dx = check(x.astype(kind), t.astype(kind)), check.backward(np.ones(7, kind), x.astype(kind), t.astype(kind))
        assert loss.dtype == dx.dtype == kind
        np.testing.assert_allclose(loss.astype(float), [np.log(2), np.exp(-100), np.exp(-100), 0, 0, nan, inf], rtol=1e-6, atol=1e-44)
        np.testing.assert_allclose(dx.astype(float), [0, -np.exp(-100), np.exp(-100), 0, 0, nan, 1], rtol=1e-6, atol=1e-44)
    assert check(np.float32(0), 1).dtype == np.float32
    assert check(np.zeros((3, 1)), np.ones(4)).shape == (3, 4)
