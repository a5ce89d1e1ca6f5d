"""Parameters from arrays beside data in C order, where element i goes with ``p[(i // inner) % count]``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastact.cuda import memory
from fastact.cuda.elementwise import ANY, FIXED, RUN, SAME, divisor
from fastact.cuda.layouts import Shape
from fastact.directions import STORAGE

Words = tuple[np.uint32, ...]


def period(shape: Shape, strides: Shape, size: int) -> tuple[int, int] | None:
    """``(inner, count)`` of a parameter with these strides in bytes, or None if it does not repeat so."""
    inner, count, over = 1, 1, False
    for n, s in reversed([(n, s) for n, s in zip(shape, strides, strict=True) if n > 1]):
        if s == 0 and count == 1:
            inner *= n
        elif s == count * size and not over:
            count *= n
        elif s == 0:
            over = True
        else:
            return None
    return inner, count


def modes(dtype: str, shape: Shape, strides: Sequence[Shape | None]) -> tuple[str, tuple[Words, ...]] | None:
    """How `elementwise.flat` gets parameters, whose strides in bytes are None for values, and the words that follow each.

    None, if one does not repeat so. Their arrays begin at multiples of 16 bytes.
    """
    lanes, size = memory.lanes(STORAGE[dtype]), STORAGE[dtype].computed.size
    letters = ""
    words: list[Words] = []
    for own in strides:
        if own is None:
            letters, words = letters + FIXED, [*words, ()]
            continue
        found = period(shape, own, size)
        if found is None:
            return None
        inner, count = found
        mode = SAME if count == 1 or inner % lanes == 0 else RUN if inner == 1 and count % lanes == 0 else ANY
        letters, words = letters + mode, [*words, tuple(np.uint32(v) for v in (*divisor(inner), count, *divisor(count)))]
    return letters, tuple(words)
