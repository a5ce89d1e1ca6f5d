"""maxout and crelu: NumPy's own maxima, published vectors, every layout, the same bits, and what is refused."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from cases import Array, edges, np_dtype, ordinary, same_bits

import fastact as fa

KS = {"float16": (2,), "bfloat16": (17,), "float32": (1, 3, 300), "float64": (5,)}


def oracle(x: Array, k: int, axis: int, dy: Array | None = None) -> tuple[Array, Array, Array]:
    """y, index and dx by `numpy.argmax`, for which NaN is the largest and the first of equals wins."""
    wide = np.moveaxis(x, axis, -1)
    groups = wide.reshape(*wide.shape[:-1], -1, k)
    with np.errstate(invalid="ignore"):
        index = groups.astype(np.longdouble).argmax(-1)
    y = np.take_along_axis(groups, index[..., None], -1)[..., 0]
    dx = np.zeros_like(groups)
    gradient = y if dy is None else np.moveaxis(dy, axis, -1)
    np.put_along_axis(dx, index[..., None], gradient[..., None], -1)
    return np.moveaxis(y, -1, axis), np.moveaxis(index, -1, axis), np.moveaxis(dx.reshape(wide.shape), -1, axis)


def numbers(dtype: str, shape: tuple[int, ...], seed: int = 0) -> Array:
    """Many ties, zeros of both signs, infinities and a few NaN."""
    rng = np.random.default_rng(seed)
    pool = np.concatenate([np.array([-2, -1, -0.0, 0, 1, 2, 3, -np.inf]).astype(np_dtype(dtype)), edges(dtype)[::5]])
    return rng.choice(pool, shape)


def test_published_vector() -> None:
    z = np.array([[0.2, -1, 0.2], [1.5, 2.5, -3], [-1, -2, -0.5]])
    y, index = fa.maxout.with_index(z, 3)
    assert y.tolist() == [[0.2], [2.5], [-0.5]]
    assert index.tolist() == [[0], [1], [2]]
    dz = fa.maxout.backward(np.array([[10.0], [20], [30]]), z, 3)
    assert dz.tolist() == [[10, 0, 0], [0, 20, 0], [0, 0, 30]]


def test_identities() -> None:
    x = ordinary("float32", 1000)
    x[:3] = 0, -0.0, np.nan
    pair = np.stack([np.zeros_like(x), x], -1)
    same_bits(fa.maxout(pair, 2)[..., 0], fa.relu(x))
    dy = np.ones((1000, 1), np.float32)
    same_bits(fa.maxout.backward(dy, pair, 2)[3:, 1], fa.relu.derivative(x)[3:])
    assert fa.maxout.backward(dy, pair, 2)[:3, 1].tolist() == [0, 0, 1]
    same_bits(fa.maxout(np.stack([-x, x], -1), 2)[3:, 0], abs(x[3:]))
    same_bits(fa.maxout(np.stack([x * np.float32(0.25), x], -1), 2)[3:, 0], fa.prelu(x)[3:])


def test_every_axis_and_count(dtype: str) -> None:
    for k in KS[dtype]:
        for axis in (0, -1):
            shape = [3, 4, 5]
            shape[axis] *= k
            x = numbers(dtype, tuple(shape), k)
            small = list(shape)
            small[axis] //= k
            dy = numbers(dtype, tuple(small), k + 1)
            y, index, dx = oracle(x, k, axis, dy)
            same_bits(fa.maxout(x, k, axis), y)
            found = fa.maxout.with_index(x, k, axis)
            same_bits(found[0], y)
            same_bits(found[1], index.astype(np.uint8 if k <= 256 else np.intp))
            same_bits(fa.maxout.backward(dy, x, k, axis), dx)
            same_bits(fa.maxout.backward_from_index(dy, index, k, axis), dx)
            with np.errstate(invalid="ignore"):
                true, place = fa.maxout.reference(x, k, axis)
                np.testing.assert_array_equal(true, y.astype(np.longdouble))
            np.testing.assert_array_equal(place, index)


def views(shape: tuple[int, ...], seed: int) -> dict[str, Array]:
    flat = ordinary("float32", shape, seed)
    wide = ordinary("float32", (*shape[:-1], 2 * shape[-1] + 1), seed)
    return {"C": flat, "F": np.asfortranarray(flat), "every second": wide[..., :-1:2], "negative": flat[::-1, :, ::-1]}


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_layouts(axis: int, threads: int) -> None:
    """Of 100 000 outputs, so that threads share them."""
    k, shape, small = 3, [30, 48, 70], [30, 48, 70]
    shape[axis] *= k
    for x in views(tuple(shape), 1).values():
        for order in ("C", "F"):
            dy = np.asarray(ordinary("float32", small, 2), order=order)
            y, index, dx = oracle(x, k, axis, dy)
            out: Any = (np.empty(small, np.float32, order=order), np.empty(small, np.uint8, order=order))
            same_bits(fa.maxout(x, k, axis, out=out[0]), y)
            fa.maxout.with_index(x, k, axis, out=out)
            same_bits(out[1], index.astype(np.uint8))
            room = x.copy("K")
            assert fa.maxout.backward(dy, room, k, axis, out=room) is room
            same_bits(room, dx)
            same_bits(fa.maxout.backward_from_index(dy, index, k, axis), dx)


def test_same_bits_for_any_number_of_threads() -> None:
    x = numbers("float32", (70_001, 4), 3)
    before, found = fa.get_num_threads(), []
    for n in (1, 2):
        fa.set_num_threads(n)
        found.append((*fa.maxout.with_index(x, 4), fa.crelu(x), fa.crelu.backward(fa.crelu(x), x)))
    fa.set_num_threads(before)
    for a, b in zip(*found, strict=True):
        same_bits(a, b)


def test_crelu(dtype: str, threads: int) -> None:
    for x in (numbers(dtype, (3, 4, 5)), numbers(dtype, (5, 100, 170))[:, ::2], np.asfortranarray(numbers(dtype, (50, 41, 40)))):
        for axis in (0, 1, -1):
            y = fa.crelu(x, axis)
            with np.errstate(invalid="ignore"):
                expected = np.concatenate([fa.relu(x), fa.relu(-x)], axis)
            same_bits(y, expected)
            if dtype == "float64":
                np.testing.assert_array_equal(y.astype(np.longdouble), fa.crelu.reference(x, axis))
            dy = numbers(dtype, y.shape, 1)
            right, left = np.split(dy, 2, axis)
            with np.errstate(invalid="ignore"):
                dx = np.where(x > 0, right, np.where(x < 0, -left, np.where(x == 0, np.zeros_like(x), x)))
            same_bits(fa.crelu.backward(dy, x, axis), dx)
            inside = x.copy("K")
            same_bits(fa.crelu.backward(dy, inside, axis, out=inside), dx)


def test_other_operands() -> None:
    """Lists, whole numbers, other byte orders, long double, nothing at all, and outputs that overlap inputs."""
    assert fa.maxout([1, 5, 3, 2], 2).tolist() == [5, 3]
    assert fa.maxout(np.array([1, 5, 3, 2], np.int8), 2).dtype == np.float16
    x = numbers("float32", (6, 8))
    y, index, dx = oracle(x, 2, -1)
    same_bits(fa.maxout(x.astype(">f4"), 2), y)
    same_bits(fa.crelu(x.astype(">f4")), fa.crelu(x))
    with np.errstate(invalid="ignore"):
        wide = x.astype(np.longdouble)
    np.testing.assert_array_equal(fa.maxout(wide, 2), y.astype(np.longdouble))
    np.testing.assert_array_equal(fa.maxout.with_index(wide, 2)[1], index)
    np.testing.assert_array_equal(fa.maxout.backward(y.astype(np.longdouble), wide, 2), dx.astype(np.longdouble))
    np.testing.assert_array_equal(fa.maxout.backward_from_index(y.astype(np.longdouble), index, 2), dx.astype(np.longdouble))
    np.testing.assert_array_equal(fa.crelu(wide), fa.crelu(x).astype(np.longdouble))
    np.testing.assert_array_equal(fa.crelu.backward(fa.crelu(wide), wide), wide)
    for shape in ((0,), (0, 4), (3, 0)):
        assert fa.maxout(np.ones(shape, np.float32), 2).size == 0
        assert fa.crelu(np.ones(shape, np.float32)).size == 0
    room = x.ravel().copy()
    same_bits(fa.maxout(room[8:], 2, out=room[:20]), y.ravel()[4:])
    for f in (fa.maxout, fa.crelu):
        assert pickle.loads(pickle.dumps(f)) is f
        assert repr(f).startswith(f"<fastact {f.name}(x, ")


X, ROOM = np.ones((4, 6), np.float32), np.full((4, 2), 7, np.float32)
WRONG: list[tuple[type[Exception], str, Any, tuple[Any, ...], dict[str, Any]]] = [
    (
        ValueError,
        "maxout: x has shape (4, 6), with 6 elements along axis -1; accepted is a multiple of k = 4",
        fa.maxout,
        (X, 4),
        {"out": ROOM},
    ),
    (ValueError, "maxout: k is 0; accepted are whole numbers from 1", fa.maxout, (X, 0), {}),
    (TypeError, "maxout: k is a float; accepted is a whole number", fa.maxout, (X, 2.0), {}),
    (ValueError, "maxout: axis is 2; accepted are whole numbers from -2 to 1", fa.maxout, (X, 2, 2), {}),
    (ValueError, "maxout: out has shape (4, 2); accepted is (4, 3)", fa.maxout, (X, 2), {"out": ROOM}),
    (
        TypeError,
        "maxout: out has dtype float32; accepted is an aligned array of float64",
        fa.maxout,
        (X.astype(float), 3),
        {"out": ROOM},
    ),
    (ValueError, "maxout.with_index: out[1] has shape (4, 2); accepted is (4, 3)", fa.maxout.with_index, (X, 2), {"out": (None, ROOM)}),
    (ValueError, "maxout.backward: dy has shape (4, 2); accepted is the shape of the output, (4, 3)", fa.maxout.backward, (ROOM, X, 2), {}),
    (
        TypeError,
        "maxout.backward: dy has dtype float64; accepted is that of x, float32",
        fa.maxout.backward,
        (ROOM.astype(float), X, 3),
        {},
    ),
    (
        ValueError,
        "maxout.backward_from_index: index reaches from 0 to 3; accepted are 0 to k - 1 = 2",
        fa.maxout.backward_from_index,
        (ROOM, np.array([[0, 3]] * 4), 3),
        {},
    ),
    (
        ValueError,
        "maxout.backward_from_index: index has dtype int64 and shape (2,); accepted are whole numbers of the shape of dy, (4, 2)",
        fa.maxout.backward_from_index,
        (ROOM, np.array([0, 1]), 3),
        {},
    ),
    (ValueError, "crelu: out has shape (4, 2); accepted is (4, 12)", fa.crelu, (X,), {"out": ROOM}),
    (ValueError, "crelu: axis is 5; accepted are whole numbers from -2 to 1", fa.crelu, (X, 5), {}),
    (ValueError, "crelu.backward: dy has shape (4, 2); accepted is the shape of the output, (8, 6)", fa.crelu.backward, (ROOM, X, 0), {}),
]


@pytest.mark.parametrize(("kind", "message", "function", "arguments", "named"), WRONG, ids=lambda v: v[:40] if isinstance(v, str) else "")
def test_refusals(kind: type[Exception], message: str, function: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(kind) as caught:
        function(*arguments, **named)
    assert str(caught.value) == message
    assert (ROOM == 7).all()
