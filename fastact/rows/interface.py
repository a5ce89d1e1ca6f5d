"""What a program may ask of a row, on any device: passes over its elements, sums in the one order, and values of the whole row.

Element i of a row belongs to lane i mod W of a block of 4 W elements; of a block each lane gets its four elements at once, and blocks
come one after another, up to a chunk of 4096 elements. The lanes of a chunk are added in halves, l with l + W/2, and chunks one
after another. W is 16 for float32 and 8 for float64. So the order depends on the length of the row alone: on a CPU the lanes are those
of vectors, on a GPU they are threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from fastact.numerics.emit import Value

LANES = {"float32": 16, "float64": 8}
UNROLL = 4
CHUNK = 4096
Merge = Callable[[list[Value], list[Value]], list[Value]]


class Elements(Protocol):
    """One element for each lane; some may not be there."""

    def load(self, name: str, fill: float = 0.0) -> Value:
        """An operand, widened; what is not there is `fill`."""

    def store(self, name: str, value: Value) -> None:
        """Write to an operand what is there of it."""

    def keep(self, value: Value, fill: float) -> Value:
        """`value`, or `fill` where there is no element."""

    def positions(self) -> Value:
        """Where in its row each element stands, as int64."""


Body = Callable[[list[Elements], list[Value]], Sequence[Value]]


class Form(Protocol):
    """A row: the width it is computed in, the LLVM type of that, and its operands by name."""

    width: str
    real: Any

    @property
    def places(self) -> Mapping[str, Any]:
        """The operands that there are."""

    def number(self, value: float, kind: Any = None) -> Value:
        """A number as a value of the row."""

    def vectors(self, kind: Any, value: float) -> Value:
        """A number of type `kind` for each lane."""

    def spread(self, value: Value) -> Value:
        """A value of the row beside elements."""

    def first(self, value: Value) -> Value:
        """Of what stands beside elements, that of the first lane."""

    def load_row(self, name: str) -> Value:
        """An operand with one value per row."""

    def store_row(self, name: str, value: Value) -> None:
        """Write the one value of the row."""

    def pick(self, name: str, index: Value) -> Value:
        """One element."""

    def put(self, name: str, index: Value, value: Value) -> None:
        """Write one element."""

    def across(self, values: list[Value], merge: Merge) -> list[Value]:
        """Merge the lanes, where the order does not matter or is that of `fold` on this device."""

    def fold(self, carried: Sequence[Value], body: Body) -> list[Value]:
        """Carry values through all blocks."""

    def each(self, body: Callable[[Elements], None]) -> None:
        """Run over all elements, in any order; each is stored only where it is loaded."""

    def sum(self, kinds: Sequence[Any], body: Body, merge: Merge) -> list[Value]:
        """Sums over the row, from accumulators of the given types that start at 0."""

    def rest(self, name: str, value: float) -> None:
        """Fill an operand from the end of the elements that count to the end of the row."""

    def until(self, start: list[Value], step: Callable[[list[Value]], tuple[list[Value], Value]]) -> list[Value]:
        """Repeat `step` as long as it says so; return its last values."""


def through(form: Form, body: Callable[[Elements], None]) -> None:
    """Run over all elements by a fold that carries nothing."""

    def step(elements: list[Elements], _: list[Value]) -> list[Value]:
        for e in elements:
            body(e)
        return []

    form.fold([], step)
