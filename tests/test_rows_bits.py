"""Functions of rows give the same bits in every layout, along every axis, with any number of threads, in place and masked."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import DTYPES, np_dtype, same_bits
from test_threads import layer, python  # noqa: F401

import fastact as fa
from fastact.rows.family import RowFunction

Array = np.ndarray[Any, np.dtype[Any]]
Run = Callable[..., Array]


def directions(function: RowFunction) -> dict[str, Run]:
    """Every direction as a function of x, dy."""
    found: dict[str, Run] = {"forward": lambda x, dy, **o: function(x, **o)}
    found["backward"] = lambda x, dy, **o: function.backward(dy, x, **o)
    if not function.record.reduces:
        found["from output"] = lambda x, dy, out=None, **o: function.backward_from_output(dy, function(x, **o), out=out, **o)
    return found


@pytest.fixture(params=fa.ROWS, ids=lambda f: f.name)
def function(request: pytest.FixtureRequest) -> RowFunction:
    return request.param


def operands(function: RowFunction, shape: tuple[int, ...], dtype: str, axis: int = -1) -> tuple[Array, Array]:
    rng = np.random.default_rng(1)
    x, dy = rng.normal(0, 3, shape), rng.normal(0, 1, shape)
    if function.record.reduces:
        dy = dy.take(0, axis)
    return x.astype(np_dtype(dtype)), dy.astype(np_dtype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_layouts_and_axes(function: RowFunction, dtype: str) -> None:
    """The rows of a dense array, one by one, are the truth."""
    for n in (3, 37, 150):
        x, dy = operands(function, (19, 18, n), dtype)
        for name, run in directions(function).items():
            truth = run(x.copy(), dy)
            for k in (0, 18):
                same_bits(run(x[k, k % 5], dy[k, k % 5]), truth[k, k % 5])
            for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)):
                axis = order.index(2)
                kept = [order.index(d) for d in sorted(order)]
                moved = np.ascontiguousarray(x.transpose(order)).transpose(kept).transpose(order)
                given = dy if function.record.reduces else dy.transpose(order)
                expected = truth.transpose(order) if truth.ndim == 3 else truth
                if function.record.reduces:
                    two = [d for d in order if d != 2]
                    given, expected = dy.transpose(two), truth.transpose(two) if truth.ndim == 2 else expected
                before = moved.copy()
                same_bits(run(moved, given, axis=axis), expected)
                same_bits(moved, before)
            wide = np.zeros((19, 18, 2 * n), x.dtype)
            wide[..., ::2] = x
            same_bits(run(wide[..., ::2], dy), truth)
            backwards = np.ascontiguousarray(x[::-1, :, ::-1])[::-1, :, ::-1]
            same_bits(run(backwards, dy), truth)
            assert truth.flags.c_contiguous, name


def test_odd_operands(function: RowFunction) -> None:
    x, dy = operands(function, (6, 40), "float32")
    buffer = np.zeros(x.nbytes + 1, np.uint8)
    misaligned = buffer[1:].view(np.float32).reshape(x.shape)
    misaligned[...] = x
    fixed = x.copy()
    fixed.flags.writeable = False
    for run in directions(function).values():
        truth = run(x, dy)
        for other in (misaligned, x.astype(">f4"), fixed):
            same_bits(run(other, dy), truth)


def test_long_rows_and_threads(function: RowFunction) -> None:
    """Also rows of more than one chunk, and tasks that end in the middle of an axis."""
    for shape, axis in (((40, 9001), 1), ((9001, 40), 0), ((3, 5000, 21), 1)):
        x, dy = operands(function, shape, "float32", axis)
        for run in directions(function).values():
            found = []
            before = fa.get_num_threads()
            for threads in (1, 2):
                fa.set_num_threads(threads)
                found.append(run(x, dy, axis=axis))
            fa.set_num_threads(before)
            same_bits(*found)
            rows = np.moveaxis(x, axis, -1)[-1]
            given = dy[-1] if function.record.reduces else np.moveaxis(dy, axis, -1)[-1]
            last = found[0] if found[0].ndim < x.ndim else np.moveaxis(found[0], axis, -1)
            same_bits(np.asarray(run(rows.copy(), given)), np.asarray(last[-1]))


@pytest.mark.parametrize("axis", [0, 1])
def test_out(function: RowFunction, axis: int) -> None:
    """New, in place, shifted over the input, of another dtype, and in another order."""
    x, dy = operands(function, (33, 70), "float32", axis)
    for name, run in directions(function).items():
        truth = run(x, dy, axis=axis)
        for out in (np.empty_like(truth), np.empty(truth.shape, order="F", dtype=np.float32), np.empty(truth.shape)):
            assert run(x, dy, axis=axis, out=out) is out
            same_bits(out.astype(np.float32), truth)
        if truth.shape == x.shape and name != "from output":
            both = np.concatenate([x, x])
            for part in (both[:33], both[1:34]):
                both[:33] = x
                run(both[:33], dy, axis=axis, out=part)
                same_bits(part, truth)


def test_several_axes(function: RowFunction) -> None:
    x, _ = operands(function, (4, 5, 6), "float64")
    flat = np.ascontiguousarray(x.transpose(1, 0, 2)).reshape(5, 24)
    found = function(x, axis=(0, 2))
    if function.record.reduces:
        same_bits(found, function(flat))
        same_bits(np.asarray(function(x, axis=None)), np.asarray(function(x.reshape(-1))))
        return
    truth = function(flat).reshape(5, 4, 6).transpose(1, 0, 2)
    same_bits(found, truth)
    out = np.empty_like(x)
    assert function(x, axis=(-1, 0), out=out) is out
    same_bits(out, truth)
    dy = np.linspace(-1, 1, x.size).reshape(x.shape)
    dx = function.backward(np.ascontiguousarray(dy.transpose(1, 0, 2)).reshape(5, 24), flat)
    same_bits(function.backward(dy, x, axis=(0, 2)), dx.reshape(5, 4, 6).transpose(1, 0, 2))
    same_bits(function(x, axis=None), function(x.reshape(-1)).reshape(x.shape))


def test_cross_entropy_layouts_and_threads() -> None:
    rng = np.random.default_rng(3)
    x, labels = rng.normal(0, 2, (300, 301)).astype(np.float32), rng.integers(0, 301, 300)
    loss, dx = fa.softmax_cross_entropy.value_and_grad(x, labels)
    turned = fa.softmax_cross_entropy.value_and_grad(np.asfortranarray(x), labels.astype(np.uint16))
    across = fa.softmax_cross_entropy.value_and_grad(np.ascontiguousarray(x.T), labels, axis=0)
    for a, b in ((loss, turned[0]), (dx, turned[1]), (loss, across[0]), (dx, across[1].T)):
        same_bits(a, b)
    same_bits(fa.softmax_cross_entropy(x, labels), loss)
    same_bits(fa.softmax_cross_entropy.backward(np.float32(1), x, labels), dx)
    over = x.copy()
    assert fa.softmax_cross_entropy.value_and_grad(over, labels, out=over)[1] is over
    same_bits(over, dx)
    t = rng.random((2, 130, 300)).astype(np.float32)
    z = rng.normal(0, 3, t.shape).astype(np.float32)
    for run in (fa.sigmoid_cross_entropy, lambda a, b: fa.sigmoid_cross_entropy.backward(b, a, b)):
        same_bits(run(np.asfortranarray(z), t), run(z, t))
        same_bits(run(z[1, 7:9, ::3], t[1, 7:9, ::3]), run(z, t)[1, 7:9, ::3])


FORK = """
import os, threading
import numpy as np
import fastact as fa
x = np.random.default_rng(0).normal(0, 3, (500, 700)).astype(np.float32)
def digest():
    return [fa.softmax(x).tobytes(), fa.log_softmax(x, 0).tobytes(), fa.softmax_cross_entropy(x, np.arange(500)).tobytes()]
found = [None] * 4
def work(k):
    found[k] = digest()
workers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
[w.start() for w in workers]
[w.join() for w in workers]
child = os.fork()
if child == 0:
    os._exit(0 if digest() == found[0] else 3)
assert os.waitpid(child, 0)[1] == 0
fa.set_num_threads(1)
assert all(d == digest() for d in found)
print("same")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_many_threads_at_once_and_a_fork(layer: str) -> None:  # noqa: F811
    assert python(FORK, NUMBA_THREADING_LAYER=layer) == "same"
