"""Device kernels over any strides give the CPU's bits, touch only their operands, and access 16 bytes where the layout has them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import DIRECTIONS, DTYPES, Array, call, edges, np_dtype, ordinary, parameters, same_bits, width
from hypothesis import given, settings
from hypothesis import strategies as st
from planned import execute, strides
from ptx import Counts

import fastact as fa
from fastact import Activation
from fastact.cuda.plan import Step
from fastact.cuda.strided import strided
from fastact.directions import signature

FILL = 0xA5


def plan(activation: Activation, direction: Any, operands: list[Any], shape: tuple[int, ...], aligned: bool) -> tuple[Step, ...]:
    dtype = operands[0].dtype.name
    params = operands[len(operands) - len(activation.params) :]
    letters = "".join("a" if isinstance(p, np.ndarray) else "v" for p in params)
    return strided(activation.record, direction, dtype, letters, shape, tuple(strides(o, shape) for o in operands), aligned)


def check(
    activation: Activation,
    direction: Any,
    x: Array,
    params: tuple[Any, ...],
    out: Callable[[tuple[int, ...]], Array],
    aligned: bool = False,
) -> list[Counts]:
    """Run a call whose results lie in what `out` makes; their memory beside the results must stay as it is."""
    dy = ordinary(x.dtype.name, x.shape, 3)
    shape = np.broadcast_shapes(x.shape, *(np.shape(p) for p in params))
    inputs = [dy, x] if direction == "backward" else [x]
    results = [out(shape) for _ in signature(activation.record, direction, x.dtype.name).outputs]
    operands = [*inputs, *results, *params]
    counts = execute(plan(activation, direction, operands, shape, aligned), operands, range(len(inputs), len(inputs) + len(results)))
    wanted = call(activation, direction, x.copy(), *params, dy=dy)
    for result, want in zip(results, wanted, strict=True):
        same_bits(result, np.broadcast_to(want, shape))
        untouched(result)
    return counts


def room(shape: tuple[int, ...], dtype: str, layout: str) -> Array:
    """An array of a layout, in memory that is filled where it is not."""
    kind = np_dtype(dtype)
    grown = [2 * n + 3 for n in shape] if layout == "sliced" else [*shape[:-1], shape[-1] + 16] if shape and layout == "columns" else shape
    raw = np.full(math.prod(grown) * kind.itemsize + 32, FILL, np.uint8)
    start = -raw.ctypes.data % 16 + (kind.itemsize if layout == "misaligned" else 0)
    a = raw[start : start + math.prod(grown) * kind.itemsize].view(kind)
    if layout == "F":
        return a.reshape(grown[::-1]).T
    a = a.reshape(grown)
    if layout == "sliced":
        return a[tuple(slice(1, 2 * n + 1, 2) for n in shape)]
    if layout == "columns":
        return a[..., 16 // kind.itemsize : 16 // kind.itemsize + shape[-1]] if shape else a
    return a[tuple(slice(None, None, -1) for _ in shape)] if layout == "reversed" else a


def untouched(a: Array) -> None:
    """Assert that the memory around the elements of `a` is still filled."""
    base = a
    while isinstance(base.base, np.ndarray):
        base = base.base
    a[...] = np.frombuffer(bytes([FILL]) * a.itemsize, np.uint8).view(a.dtype)[0]
    assert (base.view(np.uint8) == FILL).all(), "a store beside the result"


def placed(x: Array, layout: str) -> Array:
    a = room(x.shape, x.dtype.name, layout)
    a[...] = x
    return a


LAYOUTS = ("C", "F", "sliced", "columns", "reversed", "misaligned")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_layouts_give_the_bits_of_the_cpu(dtype: str, direction: str) -> None:
    activation = {"forward": fa.silu, "backward": fa.leaky_relu, "derivative": fa.softplus, "value_and_grad": fa.elu}[direction]
    params = tuple(np.dtype(width(dtype)).type(p) for p in parameters(activation)[-1])
    x = ordinary(dtype, (3, 5, 40))
    for k, layout in enumerate(LAYOUTS):
        for result in (layout, LAYOUTS[(k + 2) % len(LAYOUTS)]):
            aligned = "misaligned" not in (layout, result) and "reversed" not in (layout, result)
            check(activation, direction, placed(x, layout), params, lambda shape, r=result: room(shape, dtype, r), aligned)


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_and_quotients_in_doubt(dtype: str) -> None:
    values = np.resize(edges(dtype, fa.silu), (7, 33))
    x = placed(values, "sliced")
    check(fa.silu, "forward", x, (), lambda shape: room(shape, dtype, "F"))
    values = np.resize(edges(dtype, fa.silu), (64, 64))
    counts = check(fa.silu, "forward", placed(values, "columns"), (), lambda shape: room(shape, dtype, "C"), aligned=True)
    assert ("st", "global", 16) in counts[0].accesses


def test_wide_accesses_wherever_the_layout_has_them() -> None:
    x = placed(ordinary("float32", (64, 64)), "columns")
    slope = np.linspace(0, 1, 64, dtype=np.float32)
    for params in ((slope,), (slope[:, None],), (np.ascontiguousarray(np.broadcast_to(slope, (64, 64))),)):
        (counts,) = check(fa.leaky_relu, "forward", x, params, lambda shape: room(shape, "float32", "columns"), aligned=True)
        assert {k: n for k, n in counts.accesses.items() if k[0] == "st"} == {("st", "global", 16): 1024}
        assert counts.accesses["ld", "global", 4] in (0, 1024), "neighbours share a slope, or it comes 16 bytes at a time"
    (counts,) = check(fa.leaky_relu, "forward", x, (slope,), lambda shape: room(shape, "float32", "columns"), aligned=False)
    assert ("st", "global", 16) not in counts.accesses


@pytest.mark.parametrize("dtype", DTYPES)
def test_dense_data_are_accessed_wide_where_parameters_change_within_vectors(dtype: str) -> None:
    for shape, own in ((12, 11, 7, 7), (11, 1, 1)), ((70, 77), (77,)), ((70, 77), (70, 1)), ((4, 9, 133), (4, 1, 1)):
        x = placed(ordinary(dtype, shape), "C")
        slope = np.linspace(0, 1, math.prod(own), dtype=width(dtype)).reshape(own)
        (counts,) = check(fa.leaky_relu, "forward", x, (slope,), lambda s: room(s, dtype, "C"), aligned=True)
        assert ("st", "global", 16) in counts.accesses


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_that_begin_between_vectors_are_not_accessed_as_vectors(dtype: str) -> None:
    grown = room((80, 83), dtype, "C")
    grown[...] = ordinary(dtype, grown.shape)
    x, slope = grown[:, :64], np.linspace(0, 1, 64, dtype=width(dtype))
    (counts,) = check(fa.leaky_relu, "forward", x, (slope,), lambda shape: room(shape, dtype, "C"), aligned=True)
    assert ("ld", "global", 16) not in counts.accesses


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_layout(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(DTYPES))
    shape = tuple(data.draw(st.lists(st.integers(1, 9), max_size=5)))
    grown = tuple(n * data.draw(st.integers(1, 2)) + data.draw(st.integers(0, 2)) for n in shape)

    def view(seed: int) -> Array:
        order = data.draw(st.permutations(range(len(shape))))
        raw = np.full(math.prod(grown) * np_dtype(dtype).itemsize + 16, FILL, np.uint8)
        start = -raw.ctypes.data % 16
        a = raw[start : start + math.prod(grown) * np_dtype(dtype).itemsize].view(np_dtype(dtype)).reshape([grown[k] for k in order])
        a = a.transpose(np.argsort(order)) if shape else a
        cuts = (..., *(slice(0, n * (g // n), g // n) for n, g in zip(shape, grown, strict=True)))
        a = a[cuts][(..., *(slice(None, None, data.draw(st.sampled_from((1, -1)))) for _ in shape))]
        a[...] = ordinary(dtype, shape, seed)
        return a

    slope = np.linspace(-1, 1, math.prod(shape), dtype=width(dtype)).reshape(shape)
    slope = slope[(..., *(slice(0, 1) if data.draw(st.booleans()) else slice(None) for _ in shape))]
    for _ in range(data.draw(st.integers(0, len(shape)))):
        slope = slope[0, ...] if slope.ndim and slope.shape[0] == 1 else slope
    x, y = view(0), view(1)
    aligned = all(a.ctypes.data % 16 == 0 for a in (x, y, slope))
    check(fa.leaky_relu, "forward", x, (slope,), lambda _: y, aligned)


def test_in_place() -> None:
    for dtype in DTYPES:
        x = ordinary(dtype, (9, 40))
        want = fa.silu(x)
        a = placed(x, "columns")
        execute(plan(fa.silu, "forward", [a, a], a.shape, aligned=True), [a, a], [0, 1])
        same_bits(a, want)


def test_accumulate() -> None:
    for dtype in DTYPES:
        x, dy, old = (ordinary(dtype, (6, 24), seed) for seed in range(3))
        want = old.copy()
        fa.silu.backward(dy, x, out=want, accumulate=True)
        dx = placed(old, "sliced")
        execute(plan(fa.silu, "accumulate", [dx, dy, x, dx], x.shape, aligned=False), [dx, dy, x, dx], [0, 3])
        same_bits(dx, want)


def test_gates() -> None:
    for dtype in ("float16", "float32"):
        a, b = (placed(ordinary(dtype, (6, 24), seed), "F") for seed in range(2))
        y = room((6, 24), dtype, "C")
        record = fa.swiglu.record
        values = [np.float32(p) for p in record.typical]
        operands = [a, b, y, *values]
        layout = tuple(strides(o, (6, 24)) for o in operands)
        execute(strided(record, "forward", dtype, "v" * len(values), (6, 24), layout), operands, [2])
        same_bits(y, fa.swiglu(a, b, *values))


def test_strides_between_elements_are_refused() -> None:
    with pytest.raises(ValueError, match=r"operand 1 has strides \(6,\); accepted are multiples of its 4 bytes"):
        strided(fa.silu.record, "forward", "float32", "", (5,), ((4,), (6,)))
