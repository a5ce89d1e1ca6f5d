"""Functions of rows by the device's kernels: the bits of the CPU, for every dtype, length, layout and option."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import cudarows
import numpy as np
import pytest
from cases import np_dtype, same_bits

import fastact as fa
from fastact.rows.family import RowFunction

Array = np.ndarray[Any, np.dtype[Any]]
inf, nan = np.inf, np.nan


WAYS = [
    pytest.param((f, way), id=f"{f.name}-{way}")
    for f in fa.ROWS
    for way in ("forward", "backward", "from output")
    if way == "forward" or not (f.record.flat or (f.record.reduces and way == "from output"))
]
LENGTHS = {"float32": (37, 300, 1025, 12345), "float64": (37, 4097), "float16": (37,), "bfloat16": (37,)}


@pytest.fixture(params=WAYS)
def chosen(request: pytest.FixtureRequest) -> tuple[RowFunction, str]:
    """A function and a direction in which it has a kernel."""
    return request.param


def calls(function: RowFunction, way: str, x: Array, axis: int = -1, **options: Any) -> Callable[..., Array]:
    """A direction as a function without arguments but `out`."""
    rng = np.random.default_rng(3)
    dy = rng.normal(0, 1, x.shape).astype(x.dtype)
    if way == "forward":
        return lambda **o: function(x, axis=axis, **options, **o)
    if way == "backward":
        given = np.ones_like(function(x, axis=axis, **options)) * 0.7 if function.record.reduces else dy
        return lambda **o: function.backward(given, x, axis=axis, **options, **o)
    y = function(x, axis=axis, **options)
    return lambda **o: function.backward_from_output(dy, y, axis=axis, **options, **o)


def check(monkeypatch: pytest.MonkeyPatch, run: Callable[..., Any], *, out: bool = False) -> None:
    """The bits of the CPU."""
    expected = run()
    with monkeypatch.context() as patch:
        cudarows.on_device(patch)
        found = run(out=np.empty_like(expected)) if out else run()
    for a, b in zip(*[v if isinstance(v, tuple) else (v,) for v in (found, expected)], strict=True):
        same_bits(a, b)


def inputs(dtype: str, shape: tuple[int, ...]) -> Array:
    """Ordinary numbers, and here and there such whose results go down to 0."""
    rng = np.random.default_rng(1)
    reach = {"float64": 745, "float32": 88}.get(dtype, 17)
    far = rng.random(shape[0] if len(shape) > 1 else shape) < 0.4
    far = far.reshape(far.shape + (1,) * (len(shape) - far.ndim))
    decaying = np.where(rng.random(shape) < 0.1, 0, -reach * rng.random(shape))
    return np.where(far, decaying, rng.normal(0, 3, shape)).astype(np_dtype(dtype))


@pytest.mark.parametrize(("dtype", "n"), [(dtype, n) for dtype, lengths in LENGTHS.items() for n in lengths])
def test_rows_of_all_lengths(monkeypatch: pytest.MonkeyPatch, chosen: tuple[RowFunction, str], dtype: str, n: int) -> None:
    check(monkeypatch, calls(*chosen, inputs(dtype, (5 if n < 4000 else 2, n))))


@pytest.mark.parametrize("function", [fa.softmax, fa.logsumexp], ids=lambda f: f.name)
def test_long_rows(monkeypatch: pytest.MonkeyPatch, function: RowFunction) -> None:
    """More chunks than a block has teams."""
    check(monkeypatch, calls(function, "forward", inputs("float32", (1, 150_000))))


SPECIAL = [
    [0.0, -0.0, 0.0],
    [inf, 1.0, inf, -inf],
    [-inf, -inf, -inf],
    [-inf, 2.0, -inf, 3.0],
    [nan, 1.0, 2.0],
    [1.0, nan, inf, -inf],
    [3e38, -3e38, 3e38],
    [-inf],
    [nan],
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values(monkeypatch: pytest.MonkeyPatch, chosen: tuple[RowFunction, str], dtype: str) -> None:
    for row in SPECIAL:
        x = np.full((2, 70), row[0], dtype)
        x[0, : len(row)] = row
        x[1, -len(row) :] = row
        for given in (x, np.array([row], dtype)) if dtype == "float32" else (x,):
            check(monkeypatch, calls(*chosen, given))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_axis(monkeypatch: pytest.MonkeyPatch, chosen: tuple[RowFunction, str], dtype: str) -> None:
    for shape, axis in (((3, 40, 19), 1), ((4200, 6), 0), ((2, 1300, 3), 1), ((2, 3, 4), (0, 2))):
        if dtype == "float32" or shape[0] == 3:
            check(monkeypatch, calls(*chosen, inputs(dtype, shape), axis=axis))


def test_strided_rows(monkeypatch: pytest.MonkeyPatch, chosen: tuple[RowFunction, str]) -> None:
    base = inputs("float32", (4, 6, 300))
    for x in (base[::2, ::-1, ::-3], np.broadcast_to(base[0, 0], (3, 300))):
        check(monkeypatch, calls(*chosen, x))


@pytest.mark.parametrize("function", [f for f in fa.ROWS if not f.record.reduces], ids=lambda f: f.name)
def test_in_place(monkeypatch: pytest.MonkeyPatch, function: RowFunction) -> None:
    for n in (50, 3000, 5000):
        x = inputs("float32", (2, n))
        dy = x[::-1].copy()
        expected = function(x), function.backward(dy, x), function.backward(dy, x)
        with monkeypatch.context() as patch:
            cudarows.on_device(patch)
            two, three, four = x.copy(), x.copy(), dy.copy()
            same_bits(function(two, out=two), expected[0])
            if not function.record.flat:
                same_bits(function.backward(dy, three, out=three), expected[1])
                same_bits(function.backward(four, x, out=four), expected[2])


def test_masked_scaled_and_causal(monkeypatch: pytest.MonkeyPatch, chosen: tuple[RowFunction, str]) -> None:
    rng = np.random.default_rng(7)
    for n in (3, 40, 4500):
        x = inputs("float32", (2, 5, n))
        mask = rng.random((5, n)) < 0.6
        mask[1] = False
        if n != 3:
            check(monkeypatch, calls(*chosen, x, where=mask, scale=0.3))
        check(monkeypatch, calls(*chosen, x, causal=True))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("soft", [False, True])
def test_cross_entropy(monkeypatch: pytest.MonkeyPatch, dtype: str, soft: bool) -> None:
    function, rng = fa.softmax_cross_entropy, np.random.default_rng(4)
    for n, smoothing in itertools.product((100,) if dtype == "float64" else (1, 100, 5000), (0.0, 0.1)):
        if n == 5000 and not smoothing:
            continue
        x = inputs(dtype, (4, n))
        labels: Array = rng.random((4, n)).astype(dtype) if soft else rng.integers(0, n, 4)
        dy = rng.normal(0, 1, 4).astype(dtype)
        options: dict[str, Any] = {"label_smoothing": smoothing}
        check(monkeypatch, partial(function, x, labels, **options))
        check(monkeypatch, partial(function.value_and_grad, x, labels, **options))
        check(monkeypatch, partial(function.backward, dy, x, labels, **options))
        expected, own = function.backward(dy, x, labels, **options), x.copy()
        with monkeypatch.context() as patch:
            cudarows.on_device(patch)
            same_bits(function.backward(dy, own, labels, out=own, **options), expected)


def test_labels_that_are_no_class() -> None:
    """Those to be ignored give 0, and such as are no class NaN; nothing outside the logits is read."""
    x = inputs("float32", (6, 33))
    labels = np.array([3, -100, 32, 33, -1, 2**40])
    loss, dx = np.empty(6, np.float32), np.empty_like(x)
    call = cudarows.Call("cross_entropy", {"x": x, "dx": dx}, {"labels": labels, "loss": loss}, (1.0, 1.0, 0.0))
    cudarows.execute(call, ignored=-100)
    expected = fa.softmax_cross_entropy.value_and_grad(x[:3], labels[:3], ignore_index=-100)
    same_bits(loss, np.array([*expected[0], nan, nan, nan], np.float32))
    same_bits(dx, np.concatenate([expected[1], np.full((3, 33), nan, np.float32)]))


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_sigmoid_cross_entropy(monkeypatch: pytest.MonkeyPatch, dtype: str) -> None:
    function, rng = fa.sigmoid_cross_entropy, np.random.default_rng(4)
    x = inputs(dtype, (4, 600))
    x[0, :5] = [inf, -inf, nan, 0.0, -0.0]
    t, dy = rng.random(x.shape).astype(x.dtype), x[::-1].copy()
    with monkeypatch.context() as patch:
        patch.setattr("fastact.rows.sigmoid_entropy._PIECE", 10**9)
        check(monkeypatch, lambda: function(x, t))
        check(monkeypatch, lambda: function.backward(dy, x, t))
        check(monkeypatch, lambda: function.backward(dy[:, ::2], x[:, ::2], t[0, ::2]))
