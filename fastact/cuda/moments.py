"""Kernels of `activation_stats`: one pass over x leaves moments and counts of each unit and chunk, which a second kernel merges.

A thread takes eight terms at a time: their mean, then their squares about it, both in float64, are merged with what it has (Chan,
Golub & LeVeque 1979). The threads of a unit meet in a tree, and chunks are merged one after another, so that the shape alone decides
the order. Values and derivatives are rounded to the dtype of x before anything is told of them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastact.cuda import memory
from fastact.cuda.elements import compute
from fastact.cuda.target import BLOCK, GLOBAL, Program, program, special
from fastact.cuda.tile import Tile, loop
from fastact.cuda.walk import Walk
from fastact.directions import STORAGE, Storage
from fastact.numerics.emit import DOUBLE, I1, I8, I32, I64, constant, intrinsic
from fastact.record import Record

RUN = 8
"""Terms that a thread takes at a time."""

FIELDS = 8
COUNT, MEAN, SQUARES, LOW, HIGH, ZEROS, SATURATED, ALIVE = range(FIELDS)
"""Of the finite y: how many, their mean, squares about it, least and largest; how many y are 0, f' below the tolerance, f' not 0."""

EMPTY = (0.0, 0.0, 0.0, math.inf, -math.inf, 0.0, 0.0, 0.0)
Fields = Sequence[Any]


def merge(b: Any, mine: Fields, others: Fields) -> list[Any]:
    """The fields of both together."""
    n, m = mine[COUNT], others[COUNT]
    after, change = b.fadd(n, m), b.fsub(others[MEAN], mine[MEAN])
    none = b.fcmp_ordered("==", m, constant(DOUBLE, 0.0))
    share = b.select(none, constant(DOUBLE, 0.0), b.fdiv(m, after))
    moved = b.fmul(b.fmul(change, b.fmul(n, share)), change)
    kept = [
        after,
        b.fadd(mine[MEAN], b.fmul(change, share)),
        b.fadd(mine[SQUARES], b.fadd(others[SQUARES], moved)),
        _extreme(b, "<", mine[LOW], others[LOW]),
        _extreme(b, ">", mine[HIGH], others[HIGH]),
    ]
    return kept + [b.fadd(mine[k], others[k]) for k in (ZEROS, SATURATED, ALIVE)]


def _extreme(b: Any, sign: str, a: Any, other: Any) -> Any:
    return b.select(b.fcmp_ordered(sign, other, a), other, a)


def _tree(b: Any, values: list[Any]) -> Any:
    while len(values) > 1:
        half = len(values) // 2
        values = [b.fadd(values[k], values[k + half]) for k in range(half)]
    return values[0]


def _counted(b: Any, bits: Sequence[Any]) -> Any:
    total = constant(I32, 0)
    for bit in bits:
        total = b.add(total, b.zext(bit, I32))
    return b.uitofp(total, DOUBLE)


def _size(b: Any, value: Any) -> Any:
    return intrinsic(b, "fabs", DOUBLE, [value], DOUBLE)


def run(b: Any, there: Sequence[Any], y: Sequence[Any], d: Sequence[Any], tolerance: Any) -> list[Any]:
    """The fields of a few values and derivatives, in float64, of which those count that are `there`."""
    zero, high = constant(DOUBLE, 0.0), constant(DOUBLE, math.inf)
    inside = [b.and_(t, b.fcmp_ordered("<", _size(b, v), high)) for t, v in zip(there, y, strict=True)]
    count = _counted(b, inside)
    some = b.select(b.fcmp_ordered(">", count, zero), count, constant(DOUBLE, 1.0))
    mean = b.fdiv(_tree(b, [b.select(i, v, zero) for i, v in zip(inside, y, strict=True)]), some)
    off = [b.select(i, b.fsub(v, mean), zero) for i, v in zip(inside, y, strict=True)]
    least, most = high, constant(DOUBLE, -math.inf)
    for i, v in zip(inside, y, strict=True):
        least, most = (b.select(i, _extreme(b, sign, a, v), a) for sign, a in (("<", least), (">", most)))
    zeros = [b.and_(t, b.fcmp_ordered("==", v, zero)) for t, v in zip(there, y, strict=True)]
    small = [b.and_(t, b.fcmp_ordered("<", _size(b, v), tolerance)) for t, v in zip(there, d, strict=True)]
    alive = [b.and_(t, b.fcmp_unordered("!=", v, zero)) for t, v in zip(there, d, strict=True)]
    return [count, mean, _tree(b, [b.fmul(o, o) for o in off]), least, most, *(_counted(b, bits) for bits in (zeros, small, alive))]


@dataclass(frozen=True, slots=True)
class Form:
    """What the first kernel is compiled for: the tile of a block, and the walks through units and through the terms of one."""

    tile: Tile
    units: Walk
    terms: Walk


def _as_stored(b: Any, value: Any, x: Storage) -> Any:
    """In float64, after rounding to the dtype of x."""
    value = memory.rounded(b, value, x) if x.size == 2 else value
    return value if value.type == DOUBLE else b.fpext(value, DOUBLE)


@functools.cache
def taking(record: Record, dtype: str, form: Form) -> Program:
    """The kernel of the pass over x.

    Arguments: addresses of x and of the parts, parameters by value, the tolerance, the walk's arguments for units and for terms, the
    number of units, of blocks for a chunk of them, of terms, and of terms in a chunk.
    """
    x, count = STORAGE[dtype], len(record.params)
    kinds = [GLOBAL, GLOBAL, *[memory.real(x)] * count, DOUBLE, *form.units.kinds, *form.terms.kinds, *[I32] * 4]
    walks = f"{form.units.rank}{'w' if form.units.wide else ''}_{form.terms.rank}{'w' if form.terms.wide else ''}"
    tile = f"{form.tile.across}{'a' if form.tile.kept_first else 'b'}{form.tile.along}"

    def write(b: Any, arguments: list[Any]) -> None:
        base, parts, *rest = arguments
        params, tolerance, rest = rest[:count], rest[count], rest[count + 1 :]
        own, rest = rest[: len(form.units.kinds)], rest[len(form.units.kinds) :]
        steps, (units, blocks, terms, chunk) = rest[:-4], rest[-4:]
        column, row = form.tile.place(b)
        block = special(b, "ctaid.x")
        part = b.udiv(block, blocks)
        unit = b.add(b.mul(b.sub(block, b.mul(part, blocks)), constant(I32, form.tile.across)), column)
        inside = b.icmp_unsigned("<", unit, units)
        (start,) = form.units.offsets(b, b.select(inside, unit, constant(I32, 0)), own)
        first = b.mul(part, chunk)
        end = b.add(first, chunk)
        end = b.select(b.icmp_unsigned("<", end, terms), end, terms)

        def take(t: Any, held: list[Any]) -> list[Any]:
            numbers = [b.add(t, constant(I32, form.tile.along * k)) for k in range(RUN)]
            there = [b.icmp_unsigned("<", n, end) for n in numbers]
            places = [form.terms.offsets(b, b.select(e, n, t), steps)[0] for e, n in zip(there, numbers, strict=True)]
            values = [memory.load_one(b, memory.element(b, base, b.add(start, p), x), x) for p in places]
            rows = [compute(b, record, "value_and_grad", [v, *params]) for v in values]
            y, d = ([_as_stored(b, v, x) for v in of] for of in zip(*rows, strict=True))
            return merge(b, held, run(b, there, y, d, tolerance))

        bounds = (b.add(first, row), b.select(inside, end, constant(I32, 0)), form.tile.along * RUN)
        fields = loop(b, bounds, [constant(DOUBLE, v) for v in EMPTY], take)
        fields = form.tile.total(b, row, fields, merge)
        with b.if_then(b.and_(inside, b.icmp_unsigned("==", row, constant(I32, 0)))):
            at = b.add(b.mul(b.zext(part, I64), b.zext(units, I64)), b.zext(unit, I64))
            _put(b, parts, at, fields)

    return program("_".join(["fastact", record.name, *record.affine, dtype, "stats", tile, walks]), kinds, BLOCK, write)


def _put(b: Any, base: Any, at: Any, fields: Fields) -> None:
    for k, value in enumerate(fields):
        b.store(value, b.gep(base, [b.add(b.mul(at, constant(I64, FIELDS)), constant(I64, k))], source_etype=DOUBLE), align=8)


def _get(b: Any, base: Any, at: Any) -> list[Any]:
    first = b.mul(at, constant(I64, FIELDS))
    places = [b.gep(base, [b.add(first, constant(I64, k))], source_etype=DOUBLE) for k in range(FIELDS)]
    return [b.load(p, typ=DOUBLE, align=8) for p in places]


@functools.cache
def merging() -> Program:
    """The kernel that tells the results of every unit.

    Arguments: addresses of zeros, saturated, dead, mean, variance, minimum, maximum, nonfinite and of the parts; the number of terms of
    a unit in float64, and those of chunks and of units.
    """

    def write(b: Any, arguments: list[Any]) -> None:
        *targets, parts, terms, chunks, units = arguments
        unit = b.add(b.mul(special(b, "ctaid.x"), constant(I32, BLOCK)), special(b, "tid.x"))
        with b.if_then(b.icmp_unsigned("<", unit, units)):
            wide = b.zext(unit, I64)

            def take(chunk: Any, held: list[Any]) -> list[Any]:
                return merge(b, held, _get(b, parts, b.add(b.mul(b.zext(chunk, I64), b.zext(units, I64)), wide)))

            bounds = (constant(I32, 0), chunks, 1)
            found = loop(b, bounds, [constant(DOUBLE, v) for v in EMPTY], take)
            none, nan = b.fcmp_ordered("==", found[COUNT], constant(DOUBLE, 0.0)), constant(DOUBLE, math.nan)
            dead = b.and_(b.fcmp_ordered("==", found[ALIVE], constant(DOUBLE, 0.0)), b.fcmp_ordered(">", terms, constant(DOUBLE, 0.0)))
            results = [b.fdiv(found[ZEROS], terms), b.fdiv(found[SATURATED], terms), b.zext(dead, I8)]
            results += [b.select(none, nan, found[MEAN]), b.select(none, nan, b.fdiv(found[SQUARES], found[COUNT]))]
            results += [found[LOW], found[HIGH], b.fptosi(b.fsub(terms, found[COUNT]), I64)]
            for target, value in zip(targets, results, strict=True):
                b.store(value, b.gep(target, [wide], source_etype=value.type), align=value.type.width // 8 if value.type in (I1, I8) else 8)

    return program("fastact_stats_merged", [*[GLOBAL] * 9, DOUBLE, I32, I32], BLOCK, write)
