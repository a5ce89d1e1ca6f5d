"""Conversions between floats and integers, rounded or saturated as PTX says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .kinds import KINDS, Fault

Array = Any
Function = Callable[..., Array]
_FLOATS = {"f16", "bf16", "f32", "f64"}
_WHOLE = {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}


def to_bfloat16(x: Array) -> Array:
    """The bits of bfloat16 nearest to float32, ties to even."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)
    return np.where(np.isnan(x), np.uint16(0x7FFF), rounded.astype(np.uint16))


def from_bfloat16(bits: Array) -> Array:
    """The float32 of bfloat16 bits."""
    return (np.asarray(bits).astype(np.uint32) << np.uint32(16)).view(np.float32)


def _to_half(x: Array) -> Array:
    return np.asarray(x).astype(np.float16).view(np.uint16)


def _saturated(kind: np.dtype[Any], source: np.dtype[Any], whole: Function) -> Function:
    """A float to an integer: the nearest there is, and for NaN 0 or, with 64 bits on either side, the sign bit alone."""
    info = np.iinfo(kind)
    nothing = 0 if max(kind.itemsize, source.itemsize) < 8 else info.min or 1 << 63 >> (64 - 8 * kind.itemsize)

    def convert(x: Array) -> Array:
        x = whole(np.asarray(x).astype(np.float64))
        above, below = x >= float(info.max), x <= float(info.min)
        inner = np.where(above | below | np.isnan(x), 0.0, x).astype(kind)
        result = np.where(above, kind.type(info.max), np.where(below, kind.type(info.min), inner))
        return np.where(np.isnan(x), kind.type(nothing), result)

    return convert


def _between_floats(result: str, source: str, rounding: tuple[str, ...]) -> Function:
    narrowing = KINDS[result].itemsize < KINDS[source].itemsize
    if result == source and rounding and rounding[0] in _WHOLE:
        whole: Function = _WHOLE[rounding[0]]
        return lambda x: whole(np.asarray(x))
    if rounding != (("rn",) if narrowing else ()):
        raise Fault(f"a conversion from {source} to {result} that is not rounded to nearest, or needs no rounding")
    if result == "bf16":
        if source != "f32":
            raise Fault("bfloat16 is told from float32 only")
        return to_bfloat16
    if source == "bf16":
        return lambda x: from_bfloat16(x).astype(KINDS[result])
    return lambda x: np.asarray(x).astype(KINDS[result])


def _packed(result: str) -> Function:
    pack = to_bfloat16 if result == "bf16x2" else _to_half
    return lambda high, low: (pack(high).astype(np.uint32) << np.uint32(16)) | pack(low)


def conversion(parts: tuple[str, ...]) -> tuple[np.dtype[Any], list[np.dtype[Any]], Function]:
    """The type of the result, those of the operands, and the function, of cvt."""
    rounding, (result, source) = parts[1:-2], parts[-2:]
    if result not in KINDS or source not in KINDS:
        raise Fault("unknown opcode")
    kind, other = KINDS[result], KINDS[source]
    if result in ("f16x2", "bf16x2"):
        if source != "f32" or rounding != ("rn",):
            raise Fault("unknown opcode")
        return kind, [other, other], _packed(result)
    if result in _FLOATS and source in _FLOATS:
        return kind, [other], _between_floats(result, source, rounding)
    if source in _FLOATS:
        if len(rounding) != 1 or rounding[0] not in _WHOLE or source == "bf16":
            raise Fault("unknown rounding of a conversion")
        return kind, [other], _saturated(kind, other, _WHOLE[rounding[0]])
    if rounding != (("rn",) if result in _FLOATS else ()) or result == "bf16":
        raise Fault("unknown rounding of a conversion")
    return kind, [other], lambda x: np.asarray(x).astype(kind)
