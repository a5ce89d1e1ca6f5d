"""Masks of 1 bit an element on the device: values, masks and gradients with the bits of the CPU, by the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import edges, np_dtype, same_bits, uniform_bits
from cudalaunch import aligned, filled, launch
from planned import execute, strides
from ptx import Counts

import fastact as fa
from fastact.activation import Activation
from fastact.cuda import maskplans, masks
from fastact.cuda.maskplans import backward_plan, forward_plan
from fastact.masks import MASKED

Array = Any
FUNCTIONS = [getattr(fa, record.name) for record in MASKED]
DTYPES = ["float16", "bfloat16", "float32", "float64"]


def numbers(activation: Activation, dtype: str, count: int, seed: int = 0) -> Array:
    special = edges(dtype, activation, activation.record.typical)
    rest = np.random.default_rng(seed).normal(0, 3, max(count - special.size, 0)).astype(np_dtype(dtype))
    return np.concatenate([special, rest])[:count]


def values(activation: Activation, dtype: str, params: tuple[float, ...]) -> list[Any]:
    return list(np.asarray(params, "float64" if dtype == "float64" else "float32"))


def forward(activation: Activation, x: Array, *params: float) -> tuple[Array, Array, Counts]:
    dtype, n = x.dtype.name, x.size
    made = masks.with_mask(MASKED[activation.record].forward, dtype, "v" * len(params))
    y, mask = aligned(n, dtype), aligned(-(-n // 8), "uint8")
    counts = launch(made, [filled(x)], [y, mask], values(activation, dtype, params), n)
    return y, mask, counts


def backward(activation: Activation, dy: Array, mask: Array, *params: float) -> Array:
    told, dtype = MASKED[activation.record], dy.dtype.name
    made = masks.backward_from_mask(told.backward, dtype, "v" * len(told.backward.params), told.points)
    dx = aligned(dy.size, dtype)
    rest = tuple(p.default for p in told.backward.params[len(params) :])
    launch(made, [filled(dy), filled(mask)], [dx], values(activation, dtype, (*params, *rest)), dy.size)
    return dx


def slopes(activation: Activation, params: tuple[float, ...]) -> tuple[float, ...]:
    """The parameters that backward takes."""
    return tuple(v for p, v in zip(activation.record.params, params, strict=True) if p.name in MASKED[activation.record].params)


def check(activation: Activation, x: Array, dy: Array, *params: float) -> None:
    y, mask, _ = forward(activation, x, *params)
    wanted, bits = activation.with_mask(x, *params)
    same_bits(y, wanted)
    same_bits(mask, bits)
    kept = slopes(activation, params)
    same_bits(backward(activation, dy, bits, *kept), activation.backward_from_mask(dy, bits, *kept))


@pytest.mark.parametrize("activation", FUNCTIONS, ids=lambda f: f.name)
@pytest.mark.parametrize("dtype", DTYPES)
def test_bits_are_those_of_the_cpu(activation: Activation, dtype: str) -> None:
    x = numbers(activation, dtype, 5003)
    check(activation, x, numbers(activation, dtype, 5003, 1)[::-1], *activation.record.typical)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 31, 2048, 2049, 4096 + 8])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_any_length(n: int, dtype: str) -> None:
    """Bits after the last element are 0, and nothing behind the mask is touched, which the interpreter sees to."""
    x = np.random.default_rng(n).normal(size=n).astype(dtype)
    check(fa.relu, x, x[::-1], *fa.relu.record.typical)


@pytest.mark.parametrize("slope", [-0.5, 0.0, np.inf, np.nan])
def test_slopes(slope: float) -> None:
    x = numbers(fa.leaky_relu, "float32", 3000)
    check(fa.leaky_relu, x, x[::-1], slope)


@pytest.mark.parametrize("slope", [1e-39, 3e38, 0.0, np.nan])
def test_quotients_in_doubt_are_divided_anew(slope: float) -> None:
    x = numbers(fa.hard_sigmoid, "float32", 5000)
    check(fa.hard_sigmoid, x, x[::-1], slope, 0.5)


def test_some_warps_are_in_doubt() -> None:
    slope = np.full(8192, 0.25, np.float32)
    slope[[3, 4000, 8191]] = 1e-39
    x = np.linspace(-4, 4, 8192, dtype=np.float32)
    planned(fa.hard_sigmoid, x, x[::-1].copy(), filled(slope), np.float32(0.5))


def test_any_bits_of_the_input() -> None:
    x = uniform_bits("float32", 6000, 5, finite=False)
    check(fa.hard_tanh, x, x[::-1], *fa.hard_tanh.record.typical)


def test_whole_blocks_make_words() -> None:
    """Values by 16 bytes, masks by 4: no byte is stored alone where a block is full."""
    x = np.ones(8192, np.float32)
    _, mask, counts = forward(fa.relu, x)
    assert mask.min() == 255
    assert counts.accesses["st", "global", 4] == 8192 // 32
    assert counts.accesses["st", "global", 16] == 8192 // 4
    assert counts.accesses["st", "global", 1] == 0


def test_slopes_from_arrays() -> None:
    x, slope = numbers(fa.prelu, "float32", 64 * 80), np.linspace(-1, 1, 80).astype(np.float32)
    y, mask = aligned(x.size, "float32"), aligned(x.size // 8, "uint8")
    given = (filled(slope), 1, 80)
    launch(masks.with_mask(MASKED[fa.prelu.record].forward, "float32", "r"), [filled(x)], [y, mask], [given], x.size)
    wanted, bits = fa.prelu.with_mask(x.reshape(64, 80), slope)
    same_bits(y, wanted.ravel())
    same_bits(mask, bits)
    told, dx = MASKED[fa.prelu.record], aligned(x.size, "float32")
    launch(masks.backward_from_mask(told.backward, "float32", "r", told.points), [filled(x), filled(bits)], [dx], [given], x.size)
    same_bits(dx, fa.prelu.backward_from_mask(x.reshape(64, 80), bits, slope).ravel())


def planned(activation: Activation, x: Array, dy: Array, *params: Any, aligned_data: bool = True, scratch: bool = False) -> None:
    """The plans of both calls on views of any layout."""
    told, dtype, shape = MASKED[activation.record], x.dtype.name, x.shape
    y, mask, dx = np.empty_like(x), aligned(-(-x.size // 8), "uint8"), np.empty_like(dy)
    kinds = "".join("a" if isinstance(p, np.ndarray) else "v" for p in params)
    own = [strides(p, shape) for p in params]
    plan = forward_plan(told.forward, dtype, kinds, shape, [x.strides, y.strides, *own], aligned=aligned_data)
    assert (plan.scratch > 0) == scratch
    execute(plan, [x, y, mask, *params], [1, 2])
    wanted, bits = activation.with_mask(x, *params)
    same_bits(y, wanted)
    same_bits(mask, bits)
    kept = slopes(activation, params)
    rest = [np.float64(p.default) if dtype == "float64" else np.float32(p.default) for p in told.backward.params[len(kept) :]]
    given, back = [*kept, *rest], told.backward
    own = [strides(p, shape) for p in given]
    kinds = "".join("a" if isinstance(p, np.ndarray) else "v" for p in given)
    plan = backward_plan(back, dtype, told.points, kinds, shape, [dy.strides, dx.strides, *own], aligned=aligned_data)
    assert (plan.scratch > 0) == scratch
    execute(plan, [dy, mask, dx, *given], [2])
    same_bits(dx, activation.backward_from_mask(dy, bits, *kept))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", ["hard_sigmoid", "sparse_sigmoid", "soft_shrink"])
def test_any_layout_has_the_mask_of_c_order(name: str, dtype: str) -> None:
    f = getattr(fa, name)
    x, dy = (filled(numbers(f, dtype, 36 * 64, k)).reshape(36, 64) for k in range(2))
    params = values(f, dtype, f.record.typical)
    planned(f, x, dy, *params)
    planned(f, x, dy, *params, aligned_data=False, scratch=True)
    planned(f, x.T, dy.T, *params, scratch=True)
    planned(f, x[::-1, 1::3], dy[:, :21], *params, scratch=True)


def test_layouts_of_slopes() -> None:
    x, dy = (filled(numbers(fa.prelu, "float32", 6 * 8 * 50, k)).reshape(6, 8, 50) for k in range(2))
    slope = filled(np.linspace(-1, 1, 50).astype(np.float32))
    planned(fa.prelu, x, dy, slope)
    planned(fa.prelu, x, dy, filled(slope[:8]).reshape(8, 1))
    planned(fa.prelu, x, dy, filled(slope[:6]).reshape(6, 1, 1))
    planned(fa.prelu, x, dy, filled(np.linspace(-1, 1, 300)).reshape(6, 1, 50).astype(np.float32), scratch=True)


def test_calls_are_split_where_bytes_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maskplans, "MOST", 1024)
    for dtype in ("float32", "bfloat16"):
        x, dy = (filled(numbers(fa.hard_tanh, dtype, 2501, k)) for k in range(2))
        params = values(fa.hard_tanh, dtype, fa.hard_tanh.record.typical)
        planned(fa.hard_tanh, x, dy, *params)
        planned(fa.hard_tanh, x, dy, *params, aligned_data=False, scratch=True)
