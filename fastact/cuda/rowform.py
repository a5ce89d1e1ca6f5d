"""A row at hand in a device kernel under construction: every lane is a thread, which goes through its own elements alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastact.cpu.raw import loop
from fastact.cuda.crew import WARP, WHOLE, Crew
from fastact.cuda.rowaccess import Place, read, write
from fastact.cuda.rowelements import Elements
from fastact.numerics.emit import I1, I64, REAL, Value, constant, select
from fastact.rows import interface
from fastact.rows.interface import CHUNK, UNROLL, Body, Merge


class Form:
    """A row: its operands, the number of elements that count, and the number that are there where that is more.

    `bound` is the same for all threads of a block, and no row of theirs is longer; where `there` does not hold the row is another's, and
    is not written. With `blocks`, rows are no longer than these, and each element is loaded once and stays in its thread's registers.
    `even` has all threads of a warp run through a row as long as the longest, so that they can meet within `until`.
    """

    def __init__(
        self,
        crew: Crew,
        width: str,
        places: Mapping[str, Place],
        length: Any,
        *,
        bound: Any,
        there: Any,
        full: Any = None,
        blocks: int = 0,
        even: bool = False,
    ) -> None:
        self.crew, self.b, self.width, self.places = crew, crew.b, width, places
        self.length, self.bound, self.there, self.full, self.blocks, self.even = length, bound, there, full, blocks, even
        self.single = crew.kind == WARP or blocks > 0
        self.real = REAL[width]
        self.zero = constant(I64, 0)
        self.rows: dict[str, Value] = {}
        self.bad: Any = None
        self.pending: list[tuple[str, Any, Any, Value]] = []
        self._kept: dict[tuple[str, Any], Value] = {}
        self._slots: list[interface.Elements] = []
        self._picked = False

    def number(self, value: float, kind: Any = None) -> Value:
        """A number as a value of the row."""
        return Value(self.b, constant(kind or self.real, value))

    def vectors(self, kind: Any, value: float) -> Value:
        """A number for this lane."""
        return self.number(value, kind)

    def spread(self, value: Value) -> Value:
        """Every thread has the values of its row."""
        return value

    def first(self, value: Value) -> Value:
        """What is made of values of the row alone is the same in every lane."""
        return value

    def load_row(self, name: str) -> Value:
        """An operand with one value per row."""
        if name not in self.rows:
            self.rows[name] = read(self.b, self.places[name], self.zero)
        return self.rows[name]

    def store_row(self, name: str, value: Value) -> None:
        """Write the one value of the row, by the first of its threads."""
        first = self.b.icmp_signed("==", self.b.or_(self.crew.lane, self.crew.team), self.zero)
        with self.b.if_then(self.b.and_(first, self.there)):
            write(self.b, self.places[name], self.zero, value)

    def element(self, name: str, index: Any, mask: Any) -> Value:
        """An operand at an index, or element 0 outside the mask; of a row in doubt (`bad`) x is NaN."""
        key = name, index
        if key in self._kept:
            return self._kept[key]
        value = read(self.b, self.places[name], index if mask is None else self.b.select(mask, index, self.zero))
        if name == "x" and self.bad is not None:
            value = select(Value(self.b, self.bad), math.nan, value)
        if self.blocks:
            self._kept[key] = value
        return value

    def pick(self, name: str, index: Value) -> Value:
        """One element, for every thread of the row; `each` waits until all have it."""
        self._picked = True
        return read(self.b, self.places[name], index.ir)

    def put(self, name: str, index: Value, value: Value) -> None:
        """Write one element, by the thread that `each` gave it to."""
        own = self.b.icmp_signed("==", self.b.and_(index.ir, constant(I64, self.crew.lanes - 1)), self.crew.lane)
        if self.crew.kind == WHOLE:
            chunk = self.b.udiv(index.ir, constant(I64, CHUNK))
            own = self.b.and_(own, self.b.icmp_signed("==", self.b.urem(chunk, constant(I64, self.crew.teams)), self.crew.team))
        with self.b.if_then(self.b.and_(own, self.there)):
            write(self.b, self.places[name], index.ir, value)

    def across(self, values: list[Value], merge: Merge) -> list[Value]:
        """Merge all threads of the row."""
        values = self.crew.lanes_merged(values, merge)
        if self.crew.kind != WHOLE:
            return values
        return self.crew.teams_merged(None, values, constant(I64, self.crew.teams), merge)

    def _vectors(self, index: Any, stop: Any) -> list[Elements]:
        """The elements of this lane in a block; with `stop`, in the last, which may end before its end."""
        mine = self.b.add(index, self.crew.lane)
        places = [self.b.add(mine, constant(I64, u * self.crew.lanes)) for u in range(UNROLL)]
        if stop is None:
            return [Elements(self, i, None, self.there) for i in places]
        masks = [self.b.icmp_signed("<", i, stop) for i in places]
        return [Elements(self, i, mask, self.b.and_(mask, self.there)) for i, mask in zip(places, masks, strict=True)]

    def _step(self, elements: list[interface.Elements], carried: list[Value], body: Body) -> list[Value]:
        values = list(body(elements, carried))
        for writes, group in itertools.groupby(self.pending, lambda stored: stored[2]):
            with self.b.if_then(writes, likely=True):
                for name, index, _, value in group:
                    write(self.b, self.places[name], index, value)
        self.pending.clear()
        return values

    def _blocks(self, start: Any, stop: Any, carried: Sequence[Value], body: Body) -> list[Value]:
        block = UNROLL * self.crew.lanes
        if self.blocks:
            return self._unrolled(list(carried), body)
        whole, end = self.b.add(start, self.b.and_(self.b.sub(stop, start), constant(I64, -block))), stop
        if self.even:
            whole, end = start, self.bound

        def step(index: Any, values: list[Any], end: Any = None) -> list[Any]:
            return [v.ir for v in self._step([*self._vectors(index, end)], [Value(self.b, c) for c in values], body)]

        values = loop(self.b, (start, whole, block), [c.ir for c in carried], step)
        return [Value(self.b, v) for v in loop(self.b, (whole, end, block), values, lambda i, v: step(i, v, stop))]

    def _unrolled(self, values: list[Value], body: Body) -> list[Value]:
        """All blocks of a short row, whose elements are made once, so that what was loaded is found again.

        Where all rows have one length, all blocks but the last are full.
        """
        block = UNROLL * self.crew.lanes
        if not self._slots:
            for k in range(self.blocks):
                for e in self._vectors(constant(I64, k * block), self.length):
                    full = self.full is None and k < self.blocks - 1
                    self._slots.append(Elements(self, e.index, None, self.there) if full else e)
        for k in range(0, len(self._slots), UNROLL):
            values = self._step(self._slots[k : k + UNROLL], values, body)
        return values

    def _chunk(self, start: Any) -> Any:
        """The end of a chunk of this row; its start if the row ends before."""
        end = self.b.add(start, constant(I64, CHUNK))
        end = self.b.select(self.b.icmp_signed("<", end, self.length), end, self.length)
        return self.b.select(self.b.icmp_signed(">", end, start), end, start)

    def fold(self, carried: Sequence[Value], body: Body) -> list[Value]:
        """Carry values through all blocks of this thread's team."""
        if self.single:
            return self._blocks(self.zero, self.length, carried, body)

        def chunk(start: Any, values: list[Any]) -> list[Any]:
            return [v.ir for v in self._blocks(start, self._chunk(start), [Value(self.b, v) for v in values], body)]

        first, step = self.b.mul(self.crew.team, constant(I64, CHUNK)), self.crew.teams * CHUNK
        return [Value(self.b, v) for v in loop(self.b, (first, self.length, step), [c.ir for c in carried], chunk)]

    def each(self, body: Callable[[interface.Elements], None]) -> None:
        """Run over all elements."""
        if self._picked:
            self.crew.meet()
        interface.through(self, body)

    def sum(self, kinds: Sequence[Any], body: Body, merge: Merge) -> list[Value]:
        """Sums over the row, from accumulators of the given types that start at 0."""
        zeros = [self.number(0.0, kind) for kind in kinds]
        if self.single:
            return merge(zeros, self.crew.lanes_merged(self._blocks(self.zero, self.length, zeros, body), merge))

        def round_of_chunks(index: Any, carried: list[Any]) -> list[Any]:
            start = self.b.add(index, self.b.mul(self.crew.team, constant(I64, CHUNK)))
            parts = self.crew.lanes_merged(self._blocks(start, self._chunk(start), zeros, body), merge)
            totals = [Value(self.b, c) for c in carried]
            if self.crew.kind != WHOLE:
                return [v.ir for v in merge(totals, parts)]
            left = self.b.udiv(self.b.add(self.b.sub(self.length, index), constant(I64, CHUNK - 1)), constant(I64, CHUNK))
            most = constant(I64, self.crew.teams)
            count = self.b.select(self.b.icmp_signed("<", left, most), left, most)
            return [v.ir for v in self.crew.teams_merged(totals, parts, count, merge)]

        bounds = (self.zero, self.bound, self.crew.teams * CHUNK)
        return [Value(self.b, v) for v in loop(self.b, bounds, [z.ir for z in zeros], round_of_chunks)]

    def rest(self, name: str, value: float) -> None:
        """Fill an operand from the end of the elements that count to the end of the row."""
        if self.full is None:
            return
        threads = self.crew.lanes * (self.crew.teams if self.crew.kind == WHOLE else 1)
        own = self.crew.thread if self.crew.kind == WHOLE else self.crew.lane

        def step(index: Any, _: list[Any]) -> list[Any]:
            write(self.b, self.places[name], index, self.number(value))
            return []

        end = self.b.select(self.there, self.full, self.zero)
        loop(self.b, (self.b.add(self.length, own), end, threads), [], step)

    def until(self, start: list[Value], step: Callable[[list[Value]], tuple[list[Value], Value]]) -> list[Value]:
        """Repeat `step` as long as it says so; return its last values. Rows of a warp go on together, and those that are done stay."""
        before, head, done = self.b.block, self.b.append_basic_block("again"), self.b.append_basic_block("settled")
        self.b.branch(head)
        self.b.position_at_end(head)
        phis, busy = [self.b.phi(v.type) for v in start], self.b.phi(I1)
        values, more = step([Value(self.b, phi) for phi in phis])
        ends = [self.b.select(busy, v.ir, phi) for v, phi in zip(values, phis, strict=True)]
        on = self.b.and_(busy, more.ir)
        for phi, first, last in zip((*phis, busy), (*[v.ir for v in start], I1(1)), (*ends, on), strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(last, self.b.block)
        self.b.cbranch(self.crew.any(on), head, done)
        self.b.position_at_end(done)
        return [Value(self.b, v) for v in ends]
