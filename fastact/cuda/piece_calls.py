"""Maxout and crelu on arrays of a CUDA device."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

from fastact.cuda import part
from fastact.cuda.memory import WIDE
from fastact.cuda.part import Part
from fastact.cuda.piece_plans import planned
from fastact.cuda.sending import Ready, ready, send

Shape = tuple[int, ...]


@functools.lru_cache(4096)
def _ready(
    kind: str, dtypes: tuple[str, ...], shape: Shape, strides: tuple[Shape | None, ...], k: int, steps: tuple[int, int], aligned: bool
) -> Ready:
    return ready(planned(kind, dtypes, shape, strides, k, steps, aligned))


def _launch(
    call: str, kind: str, shape: Shape, operands: Sequence[Part | None], strides: tuple[Shape | None, ...], k: int, steps: tuple[int, int]
) -> None:
    """Launch on the stream of the first operand, unless there is nothing to do."""
    if not math.prod(shape):
        return
    parts = [p for p in operands if p is not None]
    first = parts[0]
    data = next(p.dtype for p in (operands[0], operands[-1]) if p is not None)
    dtypes = tuple(data if p is None else p.dtype for p in operands)
    low = functools.reduce(int.__or__, (p.view[0] for p in parts))
    steps_ready = _ready(kind, dtypes, shape, strides, k, steps, low % WIDE == 0)
    addresses = tuple([0 if p is None else p.view[0] for p in operands])
    send(call, steps_ready, first.base, first.view, [p.view for p in parts], addresses)


def index_dtype(k: int) -> str:
    """Of the numbers of k pieces."""
    return "uint8" if k <= 256 else "int64"


def _maxout(call: str, k: int, axis: int, x: Part | None, y: Part | None, index: Part | None, dy: Part | None, dx: Part | None) -> None:
    """One form of maxout: what is there of x (or the index and dy), y, the index and dx."""
    operands = (x, y, index, dy, dx)
    strides: list[Shape | None] = []
    for place, p in enumerate(operands):
        own = None if p is None else p.strides
        strides.append(own if own is None or place not in (0, 4) else (*own[:axis], k * own[axis], *own[axis + 1 :]))
    shape = next(p.shape for p in (y, dy) if p is not None)
    steps = (0 if x is None else x.strides[axis], 0 if dx is None else dx.strides[axis])
    _launch(call, "maxout", shape, operands, tuple(strides), k, steps)


def forward(call: str, x: Part, k: int, axis: int, shape: Shape, out: Any) -> Any:
    """The largest of every k pieces."""
    y = part.result(call, "out", out, x, shape, x.dtype, [x])
    _maxout(call, k, axis, x, y, None, None, None)
    return y.base


def with_index(call: str, x: Part, k: int, axis: int, shape: Shape, out: tuple[Any, Any]) -> tuple[Any, Any]:
    """The largest, and its number."""
    y = part.result(call, "out[0]", out[0], x, shape, x.dtype, [x])
    index = part.result(call, "out[1]", out[1], x, shape, index_dtype(k), [x, y])
    _maxout(call, k, axis, x, y, index, None, None)
    return y.base, index.base


def backward(call: str, dy: Any, x: Part, k: int, axis: int, shape: Shape, out: Any) -> Any:
    """Dx from x."""
    dy = part.gradient(call, dy, shape, x.dtype)
    dx = part.result(call, "out", out, x, x.shape, x.dtype, [x, dy])
    _maxout(call, k, axis, x, None, None, dy, dx)
    return dx.base


def backward_from_index(call: str, dy: Part, index: Any, k: int, axis: int, shape: Shape, out: Any) -> Any:
    """Dx from the index, whose values are not looked at: one that is not below k gives +0 for all pieces."""
    numbers = part.part(call, "index", index)
    if numbers.dtype != index_dtype(k) or numbers.shape != dy.shape:
        told = f"index has dtype {numbers.dtype} and shape {numbers.shape}; accepted is {index_dtype(k)} in the shape of dy, {dy.shape}"
        raise ValueError(f"{call}: {told}")
    dx = part.result(call, "out", out, dy, shape, dy.dtype, [dy, numbers])
    _maxout(call, k, axis, None, None, numbers, dy, dx)
    return dx.base


def _halves(y: Part, axis: int) -> tuple[Part, Part]:
    before, n = (slice(None),) * axis, y.shape[axis] // 2
    return y[*before, slice(0, n)], y[*before, slice(n, None)]


def _split(call: str, x: Part, right: Part, left: Part, dx: Part | None) -> None:
    operands = (x, right, left, dx)
    _launch(call, "crelu", x.shape, operands, tuple([None if p is None else p.strides for p in operands]), 1, (0, 0))


def crelu(x: Part, axis: int, shape: Shape, out: Any) -> Any:
    """Both halves."""
    y = part.result("crelu", "out", out, x, shape, x.dtype, [x])
    _split("crelu", x, *_halves(y, axis), None)
    return y.base


def crelu_backward(dy: Any, x: Part, axis: int, shape: Shape, out: Any) -> Any:
    """Dx from both halves of dy."""
    call = "crelu.backward"
    given = part.gradient(call, dy, shape, x.dtype)
    dx = part.result(call, "out", out, x, x.shape, x.dtype, [x, given])
    _split(call, x, *_halves(given, axis), dx)
    return dx.base
