"""Checks of device arrays against the CPU, written for any `Side`: torch or CuPy on a GPU, or the stub of the driver without one.

A side has `put(array) -> device array`, `get(device array) -> array`, `empty(shape, dtype) -> device array`, and `size`, the number of
elements of large arrays.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from cases import DIRECTIONS, call, defaults, edges, np_dtype, ordinary, same_bits, trainable, uniform_bits

import fastact as fa

Side = Any


def _results(activation: fa.Activation, direction: str, x: Any, dy: Any) -> list[Any]:
    """The CPU's."""
    params = defaults(activation)
    if direction == "backward":
        got = activation.backward(dy, x, *params, wrt="x") if trainable(activation) else activation.backward(dy, x, *params)
        return [got]
    return list(call(activation, direction, x, *params))


def _device_call(activation: fa.Activation, direction: str, x: Any, dy: Any, out: Any) -> None:
    """The same on the device."""
    params = defaults(activation)
    if direction == "backward":
        options = {"wrt": "x"} if trainable(activation) else {}
        activation.backward(dy, x, *params, out=out, **options)
    else:
        call(activation, direction, x, *params, out=out)


def same(side: Side, activation: fa.Activation, direction: str, x: Any, dy: Any = None) -> None:
    """A direction on the device has the bits of the CPU."""
    expected = _results(activation, direction, x, dy)
    targets = tuple(side.empty(e.shape, e.dtype) for e in expected)
    _device_call(
        activation, direction, side.put(x), side.put(dy) if direction == "backward" else None, targets if len(targets) > 1 else targets[0]
    )
    for target, e in zip(targets, expected, strict=True):
        same_bits(side.get(target), e)


def every_half(side: Side, activation: fa.Activation, dtype: str, step: int = 1) -> None:
    """All directions at every value of a 16-bit type."""
    x = np.arange(0, 65536, step, dtype=np.uint16).view(np_dtype(dtype))
    dy = ordinary(dtype, x.shape, 1)
    for direction in DIRECTIONS:
        same(side, activation, direction, x, dy)


def spread(side: Side, activation: fa.Activation, dtype: str) -> None:
    """All directions where functions bend, at their edges, and at uniform bit patterns."""
    n = side.size
    x = np.concatenate(
        [edges(dtype, activation, defaults(activation)), ordinary(dtype, n // 2), uniform_bits(dtype, n // 2, 3, finite=False)]
    )
    dy = ordinary(dtype, x.shape, 1)
    for direction in DIRECTIONS:
        same(side, activation, direction, x, dy)


def every_length(side: Side, lengths: Any) -> None:
    """Whole blocks, parts of blocks, single elements, nothing."""
    for n in lengths:
        for dtype in ("float32", "bfloat16"):
            x = ordinary(dtype, n, n)
            same(side, fa.gelu, "forward", x)
            same(side, fa.gelu, "backward", x, x[::-1].copy())


def in_place(side: Side) -> None:
    """The output may be the input."""
    x = ordinary("float32", 5000)
    a = side.put(x)
    fa.gelu(a, out=a)
    same_bits(side.get(a), fa.gelu(x))
    a, g = side.put(x), side.put(x[::-1].copy())
    fa.gelu.backward(g, a, out=g)
    same_bits(side.get(g), fa.gelu.backward(x[::-1], x))


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "every second": lambda a: a[::2],
    "shifted by one": lambda a: a[1:],
    "columns": lambda a: a[:2400].reshape(40, 60)[:, 3:50],
    "turned": lambda a: a[:2400].reshape(40, 60).T,
    "permuted": lambda a: a[:2400].reshape(4, 10, 60).transpose(2, 0, 1),
    "one element": lambda a: a[7:8].reshape(()),
}
"""Views that NumPy, torch and CuPy spell alike."""


def layout(side: Side, name: str, dtype: str) -> None:
    """A view of device memory in, a dense array out; then the other way round."""
    base = ordinary(dtype, 3001)
    turn = LAYOUTS[name]
    view, x = side.view(side.put(base), turn), turn(base)
    target = side.empty(x.shape, x.dtype)
    fa.silu(view, out=target)
    same_bits(side.get(target), fa.silu(x))
    whole = side.put(base)
    fa.silu(side.put(x.copy()), out=side.view(whole, turn))
    expected = base.copy()
    turn(expected)[...] = fa.silu(x)
    same_bits(side.get(whole), expected)


def channels(side: Side, dtype: str) -> None:
    """A slope for each channel, in several layouts of an image."""
    x = ordinary(dtype, (2, 8, 6, 6))
    slope = np.linspace(0.1, 0.9, 8, dtype=np.float64 if dtype == "float64" else np.float32)
    for axes in ((0, 1, 2, 3), (0, 2, 3, 1)):
        image = np.ascontiguousarray(x.transpose(axes))
        shaped = slope.reshape([8 if axis == 1 else 1 for axis in axes])
        target = side.empty(image.shape, image.dtype)
        fa.leaky_relu(side.put(image), side.put(shaped), out=target)
        same_bits(side.get(target), fa.leaky_relu(image, shaped))
