"""The list of kernels that can be made before they are needed: for `fastact warmup --cuda`, and for the wheel."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, get_args

import fastact
from fastact import affine, outgoing
from fastact.activations.outputs import FROM_OUTPUT
from fastact.cuda.elementwise import FIXED, RUN, SAME, flat
from fastact.cuda.strided import strided
from fastact.directions import STORAGE, Direction, signature
from fastact.record import Record

Make = Callable[[], Any]
"""Makes one kernel, or the few of one call."""

DTYPES = tuple(name for name in STORAGE if name != "longdouble")
DIRECTIONS: tuple[Direction, ...] = tuple(d for d in get_args(Direction) if not d.endswith("params"))
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


def kernels() -> list[Make]:
    """All of them."""
    return [*dense(), *shifted(), *spread()]
