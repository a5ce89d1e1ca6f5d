"""Errors of the functions of rows: within their published bounds against the C reference, which is held to mpmath."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fastact as fa
from fastact.oracle import exact as exact_value
from fastact.oracle import rows as oracle
from fastact.rows import exact
from fastact.rows.family import RowFunction

Array = np.ndarray[Any, np.dtype[Any]]
LENGTHS = (1, 2, 7, 16, 63, 64, 65, 300, 1000, 4095, 4097, 32768)
WIDTHS = ("float32", "float64")
EXACT = sorted(oracle.DEFINITIONS)


def inputs(dtype: str, lengths: tuple[int, ...] = LENGTHS) -> Iterator[Array]:
    """Rows of all lengths: ordinary, with results down to the subnormal range and 0, far from 0, and of one value."""
    rng = np.random.default_rng(5)
    reach = 88 if dtype == "float32" else 745
    for n in lengths:
        shape = (max(1, 4000 // n), n)
        yield (5 * rng.standard_normal(shape)).astype(dtype)
        yield (-1.2 * reach * rng.random(shape)).astype(dtype)
        yield np.where(rng.random(shape) < 0.1, 0, -reach - 16 * rng.random(shape)).astype(dtype)
        yield (3e4 + 20 * rng.standard_normal(shape)).astype(dtype)
        yield np.full(shape, 0.3, dtype)


def spacing(scale: Array, dtype: str) -> Array:
    """The last place of numbers of a size, also below the normal range."""
    info = np.finfo(dtype)
    exponent = np.frexp(np.maximum(np.abs(scale), np.longdouble(info.smallest_normal)))[1]
    return np.ldexp(np.longdouble(1), exponent - 1 - info.nmant)


def worst(y: Array, truth: Array, scale: Array | None = None) -> float:
    """Largest error in ulp of the truth, or of `scale` where that is larger."""
    size = np.abs(truth) if scale is None else np.maximum(np.abs(truth), scale)
    assert not np.isnan(y).any()
    return float((np.abs(y.astype(np.longdouble) - truth) / spacing(size, y.dtype.name)).max())


def bound(function: Any, dtype: str, *, gradient: bool = False) -> float:
    record = getattr(function, "record", function)
    return float((record.gradient if gradient else record.budget)[dtype == "float64"])


@pytest.fixture(params=fa.ROWS, ids=lambda f: f.name)
def function(request: pytest.FixtureRequest) -> RowFunction:
    return request.param


@pytest.mark.parametrize("dtype", WIDTHS)
def test_forward(function: RowFunction, dtype: str) -> None:
    for x in inputs(dtype):
        truth = function.reference(x)
        scale = None
        if function is fa.logsumexp:
            scale = np.abs(x).max(-1)
        if function is fa.sparsemax:
            scale = np.ones_like(truth) if dtype == "float64" else None
        assert worst(np.asarray(function(x)), truth, scale) <= bound(function, dtype)


@pytest.mark.parametrize("dtype", WIDTHS)
def test_gradients_in_units_of_the_largest_term(function: RowFunction, dtype: str) -> None:
    rng = np.random.default_rng(6)
    for x in inputs(dtype):
        dy = rng.standard_normal(x.shape[:-1] if function.record.reduces else x.shape).astype(dtype)
        truth = function.reference_backward(dy, x)
        scale = terms(function, dy, x)
        assert worst(function.backward(dy, x), truth, scale) <= bound(function, dtype, gradient=True)
        if function.record.reduces:
            continue
        y = function(x)
        given = truth
        if function.name in ("softmax", "softmin"):
            given = function.record.sign * exact.run("softmax_from_output", y, dy)
        assert worst(function.backward_from_output(dy, y), given, scale) <= bound(function, dtype, gradient=True)


def terms(function: RowFunction, dy: Array, x: Array) -> Array:
    """The largest term of the sums that each row's gradient is made of."""
    wide = np.abs(dy.astype(np.longdouble))
    if function.record.reduces:
        return wide[..., None] * fa.softmax.reference(x)
    if function.name in ("softmax", "softmin"):
        return (wide * function.reference(x)).max(-1, keepdims=True)
    return wide.max(-1, keepdims=True)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_narrow_dtypes_are_rounded_once(name: str, dtype: str) -> None:
    """The correctly rounded result, or its neighbour next to a tie."""
    from cases import np_dtype

    function = getattr(fa, name)
    for x in inputs("float32", (3, 64, 1000)):
        narrow = np.clip(x, -3e4, 3e4).astype(np_dtype(dtype))
        y, truth = np.asarray(function(narrow)), function.reference(narrow.astype(np.float64))
        nearest = truth.astype(np.float64).astype(np_dtype(dtype)).astype(np.longdouble)
        step = np.abs(np.nextafter(y, np_dtype(dtype).type(np.inf)).astype(np.longdouble) - y.astype(np.longdouble))
        near = np.abs(y.astype(np.longdouble) - truth) <= 0.51 * np.maximum(step, np.abs(nearest) * 0)
        assert (near | (y.astype(np.longdouble) == nearest)).all()


@pytest.mark.parametrize("dtype", WIDTHS)
def test_cross_entropy(dtype: str) -> None:
    rng = np.random.default_rng(7)
    for x in inputs(dtype):
        n = x.shape[-1]
        labels = rng.integers(0, n, x.shape[:-1])
        hot = np.arange(n) == labels[..., None]
        check = fa.softmax_cross_entropy
        loss, gradient = check.value_and_grad(x, labels)
        assert worst(loss, exact.run("cross_entropy", x, hot)) <= bound(check, dtype)
        assert worst(gradient, exact.run("cross_entropy_backward", x, hot)) <= bound(check, dtype, gradient=True)
        t = fa.softmax(rng.standard_normal(x.shape).astype(dtype))
        loss, gradient = check.value_and_grad(x, t)
        truth = exact.run("cross_entropy_backward", x, t)
        assert worst(loss, exact.run("cross_entropy", x, t)) <= bound(check, dtype)
        assert worst(gradient, truth, np.maximum(np.abs(truth), t).max(-1, keepdims=True)) <= bound(check, dtype, gradient=True)


@pytest.mark.parametrize("dtype", WIDTHS)
def test_sigmoid_cross_entropy(dtype: str) -> None:
    rng = np.random.default_rng(8)
    check = fa.sigmoid_cross_entropy
    for x in inputs(dtype, (1000,)):
        wide = x.astype(np.longdouble)
        for t in (rng.random(x.shape).astype(dtype), rng.integers(0, 2, x.shape).astype(dtype)):
            with np.errstate(over="ignore"):
                both = [(1 - t.astype(np.longdouble)) / (1 + np.exp(-wide)), t / (1 + np.exp(wide))]
            loss = np.where(x > 0, 1 - t, t) * np.abs(wide) + np.log1p(np.exp(-np.abs(wide)))
            assert worst(check(x, t), loss) <= bound(check, dtype)
            dx = check.backward(np.dtype(dtype).type(1), x, t)
            assert worst(dx, both[0] - both[1], np.maximum(*both)) <= bound(check, dtype, gradient=True)


def test_log_softmax_at_the_maximum() -> None:
    """The largest element keeps its digits where the others hardly count (scipy's issue 19521)."""
    x = np.array([0, -40, -41, -600])
    np.testing.assert_allclose(fa.log_softmax(x.astype(np.float64))[0], -(np.exp(-40) + np.exp(-41)), rtol=4e-16)
    np.testing.assert_allclose(fa.log_softmax(x[:3].astype(np.float32))[0], -(np.exp(-40) + np.exp(-41)), rtol=2e-7)
    assert fa.log_softmax(np.float32([1e3, 1e3 - 87]))[0] == pytest.approx(-np.exp(-87), rel=2e-7)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("dtype", ["float64", "longdouble"])
def test_reference_is_right(name: str, dtype: str) -> None:
    """The C functions against mpmath, in ulp of their own type, of the largest term for gradients and what has a root."""
    rng = np.random.default_rng(9)
    for n, reach in ((1, 1.0), (2, 40.0), (5, 3.0), (9, 700.0), (40, 10.0)):
        x = np.abs(reach) * rng.uniform(-1, 1, n)
        other = None
        if name.endswith("backward"):
            other = rng.standard_normal(1 if name.startswith("logsumexp") else n)
        if name.startswith("cross"):
            other = np.eye(n)[n // 2] if n % 2 else np.full(n, 1 / n)
        given = other[0] if other is not None and name.startswith("logsumexp") else other
        found = np.atleast_1d(exact.run(name, x, given, dtype=dtype))
        truth = oracle.evaluate(name, x, other)
        scale = max(abs(v) for v in truth)
        if other is not None and name == "softmax_backward":
            scale = max(scale, *(abs(a * float(b)) for a, b in zip(oracle.evaluate("softmax", x), other, strict=True)))
        scale = max(scale, *(abs(float(v)) for v in x)) if name in ("logsumexp", "cross_entropy") else scale
        elementwise = name in ("softmax", "log_softmax", "hardmax")
        with oracle.workprec(oracle.PRECISION):
            for y, t in zip(found, truth, strict=True):
                error = abs(oracle.mpf(exact_value(y)) - t)
                size = abs(t) if elementwise and t else scale or oracle.mpf(1)
                exponent = max(int(oracle.mp.frexp(size)[1]), int(np.finfo(dtype).minexp) + 1) - 1 - int(np.finfo(dtype).nmant)
                assert error <= 6 * oracle.mpf(2) ** exponent, (name, n)
