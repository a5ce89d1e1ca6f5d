"""Elements as bits, for kernels that compare and move them: 16 bytes at a time or one by one."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from fastact.numerics.emit import DOUBLE, FLOAT, HALF, I8, I16, I32, I64, constant

WORD = {"float16": I16, "bfloat16": I16, "float32": I32, "float64": I64, "uint8": I8, "int64": I64}
_FLOATS = {"float16": HALF, "float32": FLOAT, "float64": DOUBLE}
_WIDE = {I8: I32, I16: I32, I32: I32, I64: I64}


def number(b: Any, word: Any, dtype: str) -> Any:
    """The value that the bits of an element stand for."""
    if dtype == "bfloat16":
        return b.bitcast(b.shl(b.zext(word, I32), constant(I32, 16)), FLOAT)
    value = b.bitcast(word, _FLOATS[dtype])
    return b.fpext(value, FLOAT) if dtype == "float16" else value


def load(b: Any, address: Any, word: Any, lanes: int) -> list[Any]:
    """`lanes` neighbours, by one access for several."""
    if lanes == 1:
        return [b.load(address, typ=word, align=word.width // 8)]
    whole, bits = _access(word, lanes)
    vector = b.load(address, typ=whole, align=lanes * word.width // 8)
    parts = [b.extract_element(vector, constant(I32, k)) for k in range(whole.count)] if isinstance(whole, ir.VectorType) else [vector]
    each = bits.width // word.width
    return [_part(b, part, k, word) for part in parts for k in range(each)]


def store(b: Any, address: Any, words: list[Any]) -> None:
    """Neighbours, by one access for several."""
    word, lanes = words[0].type, len(words)
    if lanes == 1:
        b.store(words[0], address, align=word.width // 8)
        return
    whole, bits = _access(word, lanes)
    each = bits.width // word.width
    parts = []
    for start in range(0, lanes, each):
        part = constant(bits, 0)
        for k, w in enumerate(words[start : start + each]):
            part = b.or_(part, b.shl(b.zext(w, bits) if w.type != bits else w, constant(bits, k * word.width)))
        parts.append(part)
    value = parts[0]
    if isinstance(whole, ir.VectorType):
        value = ir.Constant(whole, ir.Undefined)
        for k, part in enumerate(parts):
            value = b.insert_element(value, part, constant(I32, k))
    b.store(value, address, align=lanes * word.width // 8)


def _access(word: Any, lanes: int) -> tuple[Any, Any]:
    """The type of one access, and of the words that it consists of."""
    size = lanes * word.width
    bits = ir.IntType(size) if size <= 32 else _WIDE[word]
    return (bits if bits.width == size else ir.VectorType(bits, size // bits.width)), bits


def _part(b: Any, word: Any, k: int, kind: Any) -> Any:
    return word if word.type == kind else b.trunc(b.lshr(word, constant(word.type, k * kind.width)), kind)
