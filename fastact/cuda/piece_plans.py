"""Plans of maxout and crelu in any layout: 16-byte accesses where the innermost axis is dense, else element by element."""

from __future__ import annotations

import functools
import math
from operator import mul

import numpy as np

from fastact.cpu.layout import coalesce
from fastact.cuda.memory import WIDE
from fastact.cuda.pieces import DX, FEW, Form, X, kernel
from fastact.cuda.plan import Plan, Step
from fastact.cuda.target import BLOCK
from fastact.cuda.walk import Walk, boxes, distinct, in_elements, memory_order
from fastact.cuda.words import WORD

Shape = tuple[int, ...]


@functools.lru_cache(4096)
def planned(
    kind: str,
    dtypes: tuple[str, ...],
    shape: Shape,
    strides: tuple[Shape | None, ...],
    pieces: int = 1,
    steps: tuple[int, int] = (0, 0),
    aligned: bool = False,
) -> Plan:
    """The launches of a call.

    Parameters
    ----------
    kind
        "maxout", whose operands are x, y, index, dy, dx, or "crelu", with x, both halves of y or of dy, and dx.
    dtypes
        Of the operands; that of x also where it is not there.
    shape
        That of y for maxout, of x for crelu; not empty.
    strides
        In bytes, of each operand; None where it is not there.
    pieces, steps
        Their number, and the strides in bytes from one to the next of x and of dx.
    aligned
        Whether all addresses are multiples of 16.
    """
    places = tuple(p for p, s in enumerate(strides) if s is not None)
    sizes = [WORD[dtypes[p]].width // 8 for p in places]
    own = [in_elements(strides[p] or (), shape, size, p) for p, size in zip(places, sizes, strict=True)]
    order = memory_order(shape, own[::-1])
    axes, merged = coalesce([shape[a] for a in order], [[s[a] for a in order] for s in own])
    item = WORD[dtypes[X]].width // 8
    apart = [s // item for s in steps]
    read = [apart[k] for k, p in enumerate((X, DX)) if kind == "maxout" and p in places]
    adjacent = 1 < pieces <= FEW and all(s == 1 for s in read)
    runs = [pieces if adjacent and p in (X, DX) else 1 for p in places]
    lanes = WIDE // item
    even = (adjacent or not any(s % lanes for s in read)) and axes[-1] % lanes == 0
    dense = all(s[-1] == run and not any(t % lanes for t in s[:-1]) for s, run in zip(merged, runs, strict=True))
    if not (aligned and even and dense) or "int64" in dtypes:
        lanes = 1
    few = pieces if kind == "maxout" and pieces <= FEW else 0
    launches = []
    for start, box in boxes(axes):
        numbers, moves = coalesce(box, merged)
        units, moved = coalesce([*numbers[:-1], numbers[-1] // lanes], [[*s[:-1], s[-1] * lanes] for s in moves])
        groups, distances = distinct([tuple(s) for s in moved])
        walk = Walk.of(units, distances)
        program = kernel(Form(kind, dtypes, places, groups, walk, lanes, few, adjacent))
        total = math.prod(units)
        tail = (*walk.words(units, distances), *map(np.int64, apart), np.uint32(pieces), np.uint32(total))
        shifts = tuple(size * sum(map(mul, start, s)) for size, s in zip(sizes, merged, strict=True))
        launches.append(Step(program, -(-total // BLOCK), tail, places, shifts if any(shifts) else None))
    return Plan(tuple(launches))
