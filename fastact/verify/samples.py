"""Points of a sampled run, as keys: corners of the function, floats uniform over their bits and over where functions bend."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastact.record import Record, at
from fastact.verify import scan
from fastact.verify.judge import Array

LANDMARKS = (0.5, 1.0, 2.0, 4.0, 9.0, 10.0, 12.0, 17.0, 38.0, 60.0, 88.0, 89.0, 100.0, 104.0, 700.0, 710.0, 745.0, 1e4)
_NEAR = 3
"""Neighbours on each side."""


def places(info: Any, record: Record | None = None, params: tuple[float, ...] = ()) -> list[float]:
    """0, the ends of the subnormal, normal and function's ranges, kinks, roots and landmarks, of both signs; `info` is a finfo."""
    ends = [float(v) for v in (0, info.smallest_subnormal, info.smallest_normal, info.max, info.eps)]
    own = [*(kink.at for kink in record.kinks), *record.roots, record.range.low, record.range.high, record.reach] if record else []
    found = [v for v in (*ends, *LANDMARKS, *(float(at(value, *params)) for value in own)) if np.isfinite(v)]
    return [s * v for v in dict.fromkeys(found) for s in (1.0, -1.0)]


def edges(record: Record, dtype: np.dtype[np.floating], params: tuple[float, ...]) -> Array:
    """Neighbours of all `places`."""
    with np.errstate(over="ignore"):
        center = np.array(places(np.finfo(dtype), record, params)).astype(dtype)
    found = scan.keys(center[np.isfinite(center)])
    return np.concatenate([found + k for k in range(-_NEAR, _NEAR + 1)])


def sample(dtype: np.dtype[np.floating], count: int, seed: tuple[int, int]) -> Array:
    """Pairs of neighbours: half of them uniform over the bit patterns, a quarter over [-20, 20], a quarter over [-120, 120]."""
    rng = np.random.default_rng(seed)
    pairs = (count + 1) // 2
    bits = rng.integers(0, 2 ** (8 * dtype.itemsize), pairs - pairs // 2, dtype=f"u{dtype.itemsize}").view(dtype)
    near = rng.uniform(-20, 20, pairs // 4), rng.uniform(-120, 120, pairs // 2 - pairs // 4)
    found = scan.keys(np.concatenate([bits, *(v.astype(dtype) for v in near)]))
    largest = int(scan.keys(np.array([np.inf], dtype))[0]) - 1
    found = found[(found >= -largest - 1) & (found < largest)]
    return np.concatenate([found, found + 1])
