"""Gates on the halves of one array: the bits of the two-array call in every layout, on every axis; wrong sizes write nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import Array, ordinary, same_bits, uniform_bits
from gatecases import any_gate, one_gate

import fastact as fa
from fastact import Gate


def halves(x: Array, axis: int, gate: str, *, interleaved: bool) -> list[Array]:
    """Copies of the operand of the activation and of the other."""
    moved = np.moveaxis(x, axis, 0)
    n = moved.shape[0] // 2
    parts = [moved[::2], moved[1::2]] if interleaved else [moved[:n], moved[n:]]
    return [np.moveaxis(p, 0, axis).copy() for p in (parts if gate == "first" else parts[::-1])]


def pack(a: Array, b: Array, axis: int, gate: str, *, interleaved: bool) -> Array:
    """What `halves` came from."""
    parts = [np.moveaxis(p, axis, 0) for p in ((a, b) if gate == "first" else (b, a))]
    both = np.stack(parts, axis=1).reshape(-1, *parts[0].shape[1:]) if interleaved else np.concatenate(parts)
    return np.ascontiguousarray(np.moveaxis(both, 0, axis))


LAYOUTS = [(axis, gate, interleaved) for axis in (-1, 0, 1) for gate in ("first", "second") for interleaved in (False, True)]


@pytest.mark.parametrize(("axis", "gate", "interleaved"), LAYOUTS)
@pytest.mark.parametrize("shape", [(2, 4, 6), (4, 66, 260)], ids=["small", "large"])
def test_layouts(axis: int, gate: str, interleaved: bool, shape: tuple[int, ...], dtype: str) -> None:
    for unit in (fa.glu, fa.clamped_swiglu):
        x = ordinary(dtype, shape, 1)
        layout: dict[str, Any] = {"axis": axis, "gate": gate, "interleaved": interleaved}
        a, b = halves(x, axis, gate, interleaved=interleaved)
        dy = ordinary(dtype, a.shape, 2)
        y, by_a, by_b = unit.value_and_grad(a, b)
        same_bits(unit.packed(x, **layout), y)
        dx = pack(*unit.backward(dy, a, b), axis, gate, interleaved=interleaved)
        same_bits(unit.packed.backward(dy, x, **layout), dx)
        value, d = unit.packed.value_and_grad(x, **layout)
        same_bits(value, y)
        same_bits(d, pack(by_a, by_b, axis, gate, interleaved=interleaved))
        into = x.copy()
        assert unit.packed.backward(dy, into, **layout, out=into) is into
        same_bits(into, dx)


@any_gate
def test_rows_on_threads(gate: Gate, threads: int) -> None:
    """Rows of any length, where a thread's share begins and ends within a row; sizes around the longest that are staged."""
    for rows, length in ((700, 63), (700, 64), (333, 257), (41, 2100), (3, 40000)):
        base = uniform_bits("float32", 4 * length, 3, finite=False)[: 2 * length]
        x = np.resize(base, (rows, 2 * length))
        dy = ordinary("float32", length, 4)
        y = gate(x[0, :length].copy(), x[0, length:].copy())
        da, db = gate.backward(dy, x[0, :length].copy(), x[0, length:].copy())
        same_bits(gate.packed(x), np.resize(y, (rows, length)))
        same_bits(gate.packed.backward(np.resize(dy, (rows, length)), x), np.resize(np.concatenate([da, db]), x.shape))
        same_bits(gate.packed.backward(dy, x), np.resize(np.concatenate([da, db]), x.shape))


def test_rows_of_activations(threads: int) -> None:
    """Column slices and values per channel, with and without sums, as the flat calls have them."""
    wide = ordinary("float32", (300, 700), 1)
    x, slope = wide[:, 5:305], np.linspace(-1, 1, 300, dtype=np.float32)
    same_bits(fa.gelu(x), fa.gelu(x.copy()))
    out = np.zeros_like(wide)
    fa.gelu(x, out=out[:, 100:400])
    same_bits(out[:, 100:400], fa.gelu(x.copy()))
    assert not out[:, :100].any()
    assert not out[:, 400:].any()
    for p in (slope, slope[:, None]):
        same_bits(fa.prelu(x, p), fa.prelu(x.copy(), np.broadcast_to(p, x.shape).copy()))
        for g, h in zip(fa.prelu.backward(x, x, p), fa.prelu.backward(x.copy(), x.copy(), p), strict=True):
            same_bits(g, h)
    image = ordinary("float32", (4, 5, 8000), 2)
    scale = np.linspace(0.5, 2, 5, dtype=np.float32)[:, None]
    same_bits(fa.swish(image, scale), np.stack([fa.swish(image[:, k].copy(), scale[k, 0]) for k in range(5)], axis=1))


@one_gate
def test_parameters(gate: Gate) -> None:
    x = ordinary("float64", (5, 12), 3)
    for params in [()] if not gate.params else [tuple(p.samples[1] for p in gate.params), (np.linspace(0.5, 2, 5)[:, None],)]:
        named = dict(zip((p.name for p in gate.params), params, strict=False))
        for given, options in ((params, {}), ((), named)):
            same_bits(gate.packed(x, *given, **options), gate(x[:, :6], x[:, 6:], *params))
            same_bits(gate.packed.backward(1.0, x, *given, **options)[:, 6:], gate.derivative(x[:, :6], x[:, 6:], *params)[1])


def test_kinds() -> None:
    """Lists, integers and wider gradients are promoted as the two-array call promotes them; mixed calls have its dtype."""
    assert fa.bilinear.packed([1, 2, 3, 4]).tolist() == [3, 8]
    assert fa.bilinear.packed.backward([1.0, 1.0], [1, 2, 3, 4]).tolist() == [3, 4, 1, 2]
    x = np.ones((2, 4), np.float32)
    assert fa.swiglu.packed.backward(np.ones((2, 2)), x).dtype == np.float64
    assert fa.swiglu.packed(x.astype(np.int16)).dtype == fa.swiglu(x.astype(np.int16), x.astype(np.int16)).dtype
    swapped = ordinary("float64", (300, 400)).astype(">f8")
    same_bits(fa.geglu.packed(swapped), fa.geglu.packed(swapped.astype(np.float64)))
    assert fa.glu.packed(np.ones((3, 0))).shape == (3, 0)
    assert fa.glu.packed.backward(np.ones((0, 2)), np.ones((0, 4))).shape == (0, 4)


X = np.ones((3, 8), np.float32)
MESSAGES: list[tuple[Callable[[Array], Any], type[Exception], str]] = [
    (
        lambda out: fa.glu.packed(X[:, :7], out=out),
        ValueError,
        r"glu.packed: x has 7 elements along axis -1 of its shape \(3, 7\); accepted is an even",
    ),
    (lambda out: fa.glu.packed(X, axis=0, out=out), ValueError, r"x has 3 elements along axis 0 of its shape \(3, 8\)"),
    (lambda out: fa.glu.packed(X, axis=2, out=out), ValueError, r"axis is 2, but x has shape \(3, 8\); accepted are from -2 to 1"),
    (lambda out: fa.glu.packed(np.float32(1), out=out), ValueError, r"axis is -1, but x has shape \(\); accepted are none"),
    (lambda out: fa.glu.packed(X, axis=0.5, out=out), TypeError, "axis is of type float; accepted is a whole number"),  # type: ignore[arg-type]
    (lambda out: fa.glu.packed(X, gate="left", out=out), ValueError, "gate is 'left'; accepted are 'first' and 'second'"),
    (lambda out: fa.glu.packed(X, beta=2, out=out), TypeError, "glu.packed: beta is not accepted; parameters are none"),
    (
        lambda out: fa.glu.packed(X[:, :6], out=out),
        ValueError,
        r"glu: out has shape \(3, 4\); accepted is the shape of the result, \(3, 3\)",
    ),
    (
        lambda out: fa.glu.packed.backward(X, X, out=np.empty_like(X)),
        ValueError,
        r"glu.packed.backward: dy has shape \(3, 8\); accepted is what broadcasts to \(3, 4\)",
    ),
    (
        lambda out: fa.glu.packed.backward(X[:, :4], X, out=out),
        ValueError,
        r"glu.packed.backward: out has shape \(3, 4\); accepted is \(3, 8\)",
    ),
    (lambda out: fa.swiglu.packed(X, X, out=out), ValueError, r"swiglu.packed: beta has shape \(3, 8\)"),
    (lambda out: fa.glu.packed.value_and_grad(X, out=out), ValueError, "out is of type ndarray; accepted is a pair, or None"),  # type: ignore[arg-type]
    (
        lambda out: fa.glu.packed.value_and_grad(X, out=(out, X[:, :4])),
        ValueError,
        r"value_and_grad: out\[1\] has shape \(3, 4\); accepted is \(3, 8\)",
    ),
    (lambda out: fa.glu.packed(X.astype(complex), out=out), TypeError, "glu: a has dtype complex64|complex128; accepted are float16"),
]


@pytest.mark.parametrize(("run", "kind", "message"), MESSAGES)
def test_wrong_sizes_write_nothing(run: Callable[[Array], Any], kind: type[Exception], message: str) -> None:
    out = np.full((3, 4), 7, np.float32)
    with pytest.raises(kind, match=message):
        run(out)
    assert (out == 7).all()


def test_read_only_output() -> None:
    dx = np.full((3, 8), 7, np.float32)
    dx.flags.writeable = False
    with pytest.raises(ValueError, match=r"glu.packed.backward: out is read-only"):
        fa.glu.packed.backward(1.0, X, out=dx)
