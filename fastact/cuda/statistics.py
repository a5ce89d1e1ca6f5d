"""`activation_stats` of arrays of a CUDA device: the plan, and the call, whose results stay on the device."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastact.cpu.layout import coalesce
from fastact.cuda import part
from fastact.cuda.course import course
from fastact.cuda.moments import FIELDS, Form, merging, taking
from fastact.cuda.part import Part
from fastact.cuda.plan import Plan, Step
from fastact.cuda.sending import ready, send
from fastact.cuda.target import BLOCK
from fastact.cuda.tile import Tile
from fastact.cuda.walk import Walk, in_elements
from fastact.directions import STORAGE
from fastact.record import Record

RESULTS = {
    "zeros": "float64",
    "saturated": "float64",
    "dead": "bool",
    "mean": "float64",
    "variance": "float64",
    "minimum": "float64",
    "maximum": "float64",
    "nonfinite": "int64",
}
"""The fields that are computed, and their dtypes."""

_MOST = 1 << 31
_ARGUMENTS = len(RESULTS) + 1


def planned(record: Record, dtype: str, shape: tuple[int, ...], strides: tuple[int, ...], axes: tuple[int, ...]) -> Plan:
    """The launches: operands are x, the results in the order of `RESULTS`, the parameters, the tolerance, and scratch memory.

    `strides` are in bytes; `axes` are those of the units, of which there is at least one.
    """
    storage = STORAGE[dtype]
    moves = in_elements(strides, shape, storage.size, 0)
    kept = [d in axes for d in range(len(shape))]
    own, rest = ([d for d, k in enumerate(kept) if k is which] for which in (True, False))
    units, terms = (math.prod(shape[d] for d in of) for of in (own, rest))
    if max(units, terms) >= _MOST:
        raise ValueError(f"activation_stats: {units} units of {terms} elements; accepted are fewer than {_MOST} of either on a CUDA device")
    scratch = _ARGUMENTS + len(record.params) + 1
    results, chunks = tuple(range(1, _ARGUMENTS)), 0
    steps = []
    if terms:
        c = course([n for n in shape if n > 1], [k for n, k in zip(shape, kept, strict=True) if n > 1], storage.size, 1)
        (unit_sizes, (unit_moves,)), (term_sizes, (term_moves,)) = (
            coalesce([shape[d] for d in of], [[moves[d] for d in of]]) for of in (own, rest)
        )
        near, far = abs(unit_moves[-1]), abs(term_moves[-1])
        tile = Tile(c.across, c.along, near != 0 and (far == 0 or near < far))
        walks = [(Walk.of(n, [tuple(s)]), n, [tuple(s)]) for n, s in ((unit_sizes, unit_moves), (term_sizes, term_moves))]
        words = [w for walk, n, s in walks for w in walk.words(n, s)]
        blocks, chunks = -(-units // c.across), c.chunks
        takes = (0, scratch, *range(_ARGUMENTS, scratch))
        tail = (*words, *(np.uint32(n) for n in (units, blocks, terms, c.chunk)))
        steps.append(Step(taking(record, dtype, Form(tile, walks[0][0], walks[1][0])), blocks * chunks, tail, takes))
    tail = (np.float64(terms), np.uint32(chunks), np.uint32(units))
    steps.append(Step(merging(), -(-units // BLOCK), tail, (*results, scratch)))
    return Plan(tuple(steps), max(16, 8 * FIELDS * units * chunks))


@functools.lru_cache(1024)
def _ready(*told: Any) -> Any:
    return ready(planned(*told))


def stats(
    call: str, x: Part, record: Record, params: Sequence[float], axes: tuple[int, ...], tolerance: float
) -> tuple[int, dict[str, Any]]:
    """The elements of each unit, and arrays of the library of x for all else."""
    shape = tuple(n for d, n in enumerate(x.shape) if d in axes)
    units = math.prod(shape)
    made = {name: part.result(call, name, None, x, shape, dtype) for name, dtype in RESULTS.items()}
    if units:
        wide = np.float64 if x.dtype == "float64" else np.float32
        views = [x.view, *(p.view for p in made.values())]
        operands = (*(v[0] for v in views), *map(wide, params), np.float64(tolerance))
        send(call, _ready(record, x.dtype, x.shape, x.strides, axes), x.base, x.view, views, operands)
    return math.prod(x.shape) // units if units else 0, {name: p.base for name, p in made.items()}
