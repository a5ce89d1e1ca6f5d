"""One direction of a function as a task of dask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastact import dispatch
from fastact.cpu.ufunc import make_ufunc
from fastact.directions import Direction
from fastact.naming import name_of
from fastact.record import Record


@dataclass(frozen=True, slots=True)
class Run:
    """A direction of a record, to be called with all operands."""

    record: Record
    direction: Direction

    def __call__(self, *operands: Any) -> Any:
        """The results."""
        return dispatch.call(make_ufunc(self.record, self.direction), self.record, self.direction, operands, None, {})

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "fastact", *name_of(self.record), self.direction
