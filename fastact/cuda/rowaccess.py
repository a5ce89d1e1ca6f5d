"""Operands of a row kernel on the device: an element of a row by its index, or the row's one number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastact.cuda import memory
from fastact.directions import STORAGE
from fastact.numerics.emit import I8, I32, I64, Value, constant

WHOLE_NUMBERS = {"bool": I8, "int32": I32, "int64": I64}
SIZE = {"bool": 1, "int32": 4, "int64": 8, **{name: s.size for name, s in STORAGE.items()}}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operand begins in the row at hand, and the bytes from element to element; None if they lie side by side."""

    dtype: str
    base: Any
    stride: Any = None

    def at(self, builder: Any, index: Any) -> Any:
        """Address of an element."""
        if self.stride is None:
            return builder.gep(self.base, [builder.mul(index, constant(I64, SIZE[self.dtype]))], source_etype=I8)
        return builder.gep(self.base, [builder.mul(index, self.stride)], source_etype=I8)


def read(builder: Any, place: Place, index: Any) -> Value:
    """One element, widened; a bool as a bit, whole numbers as int64."""
    where, kind = place.at(builder, index), WHOLE_NUMBERS.get(place.dtype)
    if kind is None:
        return Value(builder, memory.load_one(builder, where, STORAGE[place.dtype]))
    word = builder.load(where, typ=kind, align=SIZE[place.dtype])
    if kind is I8:
        return Value(builder, builder.icmp_unsigned("!=", word, constant(I8, 0)))
    return Value(builder, word if kind is I64 else builder.sext(word, I64))


def write(builder: Any, place: Place, index: Any, value: Value) -> None:
    """Round and store one element."""
    memory.store_one(builder, place.at(builder, index), value.ir, STORAGE[place.dtype])
