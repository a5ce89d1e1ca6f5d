"""Shapes and strides of operands, brought to the fewest axes that all can be walked along."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

Layout = tuple[tuple[int, ...], tuple[int, ...]]
"""Shape and byte strides of an array."""


_HEAD = object.__basicsize__


def address(a: Any) -> int:
    """Of an array's first element: the first field of NumPy's array object, which is fixed; `a.ctypes` takes seven times as long."""
    return ctypes.c_void_p.from_address(id(a) + _HEAD).value or 0


def layouts(arrays: Sequence[Any]) -> tuple[Layout, ...]:
    """Of each array, as a key for what depends on the layouts alone."""
    return tuple([(a.shape, a.strides) for a in arrays])


def spread(layout: Layout, shape: tuple[int, ...]) -> list[int]:
    """Strides of an array broadcast to `shape`."""
    lead = len(shape) - len(layout[0])
    return [0] * lead + [0 if n == 1 else s for n, s in zip(*layout, strict=True)]


def dense(shape: tuple[int, ...], size: int) -> Layout:
    """A C-contiguous array's layout."""
    strides: list[int] = []
    for n in reversed(shape):
        strides.insert(0, size)
        size *= max(n, 1)
    return shape, tuple(strides)


def coalesce(shape: Sequence[int], strides: list[list[int]]) -> tuple[list[int], list[list[int]]]:
    """Drop axes of length 1 and merge neighbours that every operand runs through in one stride."""
    kept: list[int] = []
    merged: list[list[int]] = [[] for _ in strides]
    for d, n in enumerate(shape):
        if n == 1:
            continue
        if kept and all(m[-1] == s[d] * n for m, s in zip(merged, strides, strict=True)):
            kept[-1] *= n
            for m, s in zip(merged, strides, strict=True):
                m[-1] = s[d]
        else:
            kept.append(n)
            for m, s in zip(merged, strides, strict=True):
                m.append(s[d])
    return (kept, merged) if kept else ([1], [[0] for _ in strides])
