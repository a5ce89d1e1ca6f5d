"""Bad input to masks, pieces, statistics, packed gates and noise: the message names call, argument and what is accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastact as fa

X = np.linspace(-3, 3, 24, dtype=np.float32)
MASKED = np.ma.masked_array(X, X > 0)
RAGGED = [[1.0], [1.0, 2.0]]
CALLS: dict[str, Callable[[Any], Any]] = {
    "relu.with_mask: x": fa.relu.with_mask,
    "leaky_relu.with_mask: slope": lambda v: fa.leaky_relu.with_mask(X, v),
    "relu.backward_from_mask: dy": lambda v: fa.relu.backward_from_mask(v, np.zeros(3, np.uint8)),
    "maxout: x": lambda v: fa.maxout(v, 2),
    "maxout.backward: dy": lambda v: fa.maxout.backward(v, np.repeat(X, 2), 2),
    "maxout.backward_from_index: index": lambda v: fa.maxout.backward_from_index(X, v, 2),
    "crelu: x": fa.crelu,
    "activation_stats: x": lambda v: fa.activation_stats(v, fa.relu),
    "swiglu.packed.backward: x": lambda v: fa.swiglu.packed.backward(1.0, v),
    "swiglu.packed.value_and_grad: x": fa.swiglu.packed.value_and_grad,
    "gumbel_softmax: x": lambda v: fa.gumbel_softmax(v, rng=1),
    "gumbel_softmax.backward: dy": lambda v: fa.gumbel_softmax.backward(v, X, rng=1),
}
LISTS: dict[str, Callable[[Any], Any]] = {
    "swiglu.packed: x": fa.swiglu.packed,
    "dropout: u": lambda v: fa.dropout(X, v),
}
OUTPUTS: dict[str, Callable[[Any], Any]] = {
    "maxout: out": lambda v: fa.maxout(np.repeat(X, 2), 2, out=v),
    "crelu.backward: out": lambda v: fa.crelu.backward(np.repeat(X, 2), X, out=v),
    "relu.backward_from_mask: out": lambda v: fa.relu.backward_from_mask(X, np.zeros(3, np.uint8), out=v),
    "dropout: out": lambda v: fa.dropout(X, rng=1, out=v),
    r"relu.with_mask: out\[0\]": lambda v: fa.relu.with_mask(X, out=(v, None)),
    r"gelu.backward: out\[0\]": lambda v: fa.gelu.backward(X, X, bias=1.0, out=(v, None)),
}
MANY = np.linspace(-3, 3, 2**18, dtype=np.float32).reshape((2,) * 18).transpose(*range(0, 18, 2), *range(1, 18, 2))
AXES: dict[str, Callable[[], Any]] = {
    "maxout": lambda: fa.maxout(MANY, 2, out=np.zeros((2,) * 17 + (1,), np.float32)),
    "crelu": lambda: fa.crelu(MANY),
    "relu.with_mask": lambda: fa.relu.with_mask(MANY[..., ::-1], out=(np.zeros_like(MANY, order="F"), None)),
    "activation_stats": lambda: fa.activation_stats(MANY, fa.relu, axis=tuple(range(0, 18, 2))),
}


@pytest.mark.parametrize("call", CALLS)
def test_masks_of_masked_arrays_are_not_lost(call: str) -> None:
    with pytest.raises(TypeError, match=rf"^{call} is a MaskedArray; accepted are plain arrays$"):
        CALLS[call](MASKED)


@pytest.mark.parametrize("call", [*CALLS, *LISTS])
def test_lists_of_several_lengths(call: str) -> None:
    with pytest.raises(TypeError, match=rf"^{call} is not an array of numbers; accepted are float16"):
        (CALLS | LISTS)[call](RAGGED)


@pytest.mark.parametrize("call", OUTPUTS)
def test_outputs_that_do_not_fit(call: str) -> None:
    one = np.zeros(1, np.float32)
    again = np.lib.stride_tricks.as_strided(one, (24,), (0,), writeable=True)
    locked = np.zeros(24, np.float32)
    locked.flags.writeable = False
    cases: tuple[tuple[Any, type[Exception], str], ...] = (
        (again, ValueError, "repeats an element; accepted is an array of elements of their own$"),
        (locked, ValueError, "is read-only; accepted is a writeable array$"),
        (np.zeros(25, np.float32), ValueError, r"has shape \(25,\); accepted is .*\(24,\)$"),
        (np.zeros(24), TypeError, "has dtype float64; accepted is an aligned array of float32$"),
        ([0.0] * 24, TypeError, "is a list; accepted is a NumPy array, or None$"),
        (MASKED.copy(), TypeError, "is a MaskedArray; accepted.* are plain arrays$"),
    )
    for out, kind, message in cases:
        told = call if "Masked" not in message or "gelu" not in call else "gelu.backward: out"
        with pytest.raises(kind, match=f"^{told} {message}"):
            OUTPUTS[call](out)
    assert one[0] == 0


@pytest.mark.parametrize("call", AXES)
def test_more_axes_than_a_job_holds(call: str) -> None:
    with pytest.raises(ValueError, match=rf"^{call}: the array has \d+ axes that do not merge; at most 16 are supported$"):
        AXES[call]()


def test_outputs_that_share_memory() -> None:
    room = np.zeros(24, np.float32)
    with pytest.raises(ValueError, match=r"^relu.with_mask: out\[0\] and out\[1\] share memory; accepted are arrays apart$"):
        fa.relu.with_mask(X, out=(room, room.view(np.uint8)[:3]))
    assert not room.any()


def test_things_that_are_no_activation_or_name() -> None:
    for thing in ([1], {}, X):
        with pytest.raises(TypeError, match=r"(?s)^dropout_after: activation is .* accepted is an activation of fastact"):
            fa.dropout_after(thing)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^swiglu.packed: gate is array"):
        fa.swiglu.packed(X, gate=X)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^gain: mode is array"):
        fa.gain(fa.relu, mode=X)  # type: ignore[call-overload, arg-type]


@pytest.mark.parametrize("f", [fa.hard_shrink, fa.soft_shrink], ids=lambda f: f.name)
def test_a_gradient_that_is_nan_passes_the_mask(f: fa.Activation) -> None:
    _, mask = f.with_mask(X, -1.0)
    assert np.isnan(f.backward(X, X, -1.0)).all()
    assert (f.backward_from_mask(X, mask) == X).all()


def test_things_without_axes() -> None:
    for call in (lambda: fa.maxout(1.0, 1), lambda: fa.crelu(1.0)):
        with pytest.raises(ValueError, match=r"^(maxout|crelu): axis is -1; accepted is an array of at least one axis$"):
            call()


def test_a_complex_temperature() -> None:
    with pytest.raises(ValueError, match=r"^gumbel_softmax: temperature is .*; accepted is a positive number$"):
        fa.gumbel_softmax(X, rng=1, temperature=np.complex64(1))  # type: ignore[arg-type]


def test_nothing_to_add_to_from_the_output() -> None:
    with pytest.raises(ValueError, match=r"^tanh.backward_from_output: accumulate=True adds to out; accepted is an array for each of x$"):
        fa.tanh.backward_from_output(X, X, accumulate=True)
