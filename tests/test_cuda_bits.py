"""The device's kernels give the CPU's bits: every activation, dtype and direction, by the real PTX; NaN stands where the CPU's does."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import DIRECTIONS, Array, call, edges, np_dtype, ordinary, parameters, rounded, same_bits, uniform_bits, width
from cudalaunch import device

import fastact as fa
from fastact import Activation
from fastact.numerics.bits import sqrt

MANY, SOME, FEW = 1 << 20, 1 << 16, 1 << 11
NARROW = ("float16", "bfloat16")


@functools.cache
def numbers(dtype: str, count: int) -> Array:
    """Every 16-bit float; of wider ones those where functions bend, and random bits."""
    if dtype in NARROW:
        return np.arange(1 << 16, dtype=np.uint16).view(np_dtype(dtype))
    return np.concatenate([ordinary(dtype, count // 2, 5), uniform_bits(dtype, count // 2, 6, finite=False)])


@functools.cache
def gradients(dtype: str, count: int) -> Array:
    return np.random.default_rng(9).permutation(numbers(dtype, count))


def compare(activation: Activation, direction: str, x: Array, dy: Array, params: tuple[float, ...]) -> None:
    before = (dy,) if direction == "backward" else ()
    found = device(activation.record, direction, x, *params, before=before, approx_error=1)
    with np.errstate(all="ignore"):
        expected = call(activation, direction, x, *params, dy=dy)
    for a, b in zip(found, expected, strict=True):
        same_bits(a, b)


def test_default_parameters(activation: Activation, dtype: str, direction: str) -> None:
    count = MANY if dtype == "float32" and direction in ("forward", "derivative") else SOME
    compare(activation, direction, numbers(dtype, count), gradients(dtype, count), ())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sample_parameters(activation: Activation, dtype: str) -> None:
    for params in parameters(activation):
        own = edges(dtype, activation, params)
        x = np.concatenate([own, numbers(dtype, FEW)])
        dy = np.random.default_rng(3).permutation(x)
        for direction in DIRECTIONS:
            compare(activation, direction, x, dy, rounded(params, width(dtype)))


@pytest.mark.parametrize("error", [0, 2])
def test_bits_do_not_hang_on_the_approximate_reciprocal(error: int) -> None:
    x = numbers("float32", SOME)
    for f in (fa.sigmoid, fa.mish, fa.gelu, fa.squareplus):
        for direction in ("forward", "derivative"):
            one = device(f.record, direction, x, approx_error=1, seed=1)
            for seed in (2, 3):
                same_bits(device(f.record, direction, x, approx_error=error, seed=seed)[0], one[0])


QUOTIENTS: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "inverse": lambda x: (1 / x, x),
    "constant_over": lambda x: (-3.7 / x, x),
    "over_constant": lambda x: (x / -1.1e-30, x),
    "over_three": lambda x: (x / 3, x),
    "over_itself": lambda x: (x * x * x / x, x),
    "bounded": lambda x: (x / (x * x + 0.25), x),
    "subnormal": lambda x: (x * 1e-20 / (x * x * 1e18), x),
    "root": lambda x: (sqrt(x), x),
    "inverse_root": lambda x: (1 / sqrt(x * 2e-30), x),
}


@pytest.mark.parametrize("name", QUOTIENTS)
def test_quotients_and_roots_of_floats_of_every_size(name: str) -> None:
    """Infinities, zeros, subnormal operands and results among them, as IEEE has it."""
    record = dataclasses.replace(fa.sigmoid.record, scalar=QUOTIENTS[name], label=name)
    sizes = np.ldexp(np.float32(1.1), np.arange(-149, 128))
    x = np.concatenate([edges("float32", fa.sigmoid), sizes, -sizes, numbers("float32", SOME)])
    with np.errstate(all="ignore"):
        expected = QUOTIENTS[name](x)[0]
    for error in (0, 1):
        same_bits(device(record, "forward", x, approx_error=error)[0], expected)
