"""The list of kernels that can be made before they are needed: for `fastact warmup --cuda`, and for the wheel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, get_args

import fastact
from fastact import affine, outgoing
from fastact.activations.outputs import FROM_OUTPUT
from fastact.cuda.elementwise import FIXED, RUN, SAME, flat
from fastact.directions import STORAGE, Direction
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


def kernels() -> list[Make]:
    """All of them."""
    return [*dense(), *shifted()]
