"""The course of a sum: how its terms are dealt to blocks and threads, which shapes alone decide, and how they are found in memory."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastact.cpu.layout import coalesce
from fastact.cuda.summing import ONE, RUN, WIDE, Form
from fastact.cuda.target import BLOCK
from fastact.cuda.tile import Tile
from fastact.cuda.walk import Strides, Walk, distinct
from fastact.directions import Storage

_BLOCKS = 2048
"""Blocks that a sum is cut into, about: some for each multiprocessor of any device, as none must decide."""

_FEW = 256
"""Blocks that must do, unless threads have much to add up."""

_ACROSS_TERMS = {2: 16, 4: 8, 8: 8}
"""Columns of a tile where the last axis is summed over, by the size of an element: 32 bytes are read side by side at least."""

_COUNTED = 1 << 31
"""Terms, vectors of them and places are numbered below this."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Vectors of a thread, at least, where a sum is cut into `_FEW` blocks, and into more; columns where the last axis is kept."""

    few: int
    many: int
    across: int


DATA, PARTS = Cut(2, 8, 32), Cut(64, 64, 8)
"""Of the sums over data, and over the parts that these leave."""


@dataclass(frozen=True, slots=True)
class Course:
    """The order of a sum. `lanes` terms, or places if `lanes_kept`, are side by side in a vector."""

    places: int
    terms: int
    lanes: int
    lanes_kept: bool
    across: int
    along: int
    chunk: int
    chunks: int


def _runs(sizes: Sequence[int], kept: Sequence[bool]) -> list[tuple[bool, int]]:
    """Neighbouring axes that are all kept, or all summed over, as one."""
    groups = itertools.groupby(zip(kept, sizes, strict=True), key=lambda axis: axis[0])
    return [(key, math.prod(n for _, n in axes)) for key, axes in groups]


def course(sizes: Sequence[int], kept: Sequence[bool], size: int, lanes: int, cut: Cut = DATA) -> Course:
    """Of the sum over the axes that are not `kept`, of elements of `size` bytes of which vectors have `lanes`."""
    runs = _runs(sizes, kept) or [(False, 1)]
    lanes_kept, inner = runs[-1]
    places, terms = (math.prod(n for k, n in runs if k is which) for which in (True, False))
    whole = inner % lanes == 0 or (not lanes_kept and inner == terms and inner >= 4 * lanes)
    lanes = lanes if whole else 1
    columns, vectors = (places // lanes, terms) if lanes_kept else (places, -(-terms // lanes))
    widest = cut.across if lanes_kept else _ACROSS_TERMS[size]
    across = next(t for t in (32, 16, 8, 4, 2, 1) if t <= widest and -(-columns // t) * t <= 1.25 * columns)
    along = min(BLOCK // across, 1 << (vectors - 1).bit_length())
    across = BLOCK // along
    blocks = -(-columns // across)
    few, many = (-(-vectors // (along * n)) for n in (cut.few, cut.many))
    chunks = max(1, min(_BLOCKS // blocks, many), min(_FEW // blocks, few))
    chunk = -(-vectors // chunks // along) * along
    return Course(places, terms, lanes, lanes_kept, across, along, chunk, -(-vectors // chunk))


@dataclass(frozen=True, slots=True)
class Found:
    """A course through arrays: the form of the kernel, groups, those that are `still` or `repeated`, arguments and blocks."""

    form: Form
    groups: tuple[int, ...]
    still: tuple[bool, ...]
    repeated: tuple[bool, ...]
    tail: tuple[Any, ...]
    grid: int


def _split(sizes: Sequence[int], kept: Sequence[bool], which: bool, arrays: Sequence[Strides]) -> tuple[list[int], list[list[int]]]:
    axes = [a for a, k in enumerate(kept) if k is which]
    return coalesce([sizes[a] for a in axes], [[s[a] for a in axes] for s in arrays])


def through(
    c: Course,
    sizes: Sequence[int],
    kept: Sequence[bool],
    arrays: Sequence[Strides],
    data: int,
    lanes: int,
    result: Storage | None,
    added: bool,
) -> Found:
    """The way through arrays of these strides, in elements; the first `data` are accessed `lanes` at a time where they can be.

    `lanes` is 1 if they are not aligned.
    """
    place_sizes, place_strides = _split(sizes, kept, True, arrays)
    term_sizes, term_strides = _split(sizes, kept, False, arrays)
    inner, own = (place_sizes, place_strides) if c.lanes_kept else (term_sizes, term_strides)
    others = term_strides if c.lanes_kept else place_strides
    runs = len(inner) == 1 or (inner[-1] % c.lanes == 0 and inner[-1] > c.lanes)
    dense = all(s[-1] == 1 and not any(n % c.lanes for n in (*s[:-1], *o)) for s, o in zip(own[:data], others[:data], strict=True))
    width = c.lanes
    if 1 < c.lanes == lanes and runs and dense:
        access = WIDE
    elif c.lanes_kept:
        access, width = RUN, 1
    else:
        access = RUN if runs else ONE
    if max(c.terms // (1 if c.lanes_kept or access == ONE else c.lanes), c.places) >= _COUNTED:
        told = f"accepted are fewer than {_COUNTED} of either, or {_COUNTED * c.lanes} terms in a dense array"
        raise ValueError(f"fastact.cuda: {c.places} sums of {c.terms} terms; {told}")
    if access != ONE:
        inner[-1] = -(-inner[-1] // width)
        for s in own:
            s[-1] *= width
    still = tuple(not any(s) for s in term_strides)
    repeated = tuple(s[-1] == 0 for s in own)
    groups, moves = distinct([(*p, *t) for p, t in zip(place_strides, term_strides, strict=True)])
    rank = len(place_sizes)
    place_moves, term_moves = [m[:rank] for m in moves], [m[rank:] for m in moves]
    place_walk, term_walk = Walk.of(place_sizes, place_moves), Walk.of(term_sizes, term_moves)
    near, far = abs(place_strides[data - 1][-1]), abs(term_strides[data - 1][-1])
    kept_first = (c.lanes_kept and access == WIDE) or (near != 0 and (far == 0 or near < far))
    form = Form(Tile(c.across, c.along, kept_first), width, c.lanes_kept, access, place_walk, term_walk, result, added)
    units = math.prod(place_sizes)
    blocks = -(-units // c.across)
    per = 1 if c.lanes_kept else c.lanes
    whole = c.terms // per
    counts = [np.uint32(units), np.int64(c.places), np.int64(c.places * c.chunks)]
    counts += [np.uint32(n) for n in (blocks, whole, c.terms - whole * per, -(-c.terms // per), c.chunk)]
    tail = (*place_walk.words(place_sizes, place_moves), *term_walk.words(term_sizes, term_moves), *counts)
    return Found(form, groups, still, repeated, tail, blocks * c.chunks)
