"""Arithmetic on integers and bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .kinds import KINDS, Fault

Array = Any
Function = Callable[..., Array]
_BYTES = [np.uint32(8 * k) for k in range(4)]


def _wide(kind: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(f"{kind.kind}{2 * kind.itemsize}")


def _high(a: Array, b: Array) -> Array:
    """The upper half of a product."""
    kind = a.dtype
    if kind.itemsize < 8:
        wide = _wide(kind)
        return (a.astype(wide) * b.astype(wide) >> wide.type(8 * kind.itemsize)).astype(kind)
    x, y = a.astype(np.uint64), b.astype(np.uint64)
    half, low = np.uint64(32), np.uint64(0xFFFFFFFF)
    cross = (x & low) * (y & low) >> half
    first = (x >> half) * (y & low) + cross
    second = (x & low) * (y >> half) + (first & low)
    high = (x >> half) * (y >> half) + (first >> half) + (second >> half)
    if kind.kind == "i":
        high = high - np.where(a < 0, y, np.uint64(0)) - np.where(b < 0, x, np.uint64(0))
    return high.astype(kind)


def _quotient(a: Array, b: Array) -> Array:
    """a / b towards 0; all ones for b = 0, as the hardware happens to give."""
    safe = np.where(b == 0, b.dtype.type(1), b)
    quotient = a // safe
    if a.dtype.kind == "i":
        quotient = quotient + ((quotient * safe != a) & ((a < 0) != (safe < 0)))
    return np.where(b == 0, np.invert(np.zeros_like(quotient)), quotient).astype(a.dtype)


def _shift(function: Function) -> Function:
    """A shift whose amount is clamped to the width."""

    def shift(a: Array, amount: Array) -> Array:
        bits = 8 * a.dtype.itemsize
        within = function(a, np.minimum(amount, np.uint32(bits - 1)).astype(a.dtype))
        if function is np.right_shift and a.dtype.kind == "i":
            return within
        return np.where(amount < bits, within, a.dtype.type(0))

    return shift


def _funnel(left: bool, wrap: bool) -> Function:
    """The upper (left) or lower half of high:low, shifted by the amount."""

    def shift(low: Array, high: Array, amount: Array) -> Array:
        both = low.astype(np.uint64) | (high.astype(np.uint64) << np.uint64(32))
        by = (amount & np.uint32(31) if wrap else np.minimum(amount, np.uint32(32))).astype(np.uint64)
        return ((both << by) >> np.uint64(32) if left else both >> by).astype(np.uint32)

    return shift


def _extract(a: Array, position: Array, length: Array) -> Array:
    """bfe: a field, extended by its sign where the type has one."""
    bits = np.uint32(8 * a.dtype.itemsize)
    start, count = np.minimum(position & np.uint32(255), bits), length & np.uint32(255)
    above = bits - np.minimum(start + count, bits)
    field = _shift(np.right_shift)(_shift(np.left_shift)(a, above), above + start)
    return np.where(count == 0, a.dtype.type(0), field)


def _insert(a: Array, b: Array, position: Array, length: Array) -> Array:
    """bfi: the low bits of a put into b."""
    bits, one = 8 * b.dtype.itemsize, b.dtype.type(1)
    start, count = position & np.uint32(255), length & np.uint32(255)
    ones = _shift(np.left_shift)(np.full_like(b, one), count) - one
    mask = _shift(np.left_shift)(np.where(count >= bits, np.invert(np.zeros_like(b)), ones), start)
    return (b & ~mask) | (_shift(np.left_shift)(a, start) & mask)


def _permute(a: Array, b: Array, selector: Array) -> Array:
    """prmt: four of the eight bytes of b:a, or their signs."""
    both = a.astype(np.uint64) | (b.astype(np.uint64) << np.uint64(32))
    result = np.zeros(both.shape, np.uint32)
    for k in range(4):
        nibble = (selector >> np.uint32(4 * k)) & np.uint32(15)
        byte = ((both >> ((nibble & np.uint32(7)).astype(np.uint64) * np.uint64(8))) & np.uint64(255)).astype(np.uint32)
        byte = np.where(nibble > 7, (byte >> np.uint32(7)) * np.uint32(255), byte)
        result = result | (byte << _BYTES[k])
    return result


def _lookup(a: Array, b: Array, c: Array, table: Array) -> Array:
    """lop3: bit by bit the entry a:b:c of the table."""
    result = np.zeros_like(a | b | c)
    for k in range(8):
        if int(np.ravel(table)[0]) >> k & 1:
            result = result | ((a if k & 4 else ~a) & (b if k & 2 else ~b) & (c if k & 1 else ~c))
    return result


def _leading(a: Array) -> Array:
    count, found = np.zeros(np.shape(a), np.uint32), np.zeros(np.shape(a), np.bool_)
    for k in reversed(range(8 * a.dtype.itemsize)):
        found = found | ((a >> a.dtype.type(k)) & a.dtype.type(1)).astype(np.bool_)
        count = count + ~found
    return count.astype(np.uint32)


def _reversed(a: Array) -> Array:
    result, bits = np.zeros_like(a), 8 * a.dtype.itemsize
    for k in range(bits):
        result = result | (((a >> a.dtype.type(k)) & a.dtype.type(1)) << a.dtype.type(bits - 1 - k))
    return result


_PLAIN: dict[str, tuple[int, Function]] = {
    "add": (2, np.add),
    "sub": (2, np.subtract),
    "mul.lo": (2, np.multiply),
    "mul.hi": (2, _high),
    "mad.lo": (3, lambda a, b, c: a * b + c),
    "mad.hi": (3, lambda a, b, c: _high(a, b) + c),
    "div": (2, _quotient),
    "rem": (2, lambda a, b: a - _quotient(a, b) * b),
    "min": (2, np.minimum),
    "max": (2, np.maximum),
    "neg": (1, np.negative),
    "abs": (1, np.abs),
    "and": (2, np.bitwise_and),
    "or": (2, np.bitwise_or),
    "xor": (2, np.bitwise_xor),
    "not": (1, np.invert),
    "brev": (1, _reversed),
}
_WIDE: dict[str, tuple[int, Function]] = {
    "mul.wide": (2, lambda a, b: a.astype(_wide(a.dtype)) * b.astype(_wide(a.dtype))),
    "mad.wide": (3, lambda a, b, c: a.astype(_wide(a.dtype)) * b.astype(_wide(a.dtype)) + c),
}
_COUNTS: dict[str, Function] = {"clz": _leading, "popc": lambda a: np.bitwise_count(a).astype(np.uint32)}
_SHIFTS: dict[str, Function] = {"shl": _shift(np.left_shift), "shr": _shift(np.right_shift)}
_FIELDS: dict[str, tuple[str, Function]] = {
    "bfe": (".uu", _extract),
    "bfi": ("..uu", _insert),
    "prmt": ("...", _permute),
    "lop3": ("...u", _lookup),
    **{f"shf.{side}.{mode}": ("..u", _funnel(side == "l", mode == "wrap")) for side in "lr" for mode in ("wrap", "clamp")},
}


def arithmetic(parts: tuple[str, ...]) -> tuple[np.dtype[Any], list[np.dtype[Any]], Function]:
    """The type of the result, those of the operands, and the function, of an opcode on integers, bits or predicates."""
    name, kind = ".".join(parts[:-1]), KINDS[parts[-1]]
    if kind == np.bool_ and parts[0] not in ("and", "or", "xor", "not"):
        raise Fault("unknown opcode")
    if name in _PLAIN:
        count, function = _PLAIN[name]
        return kind, [kind] * count, function
    if name in _WIDE:
        count, function = _WIDE[name]
        return _wide(kind), [kind, kind, _wide(kind)][:count], function
    if name in _SHIFTS:
        return kind, [kind, np.dtype(np.uint32)], _SHIFTS[name]
    if name in _COUNTS:
        return np.dtype(np.uint32), [kind], _COUNTS[name]
    if name.removesuffix(".b32") in _FIELDS:
        operands, function = _FIELDS[name]
        return kind, [np.dtype(np.uint32) if o == "u" else kind for o in operands], function
    raise Fault("unknown opcode")
