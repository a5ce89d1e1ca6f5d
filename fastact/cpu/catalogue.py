"""The list of what can be compiled for the CPU before it is needed: for `fastact warmup`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import fastact
from fastact import affine, reference
from fastact.cpu import parallel
from fastact.cpu.longdouble import DIRECTIONS
from fastact.cpu.loops import compile_kernel
from fastact.cpu.ufunc import bfloat16, numpy_dtype, strided_loop_address
from fastact.directions import Direction
from fastact.record import Record
from fastact.rows import staging

Make = Callable[[], Any]
"""Makes one kernel, or the few of one call."""

USUAL: tuple[Direction, ...] = ("forward", "backward", "derivative", "value_and_grad")


def dtypes() -> tuple[str, ...]:
    """Those of this installation, but for long double."""
    return ("float32", "float64", "float16", *(("bfloat16",) if bfloat16() is not None else ()))


def shared() -> Iterator[Make]:
    """What all calls share."""
    yield strided_loop_address
    yield parallel.prepare
    yield parallel.prepare_sums
    yield staging.address
    yield partial(fastact.activation_stats, _some("float32", 8), fastact.relu)


def _some(dtype: str, *shape: int) -> Any:
    return np.ones(shape, numpy_dtype(dtype))


def _with_reference() -> bool:
    try:
        reference.names()
    except ImportError:
        return False
    return True


def dense() -> Iterator[Make]:
    """Loops of activations and gates, with numbers and with arrays for parameters."""
    records = [f.record for f in fastact.ACTIVATIONS] + [g.record for g in fastact.GATES]
    for dtype in dtypes():
        for record in records:
            for direction in _directions(record):
                for arrays in (False, True) if record.params else (False,):
                    yield partial(compile_kernel, record, direction, dtype, arrays=arrays)
    if _with_reference():
        for record in (r for r in records if r.in_long_double):
            for direction in USUAL:
                assert direction in DIRECTIONS
                yield partial(compile_kernel, record, direction, "longdouble")


def _directions(record: Record) -> tuple[Direction, ...]:
    trained: tuple[Direction, ...] = ("backward_params",) if any(p.trainable for p in record.params) else ()
    changed: tuple[Direction, ...] = ("jvp",) if len(record.operands) > 1 else ()
    return (*USUAL, *trained, *changed)


def shifted() -> Iterator[Make]:
    """Loops of f(x + bias), the bias being an array."""
    for dtype in dtypes():
        for f in fastact.ACTIVATIONS:
            record = affine.shifted(f.record, scale=False, bias=True)
            for direction in ("forward", "backward_params"):
                yield partial(compile_kernel, record, direction, dtype, arrays=True)


def _rows(f: Any, dtype: str, axis: int) -> None:
    x = _some(dtype, 4, 5)
    y = f(x, axis=axis)
    f.backward(y, x, axis=axis)
    if hasattr(f, "backward_from_output") and y.shape == x.shape:
        f.backward_from_output(y, y, axis=axis)


def rows() -> Iterator[Make]:
    """Functions of rows along either axis, and cross entropies."""
    for dtype in dtypes():
        for f in fastact.ROWS:
            for axis in (-1, 0):
                yield partial(_rows, f, dtype, axis)
        yield partial(_losses, dtype)


def _losses(dtype: str) -> None:
    x = _some(dtype, 4, 5)
    labels = np.zeros(4, np.int64)
    fastact.softmax_cross_entropy(x, labels)
    fastact.softmax_cross_entropy.backward(np.ones(4, x.dtype), x, labels)
    fastact.sigmoid_cross_entropy(x, x)
    fastact.sigmoid_cross_entropy.backward(x, x, x)


def _noisy(unit: Any, dtype: str) -> None:
    x = _some(dtype, 8)
    params = [p.samples[0] if p.default is None else p.default for p in unit.record.params[1:]]
    unit(x, **{p.name: v for p, v in zip(unit.record.params[1:], params, strict=True)}, rng=0)


def noise() -> Iterator[Make]:
    """Functions with noise that is drawn inside, and their gradients."""
    for dtype in dtypes():
        for unit in fastact.NOISY:
            yield partial(_noisy, unit, dtype)
            yield partial(compile_kernel, unit.record, "backward", dtype)


def _pieces(dtype: str, k: int) -> None:
    x = _some(dtype, 4, 4 * k)
    y, _ = fastact.maxout.with_index(x, k)
    fastact.maxout.backward(y, x, k)
    if k == 2:
        fastact.crelu.backward(fastact.crelu(x), x)


def pieces() -> Iterator[Make]:
    """Maxout of a few pieces, and crelu."""
    for dtype in dtypes():
        for k in (2, 3, 4):
            yield partial(_pieces, dtype, k)


def kernels() -> list[Make]:
    """All of them."""
    return [*shared(), *rows(), *dense(), *shifted(), *noise(), *pieces()]
