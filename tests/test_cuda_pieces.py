"""Maxout and crelu on the device: the kernels by the interpreter, every bit as on the CPU, in any layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import DTYPES, Array, bits, np_dtype, uniform_bits
from planned import execute

import fastact as fa
from fastact.cuda.piece_plans import planned
from fastact.outputs import scaled

LAYOUTS = ("dense", "strided", "reversed", "transposed")


def values(name: str, shape: tuple[int, ...], seed: int = 0) -> Array:
    """Bits of any kind, many of which are equal, infinite or NaN."""
    count = int(np.prod(shape))
    x = uniform_bits(name, count, seed, finite=False)
    rng = np.random.default_rng(seed)
    few = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 2.0], np_dtype(name))
    return np.where(rng.random(count) < 0.5, few[rng.integers(len(few), size=count)], x).reshape(shape)


def same_bits(a: Array, b: Array) -> None:
    """Bits are moved, those of NaN too."""
    np.testing.assert_array_equal(bits(a), bits(b))


def laid(a: Array, layout: str) -> Array:
    """The same values in another layout."""
    if layout == "dense":
        room = np.empty(a.nbytes + 16, np.uint8)
        first = -room.ctypes.data % 16
        made = room[first : first + a.nbytes].view(a.dtype).reshape(a.shape)
    elif layout == "strided":
        made = np.empty((*a.shape[:-1], 3 * a.shape[-1]), a.dtype)[..., ::3]
    elif layout == "reversed":
        made = np.empty(a.shape, a.dtype)[..., ::-1]
    else:
        made = np.empty(a.shape[::-1], a.dtype).T
    made[...] = a
    return made


def maxout(dtype: str, k: int, axis: int, x: Any, y: Any, index: Any, dy: Any, dx: Any) -> Any:
    """Plan and run one form; x and dx have the pieces side by side along the axis."""
    operands = (x, y, index, dy, dx)
    there = [a for a in operands if a is not None]
    pieces = [1 if a is None or p not in (0, 4) else k for p, a in enumerate(operands)]
    forms = [None if a is None else scaled(a.strides, axis, n) for a, n in zip(operands, pieces, strict=True)]
    steps = tuple(0 if a is None else a.strides[axis] for a in (x, dx))
    shape = next(a for a in (y, dy) if a is not None).shape
    kind = dtype if index is None else index.dtype.name
    aligned = all(a.ctypes.data % 16 == 0 for a in there)
    return execute(planned("maxout", (dtype, dtype, kind, dtype, dtype), shape, tuple(forms), k, steps, aligned), operands, (1, 2, 4))


CASES: list[tuple[int, int, tuple[int, ...], tuple[str, ...]]] = [
    (2, 1, (40, 64), DTYPES),
    (3, 0, (12, 96), DTYPES),
    (8, 1, (1, 4096), ("bfloat16",)),
    (11, 1, (3, 33, 24), ("float16", "float64")),
    (1, 0, (8,), ("float32",)),
    (2, 1, (6, 2, 4), ("float32",)),  # an innermost axis of one vector
    (300, 0, (900,), ("float32",)),
]


@pytest.mark.parametrize(("dtype", "k", "axis", "shape"), [(d, *case) for *case, dtypes in CASES for d in dtypes])
def test_maxout(dtype: str, k: int, axis: int, shape: tuple[int, ...]) -> None:
    x = laid(values(dtype, shape), "dense")
    y, index = fa.maxout.with_index(x, k, axis)
    dy = laid(values(dtype, y.shape, 1), "dense")
    for layout in ("dense", LAYOUTS[1 + (k + len(dtype)) % 3]):
        moved, made, number = laid(x, layout), laid(np.zeros_like(y), layout), laid(np.zeros_like(index), "dense")
        maxout(dtype, k, axis, moved, made, number, None, None)
        same_bits(made, y)
        np.testing.assert_array_equal(number, index)
        dx = laid(np.ones_like(x), layout)
        maxout(dtype, k, axis, moved, None, None, dy, dx)
        same_bits(dx, fa.maxout.backward(dy, x, k, axis))
        dx[...] = 1
        maxout(dtype, k, axis, None, None, number, dy, dx)
        same_bits(dx, fa.maxout.backward(dy, x, k, axis))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("axis", "shape"), [(0, (24, 64)), (1, (24, 64)), (1, (5, 8))])
def test_crelu(dtype: str, axis: int, shape: tuple[int, ...]) -> None:
    x = laid(values(dtype, shape), "dense")
    y = fa.crelu(x, axis)
    dy = laid(values(dtype, y.shape, 1), "dense")
    dx = fa.crelu.backward(dy, x, axis)
    for layout in ("dense", LAYOUTS[1 + (axis + len(dtype)) % 3]):
        moved, made, upstream, found = laid(x, layout), laid(np.zeros_like(y), layout), laid(dy, layout), laid(np.ones_like(x), layout)
        for whole, target in ((made, None), (upstream, found)):
            n = x.shape[axis]
            right, left = (whole[:n], whole[n:]) if axis == 0 else (whole[:, :n], whole[:, n:])
            operands = (moved, right, left, target)
            aligned = all(a is None or a.ctypes.data % 16 == 0 for a in operands)
            strides = tuple(None if a is None else a.strides for a in operands)
            execute(planned("crelu", (dtype,) * 4, x.shape, strides, aligned=aligned), operands, (1, 2) if target is None else (3,))
        same_bits(made, y)
        same_bits(found, dx)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dense_arrays_are_accessed_16_bytes_at_a_time(dtype: str) -> None:
    size = np_dtype(dtype).itemsize
    for k, axis, shape in ((2, 1, (64, 128)), (3, 0, (12, 128))):
        x = laid(values(dtype, shape), "dense")
        y = laid(fa.maxout(x, k, axis), "dense")
        dx = laid(x, "dense")
        for operands in ((x, y, None, None, None), (x, None, None, y, dx)):
            counted = maxout(dtype, k, axis, *operands)
            moved = sum(a.size for a in operands if a is not None)
            assert sum(n for (_, space, wide), n in counted[0].accesses.items() if space == "global" and wide == 16) == moved * size // 16
            assert all(wide == 16 for _, space, wide in counted[0].accesses if space == "global")
