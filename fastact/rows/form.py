"""A row at hand in a CPU kernel under construction: passes over its elements in vectors, whose lanes are those of the sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from fastact.cpu.raw import loop
from fastact.numerics.emit import I32, I64, REAL, Value, constant
from fastact.rows import interface
from fastact.rows.access import Place, iota, read, read_one, splat, write, write_one
from fastact.rows.interface import CHUNK, LANES, UNROLL, Body, Merge


class Elements:
    """The elements of one vector, from `index` on; those outside the mask are not there."""

    def __init__(self, form: Form, index: Any, mask: Any) -> None:
        self.form, self.index, self.mask = form, index, mask

    def load(self, name: str, fill: float = 0.0) -> Value:
        """An operand, widened; what is not there is `fill`."""
        return read(self.form.b, self.form.places[name], self.index, self.form.lanes, self.mask, fill)

    def store(self, name: str, value: Value) -> None:
        """Write to an operand what is there of it."""
        write(self.form.b, self.form.places[name], self.index, value, self.mask)

    def keep(self, value: Value, fill: float) -> Value:
        """`value`, or `fill` where there is no element."""
        return value if self.mask is None else value.made(self.form.b.select(self.mask, value.ir, value.like(fill)))

    def positions(self) -> Value:
        """Where in its row each element stands, as int64."""
        return Value(self.form.b, self.form.positions(self.index))


class Form:
    """A row: its operands, the number of elements that count, and the number that are there where that is more."""

    def __init__(self, builder: Any, width: str, places: dict[str, Place], length: Any, full: Any = None) -> None:
        self.b, self.width, self.places, self.length, self.full = builder, width, places, length, full
        self.lanes, self.real = LANES[width], REAL[width]
        self.zero = constant(I64, 0)

    def positions(self, index: Any) -> Any:
        """Index of every lane of a vector."""
        return self.b.add(splat(self.b, index, self.lanes), iota(self.lanes))

    def number(self, value: float, kind: Any = None) -> Value:
        """A number as a value of the row."""
        return Value(self.b, constant(kind or self.real, value))

    def vectors(self, kind: Any, value: float) -> Value:
        """A number in every lane of a vector of `kind`."""
        return Value(self.b, constant(ir.VectorType(kind, self.lanes), value))

    def spread(self, value: Value) -> Value:
        """A value of the row beside the elements of a vector."""
        return Value(self.b, splat(self.b, value.ir, self.lanes))

    def first(self, value: Value) -> Value:
        """The first lane of a vector."""
        return value.made(self.b.extract_element(value.ir, constant(I32, 0)))

    def load_row(self, name: str) -> Value:
        """An operand with one value per row."""
        return read_one(self.b, self.places[name], self.zero)

    def store_row(self, name: str, value: Value) -> None:
        """Write the one value of the row."""
        write_one(self.b, self.places[name], self.zero, value)

    def pick(self, name: str, index: Value) -> Value:
        """One element."""
        return read_one(self.b, self.places[name], index.ir)

    def put(self, name: str, index: Value, value: Value) -> None:
        """Write one element."""
        write_one(self.b, self.places[name], index.ir, value)

    def across(self, values: list[Value], merge: Merge) -> list[Value]:
        """Merge the lanes of vectors, in halves."""
        count = self.lanes
        while count > 1:
            count //= 2
            numbers = [[constant(I32, first + k) for k in range(count)] for first in (0, count)]
            masks = [ir.Constant(ir.VectorType(I32, count), lanes) for lanes in numbers]
            low, high = ([v.made(self.b.shuffle_vector(v.ir, v.ir, m)) for v in values] for m in masks)
            values = merge(low, high)
        return [self.first(v) for v in values]

    def _vectors(self, index: Any, stop: Any) -> list[interface.Elements]:
        """The vectors of a block; with `stop`, of the last, which may end before its end."""
        firsts = [self.b.add(index, constant(I64, u * self.lanes)) for u in range(UNROLL)]
        if stop is None:
            return [Elements(self, i, None) for i in firsts]
        limit = splat(self.b, stop, self.lanes)
        return [Elements(self, i, self.b.icmp_signed("<", self.positions(i), limit)) for i in firsts]

    def _blocks(self, start: Any, stop: Any, carried: Sequence[Value], body: Body) -> list[Value]:
        block = UNROLL * self.lanes
        whole = self.b.add(start, self.b.and_(self.b.sub(stop, start), constant(I64, -block)))

        def step(index: Any, values: list[Any], end: Any = None) -> list[Any]:
            return [v.ir for v in body(self._vectors(index, end), [Value(self.b, c) for c in values])]

        values = loop(self.b, (start, whole, block), [c.ir for c in carried], step)
        return [Value(self.b, v) for v in loop(self.b, (whole, stop, block), values, lambda i, v: step(i, v, stop))]

    def fold(self, carried: Sequence[Value], body: Body) -> list[Value]:
        """Carry values through all blocks."""
        return self._blocks(self.zero, self.length, carried, body)

    def each(self, body: Callable[[interface.Elements], None]) -> None:
        """Run over all elements, in any order."""
        interface.through(self, body)

    def sum(self, kinds: Sequence[Any], body: Body, merge: Merge) -> list[Value]:
        """Sums over the row, from accumulators of the given types that start at 0."""
        zeros = [self.vectors(kind, 0.0) for kind in kinds]
        totals = [self.number(0.0, kind).ir for kind in kinds]

        def chunk(start: Any, carried: list[Any]) -> list[Any]:
            end = self.b.add(start, constant(I64, CHUNK))
            stop = self.b.select(self.b.icmp_signed("<", end, self.length), end, self.length)
            parts = self.across(self._blocks(start, stop, zeros, body), merge)
            return [v.ir for v in merge([Value(self.b, c) for c in carried], parts)]

        return [Value(self.b, v) for v in loop(self.b, (self.zero, self.length, CHUNK), totals, chunk)]

    def rest(self, name: str, value: float) -> None:
        """Fill an operand from the end of the elements that count to the end of the row."""
        if self.full is not None:
            form = Form(self.b, self.width, self.places, self.full)
            self._fill(form, name, value)

    def _fill(self, form: Form, name: str, value: float) -> None:
        def step(elements: list[interface.Elements], _: list[Value]) -> list[Value]:
            for e in elements:
                e.store(name, self.vectors(self.real, value))
            return []

        form._blocks(self.length, form.length, [], step)

    def until(self, start: list[Value], step: Callable[[list[Value]], tuple[list[Value], Value]]) -> list[Value]:
        """Repeat `step` as long as it says so; return its last values."""
        before, head, done = self.b.block, self.b.append_basic_block("again"), self.b.append_basic_block("settled")
        self.b.branch(head)
        self.b.position_at_end(head)
        phis = [self.b.phi(v.type) for v in start]
        for phi, v in zip(phis, start, strict=True):
            phi.add_incoming(v.ir, before)
        values, on = step([Value(self.b, phi) for phi in phis])
        for phi, v in zip(phis, values, strict=True):
            phi.add_incoming(v.ir, self.b.block)
        self.b.cbranch(on.ir, head, done)
        self.b.position_at_end(done)
        return values
