"""The list of kernels that can be made before they are needed: for `fastact warmup --cuda`, and for the wheel."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, get_args

import fastact
from fastact import affine, outgoing
from fastact.activations.outputs import FROM_OUTPUT
from fastact.cuda import piece_plans
from fastact.cuda.elementwise import DRAWN, FIXED, RUN, SAME, flat
from fastact.cuda.masks import backward_from_mask, with_mask
from fastact.cuda.noise import fill
from fastact.cuda.rows import planned
from fastact.cuda.strided import strided
from fastact.cuda.sums import summed
from fastact.directions import STORAGE, Direction, signature
from fastact.masks import MASKED
from fastact.noise import draws
from fastact.record import Record
from fastact.rows.family import RowFunction

Make = Callable[[], Any]
"""Makes one kernel, or the few of one call."""

DTYPES = tuple(name for name in STORAGE if name != "longdouble")
DIRECTIONS: tuple[Direction, ...] = tuple(d for d in get_args(Direction) if d != "jvp" and not d.endswith("params"))
GRADIENTS: tuple[Direction, ...] = ("backward", "accumulate")


def _dense(record: Record, directions: tuple[Direction, ...], modes: tuple[str, ...]) -> Iterator[Make]:
    for dtype in DTYPES:
        for direction in directions:
            for mode in modes if any(p.trainable for p in record.params) else (FIXED,):
                yield partial(flat, record, direction, dtype, mode * len(record.params))


def dense() -> Iterator[Make]:
    """Kernels over dense arrays: parameters by value; trained ones also for each channel or column."""
    records = [f.record for f in fastact.ACTIVATIONS] + [f.record for f in fastact.GATES]
    for record in records:
        yield from _dense(record, DIRECTIONS, (FIXED, SAME, RUN))
    for record in FROM_OUTPUT:
        yield from _dense(outgoing.derived(record), GRADIENTS, (FIXED,))


def shifted() -> Iterator[Make]:
    """Kernels of f(x + bias) and f(x·scale + bias), bias and scale for each channel or column, f's own parameters by value."""
    for f in fastact.ACTIVATIONS:
        for scale in (False, True):
            record = affine.shifted(f.record, scale, bias=True)
            own = FIXED * len(f.record.params)
            for dtype in DTYPES:
                for direction in ("forward", "backward"):
                    for mode in (SAME, RUN):
                        yield partial(flat, record, direction, dtype, own + mode * len(record.affine))


LAYOUTS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "unaligned": ((1 << 20,), (1,)),
    "every second": ((1 << 20,), (2,)),
    "columns": ((1 << 10, 1000), (1024, 1)),
    "turned": ((1 << 10, 1000), (1, 1 << 10)),
}
"""Shapes, and strides of the inputs in elements; the outputs are in C order."""


def _laid(record: Record, direction: Direction, dtype: str, name: str, aligned: bool) -> Any:
    shape, steps = LAYOUTS[name]
    sig = signature(record, direction, dtype)
    size = sig.inputs[0].size
    given = tuple(size * s for s in steps)
    dense = tuple(size * math.prod(shape[k + 1 :]) for k in range(len(shape)))
    strides = [given] * (len(sig.inputs) - sig.params) + [dense] * len(sig.outputs) + [None] * sig.params
    return strided(record, direction, dtype, FIXED * sig.params, shape, tuple(strides), aligned=aligned)


def spread() -> Iterator[Make]:
    """Kernels over the usual strides, parameters by value."""
    for record in [f.record for f in fastact.ACTIVATIONS] + [f.record for f in fastact.GATES]:
        for dtype in DTYPES:
            for direction in ("forward", "backward"):
                for name in LAYOUTS:
                    yield partial(_laid, record, direction, dtype, name, aligned=False)
                yield partial(_laid, record, direction, dtype, "columns", aligned=True)


LENGTHS = (64, 128, 256, 512, 768, 1024, 2048, 4096, 8192, 1 << 15)
"""Of rows: how many elements a thread keeps in registers depends on it."""


def _rows(program: str, dtype: str, names: tuple[str, ...], length: int) -> Any:
    shape = 1 << 12, length
    size = STORAGE[dtype].size
    return planned(program, tuple((name, dtype, shape, (size * length, size), False) for name in names))


def rows() -> Iterator[Make]:
    """Functions of rows along the last axis of arrays in C order, and their gradients."""
    for record in (f.record for f in fastact.ROWS if isinstance(f, RowFunction) and not f.record.reduces):
        ways: dict[str, tuple[str, ...]] = {"": ("x", "y")}
        if not record.flat:
            ways |= {"_backward": ("x", "dy", "dx"), "_from_output": ("y", "dy", "dx")}
        for way, names in ways.items():
            for dtype in DTYPES:
                for length in LENGTHS:
                    yield partial(_rows, record.program + way, dtype, names, length)


def _summed(record: Record, dtype: str, mode: str, param: tuple[int, ...]) -> Any:
    shape = 1 << 6, 1 << 6, 1 << 10
    wide, size = STORAGE[dtype].computed.size, STORAGE[dtype].size

    def steps(dims: tuple[int, ...], each: int) -> tuple[int, ...]:
        padded = (1,) * (3 - len(dims)) + dims
        return tuple(each * math.prod(padded[k + 1 :]) if n > 1 else 0 for k, n in enumerate(padded))

    trained = tuple(p.trainable for p in record.params)
    params = "".join(mode if t else "v" for t in trained)
    shapes = tuple(param if letter == "a" else () for letter in params)
    beside = [steps(form, wide) if letter == "a" else None for letter, form in zip(params, shapes, strict=True)]
    results = [steps(form, wide) for form, t in zip(shapes, trained, strict=True) if t]
    strides = (*[steps(shape, size)] * (len(record.operands) + 2), *results, *beside)
    return summed(record, "backward_params", dtype, params, trained, shape, strides, shapes, aligned=True)


def gradients() -> Iterator[Make]:
    """Backward with the gradients of trained parameters, and of bias: one number, and one for each channel or column."""
    own = [f.record for f in fastact.ACTIVATIONS if any(p.trainable for p in f.params)]
    for dtype in DTYPES:
        for record in own:
            yield partial(_summed, record, dtype, "v", ())
        for record in own + [affine.shifted(f.record, scale=False, bias=True) for f in fastact.ACTIVATIONS]:
            for param in ((1 << 10,), (1 << 6, 1)):
                yield partial(_summed, record, dtype, "a", param)


def noise() -> Iterator[Make]:
    """Functions with noise that is drawn inside, and their gradients; and arrays of noise."""
    for unit in fastact.NOISY:
        for dtype in DTYPES:
            for direction in ("forward", "backward"):
                yield partial(flat, unit.record, direction, dtype, DRAWN + FIXED * (len(unit.record.params) - 1), None, unit.draw)
    for draw in (draws.uniform, draws.normal, draws.gumbel):
        for dtype in ("float32", "float64"):
            yield partial(fill, draw, dtype)


def masked() -> Iterator[Make]:
    """Functions with masks of 1 bit, parameters by value."""
    for record, told in MASKED.items():
        for dtype in DTYPES:
            yield partial(with_mask, told.forward, dtype, FIXED * len(record.params))
            yield partial(backward_from_mask, told.backward, dtype, FIXED * len(told.backward.params), told.points)


def pieces() -> Iterator[Make]:
    """Maxout of a few neighbours and crelu, of rows that are dense."""
    for dtype in DTYPES:
        n, size = 1 << 10, STORAGE[dtype].size
        line = (size * n, size)
        for k in (2, 3, 4):
            wide = (k * size * n, k * size)
            for strides in ((wide, line, None, None, None), (wide, None, None, line, wide)):
                steps = tuple(0 if strides[p] is None else size for p in (0, 4))
                yield partial(piece_plans.planned, "maxout", (dtype,) * 5, (n, n), strides, k, steps, aligned=True)
        double = (2 * size * n, size)
        for dx in (None, line):
            yield partial(piece_plans.planned, "crelu", (dtype,) * 4, (n, n), (line, double, double, dx), aligned=True)


def kernels() -> list[Make]:
    """All of them."""
    return [*dense(), *shifted(), *spread(), *rows(), *gradients(), *noise(), *masked(), *pieces()]
