"""Kernels over dense arrays: every length, in place, parameters from arrays, the width of accesses, and what is caught."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import DTYPES, Array, call, np_dtype, ordinary, same_bits, uniform_bits, width
from cudalaunch import aligned, device, filled, launch
from ptx import Fault

import fastact as fa
from fastact import Activation
from fastact.affine import shifted
from fastact.cuda.elementwise import ANY, FIXED, RUN, SAME, flat
from fastact.directions import STORAGE

LANES = {name: 16 // storage.size for name, storage in STORAGE.items() if name in DTYPES}
GUARD = 64


def ends(lanes: int, span: int) -> set[int]:
    """Lengths around those where kernels change their ways."""
    steps = [0, 1, lanes, 2 * lanes, 256, 256 * lanes, span, 2 * span]
    return {n for step in steps for n in (step - 1, step, step + 1) if n >= 0}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("activation", "direction"), [(fa.relu, "forward"), (fa.silu, "backward"), (fa.elu, "value_and_grad")])
def test_every_length_and_nothing_beside_it(activation: Activation, direction: str, dtype: str) -> None:
    program = flat(activation.record, direction, dtype)  # type: ignore[arg-type]
    every, before = uniform_bits(dtype, 2 * program.span + 500, 1, finite=False), direction == "backward"
    with np.errstate(all="ignore"):
        expected = call(activation, direction, every, dy=every[::-1].copy())
    for n in ends(LANES[dtype], program.span):
        rooms = [filled(np.full(n + 2 * GUARD, 7, np_dtype(dtype))) for _ in expected]
        inputs = [filled(every[::-1][:n])] * before + [filled(every[:n])]
        launch(program, inputs, [room[GUARD : GUARD + n] for room in rooms], list(activation.record.typical), n)
        for room, y in zip(rooms, expected, strict=True):
            same_bits(room[GUARD : GUARD + n], y[:n])
            assert (room[:GUARD] == 7).all()
            assert (room[GUARD + n :] == 7).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place(dtype: str) -> None:
    x, dy = ordinary(dtype, 5000, 2), ordinary(dtype, 5000, 3)
    y, dx = filled(x), filled(dy)
    launch(flat(fa.gelu.record, "forward", dtype), [y], [y], [], y.size)
    same_bits(y, fa.gelu(x))
    launch(flat(fa.gelu.record, "backward", dtype), [dx, filled(x)], [dx], [], x.size)
    same_bits(dx, fa.gelu.backward(dy, x))
    both, old = filled(x), filled(x)
    launch(flat(fa.gelu.record, "backward", dtype), [filled(dy), both], [both], [], x.size)
    same_bits(both, dx)
    launch(flat(fa.gelu.record, "accumulate", dtype), [old, filled(dy), filled(x)], [old], [], x.size)
    same_bits(old, fa.gelu.backward(dy, x, out=x.copy(), accumulate=True))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("direction", ["forward", "backward", "value_and_grad"])
def test_whole_vectors_are_moved_by_16_bytes(direction: Any, dtype: str) -> None:
    program = flat(fa.gelu.record, direction, dtype)
    n = 3 * program.span
    inputs = [filled(ordinary(dtype, n, k)) for k in range(1 + (direction == "backward"))]
    outputs = [aligned(n, dtype) for _ in range(1 + (direction == "value_and_grad"))]
    counts = launch(program, inputs, outputs, [], n)
    vectors = n // LANES[dtype]
    assert counts.accesses == {("ld", "global", 16): vectors * len(inputs), ("st", "global", 16): vectors * len(outputs)}


def test_ordinary_numbers_are_in_no_doubt() -> None:
    """The slow way of quotients is for numbers that are rare."""
    for f in (fa.gelu, fa.silu, fa.mish, fa.tanh, fa.sigmoid, fa.softsign, fa.squareplus):
        for direction in ("forward", "derivative"):
            program = flat(f.record, direction, "float32")  # type: ignore[arg-type]
            n = 8 * program.span
            x = filled(np.random.default_rng(4).normal(0, 2, n).astype(np.float32))
            counts = launch(program, [x], [aligned(n, "float32")], list(f.record.typical), n)
            assert counts.accesses["ld", "global", 4] <= n // 100, (f.name, direction)


PLACES = [
    (SAME, (3, 5, 64), (5, 1)),
    (RUN, (37, 64), (64,)),
    (RUN, (7, 1, 8), (1, 8)),
    (ANY, (3, 5, 7), (5, 1)),
    (ANY, (41, 13), (13,)),
    (ANY, (999,), (999,)),
]


def slopes(shape: tuple[int, ...], dtype: str) -> Array:
    return np.random.default_rng(5).uniform(-1, 1, shape).astype(width(dtype))


@pytest.mark.parametrize(
    ("direction", "dtype"), [*(("forward", d) for d in DTYPES), ("backward", "float32"), ("value_and_grad", "bfloat16")]
)
@pytest.mark.parametrize(("mode", "shape", "of"), PLACES)
def test_parameters_from_arrays(mode: str, shape: tuple[int, ...], of: tuple[int, ...], direction: str, dtype: str) -> None:
    x, dy, slope = ordinary(dtype, shape, 1), ordinary(dtype, shape, 2), slopes(of, dtype)
    inner = (of[-1] == 1 and shape[-1]) or 1
    before = (dy.reshape(-1),) if direction == "backward" else ()
    found = device(fa.leaky_relu.record, direction, x.reshape(-1), (filled(slope), inner, slope.size), before=before, modes=mode)
    for a, b in zip(found, call(fa.leaky_relu, direction, x, slope, dy=dy), strict=True):
        same_bits(a.reshape(shape), b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", [fa.relu, fa.gelu, fa.hard_tanh], ids=lambda a: a.name)
def test_scale_and_bias(activation: Activation, dtype: str) -> None:
    x, dy = ordinary(dtype, (21, 64), 1), ordinary(dtype, (21, 64), 2)
    scale, bias = slopes((64,), dtype), slopes((64,), dtype)[::-1].copy()
    record, own = shifted(activation.record, True, True), activation.record.typical
    params = (*own, (filled(scale), 1, 64), (filled(bias), 1, 64))
    modes = FIXED * len(own) + RUN * 2
    for direction in ("forward", "derivative", "value_and_grad"):
        found = device(record, direction, x.reshape(-1), *params, modes=modes)
        for a, b in zip(found, call(activation, direction, x, scale=scale, bias=bias), strict=True):
            same_bits(a.reshape(x.shape), b)
    (dx,) = device(record, "backward", x.reshape(-1), *params, before=(dy.reshape(-1),), modes=modes)
    same_bits(dx.reshape(x.shape), activation.backward(dy, x, scale=scale, bias=bias, wrt="x"))


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_does_not_fit_is_caught(dtype: str) -> None:
    program = flat(fa.sigmoid.record, "forward", dtype)
    n = program.span
    with pytest.raises(Fault, match="misaligned"):
        launch(program, [aligned(n, dtype, np_dtype(dtype).itemsize)], [aligned(n, dtype)], [], n)
    with pytest.raises(Fault, match="misaligned"):
        launch(program, [aligned(n, dtype)], [aligned(n, dtype, 8)], [], n)
    for extra in (1, 256):
        with pytest.raises(Fault, match=r"out of bounds: .* of input 0"):
            launch(program, [aligned(n, dtype)], [aligned(n + extra, dtype)], [], n + extra)
        with pytest.raises(Fault, match=r"out of bounds: .* of output 0"):
            launch(program, [aligned(n + extra, dtype)], [aligned(n, dtype)], [], n + extra)
