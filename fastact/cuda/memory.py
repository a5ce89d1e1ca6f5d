"""Elements in device memory: 16 bytes at a time or one by one, widened to the computing width and rounded once on the way back."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from fastact.directions import Storage
from fastact.numerics.emit import DOUBLE, FLOAT, HALF, I16, I32, constant

WIDE = 16
"""Bytes of the widest access of a thread."""

_PACK = {"float16": "cvt.rn.f16x2.f32 $0, $1, $2;", "bfloat16": "cvt.rn.bf16x2.f32 $0, $1, $2;"}
_ONE = {"float16": "cvt.rn.f16.f32 $0, $1;", "bfloat16": "cvt.rn.bf16.f32 $0, $1;"}
_MEMORY = {"float16": I16, "bfloat16": I16, "float32": FLOAT, "float64": DOUBLE}
_REAL = {"float32": FLOAT, "float64": DOUBLE}


def lanes(storage: Storage) -> int:
    """Elements in 16 bytes."""
    return WIDE // storage.size


def real(storage: Storage) -> Any:
    """The LLVM type that an element is computed in."""
    return _REAL[storage.width]


def _widen(builder: Any, word: Any, storage: Storage) -> Any:
    """One element from its 16 bits."""
    if storage.dtype == "float16":
        return builder.fpext(builder.bitcast(word, HALF), FLOAT)
    return builder.bitcast(builder.shl(builder.zext(word, I32), constant(I32, 16)), FLOAT)


def _halves(builder: Any, word: Any, storage: Storage) -> list[Any]:
    """Two elements from a word of 32 bits."""
    if storage.dtype == "bfloat16":
        low, high = builder.shl(word, constant(I32, 16)), builder.and_(word, constant(I32, 0xFFFF0000))
        return [builder.bitcast(part, FLOAT) for part in (low, high)]
    low, high = builder.trunc(word, I16), builder.trunc(builder.lshr(word, constant(I32, 16)), I16)
    return [_widen(builder, part, storage) for part in (low, high)]


def load_wide(builder: Any, base: Any, index: Any, storage: Storage) -> list[Any]:
    """The elements of vector `index`, by one access."""
    packed = storage.size == 2
    kind = ir.VectorType(I32, 4) if packed else ir.VectorType(_MEMORY[storage.dtype], lanes(storage))
    vector = builder.load(builder.gep(base, [index], source_etype=kind), typ=kind, align=WIDE)
    parts = [builder.extract_element(vector, constant(I32, k)) for k in range(kind.count)]
    return [v for word in parts for v in _halves(builder, word, storage)] if packed else parts


def store_wide(builder: Any, base: Any, index: Any, values: list[Any], storage: Storage) -> None:
    """Round and store a vector by one access."""
    if storage.size == 2:
        pack = ir.InlineAsm(ir.FunctionType(I32, [FLOAT, FLOAT]), _PACK[storage.dtype], "=r,f,f", side_effect=False)
        values = [builder.call(pack, [high, low]) for low, high in zip(values[::2], values[1::2], strict=True)]
    kind = ir.VectorType(values[0].type, len(values))
    vector = ir.Constant(kind, ir.Undefined)
    for k, value in enumerate(values):
        vector = builder.insert_element(vector, value, constant(I32, k))
    builder.store(vector, builder.gep(base, [index], source_etype=kind), align=WIDE)


def load_one(builder: Any, address: Any, storage: Storage) -> Any:
    """The element at an address."""
    value = builder.load(address, typ=_MEMORY[storage.dtype], align=storage.size)
    return _widen(builder, value, storage) if storage.size == 2 else value


def rounded(builder: Any, value: Any, storage: Storage) -> Any:
    """A value of float32 as one of 16 bits holds it."""
    word = builder.call(ir.InlineAsm(ir.FunctionType(I16, [FLOAT]), _ONE[storage.dtype], "=h,f", side_effect=False), [value])
    return _widen(builder, word, storage)


def store_one(builder: Any, address: Any, value: Any, storage: Storage) -> None:
    """Round and store an element."""
    if storage.size == 2:
        value = builder.call(ir.InlineAsm(ir.FunctionType(I16, [FLOAT]), _ONE[storage.dtype], "=h,f", side_effect=False), [value])
    builder.store(value, address, align=storage.size)


def element(builder: Any, base: Any, index: Any, storage: Storage) -> Any:
    """Address of an element."""
    return builder.gep(base, [index], source_etype=_MEMORY[storage.dtype])
