"""Kernels that sum: one pass over the terms of each place, in float64 and in an order that the shape alone decides.

The terms of a place are cut into chunks, one for each block. Row r of a block's tile adds up vectors r, r + along... of its chunk, lane
by lane if vectors lie along the terms; then come the tree over the lanes and that over the rows. The sum of a chunk is the result, or
part of what the next kernel sums.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastact.cuda import memory
from fastact.cuda.target import GLOBAL, Program, program, special
from fastact.cuda.terms import Gradients, Operand, Parts
from fastact.cuda.tile import Tile, loop
from fastact.cuda.walk import Walk
from fastact.directions import STORAGE, Direction, Storage
from fastact.numerics.emit import DOUBLE, FLOAT, I32, I64, constant
from fastact.record import Record

ONE, RUN, WIDE = "one", "run", "wide"
"""How the elements of a vector are loaded: each found by its number, each a stride after the one before, or by one access."""


@dataclass(frozen=True, slots=True)
class Form:
    """The course of a kernel. Vectors of `lanes` elements lie along the kept axes if `lanes_kept`, else along the terms.

    `result` is None for parts in float64, else the storage of the results, to which what they hold is added if `added`.
    """

    tile: Tile
    lanes: int
    lanes_kept: bool
    access: str
    kept: Walk
    terms: Walk
    result: Storage | None
    added: bool = False


@dataclass(frozen=True, slots=True)
class Backward:
    """What the terms are: gradients by the parameters `wanted`; dx is stored if `stores`. `params` are letters "v" and "a".

    `groups`, `still` and `repeated` are of the array operands: data inputs, dx if it is stored, and parameters.
    """

    record: Record
    direction: Direction
    dtype: str
    params: str
    wanted: tuple[int, ...]
    stores: bool
    groups: tuple[int, ...]
    still: tuple[bool, ...]
    repeated: tuple[bool, ...]

    @property
    def inputs(self) -> int:
        """Data inputs."""
        return len(self.record.operands) + (2 if self.direction == "accumulate_params" else 1)

    @property
    def outputs(self) -> int:
        """Data outputs."""
        return len(self.record.operands) if self.stores else 0

    def kinds(self) -> list[Any]:
        """Types of the arguments of data and parameters."""
        value = memory.real(STORAGE[self.dtype])
        return [GLOBAL] * (self.inputs + self.outputs) + [value if p == "v" else GLOBAL for p in self.params]

    def source(self, b: Any, arguments: list[Any]) -> Gradients:
        """The terms, from the arguments of data and parameters."""
        x, data = STORAGE[self.dtype], self.inputs + self.outputs
        of = iter(zip(self.groups, self.still, self.repeated, strict=True))
        arrays = [Operand(a, *_next(of, x)) for a in arguments[:data]]
        params = [a if p == "v" else Operand(a, *_next(of, x.computed)) for a, p in zip(arguments[data:], self.params, strict=True)]
        return Gradients(b, self.record, self.direction, self.wanted, arrays[: self.inputs], arrays[self.inputs :], params)


def _next(of: Any, storage: Storage) -> tuple[int, Storage, bool, bool]:
    group, still, repeated = next(of)
    return group, storage, still, repeated


COUNTS = ("units", "pitch", "plane", "places", "whole", "rest", "terms", "chunk")
"""Arguments of every kernel after those of its walks: places of the launch in vectors; how far the sums of a chunk lie from those of the
next, and those of one kind from those of the next; blocks side by side; vectors of terms that are whole, elements of the one that
is not; vectors in all, and those of a block."""

_COUNT_KINDS = [I32, I64, I64, I32, I32, I32, I32, I32]


def _vector(b: Any, form: Form, source: Any, offsets: list[Any], walks: Any, v: Any, counts: dict[str, Any], sums: list[Any]) -> list[Any]:
    """Add the terms of one vector, the quick way if that is possible, or else one after another."""
    lanes = constant(I32, form.lanes)
    per = len(sums) // source_count(source)
    join = b.append_basic_block("join")
    arrivals = []
    if form.access != ONE:
        moved = [b.add(o, t) for o, t in zip(offsets, form.terms.offsets(b, v, walks), strict=True)]
        if not form.lanes_kept and form.lanes > 1:
            quick = b.append_basic_block("quick")
            slow = b.append_basic_block("slow")
            b.cbranch(b.icmp_unsigned("<", v, counts["whole"]), quick, slow)
            b.position_at_end(quick)
        else:
            slow = b.append_basic_block("slow")
        chunk = source.vector(moved)
        sure = b.append_basic_block("sure")
        b.cbranch(chunk.doubt, slow, sure)
        b.position_at_end(sure)
        chunk.finish()
        flat = [term for terms in chunk.terms for term in terms]
        arrivals.append(([b.fadd(s, _double(b, t)) for s, t in zip(sums, flat, strict=True)], b.block))
        b.branch(join)
        b.position_at_end(slow)
    limit = lanes if form.lanes_kept else b.select(b.icmp_unsigned("<", v, counts["whole"]), lanes, counts["rest"])

    def one(lane: Any, held: list[Any]) -> list[Any]:
        if form.access == ONE:
            i = b.add(b.mul(v, lanes), lane)
            places = [b.add(o, t) for o, t in zip(offsets, form.terms.offsets(b, i, walks), strict=True)]
        else:
            places = [b.add(o, b.mul(b.zext(lane, I64), a)) for o, a in zip(moved, source.apart, strict=True)]
        terms = [_double(b, t) for t in source.one(places)]
        after = []
        for k, s in enumerate(held):
            mine = b.icmp_unsigned("==", lane, constant(I32, k % per))
            after.append(b.select(mine, b.fadd(s, terms[k // per]), s))
        return after

    arrivals.append((loop(b, (constant(I32, 0), limit, 1), sums, one), b.block))
    b.branch(join)
    b.position_at_end(join)
    found = []
    for k, s in enumerate(sums):
        phi = b.phi(s.type)
        for values, block in arrivals:
            phi.add_incoming(values[k], block)
        found.append(phi)
    return found


def source_count(source: Any) -> int:
    """How many sums the terms of a source go to."""
    return len(source.wanted) if isinstance(source, Gradients) else source.count


def _double(b: Any, value: Any) -> Any:
    return b.fpext(value, DOUBLE) if value.type == FLOAT else value


def _tree(b: Any, values: list[Any]) -> Any:
    while len(values) > 1:
        half = len(values) // 2
        values = [b.fadd(values[i], values[i + half]) for i in range(half)]
    return values[0]


def _write(b: Any, form: Form, source: Any, targets: list[Any], arguments: Sequence[Any]) -> None:
    kept_words, rest = arguments[: len(form.kept.kinds)], arguments[len(form.kept.kinds) :]
    words, counts = rest[: len(form.terms.kinds)], dict(zip(COUNTS, rest[len(form.terms.kinds) :], strict=True))
    source.lanes, source.wide = form.lanes, form.access == WIDE
    lane_walk, lane_words = (form.kept, kept_words) if form.lanes_kept else (form.terms, words)
    log = constant(I64, form.lanes.bit_length() - 1)
    source.apart = [b.ashr(lane_walk.strides(b, g, lane_words)[-1], log) for g in range(lane_walk.groups)]
    column, row = form.tile.place(b)
    block = special(b, "ctaid.x")
    part = b.udiv(block, counts["places"])
    place = b.add(b.mul(b.sub(block, b.mul(part, counts["places"])), constant(I32, form.tile.across)), column)
    inside = b.icmp_unsigned("<", place, counts["units"])
    offsets = form.kept.offsets(b, b.select(inside, place, constant(I32, 0)), kept_words)
    source.hold(offsets, form.lanes_kept)
    start = b.mul(part, counts["chunk"])
    end = b.add(start, counts["chunk"])
    end = b.select(b.icmp_unsigned("<", end, counts["terms"]), end, counts["terms"])
    zero = constant(DOUBLE, 0.0)
    count = source_count(source)
    sums = loop(
        b,
        (b.add(start, row), b.select(inside, end, constant(I32, 0)), form.tile.along),
        [zero] * (count * form.lanes),
        lambda v, held: _vector(b, form, source, offsets, words, v, counts, held),
        unroll=isinstance(source, Parts),
    )
    if not form.lanes_kept:
        sums = [_tree(b, sums[k * form.lanes : (k + 1) * form.lanes]) for k in range(count)]
    sums = form.tile.total(b, row, sums)
    lanes = len(sums) // count
    with b.if_then(b.and_(inside, b.icmp_unsigned("==", row, constant(I32, 0)))):
        for k, value in enumerate(sums):
            target, lane = targets[k // lanes] if form.result else targets[0], constant(I64, k % lanes)
            at = b.add(b.mul(b.zext(place, I64), constant(I64, lanes)), lane)
            if form.result is None:
                at = b.add(b.add(at, b.mul(b.zext(part, I64), counts["pitch"])), b.mul(counts["plane"], constant(I64, k // lanes)))
                b.store(value, b.gep(target, [at], source_etype=DOUBLE), align=8)
            else:
                _put(b, form, memory.element(b, target, at, form.result), value)


def _put(b: Any, form: Form, address: Any, value: Any) -> None:
    """Round a sum, with what the result holds where that is asked for, and store it."""
    assert form.result is not None
    if form.added:
        value = b.fadd(value, _double(b, memory.load_one(b, address, form.result)))
    memory.store_one(b, address, b.fptrunc(value, FLOAT) if memory.real(form.result) == FLOAT else value, form.result)


@functools.cache
def gradients(form: Form, what: Backward) -> Program:
    """The kernel of parameter gradients. Arguments: data, parameters, results or the room for parts, walks and `COUNTS`."""
    targets = len(what.wanted) if form.result else 1
    kinds = [*what.kinds(), *[GLOBAL] * targets, *form.kept.kinds, *form.terms.kinds, *_COUNT_KINDS]
    own = len(what.kinds())
    name = "_".join(["fastact", what.record.name, *what.record.affine, what.direction, what.dtype, _short(form)])

    def write(b: Any, arguments: list[Any]) -> None:
        _write(b, form, what.source(b, arguments[:own]), arguments[own : own + targets], arguments[own + targets :])

    return program(name, kinds, form.tile.across, write)


@functools.cache
def parts(form: Form, count: int) -> Program:
    """The kernel that sums parts. Arguments: the parts, how far those of the next kind lie, results or room for parts, and as above."""
    targets = count if form.result else 1
    kinds = [GLOBAL, I64, *[GLOBAL] * targets, *form.kept.kinds, *form.terms.kinds, *_COUNT_KINDS]

    def write(b: Any, arguments: list[Any]) -> None:
        source = Parts(b, arguments[0], count, arguments[1])
        _write(b, form, source, arguments[2 : 2 + targets], arguments[2 + targets :])

    return program(f"fastact_parts{count}_{_short(form)}", kinds, form.tile.across, write)


def _short(form: Form) -> str:
    """Part of the kernel's name."""
    lanes = f"{form.access}{form.lanes}{'k' if form.lanes_kept else ''}"
    return f"sum{form.tile.across}x{form.tile.along}{'k' if form.tile.kept_first else ''}_{lanes}_{form.kept.rank}{form.terms.rank}"
