"""The types of PTX in NumPy's terms, its literals, and the one exception of this package."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

RAW: dict[int, Any] = {1: np.dtype(np.uint8), 2: np.dtype(np.uint16), 4: np.dtype(np.uint32), 8: np.dtype(np.uint64)}
"""What a register or a word of memory is, by its size in bytes."""

KINDS: dict[str, Any] = {
    "pred": np.dtype(np.bool_),
    "f16": np.dtype(np.float16),
    "f32": np.dtype(np.float32),
    "f64": np.dtype(np.float64),
    "bf16": RAW[2],
    "f16x2": RAW[4],
    "bf16x2": RAW[4],
    **{f"{sign}{8 * size}": RAW[size] for sign in "bu" for size in RAW},
    **{f"s{8 * size}": np.dtype(f"i{size}") for size in RAW},
}


class Fault(Exception):  # noqa: N818
    """A program did what it must not, or what this interpreter does not know."""


def kind_of(parts: tuple[str, ...], last: int = 1) -> str:
    """The type named last in an opcode, or the one before it."""
    names = [p for p in parts[1:] if p in KINDS]
    if len(names) < last:
        raise Fault("no type in the opcode")
    return names[-last]


def literal(text: str, kind: np.dtype[Any]) -> Any:
    """A number of PTX: 0f and 0d with the bits of a float, decimal or 0x with those of an integer; cut to the type's size."""
    if kind == np.bool_:
        return np.bool_(int(text, 0) != 0)
    if match := re.fullmatch(r"0[fFdD]([0-9a-fA-F]{8}|[0-9a-fA-F]{16})", text):
        size = len(match[1]) // 2
        if size != kind.itemsize:
            raise Fault(f"{text} is no literal of {8 * kind.itemsize} bits")
        return RAW[size].type(int(match[1], 16)).view(kind)
    try:
        number = int(text.removesuffix("U"), 0)
    except ValueError:
        raise Fault(f"no operand that is known here: {text}") from None
    return RAW[kind.itemsize].type(number % (1 << (8 * kind.itemsize))).view(kind)
