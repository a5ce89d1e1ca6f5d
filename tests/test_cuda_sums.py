"""Parameter gradients on the device: the terms of the CPU, summed in one order whatever the layout, rounded once; dx as on the CPU."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import DTYPES, Array, edges, is_nan, np_dtype, ordinary, same_bits, width
from hypothesis import given, settings
from hypothesis import strategies as st
from planned import execute, strides
from ptx import Counts

import fastact as fa
from fastact.affine import shifted
from fastact.cpu.summed import summed as on_cpu
from fastact.cuda.plan import Plan
from fastact.cuda.sums import summed
from fastact.record import Record

SLOPE = fa.leaky_relu.record
SLOPE_BIAS = shifted(SLOPE, scale=False, bias=True)


def terms(record: Record, dy: Array, x: Array, params: list[Array]) -> tuple[Array, list[Array]]:
    """Dx on the CPU, and the terms of every parameter's gradient, unsummed."""
    shape = np.broadcast_shapes(x.shape, dy.shape, *(p.shape for p in params))
    full = [np.ascontiguousarray(np.broadcast_to(p, shape)) for p in params]
    dx = np.empty(shape, x.dtype)
    found = on_cpu(record, x.dtype.name, [dy, x, *full], dx, (True,) * len(params), accumulate=False)
    return dx, [t for t in found if t is not None]


def exact(term: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """The sums over the axes that a parameter of `shape` was broadcast along, rounded once to float64, and those of the sizes."""
    lead = term.ndim - len(shape)
    axes = (*range(lead), *(lead + k for k, n in enumerate(shape) if n == 1))
    kept = np.moveaxis(term, axes, range(len(axes))).reshape(math.prod(term.shape[a] for a in axes), -1)
    total = np.array([math.fsum(column) for column in kept.T]).reshape(shape)
    return total, np.abs(kept).sum(0).reshape(shape)


def near(result: Array, term: Array, before: float = 0.0) -> None:
    """Assert the published bound: half an ulp, and n 2^-53 Σ|t| for n terms t."""
    total, size = exact(term, result.shape)
    total, size = total + before, size + abs(before)
    with np.errstate(over="ignore"):
        half = 0.5 * np.spacing(np.abs(total).astype(result.dtype)).astype(np.float64)
    error = np.abs(result.astype(np.float64) - total)
    assert (error <= half + (term.size // result.size + 1) * 2.0**-53 * size).all(), (error.max(), half.max())


@dataclasses.dataclass
class Run:
    """One call on the device: what it gave, and what it did."""

    dx: Array | None
    sums: list[Array]
    plan: Plan
    counts: list[Counts]


def device(
    record: Record,
    dy: Array,
    x: Array,
    params: list[Any],
    *,
    wanted: tuple[bool, ...] | None = None,
    dx: Array | bool | None = True,
    aligned: bool = False,
    added: bool = False,
    before: float = 0.0,
) -> Run:
    """Run the plan; `dx` is where that goes, or whether there is any; results hold `before` if sums are `added` to them."""
    shape = np.broadcast_shapes(x.shape, dy.shape, *(np.shape(p) for p in params))
    dtype, wanted = x.dtype.name, wanted or (True,) * len(params)
    target = np.empty(shape, x.dtype) if dx is True else None if dx is False else dx
    results = [np.full(np.shape(p), before if added else 77, width(dtype)) for p, w in zip(params, wanted, strict=True) if w]
    operands = [*([target] if added else []), dy, x, target, *results, *params]
    first = 3 + added
    layout = [strides(o, shape) for o in operands]
    layout[first : first + len(results)] = [None] * len(results)
    letters = "".join("a" if isinstance(p, np.ndarray) else "v" for p in params)
    direction: Any = "accumulate_params" if added else "backward_params"
    shapes = tuple(np.shape(p) for p in params)
    plan = summed(record, direction, dtype, letters, wanted, shape, tuple(layout), shapes, aligned=aligned)
    counts = execute(plan, operands, range(first - 1, first + len(results)))
    return Run(target, results, plan, counts)


def numbers(dtype: str, shape: tuple[int, ...], *params: tuple[int, ...]) -> tuple[Array, Array, list[Array]]:
    """Dy, x and parameters; data begin at multiples of 16 bytes."""
    made = []
    for seed in range(2):
        raw = np.zeros(math.prod(shape) * np_dtype(dtype).itemsize + 16, np.uint8)
        start = -raw.ctypes.data % 16
        a = raw[start : start + math.prod(shape) * np_dtype(dtype).itemsize].view(np_dtype(dtype)).reshape(shape)
        a[...] = ordinary(dtype, shape, seed)
        made.append(a)
    rng = np.random.default_rng(2)
    return made[0], made[1], [np.asarray(rng.uniform(0.1, 1.5, p), width(dtype)) for p in params]


def room_for_dx(x: Array) -> Array:
    raw = np.zeros(x.size * x.itemsize + 16, np.uint8)
    start = -raw.ctypes.data % 16
    return raw[start : start + x.size * x.itemsize].view(x.dtype).reshape(x.shape)


PATTERNS = {
    "number": ((60, 500), ()),
    "number, odd": ((61, 501), ()),
    "channels": ((6, 16, 128), (16, 1)),
    "channels, odd": ((6, 12, 7, 7), (12, 1, 1)),
    "columns": ((300, 64), (64,)),
    "columns, odd": ((100, 37), (37,)),
    "rows": ((50, 96), (50, 1)),
    "rows, odd": ((20, 37), (20, 1)),
    "short rows": ((300, 3), (300, 1)),
    "all": ((30, 41), (30, 41)),
    "two axes": ((4, 5, 16, 6), (4, 1, 16, 1)),
    "one": ((), ()),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_sums_are_rounded_once_and_dx_has_the_bits_of_the_cpu(pattern: str, dtype: str) -> None:
    shape, own = PATTERNS[pattern]
    dy, x, params = numbers(dtype, shape, own, own)
    want, found = terms(SLOPE_BIAS, dy, x, params)
    got = device(SLOPE_BIAS, dy, x, params, dx=room_for_dx(x), aligned=True)
    same_bits(got.dx, want)
    for result, term in zip(got.sums, found, strict=True):
        near(result, term)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_layouts_do_not_change_a_bit(pattern: str, dtype: str) -> None:
    shape, own = PATTERNS[pattern]
    dy, x, params = numbers(dtype, shape, own)
    want = device(SLOPE, dy, x, params, dx=room_for_dx(x), aligned=True)
    for change in (
        lambda a: np.asfortranarray(a) if a.ndim else a,
        lambda a: np.repeat(a, 2, -1)[..., ::2] if a.ndim else a,
        lambda a: np.ascontiguousarray(a[::-1, ..., ::-1])[::-1, ..., ::-1] if a.ndim > 1 else a,
        lambda a: np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1) if a.ndim > 1 else a,
    ):
        got = device(SLOPE, change(dy), change(x), params, dx=change(np.empty_like(x)))
        same_bits(got.dx, want.dx)
        same_bits(got.sums[0], want.sums[0])


def test_accesses_have_16_bytes_in_usual_layouts() -> None:
    for dtype in DTYPES:
        for pattern in ("number", "channels", "columns", "rows"):
            shape, own = PATTERNS[pattern]
            dy, x, params = numbers(dtype, shape, own)
            got = device(SLOPE, dy, x, params, dx=room_for_dx(x), aligned=True)
            vectors = x.nbytes // 16
            assert got.counts[0].accesses["st", "global", 16] == vectors
            assert got.counts[0].accesses["ld", "global", 16] == 2 * vectors
    dy, x, params = numbers("float32", (61, 501), ())
    got = device(SLOPE, dy, x, params, dx=room_for_dx(x), aligned=True)
    assert got.counts[0].accesses["st", "global", 16] == x.size // 4, "the odd element at the end alone is stored by itself"


@pytest.mark.parametrize("dtype", DTYPES)
def test_terms_with_quotients_in_doubt(dtype: str) -> None:
    """At infinity the quotient of squareplus is taken by the ordinary division."""
    record = shifted(fa.squareplus.record, scale=False, bias=True)
    values = edges(dtype)
    x, dy = (room_for_dx(np.empty((40, 64), np_dtype(dtype))) for _ in range(2))
    x[...], dy[...] = np.resize(values[~is_nan(values)], x.shape), 0.5
    params = [np.asarray(4, width(dtype)), np.zeros(64, width(dtype))]
    want, found = terms(record, dy, x, params)
    for aligned in (False, True):
        got = device(record, dy, x, params, wanted=(False, True), dx=room_for_dx(x), aligned=aligned)
        same_bits(got.dx, want)
        near(got.sums[0], found[1])


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
def test_scale_and_bias(dtype: str) -> None:
    record = shifted(fa.silu.record, scale=True, bias=True)
    dy, x, params = numbers(dtype, (72, 64), (64,), (64,))
    want, found = terms(record, dy, x, params)
    got = device(record, dy, x, params, dx=room_for_dx(x), aligned=True)
    same_bits(got.dx, want)
    for result, term in zip(got.sums, found, strict=True):
        near(result, term)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
def test_several_patterns_in_one_call(dtype: str) -> None:
    for shape, *own in (
        ((64, 48), (64, 1), (48,)),
        ((64, 48), (64, 48), ()),
        ((256, 512), (), (512,)),
        ((4, 8, 16, 16), (4, 1, 16, 1), (8, 1, 16)),
        ((24, 16), (1, 16), (24, 1)),
    ):
        dy, x, params = numbers(dtype, shape, *own)
        want, found = terms(SLOPE_BIAS, dy, x, params)
        got = device(SLOPE_BIAS, dy, x, params, dx=room_for_dx(x), aligned=True)
        same_bits(got.dx, want)
        for result, term in zip(got.sums, found, strict=True):
            near(result, term)
        for k in range(2):
            part = device(SLOPE_BIAS, dy, x, params, wanted=(k == 0, k == 1), dx=False, aligned=True)
            near(part.sums[0], found[k])
            assert all(s.accesses["st", "global", x.itemsize] == 0 for s in part.counts[:1] if x.itemsize == 2), "dx is not written"


def test_values_have_gradients_too() -> None:
    dy, x, params = numbers("float32", (40, 96), (96,))
    slope = np.float32(0.25)
    want, found = terms(SLOPE_BIAS, dy, x, [np.asarray(slope), *params])
    got = device(SLOPE_BIAS, dy, x, [slope, *params])
    same_bits(got.dx, want)
    assert got.sums[0].shape == ()
    near(got.sums[0], found[0])
    near(got.sums[1], found[1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_accumulate(dtype: str) -> None:
    for shape, own in ((60, 128), (128,)), ((200, 300), ()), ((8, 6, 40), (6, 1)), ((9, 5), (9, 5)):
        dy, x, params = numbers(dtype, shape, own)
        old = ordinary(dtype, shape, 5)
        want = old.copy()
        on_cpu(SLOPE, dtype, [dy, x, *params], want, (True,), accumulate=True)
        dx = room_for_dx(x)
        dx[...] = old
        got = device(SLOPE, dy, x, params, dx=dx, aligned=True, added=True, before=3.0)
        same_bits(got.dx, want)
        near(got.sums[0], terms(SLOPE, dy, x, params)[1][0], before=3.0)
        alone = device(SLOPE, dy, x, params, dx=False, aligned=True, added=True, before=3.0)
        same_bits(alone.sums[0], got.sums[0])


def test_in_place() -> None:
    """Dx over dy or x: every pass but the last reads what was there before."""
    for own in ((48,), (64, 1)), ((64, 48), ()), ((48,), (48,)):
        for over in range(2):
            dy, x, params = numbers("float32", (64, 48), *own)
            want, found = terms(SLOPE_BIAS, dy, x, params)
            got = device(SLOPE_BIAS, dy, x, params, dx=(dy, x)[over], aligned=True)
            same_bits(got.dx, want)
            for result, term in zip(got.sums, found, strict=True):
                near(result, term)


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_any_shape_and_pattern(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(DTYPES))
    shape = tuple(data.draw(st.lists(st.integers(1, 12), max_size=4)))
    own = [tuple(1 if data.draw(st.booleans()) else n for n in shape) for _ in range(2)]
    own = [p[next((k for k, n in enumerate(p) if n > 1), len(p)) :] if data.draw(st.booleans()) else p for p in own]
    dy, x, params = numbers(dtype, shape, *own)
    change: Callable[[Array], Array] = data.draw(
        st.sampled_from(
            (
                lambda a: a,
                lambda a: np.asfortranarray(a) if a.ndim else a,
                lambda a: a[::-1] if a.ndim else a,
                lambda a: np.stack([a, a], -1)[..., 1],
            )
        )
    )
    wanted = data.draw(st.sampled_from(((True, True), (True, False), (False, True))))
    x = change(x)
    want, found = terms(SLOPE_BIAS, dy, x, params)
    got = device(SLOPE_BIAS, dy, x, params, wanted=wanted)
    same_bits(got.dx, want)
    for result, term in zip(got.sums, [t for t, w in zip(found, wanted, strict=True) if w], strict=True):
        near(result, term)


def test_plans_depend_on_shapes_alone_and_keep_parts_small() -> None:
    for shape, own in ((1 << 28,), ()), ((1 << 14, 1 << 14), (1 << 14,)), ((64, 256, 56, 56), (256, 1, 1)), ((1 << 20, 64), (64,)):
        size = math.prod(shape)
        dense = tuple(4 * math.prod(shape[k + 1 :]) for k in range(len(shape)))
        lead = len(shape) - len(own)
        param = (0,) * lead + tuple(4 * math.prod(own[k + 1 :]) if n > 1 else 0 for k, n in enumerate(own))
        plan = summed(SLOPE, "backward_params", "float32", "a", (True,), shape, (dense, dense, dense, None, param), (own,), aligned=True)
        assert len(plan.steps) == 2
        assert plan.scratch <= size * 4 // 50, "parts are small beside the data"
        assert 256 <= plan.steps[0].grid <= 4096


def test_what_cannot_be_summed_is_refused() -> None:
    dense, odd = ((400, 4),) * 3, ((400, 4), (401, 4), (400, 4))
    with pytest.raises(ValueError, match=r"operand 1 has strides \(401, 4\)"):
        summed(SLOPE, "backward_params", "float32", "a", (True,), (5, 100), (*odd, None, (0, 0)), ((),))
    plan = summed(SLOPE, "backward_params", "float32", "a", (True,), (5, 100), (*dense, None, (0, 0)), ((),))
    assert plan.steps[0].grid == 1
    assert plan.scratch == 0
    shape = (1 << 17, 1 << 17)
    wide = ((1 << 19, 4),) * 3
    with pytest.raises(ValueError, match=r"1 sums of 17179869184 terms; accepted are fewer than 2147483648"):
        summed(SLOPE, "backward_params", "float32", "a", (True,), shape, (*wide, None, (0, 0)), ((),), aligned=True)
