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


def parts(x: Any, axis: int, gate: str, interleaved: bool) -> tuple[Any, Any]:
    """Views of a and b."""
    moved = np.moveaxis(x, axis, 0)
    n = len(moved) // 2
    both = (moved[::2], moved[1::2]) if interleaved else (moved[:n], moved[n:])
    first, second = (np.moveaxis(p, 0, axis) for p in both)
    return (first, second) if gate == "first" else (second, first)


@scene
def test_halves(stub: Stub) -> None:
    torch = fakes.torch(stub)
    host = numbers((6, 4, 16))
    for axis, gate, interleaved in ((-1, "first", False), (-1, "second", True), (0, "second", False), (0, "first", True)):
        told: dict[str, Any] = {"axis": axis, "gate": gate, "interleaved": interleaved}
        a, b = parts(host, **told)
        x, dy = torch.Tensor(stub.filled(host)), torch.Tensor(stub.filled(numbers(a.shape, 1)))
        y = np.maximum(a, 0) * b
        same_bits(fa.reglu.packed(x, **told).host, y)
        by_a, by_b = np.where(a > 0, b, 0), np.maximum(a, 0)
        value, d = fa.reglu.packed.value_and_grad(x, **told)
        same_bits(value.host, y)
        for found, wanted in zip(parts(d.host, **told), (by_a, by_b), strict=True):
            same_bits(found, wanted)
        dx = fa.reglu.packed.backward(dy, x, **told)
        for found, wanted in zip(
            parts(dx.host, **told), (np.where(a > 0, dy.host * b, 0), np.where(a > 0, dy.host * by_b, 0)), strict=True
        ):
            same_bits(found, wanted)
        assert fa.reglu.packed.backward(dy, x, out=x, **told) is x
        same_bits(x.host, dx.host)


@scene
def test_halves_of_arrays_of_no_library(stub: Stub) -> None:
    x, y, dx = Described(stub.filled(numbers((4, 10)))), Described(stub.empty((4, 5), "f4")), Described(stub.empty((4, 10), "f4"))
    a, b = np.split(x.host, 2, -1)
    assert fa.reglu.packed(x, out=y) is y
    same_bits(y.host, np.maximum(a, 0) * b)
    assert fa.reglu.packed.backward(y, x, out=dx) is dx
    same_bits(dx.host, np.concatenate([np.where(a > 0, y.host * b, 0), np.where(a > 0, y.host * a, 0)], -1))
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
