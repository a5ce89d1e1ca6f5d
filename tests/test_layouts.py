"""Every layout through every entry point gives what contiguous copies give, and writes nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import Array, bare, call, np_dtype, ordinary, parameters, same_bits, trainable

from fastact import ACTIVATIONS, Activation

WITH_PARAMS = [a for a in ACTIVATIONS if a.params]
FILL = 0xA5


def like(x: Array, make: Callable[[tuple[int, ...]], Array]) -> Array:
    """A view of the layout that `make` gives, filled with x."""
    view = make(x.shape)
    view[...] = x
    return view


def zeros(shape: Any, dtype: Any) -> Array:
    return np.zeros(shape, dtype)


def layouts(x: Array) -> dict[str, Array]:
    """x in every layout; its shape is the same in all."""
    kind, shape = x.dtype, x.shape
    buffer = np.zeros(x.nbytes + 16, np.uint8)
    found = {
        "C": np.ascontiguousarray(x),
        "F": np.asfortranarray(x),
        "sliced": like(x, lambda s: zeros([2 * n + 1 for n in s], kind)[tuple(slice(1, 2 * n + 1, 2) for n in s)]),
        "negative": like(x, lambda s: zeros(s, kind)[tuple(slice(None, None, -1) for _ in s)]),
        "last reversed": like(x, lambda s: zeros(s, kind)[..., ::-1]),
        "column slice": like(x, lambda s: zeros((*s[:-1], s[-1] + 5), kind)[..., 2 : 2 + s[-1]]),
        "row slice": like(x, lambda s: zeros((s[0] + 3, *s[1:]), kind)[1 : 1 + s[0]]),
        "transposed": like(x, lambda s: np.moveaxis(zeros((s[-1], *s[:-1]), kind), 0, -1)),
        "misaligned": like(x, lambda s: buffer[1 : 1 + x.nbytes].view(kind).reshape(s)),
        "read-only": x.copy(),
    }
    found["read-only"].flags.writeable = False
    if kind.name != "bfloat16":
        found["byte-swapped"] = x.astype(kind.newbyteorder())
    assert all(v.shape == shape for v in found.values())
    return found


def run(activation: Activation, direction: str, x: Array, params: tuple[Any, ...], dy: Array, **options: Any) -> tuple[Array, ...]:
    return call(activation, direction, x, *params, dy=dy if direction == "backward" else None, **options)


def outputs(activation: Activation, direction: str, given: list[Array]) -> Any:
    """`given`, as the `out` of a direction."""
    if direction == "backward" and trainable(activation):
        return (given[0], None)
    return tuple(given) if direction == "value_and_grad" else given[0]


def native(a: Array) -> Array:
    return a.astype(a.dtype.newbyteorder("="), copy=False) if a.dtype.kind == "f" else a


SHAPES = [(7, 5, 3), (130, 9), (37,)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_small_layouts(activation: Activation, dtype: str, direction: str, shape: tuple[int, ...]) -> None:
    x, dy = ordinary(dtype, shape, 1), ordinary(dtype, shape, 2)
    params = parameters(activation)[0]
    expected = run(activation, direction, x, params, dy)
    gradients = layouts(dy)
    for name, view in layouts(x).items():
        for y, z in zip(run(activation, direction, view, params, gradients[name]), expected, strict=True):
            same_bits(native(y), z)
    same_bits(run(activation, direction, layouts(x)["F"], params, dy)[0], expected[0])


LARGE = (3, 211, 131)


def test_large_layouts(activation: Activation, direction: str, threads: int) -> None:
    """The walk over axes, and the threads."""
    for dtype in ("float32",) if direction != "forward" else ("float32", "float16", "float64", "bfloat16"):
        x, dy = ordinary(dtype, LARGE, 1), ordinary(dtype, LARGE, 2)
        params = parameters(activation)[0]
        flat = run(activation, direction, x.ravel(), params, dy.ravel())
        gradients = layouts(dy)
        for name, view in layouts(x).items():
            for y, z in zip(run(activation, direction, view, params, gradients[name]), flat, strict=True):
                same_bits(native(y), z.reshape(LARGE))
        for y, z in zip(run(activation, direction, gradients["F"], params, layouts(x)["column slice"]), flat, strict=True):
            assert y.shape == z.reshape(LARGE).shape


@pytest.mark.parametrize("shape", [(41, 7), (3, 211, 131)], ids=["small", "large"])
def test_outputs_of_every_layout(activation: Activation, direction: str, shape: tuple[int, ...], threads: int) -> None:
    """C in and F out, and all other pairs with a contiguous input; the output is what is returned."""
    for dtype in ("float32", "float16") if len(shape) == 2 else ("float32",):
        x, dy = ordinary(dtype, shape, 1), ordinary(dtype, shape, 2)
        params = parameters(activation)[0]
        expected = run(activation, direction, x, params, dy)
        for name in layouts(x).keys() - {"read-only"}:
            given = [layouts(np.full_like(x, 3))[name] for _ in expected]
            if trainable(activation) and direction == "backward" and name in ("misaligned", "byte-swapped"):
                continue
            results = run(activation, direction, x, params, dy, out=outputs(activation, direction, given))
            for result, target, z in zip(results, given, expected, strict=True):
                assert result is target
                same_bits(native(target), z)


@pytest.mark.parametrize("n", [1, 3, 64, 131, 4096, 70001])
def test_guard_regions(activation: Activation, direction: str, n: int, threads: int) -> None:
    """64 guarded bytes and more on each side of every operand; inputs stay as they were."""
    for dtype in ("float32", "float64", "float16", "bfloat16"):
        kind = np_dtype(dtype)
        for step in (1, 3):
            rooms = [np.full(kind.itemsize * (step * n + 128), FILL, np.uint8) for _ in range(4)]
            x, dy, *targets = (r.view(kind)[64 : 64 + step * n : step] for r in rooms)
            x[...], dy[...] = ordinary(dtype, n, 1), ordinary(dtype, n, 2)
            before = [r.copy() for r in rooms]
            given = targets[: 2 if direction == "value_and_grad" else 1]
            run(activation, direction, x, parameters(activation)[0], dy, out=outputs(activation, direction, given))
            for k, (room, old) in enumerate(zip(rooms, before, strict=True)):
                if k - 2 in range(len(given)):
                    old.view(kind)[64 : 64 + step * n : step] = given[k - 2]
                np.testing.assert_array_equal(room, old)


@pytest.mark.parametrize("shape", [(5,), (1000,), (70001,), (300, 301)], ids=str)
def test_in_place(activation: Activation, direction: str, shape: tuple[int, ...], threads: int) -> None:
    for dtype in ("float32", "float64", "float16", "bfloat16"):
        params = parameters(activation)[0]
        for cut in (slice(None), slice(None, None, -2)):
            x, dy = ordinary(dtype, shape, 1)[cut], ordinary(dtype, shape, 2)[cut]
            expected = run(activation, direction, x.copy(), params, dy.copy())
            for k in range(2 if direction in ("backward", "value_and_grad") else 1):
                a, b = ordinary(dtype, shape, 1)[cut], ordinary(dtype, shape, 2)[cut]
                if direction == "value_and_grad":
                    given: list[Any] = [None, None]
                    given[k] = a
                    results = activation.value_and_grad(a, *params, out=tuple(given))
                    assert results[k] is a
                else:
                    target = (a, b)[k]
                    results = run(activation, direction, a, params, b, out=outputs(activation, direction, [target]))
                    assert results[0] is target
                for y, z in zip(results, expected, strict=True):
                    same_bits(y, z)


def test_inputs_are_kept(activation: Activation, direction: str) -> None:
    for n in (10, 70001):
        x, dy = ordinary("float32", n, 1), ordinary("float32", n, 2)
        run(activation, direction, x, parameters(activation)[0], dy)
        same_bits(x, ordinary("float32", n, 1))
        same_bits(dy, ordinary("float32", n, 2))


def test_no_elements_and_no_axes(activation: Activation, dtype: str, direction: str) -> None:
    kind = np_dtype(dtype)
    params = parameters(activation)[0]
    for shape in ((0,), (3, 0), (0, 70000), (2, 0, 2)):
        for y in run(activation, direction, np.zeros(shape, kind), params, np.zeros(shape, kind)):
            assert y.shape == shape
            assert y.dtype == kind
    x = ordinary(dtype, (1,), 3)
    expected = run(activation, direction, x, params, x)
    for single in (x.reshape(()), x[0], x.reshape(1, 1, 1)):
        for y, z in zip(run(activation, direction, single, params, single), expected, strict=True):
            assert np.shape(y) == np.shape(single)
            same_bits(np.reshape(y, 1), z)


def test_many_axes(activation: Activation, direction: str) -> None:
    """C in and F out over more axes than the driver holds."""
    shape = (2,) * 17
    x = ordinary("float32", shape, 1)
    params = parameters(activation)[0]
    if direction == "backward" and trainable(activation):
        with pytest.raises(ValueError, match=f"^{activation.name}.backward: x has 17 axes; at most 16 are supported$"):
            activation.backward(x, x, *params, out=(np.zeros(shape, np.float32).T, *[None] * len(params)))
        for y, z in zip(activation.backward(x, x, *params), activation.backward(x.ravel(), x.ravel(), *params), strict=True):
            same_bits(y.ravel(), np.asarray(z).ravel())
        return
    expected = run(activation, direction, x.ravel(), params, x.ravel())
    given = [np.zeros(shape, np.float32).T for _ in expected]
    run(activation, direction, x, params, x, out=outputs(activation, direction, given))
    for y, z in zip(given, expected, strict=True):
        same_bits(y, z.reshape(shape))


@pytest.mark.parametrize("activation", WITH_PARAMS, ids=lambda a: a.name)
@pytest.mark.parametrize("shape", [(6, 5, 7), (4, 150, 131)], ids=["small", "large"])
def test_parameter_arrays(activation: Activation, direction: str, shape: tuple[int, ...], threads: int) -> None:
    """Per channel, per row, per element, per sample and of one element: each element as by a call of its own parameter."""
    for dtype in ("float32", "float64", "float16", "bfloat16"):
        x, dy = ordinary(dtype, shape, 1), ordinary(dtype, shape, 2)
        kind = "float64" if dtype == "float64" else "float32"
        count = len(activation.params)
        for form in ((shape[2],), (shape[1], 1), shape, (shape[0], 1, 1), (1,), (1, 1, 1)):
            params = [np.random.default_rng(k).uniform(0.2, 0.9, form).astype(kind) + (k if k else 0) for k in range(count)]
            full = [np.ascontiguousarray(np.broadcast_to(p, shape)).ravel() for p in params]
            params = [np.asarray(p, kind) for p in params]
            flat = bare(activation, direction)(*[dy.ravel()] * (direction == "backward"), x.ravel(), *full)
            expected = flat if isinstance(flat, tuple) else (flat,)
            for view in (x, np.asfortranarray(x)):
                for y, z in zip(run(activation, direction, view, tuple(params), dy), expected, strict=True):
                    same_bits(y, z.reshape(shape))


def test_mixed_shapes_broadcast(activation: Activation) -> None:
    for shapes in (((4, 1), (1, 5)), ((1, 300), (250, 1)), ((300,), (250, 300)), ((), (70000,)), ((3, 1, 5), (4, 1))):
        dy, x = (ordinary("float32", s, k) for k, s in enumerate(shapes))
        full = [np.ascontiguousarray(a) for a in np.broadcast_arrays(dy, x)]
        (y,) = call(activation, "backward", x, dy=dy)
        same_bits(y, call(activation, "backward", full[1], dy=full[0])[0])


def test_where(activation: Activation, direction: str, threads: int) -> None:
    if direction == "backward" and trainable(activation):
        with pytest.raises(TypeError, match="where is not accepted"):
            activation.backward(1.0, np.ones(3), *parameters(activation)[0], where=True)
        return
    for n in (37, 70001):
        x, dy = ordinary("float32", n, 1), ordinary("float32", n, 2)
        params = parameters(activation)[0]
        expected = run(activation, direction, x, params, dy)
        for mask in (np.arange(n) % 2 == 0, np.arange(n) % 7 > 3, np.zeros(n, bool), np.ones(n, bool)):
            given = [np.full(n, 7, np.float32) for _ in expected]
            run(activation, direction, x, params, dy, out=outputs(activation, direction, given), where=mask)
            for y, z in zip(given, expected, strict=True):
                same_bits(y, np.where(mask, z, np.float32(7)))
