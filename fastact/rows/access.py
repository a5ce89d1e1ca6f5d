"""Operands of a row kernel in memory: dense rows of floats or bits, or one number per row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from fastact.cpu import half
from fastact.numerics.emit import DOUBLE, FLOAT, HALF, I8, I16, I32, I64, PTR, Value, constant, intrinsic, vector

MEMORY = {"float16": HALF, "bfloat16": I16, "float32": FLOAT, "float64": DOUBLE, "bool": I8, "int64": I64}
SIZE = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "bool": 1, "int64": 8}


@dataclass(frozen=True, slots=True)
class Operand:
    """What a kernel is compiled for: name and dtype of an operand, and whether a row has only one value of it."""

    name: str
    dtype: str
    per_row: bool = False

    @property
    def size(self) -> int:
        """Bytes of an element."""
        return SIZE[self.dtype]


@dataclass(frozen=True, slots=True)
class Place:
    """An operand and the address of its first element in the row at hand."""

    operand: Operand
    base: Any


def iota(count: int) -> Any:
    """0, 1, 2... as a vector of int64."""
    return ir.Constant(ir.VectorType(I64, count), [constant(I64, k) for k in range(count)])


def splat(builder: Any, value: Any, count: int) -> Any:
    """A scalar in every lane."""
    kind = ir.VectorType(value.type, count)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, constant(I32, 0))
    return builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), ir.Constant(ir.VectorType(I32, count), [constant(I32, 0)] * count))


def widen(builder: Any, value: Any, dtype: str) -> Value:
    """A stored value in the width it is computed in; a bool as a bit."""
    if dtype == "float16":
        return Value(builder, half.widen(builder, value))
    if dtype == "bfloat16":
        wide = builder.zext(value, vector(I32, value.type))
        return Value(builder, builder.bitcast(builder.shl(wide, constant(wide.type, 16)), vector(FLOAT, value.type)))
    if dtype == "bool":
        return Value(builder, builder.icmp_signed("!=", value, constant(value.type, 0)))
    return Value(builder, value)


def narrow(builder: Any, value: Value, dtype: str) -> Any:
    """Round once, to nearest even. No NaN here carries into its exponent: each stems from a bfloat16 or an invalid operation."""
    if dtype == "float16":
        return half.narrow(builder, value.ir)
    if dtype == "bfloat16":
        word = builder.bitcast(value.ir, vector(I32, value.type))
        odd = builder.and_(builder.lshr(word, constant(word.type, 16)), constant(word.type, 1))
        rounded = builder.add(builder.add(word, constant(word.type, 0x7FFF)), odd)
        return builder.trunc(builder.lshr(rounded, constant(word.type, 16)), vector(I16, value.type))
    return value.ir


def _at(builder: Any, place: Place, index: Any) -> Any:
    return builder.gep(builder.inttoptr(place.base, PTR), [index], source_etype=MEMORY[place.operand.dtype])


def read(builder: Any, place: Place, index: Any, count: int, mask: Any, fill: float) -> Value:
    """A vector of elements from `index` on; lanes outside the mask are `fill` and are not touched in memory."""
    operand, where = place.operand, _at(builder, place, index)
    kind = ir.VectorType(MEMORY[operand.dtype], count)
    if mask is None:
        return widen(builder, builder.load(where, typ=kind, align=operand.size), operand.dtype)
    whole = operand.dtype in ("bool", "bfloat16", "int64")
    other = constant(kind, 0 if whole else fill)
    loaded = intrinsic(builder, "masked.load", kind, [where, constant(I32, operand.size), mask, other], kind, PTR)
    value = widen(builder, loaded, operand.dtype)
    if operand.dtype == "bfloat16" and fill != 0:
        return value.made(builder.select(mask, value.ir, constant(value.type, fill)))
    return value


def write(builder: Any, place: Place, index: Any, value: Value, mask: Any) -> None:
    """Store a vector of elements; lanes outside the mask stay as they are in memory."""
    stored = narrow(builder, value, place.operand.dtype)
    where, size = _at(builder, place, index), place.operand.size
    if mask is None:
        builder.store(stored, where, align=size)
        return
    intrinsic(builder, "masked.store", ir.VoidType(), [stored, where, constant(I32, size), mask], stored.type, PTR)


def read_one(builder: Any, place: Place, index: Any) -> Value:
    """One element."""
    dtype = place.operand.dtype
    return widen(builder, builder.load(_at(builder, place, index), typ=MEMORY[dtype], align=place.operand.size), dtype)


def write_one(builder: Any, place: Place, index: Any, value: Value) -> None:
    """Store one element."""
    builder.store(narrow(builder, value, place.operand.dtype), _at(builder, place, index), align=place.operand.size)
