"""Maxout and crelu called on device arrays, over the stub driver, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import same_bits
from stub import fakes, scene
from stub.device import Described, Stub

import fastact as fa


def numbers(shape: Any, seed: int = 0, dtype: str = "f4") -> Any:
    return np.random.default_rng(seed).normal(size=shape, scale=3).astype(dtype)


def groups(x: Any, k: int, axis: int) -> Any:
    """The pieces on an axis after that of the groups."""
    return x.reshape(*x.shape[: axis % x.ndim], -1, k, *x.shape[axis % x.ndim + 1 :])


def both(x: Any, axis: int) -> Any:
    return np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis)


@scene
def test_maxout(stub: Stub) -> None:
    torch = fakes.torch(stub)
    for shape, k, axis in (((6, 8), 2, -1), ((6, 5), 3, 0), ((300, 2), 300, 0)):
        host = numbers(shape)
        x = torch.Tensor(stub.filled(host))
        y, index = fa.maxout.with_index(x, k, axis)
        pieces, along = groups(host, k, axis), axis % host.ndim + 1
        expected, winner = pieces.max(along), pieces.argmax(along)
        same_bits(y.host, expected)
        np.testing.assert_array_equal(index.host, winner)
        assert index.dtype == ("uint8" if k <= 256 else "int64")
        same_bits(fa.maxout(x, k, axis).host, expected)
        dy = torch.Tensor(stub.filled(numbers(expected.shape, 1)))
        dx = np.zeros_like(pieces)
        np.put_along_axis(dx, np.expand_dims(winner, along), np.expand_dims(dy.host, along), along)
        dx = dx.reshape(host.shape)
        same_bits(fa.maxout.backward(dy, x, k, axis).host, dx)
        same_bits(fa.maxout.backward_from_index(dy, index, k, axis).host, dx)
        assert fa.maxout.backward(dy, x, k, axis, out=x) is x
        same_bits(x.host, dx)
    empty = torch.Tensor(stub.empty((0, 4), "f4"))
    before = len(stub.launches)
    assert fa.maxout(empty, 2).host.shape == (0, 2)
    assert len(stub.launches) == before


@scene
def test_crelu(stub: Stub) -> None:
    torch = fakes.torch(stub)
    for axis in (0, -1):
        host = numbers((6, 8))
        x = torch.Tensor(stub.filled(host))
        same_bits(fa.crelu(x, axis).host, both(host, axis))
        dy = torch.Tensor(stub.filled(numbers(both(host, axis).shape, 1)))
        right, left = np.split(dy.host, 2, axis)
        same_bits(fa.crelu.backward(dy, x, axis).host, np.where(host > 0, right, -left))


@scene
def test_arrays_of_no_library_need_an_array_for_the_result(stub: Stub) -> None:
    x, y = Described(stub.filled(numbers((4, 6)))), Described(stub.empty((4, 3), "f4"))
    with pytest.raises(TypeError, match=r"maxout: arrays of type Described cannot make another one for the result; accepted is out="):
        fa.maxout(x, 2)
    assert fa.maxout(x, 2, out=y) is y
    same_bits(y.host, groups(x.host, 2, -1).max(-1))


@scene
def test_errors_of_pieces(stub: Stub) -> None:
    torch = fakes.torch(stub)
    x, wrong = torch.Tensor(stub.filled(numbers((4, 6)))), torch.Tensor(stub.empty((4, 2), "f4"))
    whole = torch.Tensor(stub.empty((4, 6), "i8"))
    cases: list[tuple[Any, type[Exception], str]] = [
        (lambda: fa.maxout(x, 4), ValueError, r"maxout: x has shape \(4, 6\).*accepted is a multiple of k = 4"),
        (lambda: fa.maxout(x, 2, 2), ValueError, r"maxout: axis is 2; accepted are whole numbers from -2 to 1"),
        (lambda: fa.maxout(x, 2, out=wrong), ValueError, r"maxout: out has shape \(4, 2\); accepted is the shape of the result, \(4, 3\)"),
        (lambda: fa.maxout(whole, 2), TypeError, r"maxout: x has dtype int64; accepted on a CUDA device are float16"),
        (lambda: fa.maxout.backward(wrong, x, 2), ValueError, r"maxout\.backward: dy has shape \(4, 2\); accepted is .*\(4, 3\)"),
        (lambda: fa.maxout.backward(np.ones((4, 3), "f4"), x, 2), TypeError, r"maxout\.backward: dy is a ndarray on the host beside"),
        (lambda: fa.maxout.backward_from_index(wrong, wrong, 2), ValueError, r"index has dtype float32.*; accepted is uint8 in the shape"),
        (lambda: fa.crelu(x, out=x), ValueError, r"crelu: out has shape \(4, 6\); accepted is the shape of the result, \(4, 12\)"),
        (lambda: fa.crelu.backward(x, x), ValueError, r"crelu\.backward: dy has shape \(4, 6\); accepted is .*\(4, 12\)"),
    ]
    for call, kind, told in cases:
        with pytest.raises(kind, match=told):
            call()
    assert not stub.launches
