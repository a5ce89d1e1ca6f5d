"""Bad input: the exact message, and nothing written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import call, defaults, trainable

import fastact
from fastact import ACTIVATIONS, Activation

ACCEPTED = "float16, bfloat16, float32, float64, longdouble, and integers and bool, which are promoted as np.exp does"
WITH_PARAMS = [a for a in ACTIVATIONS if a.params]
SIZES = [5, 70001]


def spelled(activation: Activation, direction: str) -> str:
    return activation.name if direction == "forward" else f"{activation.name}.{direction}"


def raises(kind: type[Exception], message: str, function: Callable[..., Any], *args: Any, **options: Any) -> None:
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        function(*args, **options)


def target(activation: Activation, direction: str, like: Any) -> tuple[Any, Any]:
    """`like` as out, completed for directions with two results, and the name by which messages call it."""
    if direction == "value_and_grad":
        return (like, None), "out[0]"
    if direction == "backward" and trainable(activation):
        return (like, None), "out[0]"
    return like, "out"


def wanted(activation: Activation, direction: str) -> bool:
    """Whether `out` is checked by the sums of parameter gradients, which need their exact dtype."""
    return direction == "backward" and trainable(activation)


def untouched(room: np.ndarray) -> None:
    np.testing.assert_array_equal(room, np.full_like(room, 7))


@pytest.mark.parametrize("kind", ["complex64", "complex128", "object", "<U1", "S1", "clongdouble", "M8[s]", "m8[s]", "i4,i4"])
def test_dtype_of_x(activation: Activation, direction: str, kind: str) -> None:
    call_name = spelled(activation, direction)
    for n in (3, 70001) if kind in ("complex64", "clongdouble") else (3,):
        x = np.zeros(n, kind)
        room = np.full(n, 7, np.float32)
        out = target(activation, direction, room)[0]
        raises(
            TypeError,
            f"{call_name}: x has dtype {x.dtype}; accepted are {ACCEPTED}",
            call,
            activation,
            direction,
            x,
            dy=np.ones(n, np.float32),
            out=out,
        )
        untouched(room)


def test_things_that_are_no_numbers(activation: Activation, direction: str) -> None:
    name = spelled(activation, direction)
    raises(TypeError, f"{name}: x has dtype <U3; accepted are {ACCEPTED}", call, activation, direction, "abc", dy=1.0)
    raises(TypeError, f"{name}: x has dtype object; accepted are {ACCEPTED}", call, activation, direction, None, dy=1.0)
    raises(TypeError, f"{name}: x is not an array of numbers; accepted are {ACCEPTED}", call, activation, direction, [[1], [1, 2]], dy=1.0)


def test_dtype_of_dy(activation: Activation) -> None:
    for n in SIZES:
        raises(
            TypeError,
            f"{activation.name}.backward: dy has dtype complex128; accepted are {ACCEPTED}",
            activation.backward,
            np.ones(n, complex),
            np.ones(n, np.float32),
            *defaults(activation),
        )


@pytest.mark.parametrize("activation", WITH_PARAMS, ids=lambda a: a.name)
def test_dtype_of_a_parameter(activation: Activation, direction: str) -> None:
    first, name = activation.params[0].name, spelled(activation, direction)
    for value in (1j, "a", None, np.clongdouble(1)):
        kind = np.asarray(value).dtype
        for n in SIZES:
            raises(
                TypeError,
                f"{name}: {first} has dtype {kind}; accepted are {ACCEPTED}",
                call,
                activation,
                direction,
                np.ones(n, np.float32),
                value,
            )


@pytest.mark.parametrize("activation", WITH_PARAMS, ids=lambda a: a.name)
def test_parameters_that_do_not_broadcast(activation: Activation, direction: str) -> None:
    first, name = activation.params[0].name, spelled(activation, direction)
    for shape in ((4, 5), (300, 301)):
        x = np.ones(shape, np.float32)
        gradient = f"dy has shape {shape}, " if direction == "backward" else ""
        room = np.full(shape, 7, np.float32)
        for form in ((3,), (2, 1, 3)):
            message = f"{name}: {gradient}x has shape {shape}, {first} has shape {form}; they do not broadcast"
            raises(ValueError, message, call, activation, direction, x, np.ones(form, np.float32))
            out = target(activation, direction, room)[0]
            raises(ValueError, message, call, activation, direction, x, np.ones(form, np.float32), out=out)
        untouched(room)


def test_dy_that_does_not_broadcast(activation: Activation) -> None:
    for n in SIZES:
        message = f"{activation.name}.backward: dy has shape (3,), x has shape ({n},); they do not broadcast"
        raises(ValueError, message, activation.backward, np.ones(3, np.float32), np.ones(n, np.float32), *defaults(activation))


def test_read_only_output(activation: Activation, direction: str) -> None:
    for shape in ((5,), (70001,), (300, 301)):
        for order in "CF":
            room = np.full(shape, 7, np.float32, order=order)
            room.flags.writeable = False
            out, name = target(activation, direction, room)
            message = f"{spelled(activation, direction)}: {name} is read-only; accepted is a writeable array"
            raises(ValueError, message, call, activation, direction, np.ones(shape, np.float32), out=out)
            untouched(room)


def test_shape_of_the_output(activation: Activation, direction: str) -> None:
    for shape, form in (((5,), (4,)), ((70001,), (70000,)), ((300, 301), (301, 300)), ((5,), (1, 5)), ((), (2,))):
        if form == (1, 5) and not wanted(activation, direction):
            continue  # NumPy broadcasts inputs to outputs with more axes
        room = np.full(form, 7, np.float32)
        out, name = target(activation, direction, room)
        accepted = f"{shape}" if wanted(activation, direction) else f"the shape of the result, {shape}"
        message = f"{spelled(activation, direction)}: {name} has shape {form}; accepted is {accepted}"
        if shape == () and not wanted(activation, direction):
            continue
        raises(ValueError, message, call, activation, direction, np.ones(shape, np.float32), out=out)
        untouched(room)


def test_dtype_of_the_output(activation: Activation, direction: str) -> None:
    for n in SIZES:
        room = np.full(n, 7, np.int32)
        out, name = target(activation, direction, room)
        tail = "accepted is an aligned array of float32"
        if not wanted(activation, direction):
            tail = "to which the result cannot be cast by casting='same_kind'"
        message = f"{spelled(activation, direction)}: {name} has dtype int32"
        separator = "; " if wanted(activation, direction) else ", "
        raises(TypeError, message + separator + tail, call, activation, direction, np.ones(n, np.float32), out=out)
        untouched(room)


def test_type_and_count_of_outputs(activation: Activation, direction: str) -> None:
    x = np.ones(5, np.float32)
    name = spelled(activation, direction)
    bad, spot = target(activation, direction, [0.0] * 5)
    raises(TypeError, f"{name}: {spot} is a list; accepted is a NumPy array, or None", call, activation, direction, x, out=bad)
    room = [np.full(5, 7, np.float32) for _ in range(3)]
    count = 2 if direction == "value_and_grad" or wanted(activation, direction) else 1
    more = f"{count}, or one for dx, or None" if wanted(activation, direction) else f"{count}, or None"
    raises(ValueError, f"{name}: out has 3 arrays; accepted are {more}", call, activation, direction, x, out=tuple(room))
    for array in room:
        untouched(array)


def test_one_output_for_two_results(activation: Activation) -> None:
    for n in SIZES:
        room = np.full(n, 7, np.float32)
        message = f"{activation.name}.value_and_grad: out has 1 arrays; accepted are 2, or None"
        raises(ValueError, message, activation.value_and_grad, np.ones(n, np.float32), *defaults(activation), out=room)
        untouched(room)


def test_too_many_parameters(activation: Activation, direction: str) -> None:
    count = len(activation.params)
    names = ", ".join(p.name for p in activation.params) or "none"
    message = f"{spelled(activation, direction)}: {count + 1} parameters given; accepted are {count}: {names}"
    raises(TypeError, message, call, activation, direction, np.ones(3), *[1.0] * (count + 1))


def test_unknown_keyword(activation: Activation, direction: str) -> None:
    with pytest.raises(TypeError, match=rf"^{re.escape(spelled(activation, direction))}: .*sloep"):
        call(activation, direction, np.ones(3), sloep=1.0)


@pytest.mark.parametrize("activation", WITH_PARAMS, ids=lambda a: a.name)
def test_parameter_given_twice(activation: Activation, direction: str) -> None:
    first = activation.params[0].name
    raises(
        TypeError, f"{spelled(activation, direction)}: {first} is given twice", call, activation, direction, np.ones(3), 1.0, **{first: 1.0}
    )


def test_address() -> None:
    message = "gelu.address: dtype is 'int8'; accepted are float16, bfloat16, float32, float64"
    raises(TypeError, message, fastact.gelu.address, "int8")
    message = "gelu.address: direction is 'up'; accepted are forward, backward, derivative, value_and_grad"
    raises(ValueError, message, fastact.gelu.address, "float32", "up")


@pytest.mark.parametrize("n", SIZES)
def test_output_of_a_parameter_gradient(n: int) -> None:
    x = np.ones((n, 3), np.float32)
    frozen = np.full(3, 7, np.float32)
    frozen.flags.writeable = False
    cases = [
        (ValueError, frozen, "is read-only; accepted is a writeable array"),
        (ValueError, np.full(4, 7, np.float32), "has shape (4,); accepted is (3,)"),
        (TypeError, [7.0] * 3, "is a list; accepted is a NumPy array, or None"),
    ]
    for kind, given, tail in cases:
        room = np.full((n, 3), 7, np.float32)
        raises(kind, f"prelu.backward: out[1] {tail}", fastact.prelu.backward, x, x, np.ones(3, np.float32), out=(room, given))
        untouched(room)
        np.testing.assert_array_equal(given, 7)
    room, whole = np.full((n, 3), 7, np.float32), np.full(3, 7)
    with pytest.raises(TypeError, match=r"^prelu.backward: out\[1\] has dtype int64"):
        fastact.prelu.backward(x, x, np.ones(3, np.float32), out=(room, whole))
    untouched(room)
    untouched(whole)
