"""The choice of gradients: `wrt` by every spelling, its results in order, its `out`, its errors."""

from __future__ import annotations

import itertools
import re
import tracemalloc
from typing import Any

import numpy as np
import pytest
from cases import Array, bare, call, defaults, ordinary, same_bits, trainable

import fastact
from fastact import ACTIVATIONS, Activation

WITH_PARAMS = [a for a in ACTIVATIONS if a.params]
SHAPES = [(6, 4), (300, 301)]
WITH_EACH = pytest.mark.parametrize("activation", WITH_PARAMS, ids=lambda a: a.name)


def accepted(activation: Activation) -> tuple[str, ...]:
    return ("x", *(p.name for p in activation.params))


def case(activation: Activation, shape: tuple[int, ...]) -> tuple[Array, Array, list[Array], dict[str, Any]]:
    """dy, x, a parameter per column, and every gradient by its name."""
    dy, x = ordinary("float32", shape, 2), ordinary("float32", shape, 1)
    params = [np.full(shape[1], p, np.float32) for p in defaults(activation)]
    names = accepted(activation)
    return dy, x, params, dict(zip(names, activation.backward(dy, x, *params, wrt=names), strict=True))


@WITH_EACH
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_choice_and_order(activation: Activation, shape: tuple[int, ...], threads: int) -> None:
    dy, x, params, expected = case(activation, shape)
    same_bits(expected["x"], bare(activation, "backward")(dy, x, *params))
    for name, gradient in expected.items():
        alone = activation.backward(dy, x, *params, wrt=name)
        assert type(alone) is np.ndarray
        same_bits(alone, gradient)
    for count in range(1, len(expected) + 1):
        for names in itertools.permutations(expected, count):
            for wrt in (names, list(names)):
                results = activation.backward(dy, x, *params, wrt=wrt)
                assert type(results) is tuple
                assert len(results) == count
                for name, result in zip(names, results, strict=True):
                    same_bits(result, expected[name])


def test_default(activation: Activation) -> None:
    dy, x = ordinary("float32", (7, 3), 2), ordinary("float32", (7, 3), 1)
    params = defaults(activation)
    plain = activation.backward(dy, x, *params)
    trained = [p.name for p in activation.params if p.trainable]
    assert isinstance(plain, tuple) == bool(trained)
    results = activation.backward(dy, x, *params, wrt=("x", *trained))
    for y, z in zip(results, plain if trained else (plain,), strict=True):
        same_bits(y, z)


def test_x_alone_is_the_plain_pass(activation: Activation) -> None:
    """With every keyword of the ufunc, also where parameters are trainable."""
    params = defaults(activation)
    for n in (50, 70001):
        dy, x = ordinary("float32", n, 2), ordinary("float32", n, 1)
        expected = bare(activation, "backward")(dy, x, *map(np.float32, params))
        same_bits(activation.backward(dy, x, *params, wrt="x"), expected)
        same_bits(activation.backward(dy, x, *params, wrt=("x",))[0], expected)
        room, mask = np.full(n, 7, np.float32), np.arange(n) % 3 == 0
        assert activation.backward(dy, x, *params, wrt="x", out=room, where=mask) is room
        same_bits(room, np.where(mask, expected, np.float32(7)))
        for out in (room, (room,)):
            room[...] = 7
            assert activation.backward(dy, x, *params, wrt=["x"], out=out)[0] is room
            same_bits(room, expected)
        assert activation.backward(dy, x, *params, wrt="x", dtype=np.float64).dtype == np.float64
    message = f"{activation.name}.backward: out has 2 arrays; accepted are 1, or None"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        activation.backward(dy, x, *params, wrt="x", out=(room, room.copy()))


@WITH_EACH
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_out(activation: Activation, shape: tuple[int, ...], threads: int) -> None:
    dy, x, params, expected = case(activation, shape)
    for names in (tuple(expected), tuple(expected)[::-1], tuple(expected)[1:]):
        for given in itertools.product((True, False), repeat=len(names)):
            out = tuple(np.full_like(expected[n], 7) if g else None for n, g in zip(names, given, strict=True))
            results = activation.backward(dy, x, *params, wrt=names, out=out)
            for name, target, result in zip(names, out, results, strict=True):
                assert target is None or result is target
                same_bits(result, expected[name])
    for name in tuple(expected)[1:]:
        target, wide = np.full_like(expected[name], 7), np.zeros(shape[1])
        assert activation.backward(dy, x, *params, wrt=name, out=target) is target
        same_bits(target, expected[name])
        assert activation.backward(dy, x, *params, wrt=(name,), out=(wide,))[0] is wide
        same_bits(wide.astype(np.float32), expected[name])
    tall = np.zeros(shape[::-1], np.float32).T
    assert activation.backward(dy, x, *params, wrt=tuple(expected), out=(tall, *[None] * len(params)))[0] is tall
    same_bits(tall, expected["x"])


@WITH_EACH
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_out_over_an_input(activation: Activation, shape: tuple[int, ...], threads: int) -> None:
    dy, x, params, expected = case(activation, shape)
    for position in (0, 1):
        operands = [dy.copy(), x.copy()]
        results = activation.backward(*operands, *params, wrt=tuple(expected), out=(operands[position], *[None] * len(params)))
        for result, wanted in zip(results, expected.values(), strict=True):
            same_bits(result, wanted)
    parameter = params[-1].copy()
    result = activation.backward(dy, x, *params[:-1], parameter, wrt=activation.params[-1].name, out=parameter)
    assert result is parameter
    same_bits(result, expected[activation.params[-1].name])


def test_one_array_for_dx_by_default() -> None:
    dy, x, params, expected = case(fastact.prelu, (300, 301))
    target = np.full_like(x, 7)
    dx, dslope = fastact.prelu.backward(dy, x, *params, out=target)
    assert dx is target
    same_bits(dx, expected["x"])
    same_bits(dslope, expected["slope"])


@WITH_EACH
def test_nothing_is_written_out_for_what_is_not_asked(activation: Activation) -> None:
    x, params = ordinary("float32", 400_000, 1), defaults(activation)
    for name in accepted(activation)[1:]:
        activation.backward(x, x, *params, wrt=name)
        tracemalloc.start()
        activation.backward(x, x, *params, wrt=name)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < x.nbytes // 16


def raises(kind: type[Exception], message: str, activation: Activation, **options: Any) -> None:
    x, room = ordinary("float32", (6, 4), 1), np.full((6, 4), 7, np.float32)
    options = {"out": (room, *[None] * (len(options["wrt"]) - 1)) if isinstance(options["wrt"], tuple) else None} | options
    with pytest.raises(kind, match=f"^{re.escape(f'{activation.name}.backward: {message}')}$"):
        activation.backward(x, x, *defaults(activation), **options)
    np.testing.assert_array_equal(room, 7)


def test_names_that_are_not_there(activation: Activation) -> None:
    told = f"accepted are {', '.join(accepted(activation))}"
    raises(ValueError, f"wrt has 'nought'; {told}", activation, wrt="nought")
    raises(ValueError, f"wrt has 'nought'; {told}", activation, wrt=("x", "nought"))
    raises(ValueError, f"wrt has ''; {told}", activation, wrt="")
    raises(ValueError, f"wrt has 0; {told}", activation, wrt=("x", 0))
    raises(ValueError, f"wrt has 'x' twice; {told}", activation, wrt=("x", "x"))
    raises(ValueError, f"wrt is empty; {told}", activation, wrt=())
    raises(ValueError, f"wrt is empty; {told}", activation, wrt=[])
    raises(TypeError, f"wrt is a int; {told}, a tuple of these, or None", activation, wrt=1)


@WITH_EACH
def test_out_that_does_not_fit(activation: Activation) -> None:
    name, both = activation.params[0].name, ("x", activation.params[0].name)
    room, other = np.full((6, 4), 7, np.float32), np.full((6, 4), 7, np.float32)
    frozen = np.zeros((), np.float32)
    frozen.flags.writeable = False
    raises(ValueError, "out has 1 arrays; accepted are 2, or None", activation, wrt=both, out=room)
    raises(ValueError, "out has 3 arrays; accepted are 2, or None", activation, wrt=both, out=(room, None, None))
    raises(ValueError, "out[1] has shape (6, 4); accepted is ()", activation, wrt=both, out=(room, other))
    raises(ValueError, "out has shape (6, 4); accepted is ()", activation, wrt=name, out=room)
    raises(ValueError, "out is read-only; accepted is a writeable array", activation, wrt=name, out=frozen)
    raises(TypeError, "out is a float; accepted is a NumPy array, or None", activation, wrt=name, out=1.0)
    raises(TypeError, "where is not accepted; it sums over whole arrays", activation, wrt=both, out=None, where=True)
    raises(TypeError, "dtype is not accepted; it sums over whole arrays", activation, wrt=name, out=None, dtype=np.float64)
    np.testing.assert_array_equal([room, other], 7)


def test_integers_and_scalars() -> None:
    assert fastact.leaky_relu.backward(2, -3, 0.5, wrt=("slope", "x")) == (-6, 1)
    assert fastact.leaky_relu.backward(2, -3, slope=0.5, wrt="slope") == -6
    for activation in WITH_PARAMS:
        x = np.array([1, -2, 3], np.int8)
        found = activation.backward(x, x, *defaults(activation), wrt=accepted(activation))
        assert {np.asarray(g).dtype.name for g in found} == {"float16", "float32"}
        if not trainable(activation):
            same_bits(found[0], call(activation, "backward", x, dy=x)[0])


def test_masks_are_not_lost() -> None:
    """A sum over masked elements would be wrong: an error before anything is written."""
    x, slope = np.array([-1.0, -2.0, 3.0], np.float32), np.array(0.5, np.float32)
    masked, out = np.ma.masked_array(x, [True, False, False]), (np.full(3, 7, np.float32), np.full((), 7, np.float32))
    for name, operands in (("dy", (masked, x, slope)), ("x", (x, masked, slope)), ("slope", (x, x, np.ma.masked_array(slope)))):
        for wrt in (None, ("x", "slope")):
            with pytest.raises(TypeError, match=rf"^prelu.backward: {name} is a MaskedArray; accepted .* plain arrays"):
                fastact.prelu.backward(*operands, wrt=wrt, out=out)
    with pytest.raises(TypeError, match=r"^prelu.backward: out is a MaskedArray"):
        fastact.prelu.backward(x, x, slope, out=(masked.copy(), None))
    assert (out[0] == 7).all()
    assert out[1] == 7
    dx = fastact.prelu.backward(masked, x, slope, wrt="x")
    assert isinstance(dx, np.ma.MaskedArray)
    np.testing.assert_array_equal(np.ma.getmaskarray(dx), np.ma.getmaskarray(masked))
