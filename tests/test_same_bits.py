"""Equal inputs give equal bits: at any place, length, stride and thread count, and through every entry point."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from cases import GRAIN, Array, bare, bits, call, defaults, edges, is_nan, np_dtype, ordinary, parameters, same_bits, uniform_bits, width
from numba import njit

from fastact import Activation

WIDTHS = ("float32", "float64")


def probes(name: str, activation: Activation, count: int) -> Array:
    """Numbers of every kind, the edges first."""
    return np.concatenate([edges(name, activation, parameters(activation)[0]), ordinary(name, count, 3), uniform_bits(name, count, 4)])


def single(activation: Activation, direction: str, x: Array, *params: float) -> list[Array]:
    """Every element by a call of its own."""
    parts = [call(activation, direction, x[i : i + 1], *params) for i in range(x.size)]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def test_67_equal_values(activation: Activation, dtype: str, direction: str) -> None:
    for params in parameters(activation)[:2]:
        x = np.repeat(probes(dtype, activation, 150)[:, None], 67, axis=1)
        alone = single(activation, direction, x[:, 0].copy(), *params)
        rows = [call(activation, direction, row, *params) for row in x]
        for k, expected in enumerate(alone):
            same_bits(np.array([row[k] for row in rows]), np.repeat(expected[:, None], 67, axis=1))


def test_every_length(activation: Activation, dtype: str, direction: str) -> None:
    x = probes(dtype, activation, 20)
    x = x[np.random.default_rng(8).permutation(x.size)][:131]
    whole = single(activation, direction, x)
    for n in range(132):
        for y, expected in zip(call(activation, direction, x[:n]), whole, strict=True):
            same_bits(y, expected[:n])


@pytest.mark.parametrize("stride", [1, -1, 2, -2, 3, -3])
def test_every_stride(activation: Activation, direction: str, stride: int) -> None:
    for name in ("float16", "float32", "float64"):
        x = probes(name, activation, 3000)[: 3 * 1027]
        expected = call(activation, direction, x)
        for ufunc in (False, True):
            spread = np.zeros(abs(stride) * x.size, x.dtype)[::stride][: x.size]
            spread[...] = x
            dy = [np.ones_like(spread)] if direction == "backward" else []
            results = bare(activation, direction)(*dy, spread, *parameters(activation)[0]) if ufunc else call(activation, direction, spread)
            for y, z in zip(results if isinstance(results, tuple) else (results,), expected, strict=True):
                same_bits(y, z)


@pytest.mark.parametrize("n", [m + k for m in (GRAIN, 2 * GRAIN, 4 * GRAIN) for k in (-1, 0, 1)])
def test_around_the_grain(activation: Activation, direction: str, threads: int, n: int) -> None:
    for name in ("bfloat16", "float32") if n % 2 else ("float16", "float64"):
        base = probes(name, activation, 100)
        x = np.resize(base, n)
        expected = call(activation, direction, base)
        for step in (1, 3):
            spread = np.empty(step * n, x.dtype)[::step]
            spread[...] = x
            for y, z in zip(call(activation, direction, spread), expected, strict=True):
                same_bits(y, np.resize(z, n))


def test_alignment(activation: Activation, dtype: str, direction: str) -> None:
    x = probes(dtype, activation, 500)
    expected = call(activation, direction, x)
    for shift in range(1, 65, 7):
        room = np.zeros(x.nbytes + 64, np.uint8)
        moved = room[shift : shift + x.nbytes].view(x.dtype)
        moved[...] = x
        for y, z in zip(call(activation, direction, moved), expected, strict=True):
            same_bits(y, z)


def test_directions_agree(activation: Activation, dtype: str) -> None:
    """f(x) is the y, and f'(x) = backward(1, x) the derivative of value_and_grad."""
    x = probes(dtype, activation, 20000)
    for params in parameters(activation):
        y, d = activation.value_and_grad(x, *params)
        same_bits(activation(x, *params), y)
        same_bits(activation.derivative(x, *params), d)
        same_bits(call(activation, "backward", x, *params)[0], d)


def test_bare_ufunc(activation: Activation, dtype: str, direction: str) -> None:
    x = probes(dtype, activation, 2000)
    for params in parameters(activation)[:2]:
        dy = [np.ones_like(x)] if direction == "backward" else []
        typed = [np.dtype(width(dtype)).type(p) for p in params]
        results = bare(activation, direction)(*dy, x, *typed)
        for y, z in zip(results if isinstance(results, tuple) else (results,), call(activation, direction, x, *params), strict=True):
            same_bits(y, z)


def compiled(function: Any, count: int) -> Any:
    """A user's loop over a scalar of 0, 1 or 2 parameters."""
    if count == 0:
        return njit(lambda x: [function(v) for v in x])
    if count == 1:
        return njit(lambda x, a: [function(v, a) for v in x])
    return njit(lambda x, a, b: [function(v, a, b) for v in x])


def test_scalars_in_compiled_code(activation: Activation) -> None:
    forward, both = compiled(activation.scalar, len(activation.params)), compiled(activation.scalar_grad, len(activation.params))
    for name in WIDTHS:
        x = probes(name, activation, 1000)
        for params in parameters(activation)[:2]:
            typed = [x.dtype.type(p) for p in params]
            y, d = activation.value_and_grad(x, *params)
            same_bits(np.array(forward(x, *typed), x.dtype), y)
            rows = both(x, *typed)
            assert all(len(row) == 2 + len(params) for row in rows)
            same_bits(np.array([row[0] for row in rows], x.dtype), y)
            same_bits(np.array([row[1] for row in rows], x.dtype), d)


def test_scalars_from_python(activation: Activation) -> None:
    for name in WIDTHS:
        x = probes(name, activation, 20)
        params = defaults(activation)
        y, d = activation.value_and_grad(x, *params)
        same_bits(np.array([activation.scalar(v, *params) for v in x], x.dtype), y)
        same_bits(np.array([activation.scalar_grad(v, *params)[1] for v in x], x.dtype), d)


def test_address(activation: Activation, dtype: str, direction: str) -> None:
    x = probes(dtype, activation, 2000)
    params = parameters(activation)[-1]
    expected = call(activation, direction, x, *params)
    operands = [np.ones_like(x)] * (direction == "backward") + [x] + [np.array(p, width(dtype)) for p in params]
    outputs = [np.full_like(x, 7) for _ in expected]
    prototype = ctypes.CFUNCTYPE(None, ctypes.c_ssize_t, *[ctypes.c_void_p] * (len(operands) + len(outputs)))
    loop = prototype(activation.address(dtype, direction))
    loop(x.size, *(a.ctypes.data for a in (*operands, *outputs)))
    for y, z in zip(outputs, expected, strict=True):
        same_bits(y, z)


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_all_16_bit_values(activation: Activation, direction: str, name: str) -> None:
    """The 16-bit result is the float32 result of the same operands, rounded once."""
    kind = np_dtype(name)
    x = np.arange(2**16, dtype=np.uint16).view(kind)
    with np.errstate(invalid="ignore"):
        wide = x.astype(np.float32)
    dys: list[Any] = [None] if direction != "backward" else [np.full(2**16, v, kind) for v in (1, -0.37, 300)]
    for params in parameters(activation)[:3]:
        for dy in dys:
            narrow = call(activation, direction, x, *params, dy=dy)
            full = call(activation, direction, wide, *params, dy=None if dy is None else dy.astype(np.float32))
            for y, z in zip(narrow, full, strict=True):
                with np.errstate(all="ignore"):
                    same_bits(y, z.astype(kind))
                assert is_nan(y)[is_nan(x)].all()


def test_the_comparison_can_fail() -> None:
    x = np.ones(3, np.float32)
    y = x.copy()
    bits(y)[1] ^= 1
    with pytest.raises(AssertionError, match="1 of 3 differ"):
        same_bits(x, y)
    with pytest.raises(AssertionError):
        same_bits(np.zeros(1), -np.zeros(1))
