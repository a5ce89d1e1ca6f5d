"""Sums of the device run by the interpreter, and what they must be."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from cases import Array, np_dtype, ordinary, width
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
