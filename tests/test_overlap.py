"""Overlapping operands of every kind give what a copied input gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import Array, bare, call, defaults, ordinary, parameters, same_bits, trainable

import fastact
from fastact import Activation

SHIFTS = [s * k for k in (1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 100) for s in (1, -1)]
EVERY_SHIFT = [k for k in range(-100, 101) if k]
SIZES = [20, 333, 70001]


def views(buffer: Array, shift: int, n: int, step: int = 1) -> tuple[Array, Array]:
    """Input and output of n elements, the output `shift` elements after the input."""
    start = 101 * abs(step)
    source = buffer[start : start + n * abs(step) : abs(step)]
    target = buffer[start + shift : start + shift + n * abs(step) : abs(step)]
    assert source.size == target.size == n
    return (source, target) if step > 0 else (source[::-1], target[::-1])


def invoke(activation: Activation, direction: str, how: str, operands: list[Any], out: Array) -> Array:
    params = parameters(activation)[0]
    second = np.empty_like(out)
    if how == "ufunc":
        result = bare(activation, direction)(*operands, *params, out=(out, second) if direction == "value_and_grad" else out)
    elif direction == "value_and_grad":
        result = activation.value_and_grad(*operands, *params, out=(out, second))
    elif direction == "backward":
        result = activation.backward(*operands, *params, out=(out, None) if trainable(activation) else out)
    else:
        result = getattr(activation, direction, activation)(*operands, *params, out=out)
    assert (result[0] if isinstance(result, tuple) else result) is out
    return second


def check(activation: Activation, direction: str, how: str, shift: int, n: int, step: int = 1, operand: str = "x") -> None:
    buffer = ordinary("float32", (n + 202) * abs(step), n)
    source, target = views(buffer, shift, n, step)
    other = ordinary("float32", n, 5)
    operands = [source] if direction != "backward" else [other, source] if operand == "x" else [source, other]
    if operand == "both":
        operands = [source, source]
    copies = [a.copy() for a in operands]
    expected = call(activation, direction, copies[-1], dy=copies[0] if direction == "backward" else None)
    wanted = buffer.copy()
    views(wanted, shift, n, step)[1][...] = expected[0]
    second = invoke(activation, direction, how, operands, target)
    same_bits(buffer, wanted)
    if direction == "value_and_grad":
        same_bits(second, expected[1])


@pytest.mark.parametrize("how", ["ufunc", "object"])
@pytest.mark.parametrize("n", SIZES)
def test_shifted(activation: Activation, direction: str, how: str, n: int, threads: int) -> None:
    for shift in SHIFTS:
        check(activation, direction, how, shift, n)


@pytest.mark.parametrize("activation", [fastact.relu, fastact.prelu], ids=lambda a: a.name)
@pytest.mark.parametrize("how", ["ufunc", "object"])
@pytest.mark.parametrize("n", [150, 65537])
def test_every_shift(activation: Activation, how: str, n: int, threads: int) -> None:
    """The driver knows no function: one without and one with a parameter stand for all."""
    for shift in EVERY_SHIFT:
        check(activation, "forward", how, shift, n)
        check(activation, "backward", how, shift, n, operand="both")


@pytest.mark.parametrize("operand", ["x", "dy", "both"])
@pytest.mark.parametrize("how", ["ufunc", "object"])
def test_operands_of_backward(activation: Activation, how: str, operand: str, threads: int) -> None:
    for n in SIZES:
        for shift in (1, -1, 5, -64, 100):
            check(activation, "backward", how, shift, n, operand=operand)


@pytest.mark.parametrize("step", [2, 3, -1, -2])
@pytest.mark.parametrize("how", ["ufunc", "object"])
def test_strided(activation: Activation, direction: str, how: str, step: int, threads: int) -> None:
    for n in SIZES:
        for shift in (1, -1, 2, -2, 3, -3, 17, -100):
            check(activation, direction, how, shift, n, step)


@pytest.mark.parametrize("n", SIZES)
def test_output_runs_against_the_input(activation: Activation, direction: str, n: int, threads: int) -> None:
    """Reversed, spread and transposed views of one piece of memory."""
    for how in ("ufunc", "object"):
        for make in (lambda b: (b[:n], b[n - 1 :: -1]), lambda b: (b[:n], b[: 2 * n : 2]), lambda b: (b[: 2 * n : 2], b[:n])):
            buffer = ordinary("float32", 2 * n, n)
            source, target = make(buffer)
            operands = [source] * (2 if direction == "backward" else 1)
            copy = source.copy()
            expected = call(activation, direction, copy, dy=copy if direction == "backward" else None)
            invoke(activation, direction, how, operands, target)
            same_bits(target, expected[0])


def test_transposed_onto_itself(activation: Activation, direction: str, threads: int) -> None:
    for n in (9, 260):
        x = ordinary("float32", (n, n), 3)
        expected = call(activation, direction, x.copy(), dy=x.copy() if direction == "backward" else None)
        invoke(activation, direction, "object", [x] * (2 if direction == "backward" else 1), x.T)
        same_bits(x.T, expected[0])


@pytest.mark.parametrize("activation", [a for a in fastact.ACTIVATIONS if a.params], ids=lambda a: a.name)
def test_parameter_inside_the_output(activation: Activation, threads: int) -> None:
    """A parameter that lies in the memory of the output is read before it is overwritten."""
    for n in (50, 70001):
        for position in (0, n // 2, n - 1):
            x = ordinary("float32", n, 1)
            rest = [np.float32(p) for p in defaults(activation)[1:]]
            x[position] = np.float32(0.5)
            expected = activation(x.copy(), np.float32(0.5), *rest)
            activation(x, x[position : position + 1], *rest, out=x)
            same_bits(x, expected)
            y, again = ordinary("float32", n, 1), np.full(n, 0.5, np.float32)
            expected = activation(y, again.copy(), *rest)
            activation(y, again, *rest, out=again)
            same_bits(again, expected)


@pytest.mark.parametrize("n", SIZES)
def test_either_result_over_the_input(activation: Activation, n: int, threads: int) -> None:
    """Either result shifted against the input, the other apart."""
    for shift in (1, -1, 40, -40):
        for swap in (False, True):
            buffer, room = ordinary("float32", n + 202, n), np.zeros(n, np.float32)
            source, target = views(buffer, shift, n)
            expected = activation.value_and_grad(source.copy(), *defaults(activation))
            pair = (room, target) if swap else (target, room)
            results = activation.value_and_grad(source, *defaults(activation), out=pair)
            for result, given, wanted in zip(results, pair, expected, strict=True):
                assert result is given
                same_bits(given, wanted)
