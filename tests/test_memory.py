"""No hidden copies: a large call with its output given allocates next to nothing, whatever the layout."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import DIRECTIONS, Array, call, defaults, ordinary, same_bits, trainable

import fastact
from fastact import ACTIVATIONS, Activation

SHAPE = (48, 64, 130)


def peak(function: Callable[[], Any]) -> int:
    """Bytes that a second call allocates at most; the first compiles."""
    function()
    tracemalloc.start()
    function()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def spread(shape: tuple[int, ...], seed: int) -> dict[str, Array]:
    wide = ordinary("float32", (*shape[:-1], shape[-1] + 7), seed)
    flat = ordinary("float32", shape, seed)
    return {
        "C": flat,
        "F": np.asfortranarray(flat),
        "column slice": wide[..., 3:-4],
        "middle axis": np.moveaxis(ordinary("float32", (shape[1], shape[0], shape[2]), seed), 0, 1),
        "negative": flat[::-1, :, ::-1],
    }


@pytest.mark.parametrize("activation", [fastact.relu, fastact.elu, fastact.prelu, fastact.hard_tanh], ids=lambda a: a.name)
def test_no_hidden_copy(activation: Activation, threads: int) -> None:
    channel = [np.full((SHAPE[1], 1), p, np.float32) for p in defaults(activation)]
    for direction in DIRECTIONS:
        for name, x in spread(SHAPE, 1).items():
            for target in (np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32, order="F")):
                for params in ([], channel):
                    outs: Any = target
                    if direction == "value_and_grad" or (direction == "backward" and trainable(activation)):
                        outs = (target, None if direction == "backward" else np.zeros(SHAPE, np.float32))
                    found = peak(lambda d=direction, x=x, p=params, o=outs: call(activation, d, x, *p, dy=x, out=o))
                    assert found < x.nbytes // 16, f"{direction} {name}: {found} of {x.nbytes} bytes"


def test_the_measure_can_fail() -> None:
    x = ordinary("float32", SHAPE)
    assert peak(x.copy) >= x.nbytes
    assert peak(lambda: fastact.relu(x)) >= x.nbytes


def test_gradients_of_parameters_are_never_written_out() -> None:
    """The summed gradient needs a few partial sums, not an array of x's size."""
    for activation in (a for a in ACTIVATIONS if trainable(a)):
        x = ordinary("float32", (200_000,))
        out = np.empty_like(x)
        assert peak(lambda a=activation, x=x, o=out: a.backward(x, x, 0.25, out=(o, None))) < x.nbytes // 16


def test_one_array_for_a_new_result(activation: Activation) -> None:
    x, params = ordinary("float32", SHAPE), defaults(activation)
    for view in (x, x.T, x[:, ::2]):
        assert peak(lambda v=view: activation(v, *params)) < 1.1 * view.size * 4
    same_bits(activation(x, *params), activation(x.ravel(), *params).reshape(SHAPE))
