"""The elements that the lanes of a row have at hand on the device, one for each thread."""

from __future__ import annotations

from typing import Any

from fastact.numerics.emit import Value


class Elements:
    """One element for each lane; with a mask, it may not be there, and where `writes` does not hold it is not stored."""

    def __init__(self, form: Any, index: Any, mask: Any, writes: Any) -> None:
        self.form, self.index, self.mask, self.writes = form, index, mask, writes

    def load(self, name: str, fill: float = 0.0) -> Value:
        """An operand, widened; what is not there is `fill`. Element 0 is read in its place, which every row has."""
        return self.keep(self.form.element(name, self.index, self.mask), fill)

    def store(self, name: str, value: Value) -> None:
        """Write to an operand what is there of it, once the elements beside this one are loaded."""
        self.form.pending.append((name, self.index, self.writes, value))

    def keep(self, value: Value, fill: float) -> Value:
        """`value`, or `fill` where there is no element."""
        return value if self.mask is None else value.made(self.form.b.select(self.mask, value.ir, value.like(fill)))

    def positions(self) -> Value:
        """Where in its row the element stands."""
        return Value(self.form.b, self.index)
