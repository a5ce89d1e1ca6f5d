"""Parameters without a default: they must be given, in every direction and by every entry point."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys

import numpy as np
import pytest
from cases import DIRECTIONS, call, defaults, ordinary, same_bits
from numba import njit

import fastact
from fastact import Activation, demo
from fastact.record import Param

LEAKY, HARD = fastact.leaky_relu.record, fastact.hard_tanh.record
STRICT = Activation(dataclasses.replace(LEAKY, params=(Param("slope", None, samples=(0.2, 0.5)),)))
PAIR = Activation(dataclasses.replace(HARD, params=tuple(dataclasses.replace(p, default=None) for p in HARD.params)))
HALF = Activation(dataclasses.replace(HARD, params=(dataclasses.replace(HARD.params[0], default=None), HARD.params[1])))
METHODS = {"forward": "", "backward": ".backward", "derivative": ".derivative", "value_and_grad": ".value_and_grad"}


def bound(activation: Activation, direction: str, n: int, *params: float, **named: float) -> object:
    x = ordinary("float32", n, 1)
    return getattr(activation, direction, activation)(*[x] * (2 if direction == "backward" else 1), *params, **named)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("n", [5, 70001])
def test_missing(direction: str, n: int) -> None:
    cases = [
        (STRICT, (), {}, "leaky_relu", "slope is missing; parameters are slope"),
        (PAIR, (), {}, "hard_tanh", "low is missing; parameters are low, high"),
        (PAIR, (-1.0,), {}, "hard_tanh", "high is missing; parameters are low, high"),
        (PAIR, (), {"high": 1.0}, "hard_tanh", "low is missing; parameters are low, high"),
        (HALF, (), {}, "hard_tanh", "low is missing; parameters are low, high"),
        (HALF, (), {"high": 2.0}, "hard_tanh", "low is missing; parameters are low, high"),
    ]
    for activation, params, named, name, message in cases:
        with pytest.raises(TypeError, match=f"^{name}{METHODS[direction]}: {re.escape(message)}$"):
            bound(activation, direction, n, *params, **named)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("n", [5, 70001])
def test_given(direction: str, n: int) -> None:
    x = ordinary("float32", n, 1)
    for y, z in zip(call(STRICT, direction, x), call(fastact.leaky_relu, direction, x, 0.2), strict=True):
        same_bits(y, z)
    for given, named in (((-2.0, 0.5), {}), ((-2.0,), {"high": 0.5}), ((), {"low": -2.0, "high": 0.5})):
        for y, z in zip(call(PAIR, direction, x, *given, **named), call(fastact.hard_tanh, direction, x, -2.0, 0.5), strict=True):
            same_bits(y, z)
    for y, z in zip(call(HALF, direction, x, -2.0), call(fastact.hard_tanh, direction, x, -2.0), strict=True):
        same_bits(y, z)


def test_what_is_told() -> None:
    assert repr(STRICT) == "<fastact leaky_relu(x, slope)>"
    assert repr(HALF) == "<fastact hard_tanh(x, low, high=1)>"
    assert defaults(STRICT) == (0.2,)
    assert defaults(HALF) == (HARD.params[0].samples[0], HARD.params[1].default)
    with pytest.raises(TypeError, match=r"^leaky_relu.reference: slope is missing"):
        STRICT.reference(1.0)


def test_scalars() -> None:
    x = np.float32(-3)
    same_bits(np.float32(STRICT.scalar(x, 0.2)), STRICT(np.array([x]), 0.2)[0])
    same_bits(np.float32(HALF.scalar(x, -2.0)), HALF(np.array([x]), -2.0)[0])
    with pytest.raises(TypeError, match=r"^leaky_relu.scalar: missing a required argument: 'slope'; accepted is \(x, slope\)"):
        STRICT.scalar(x)
    scalar, half = STRICT.scalar, HALF.scalar
    same_bits(np.float32(njit(lambda v: scalar(v, 0.2))(x)), STRICT(np.array([x]), 0.2)[0])
    same_bits(np.float32(njit(lambda v: half(v, -2.0))(x)), np.float32(-2))


def test_demo() -> None:
    accuracy, _ = demo.train(STRICT)
    assert accuracy > 0.95
    assert all(v > 0 for v in demo.throughput(STRICT, 4096))


def test_ufuncs_need_no_import_of_their_own() -> None:
    program = "import fastact as fa; print(fa.ufuncs.elu)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "<ufunc 'elu'>\n", done.stderr


def test_level_hard_sigmoid() -> None:
    x = np.array([-5, 0, 5], np.float32)
    for slope in (0.0, -0.0):
        for offset, level in ((0.5, 0.5), (2.0, 1.0), (-1.0, 0.0)):
            np.testing.assert_array_equal(fastact.hard_sigmoid(x, slope, offset), np.full(3, level, np.float32))


def test_snake_of_nan() -> None:
    x = np.array([-5, 0.5, 1e9], np.float32)
    assert all(np.isnan(v).all() for v in (*fastact.snake.value_and_grad(x, np.nan), fastact.snake(x, np.nan)))


def test_gradient_of_an_empty_parameter() -> None:
    dx, dslope = fastact.prelu.backward(np.ones(1), np.ones(1), np.zeros(0))
    assert dx.shape == dslope.shape == (0,)
