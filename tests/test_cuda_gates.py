"""Gated units on the device: on two arrays, on the halves of one, and backward from the output, over the stub driver."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import same_bits
from stub import fakes, scene
from stub.device import Described, Stub

import fastact as fa


def numbers(shape: Any, seed: int = 0, dtype: str = "f4") -> Any:
    return np.random.default_rng(seed).normal(size=shape, scale=3).astype(dtype)


@scene
def test_a_gate_of_two_arrays(stub: Stub) -> None:
    torch = fakes.torch(stub)
    a, b, dy = (torch.Tensor(stub.filled(numbers((5, 12), seed))) for seed in range(3))
    same_bits(fa.swiglu(a, b).host, fa.swiglu(a.host, b.host))
    for found, wanted in zip(fa.swiglu.backward(dy, a, b), fa.swiglu.backward(dy.host, a.host, b.host), strict=True):
        same_bits(found.host, wanted)
    row = torch.Tensor(stub.filled(numbers(12, 3)))
    same_bits(fa.swiglu(a, row, 1.5).host, fa.swiglu(a.host, row.host, 1.5))
    value = fa.swiglu.value_and_grad(a, b, out=(None, a, b))
    assert value[1:] == (a, b)


@scene
def test_halves(stub: Stub) -> None:
    torch = fakes.torch(stub)
    host, dy = numbers((6, 4, 16)), {axis: numbers(shape, 1) for axis, shape in ((0, (3, 4, 16)), (-1, (6, 4, 8)))}
    for axis, gate, interleaved in ((-1, "first", False), (-1, "second", True), (0, "second", False), (0, "first", True)):
        told: dict[str, Any] = {"axis": axis, "gate": gate, "interleaved": interleaved}
        x, up = torch.Tensor(stub.filled(host)), torch.Tensor(stub.filled(dy[axis]))
        same_bits(fa.reglu.packed(x, **told).host, fa.reglu.packed(host, **told))
        dx = fa.reglu.packed.backward(dy[axis], host, **told)
        same_bits(fa.reglu.packed.backward(up, x, **told).host, dx)
        y, d = fa.reglu.packed.value_and_grad(x, **told)
        for found, wanted in zip((y, d), fa.reglu.packed.value_and_grad(host, **told), strict=True):
            same_bits(found.host, wanted)
        assert fa.reglu.packed.backward(up, x, out=x, **told) is x
        same_bits(x.host, dx)


@scene
def test_halves_of_arrays_of_no_library(stub: Stub) -> None:
    x, y, dx = Described(stub.filled(numbers((4, 10)))), Described(stub.empty((4, 5), "f4")), Described(stub.empty((4, 10), "f4"))
    assert fa.reglu.packed(x, out=y) is y
    same_bits(y.host, fa.reglu.packed(x.host))
    fa.reglu.packed.backward(y, x, out=dx)
    same_bits(dx.host, fa.reglu.packed.backward(y.host, x.host))
    with pytest.raises(TypeError, match="cannot make another one for the result; accepted is out="):
        fa.reglu.packed(x)


@scene
def test_errors_of_halves(stub: Stub) -> None:
    torch = fakes.torch(stub)
    x, odd, dy = (torch.Tensor(stub.filled(numbers(shape))) for shape in ((4, 6), (4, 5), (4, 2)))
    packed = fa.swiglu.packed
    cases: list[tuple[Any, type[Exception], str]] = [
        (lambda: packed(odd), ValueError, r"swiglu\.packed: x has 5 elements along axis -1"),
        (lambda: packed(x, axis=2), ValueError, r"swiglu\.packed: axis is 2"),
        (lambda: packed(x, gate="left"), ValueError, r"swiglu\.packed: gate is 'left'"),
        (lambda: packed(x, extra=1), TypeError, r"swiglu\.packed.*extra"),
        (lambda: packed.backward(dy, x), ValueError, r"swiglu\.packed\.backward: dy has shape \(4, 2\); accepted is what broadcasts to"),
        (lambda: packed.backward(x, x, out=dy), ValueError, r"swiglu\.packed\.backward: out has shape \(4, 2\)"),
    ]
    for call, kind, told in cases:
        with pytest.raises(kind, match=told):
            call()
    assert not stub.launches


@scene
def test_backward_from_the_output(stub: Stub) -> None:
    torch = fakes.torch(stub)
    dy, x = numbers((7, 33), 1), numbers((7, 33))
    up, y = torch.Tensor(stub.filled(dy)), torch.Tensor(stub.filled(fa.sigmoid(x)))
    dx = fa.sigmoid.backward_from_output(up, y)
    same_bits(dx.host, fa.sigmoid.backward_from_output(dy, y.host))
    before = dx.host.copy()
    assert fa.sigmoid.backward_from_output(up, y, out=dx, accumulate=True) is dx
    same_bits(dx.host, fa.sigmoid.backward_from_output(dy, y.host, out=before, accumulate=True))
    with pytest.raises(TypeError, match=r"gelu\.backward_from_output: y does not tell"):
        fa.gelu.backward_from_output(up, y)
