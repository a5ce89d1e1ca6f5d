"""Masks of 1 bit an element: NumPy's own bits, and backward from them with the bits of backward from x."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from cases import Array, edges, is_nan, ordinary, parameters, rounded, same_bits, uniform_bits

import fastact as fa
from fastact.masks import MASKED

FUNCTIONS = [f for f in fa.ACTIVATIONS if f.record in MASKED]
LEAKY = ("leaky_relu", "prelu")


def slope(f: fa.Activation, params: tuple[Any, ...]) -> tuple[Any, ...]:
    return params[:1] if f.name in (*LEAKY, "hard_sigmoid") else ()


def expected(f: fa.Activation, x: Array, params: tuple[Any, ...]) -> Array:
    """The mask by the derivative in long double, where nothing is rounded to 0."""
    with np.errstate(invalid="ignore"):
        wide = x.astype(np.longdouble)
    bits = ~(wide <= 0) if f.name in LEAKY else f.derivative(wide, *params) != 0
    return np.packbits(np.broadcast_to(bits, np.broadcast_shapes(x.shape, *map(np.shape, params))).ravel(), bitorder="little")


def gradients(name: str, count: int) -> Array:
    """Gradients of all sizes, infinite and NaN too."""
    rng = np.random.default_rng(5)
    return rng.choice(np.concatenate([edges(name), uniform_bits(name, 4096, 6, finite=False)]), count)


def test_functions() -> None:
    """All whose derivative takes two values, by their derivatives, and no others."""
    two = set()
    for f in fa.ACTIVATIONS:
        x = np.linspace(-9, 9, 4001)
        params = parameters(f)[0]
        two |= {f.name} if len(np.unique(f.reference_derivative(x, *params))) == 2 else set()
    assert {f.name for f in FUNCTIONS} == two


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_bits(f: fa.Activation, dtype: str) -> None:
    for params in parameters(f):
        x = np.concatenate([edges(dtype, f, params), uniform_bits(dtype, 3000, 1, finite=False), ordinary(dtype, 3001)])
        dy = gradients(dtype, x.size)
        y, mask = f.with_mask(x, *params)
        same_bits(y, f(x, *params))
        same_bits(mask, expected(f, x, rounded(params, dtype)))
        dx = f.backward_from_mask(dy, mask, *slope(f, params))
        whole = f.backward(dy, x, *params, wrt="x")
        same_bits(dx[~is_nan(x)], whole[~is_nan(x)])
        passed = f.backward_from_mask(dy, np.full_like(mask, 255), *slope(f, params))
        same_bits(dx[is_nan(x)], passed[is_nan(x)])


def test_a_slope_below_the_smallest_float16() -> None:
    """The bit is that of the slope itself, not of the slope rounded to the dtype of x."""
    x, dy = np.array([-1, 0.5, 1, 3], np.float16), np.full(4, 6e4, np.float16)
    y, mask = fa.hard_sigmoid.with_mask(x, 1e-9)
    same_bits(y, fa.hard_sigmoid(x, 1e-9))
    dx = fa.hard_sigmoid.backward_from_mask(dy, mask, 1e-9)
    same_bits(dx, fa.hard_sigmoid.backward(dy, x, 1e-9))
    assert dx.any()


@pytest.mark.parametrize("f", [fa.relu, fa.prelu, fa.hard_sigmoid], ids=lambda f: f.name)
def test_lengths_and_threads(f: fa.Activation, threads: int) -> None:
    for n in (0, 1, 7, 8, 9, 63, 65, 1023, 1024, 1025, 70_001, 200_003):
        x, dy = ordinary("float32", n), ordinary("float32", n, 3)
        y, mask = f.with_mask(x)
        assert mask.size == -(-n // 8)
        same_bits(y, f(x))
        same_bits(mask, expected(f, x, tuple(p.default for p in f.params)))
        same_bits(f.backward_from_mask(dy, mask), f.backward(dy, x, wrt="x"))


def views(shape: tuple[int, ...], seed: int) -> dict[str, Array]:
    wide = ordinary("float32", (*shape[:-1], 2 * shape[-1] + 1), seed)
    flat = ordinary("float32", shape, seed)
    return {"C": flat, "F": np.asfortranarray(flat), "every second": wide[..., :-1:2], "negative": flat[::-1, :, ::-1]}


@pytest.mark.parametrize("shape", [(3, 5, 7), (20, 41, 97)], ids=str)
def test_layouts(shape: tuple[int, ...], threads: int) -> None:
    """The mask follows the logical order, and any parameter, whatever the layout."""
    channel = np.linspace(-0.5, 0.5, shape[1], dtype=np.float32)[:, None]
    for f, params in ((fa.relu, ()), (fa.prelu, (channel,)), (fa.leaky_relu, (np.float32(0.3),)), (fa.hard_sigmoid, (0.2,))):
        for x in views(shape, 1).values():
            for dy in list(views(shape, 2).values())[:2]:
                y, mask = f.with_mask(x, *params)
                same_bits(y, f(x, *params))
                same_bits(mask, expected(f, x, (*params, *(p.default for p in f.params[len(params) :]))))
                for out in (None, np.empty(shape, np.float32, order="F"), dy.copy("K")):
                    source = dy if out is None or out.flags.f_contiguous else out
                    dx = f.backward_from_mask(source, mask, *params, out=out)
                    assert out is None or dx is out
                    same_bits(dx, f.backward(dy, x, *params, wrt="x"))


def test_parameter_that_widens_the_shape() -> None:
    x, slopes = ordinary("float32", 5), np.linspace(0.1, 0.9, 3, dtype=np.float32)[:, None]
    y, mask = fa.prelu.with_mask(x, slopes)
    assert y.shape == (3, 5)
    assert mask.shape == (2,)
    dy = ordinary("float32", (3, 5), 1)
    same_bits(fa.prelu.backward_from_mask(dy, mask, slopes), fa.prelu.backward(dy, np.broadcast_to(x, (3, 5)), slopes, wrt="x"))


def test_other_operands() -> None:
    """Scalars, lists, whole numbers, other byte orders, misaligned and long double."""
    y, mask = fa.relu.with_mask(-2.0)
    assert (y.shape, y.dtype, y, mask.tolist()) == ((), np.float64, 0, [0])
    y, mask = fa.relu.with_mask([[1, -1, 2], [-2, 3, -3]])
    assert y.dtype == np.float64
    assert mask.tolist() == [0b010101]
    same_bits(fa.relu.with_mask(np.arange(-2, 3, dtype=np.int8))[0], np.array([0, 0, 0, 1, 2], np.float16))
    x = ordinary("float32", 100)
    raw = np.empty(401, np.uint8)
    misaligned = raw[1:].view(np.float32)
    misaligned[...] = x
    for other in (x.astype(">f4"), misaligned):
        y, mask = fa.leaky_relu.with_mask(other)
        same_bits(y, fa.leaky_relu(x))
        same_bits(fa.leaky_relu.backward_from_mask(other, mask), fa.leaky_relu.backward(x, x))
    for f in FUNCTIONS:
        params = parameters(f)[0]
        wide = np.concatenate([x, [np.nan, 0, np.inf]]).astype(np.longdouble)
        y, mask = f.with_mask(wide, *params)
        np.testing.assert_array_equal(y, f(wide, *params))
        same_bits(mask, expected(f, wide, params))
        dx = f.backward_from_mask(wide[:100], mask[:13] & np.array([255] * 12 + [15], np.uint8), *slope(f, params))
        np.testing.assert_array_equal(dx, f.backward(wide[:100], wide[:100], *params, wrt="x"))


def test_outputs() -> None:
    """In place, a mask with gaps, and outputs that overlap their inputs."""
    for n in (100, 100_000):
        x = ordinary("float32", n)
        right, bits = fa.relu(x), expected(fa.relu, x, ())
        gaps = np.full(2 * bits.size, 9, np.uint8)
        inside = x.copy()
        y, mask = fa.relu.with_mask(inside, out=(inside, gaps[::2]))
        assert y is inside
        same_bits(y, right)
        same_bits(mask, bits)
        assert (gaps[1::2] == 9).all()
        for shift in (1, -1):
            room = np.zeros(n + 1, np.float32)
            source, target = (room[1:], room[:-1])[::shift]
            source[...] = x
            same_bits(fa.relu.with_mask(source, out=(target, None))[0], right)
            source[...] = x
            same_bits(fa.relu.backward_from_mask(source, bits, out=target), fa.relu.backward(x, x))


def test_no_copy_of_the_array() -> None:
    x = ordinary("float32", (64, 50, 70))
    y, mask = fa.relu.with_mask(x.transpose(1, 0, 2))
    tracemalloc.start()
    fa.relu.with_mask(x.transpose(1, 0, 2), out=(y, mask))
    fa.relu.backward_from_mask(x.transpose(1, 0, 2), mask, out=y)
    assert tracemalloc.get_traced_memory()[1] < x.nbytes // 16
    tracemalloc.stop()


def refused(kind: type[Exception], message: str, function: Any, *arguments: Any, **named: Any) -> None:
    with pytest.raises(kind) as caught:
        function(*arguments, **named)
    assert str(caught.value) == message


def test_refusals() -> None:
    x, room = np.ones(9, np.float32), np.full(9, 7, np.float32)
    told = "accepted are " + ", ".join(sorted(f.name for f in FUNCTIONS))
    many = f"the derivative of gelu takes more than two values, which a bit does not hold; {told}"
    refused(TypeError, f"gelu.with_mask: {many}", fa.gelu.with_mask, x)
    refused(TypeError, f"gelu.backward_from_mask: {many}", fa.gelu.backward_from_mask, x, x)
    refused(TypeError, f"step.with_mask: the derivative of step is one constant, which needs no mask; {told}", fa.step.with_mask, x)
    for f in fa.ACTIVATIONS:
        if f not in FUNCTIONS:
            with pytest.raises(TypeError, match=f"^{f.name}.with_mask: the derivative of {f.name} "):
                f.with_mask(x)
    back, name = fa.relu.backward_from_mask, "relu.backward_from_mask"
    bits = "a bit for each of 9 elements"
    for mask in (np.zeros(1, np.uint8), np.zeros(3, np.uint8), np.zeros((2, 1), np.uint8), np.zeros(2, np.int8)):
        given = f"of dtype {mask.dtype} and shape {mask.shape}"
        refused(ValueError, f"{name}: mask is {given}; accepted is an array of uint8 of shape (2,), {bits}", back, x, mask, out=room)
    refused(ValueError, f"{name}: mask is a list; accepted is an array of uint8 of shape (2,), {bits}", back, x, [1, 2], out=room)
    right = np.zeros(2, np.uint8)
    refused(ValueError, f"{name}: out has shape (8,); accepted is (9,)", back, x, right, out=room[:8])
    refused(TypeError, f"{name}: out has dtype float64; accepted is an aligned array of float32", back, x, right, out=np.ones(9))
    refused(TypeError, f"{name}: 1 parameters given; accepted are 0: none", back, x, right, 0.5, out=room)
    refused(TypeError, f"{name}: slope is not accepted", back, x, right, slope=0.5, out=room)
    frozen = right.copy()
    frozen.flags.writeable = False
    with_mask = fa.relu.with_mask
    refused(ValueError, "relu.with_mask: out[1] is read-only; accepted is a writeable array", with_mask, x, out=(room, frozen))
    refused(ValueError, "relu.with_mask: out[1] has shape (9,); accepted is (2,)", with_mask, x, out=(room, np.zeros(9, np.uint8)))
    refused(
        ValueError, "relu.with_mask: out is not a pair; accepted are 2 arrays, of which any may be None, or None", with_mask, x, out=room
    )
    refused(TypeError, "threshold.with_mask: value is missing; parameters are threshold, value", fa.threshold.with_mask, x, 1.0)
    told = "x has shape (9,) and dtype float32, slope has shape (2,) and dtype float64; accepted are numbers, of shapes that broadcast"
    refused(ValueError, f"leaky_relu.with_mask: {told}", fa.leaky_relu.with_mask, x, np.ones(2), out=(room, None))
    with pytest.raises(TypeError, match=r"^relu.with_mask: x has dtype complex64; accepted are float16"):
        with_mask(x + 1j, out=(room, None))
    np.testing.assert_array_equal(room, 7)
