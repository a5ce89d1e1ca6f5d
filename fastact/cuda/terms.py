"""What a sum adds up: terms of parameter gradients, told from the data on the way that also writes dx; or sums of parts of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastact.cuda import memory
from fastact.cuda.arithmetic import Doubts
from fastact.cuda.elements import compute
from fastact.directions import Direction, Storage
from fastact.numerics.emit import DOUBLE, I1, I32, I64, constant
from fastact.record import Record


@dataclass(frozen=True, slots=True)
class Operand:
    """An array of a kernel: its address, the group of its strides and how its elements lie in memory.

    `still`: it is the same for all terms of a sum. `repeated`: it is the same beside all elements of a vector.
    """

    base: Any
    group: int
    storage: Storage
    still: bool = False
    repeated: bool = False

    def at(self, b: Any, offsets: list[Any]) -> Any:
        """Address of the element at these offsets, of which there is one for each group."""
        return memory.element(b, self.base, offsets[self.group], self.storage)


@dataclass(frozen=True, slots=True)
class Chunk:
    """The terms of one vector: a list for each sum; whether they are in doubt; and what is left to do if they are not."""

    terms: list[list[Any]]
    doubt: Any
    finish: Callable[[], None]


class Gradients:
    """Terms dy df/dp of some parameters; dx is stored where `outputs` has it.

    `params` are operands, or values; `lanes` is the length of a vector, `wide` tells if data are accessed 16 bytes at a time, and `apart`
    how far neighbours in a vector lie apart in each group.
    """

    def __init__(
        self,
        b: Any,
        record: Record,
        direction: Direction,
        wanted: tuple[int, ...],
        inputs: list[Operand],
        outputs: list[Operand],
        params: list[Any],
    ) -> None:
        self.b, self.record, self.direction, self.wanted = b, record, direction, wanted
        self.inputs, self.outputs, self.params = inputs, outputs, params
        self.lanes, self.wide, self.apart = 1, False, [constant(I64, 0)]
        self.held: dict[int, list[Any]] = {}

    def hold(self, offsets: list[Any], lanes_kept: bool) -> None:
        """Load what is the same for all terms, once."""
        for k, p in enumerate(self.params):
            if isinstance(p, Operand) and p.still:
                self.held[k] = (
                    self._beside(p, offsets) if lanes_kept else [memory.load_one(self.b, p.at(self.b, offsets), p.storage)] * self.lanes
                )

    def _beside(self, a: Operand, offsets: list[Any]) -> list[Any]:
        """The elements of a vector, one by one."""
        address = a.at(self.b, offsets)
        if a.repeated or self.lanes == 1:
            return [memory.load_one(self.b, address, a.storage)] * self.lanes
        steps = [self.b.mul(self.apart[a.group], constant(I64, k)) for k in range(self.lanes)]
        return [memory.load_one(self.b, memory.element(self.b, address, s, a.storage), a.storage) for s in steps]

    def _of_param(self, k: int, offsets: list[Any]) -> list[Any]:
        p = self.params[k]
        if not isinstance(p, Operand):
            return [p] * self.lanes
        return self.held[k] if k in self.held else self._beside(p, offsets)

    def _chosen(self, results: list[Any]) -> list[Any]:
        return [results[len(self.record.operands) + k] for k in self.wanted]

    def vector(self, offsets: list[Any]) -> Chunk:
        """The terms of the vector at these offsets."""
        b = self.b
        data = [
            memory.load_wide(b, a.at(b, offsets), constant(I32, 0), a.storage) if self.wide else self._beside(a, offsets)
            for a in self.inputs
        ]
        params = [self._of_param(k, offsets) for k in range(len(self.params))]
        doubts = Doubts()
        rows = [compute(b, self.record, self.direction, list(column), doubts) for column in zip(*data, *params, strict=True)]

        def finish() -> None:
            for k, a in enumerate(self.outputs):
                values = [row[k] for row in rows]
                if self.wide:
                    memory.store_wide(b, a.at(b, offsets), constant(I32, 0), values, a.storage)
                    continue
                for lane, value in enumerate(values):
                    step = b.mul(self.apart[a.group], constant(I64, lane))
                    memory.store_one(b, memory.element(b, a.at(b, offsets), step, a.storage), value, a.storage)

        chosen = [self._chosen(row) for row in rows]
        stored = [row[: len(self.outputs)] for row in rows]
        doubt = doubts.any(b, itertools.chain(*stored, *chosen))
        return Chunk([list(column) for column in zip(*chosen, strict=True)], doubt, finish)

    def one(self, offsets: list[Any]) -> list[Any]:
        """The terms of the element at these offsets, by the ordinary division."""
        b = self.b
        arrays = [*self.inputs, *self.params]
        values = [memory.load_one(b, a.at(b, offsets), a.storage) if isinstance(a, Operand) else a for a in arrays]
        results = compute(b, self.record, self.direction, values)
        for a, value in zip(self.outputs, results, strict=False):
            memory.store_one(b, a.at(b, offsets), value, a.storage)
        return self._chosen(results)


class Parts:
    """Sums of parts, in float64: `count` of them, `plane` elements apart."""

    def __init__(self, b: Any, base: Any, count: int, plane: Any) -> None:
        self.b, self.base, self.count, self.plane = b, base, count, plane
        self.lanes, self.wide, self.apart = 1, False, [constant(I64, 0)]

    def hold(self, offsets: list[Any], lanes_kept: bool) -> None:
        """Nothing is the same for all terms."""

    def vector(self, offsets: list[Any]) -> Chunk:
        """The terms at these offsets."""
        return Chunk([[v] for v in self.one(offsets)], I1(0), lambda: None)

    def one(self, offsets: list[Any]) -> list[Any]:
        """The terms at these offsets."""
        places = [self.b.add(offsets[0], self.b.mul(self.plane, constant(I64, k))) for k in range(self.count)]
        return [self.b.load(self.b.gep(self.base, [p], source_etype=DOUBLE), typ=DOUBLE, align=8) for p in places]
