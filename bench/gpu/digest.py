"""A number that tells arrays of floats apart: the sum of a mixed word for each element, from its bits and its position.

Every NaN counts as the same one. Sums wrap at 2^64, so parts of an array may be summed in any order, also on a GPU.
"""

from __future__ import annotations

from typing import Any

import numpy as np

PLACE, FIRST, SECOND = 0xD1B54A32D192ED03, 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9
"""Odd multipliers of the position and of the two rounds."""

INFINITY = {"float16": 0x7C00, "bfloat16": 0x7F80, "float32": 0x7F800000, "float64": 0x7FF0000000000000}
QUIET = {"float16": 0x7E00, "bfloat16": 0x7FC0, "float32": 0x7FC00000, "float64": 0x7FF8000000000000}
SIZES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}
_CHUNK = 1 << 15


def words(bits: Any, dtype: str, first: int) -> Any:
    """The mixed words of elements, given as unsigned integers; `first` is the position of the first."""
    sign = np.array(~(1 << (8 * SIZES[dtype] - 1)) & 0xFFFFFFFFFFFFFFFF, np.uint64)
    wide = bits.astype(np.uint64)
    wide[(wide & sign) > np.uint64(INFINITY[dtype])] = QUIET[dtype]
    wide += np.arange(first, first + wide.size, dtype=np.uint64) * np.uint64(PLACE)
    for shift, factor in ((32, FIRST), (29, SECOND)):
        wide ^= wide >> np.uint64(shift)
        wide *= np.uint64(factor)
    return wide ^ (wide >> np.uint64(32))


def digest(values: Any, dtype: str, first: int = 0) -> int:
    """The number of an array in C order."""
    bits = np.ascontiguousarray(values).reshape(-1).view(f"u{SIZES[dtype]}")
    parts = (words(bits[k : k + _CHUNK], dtype, first + k).sum(dtype=np.uint64) for k in range(0, bits.size, _CHUNK))
    return sum(int(part) for part in parts) % 2**64
