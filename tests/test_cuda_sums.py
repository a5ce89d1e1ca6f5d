"""Parameter gradients on the device: the terms of the CPU, summed in one order whatever the layout, rounded once; dx as on the CPU."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from cases import DTYPES, Array, edges, is_nan, np_dtype, ordinary, same_bits, width
from cudasums import SLOPE, SLOPE_BIAS, device, near, numbers, room_for_dx, terms
from hypothesis import given, settings
from hypothesis import strategies as st

import fastact as fa
from fastact.affine import shifted
from fastact.cpu.summed import summed as on_cpu
from fastact.cuda.sums import summed

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
