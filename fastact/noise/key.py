"""The key of a random draw, as users give it and as the generator takes it."""

from __future__ import annotations

from typing import Any

import numpy as np

Key = np.ndarray[Any, np.dtype[np.uint64]]
_ACCEPTED = "a whole number from 0 to 2^64 - 1, the seed, or a pair of such numbers, seed and stream"


def key(call: str, rng: Any) -> Key:
    """Seed and stream as two words, for the `rng` of `call`."""
    numbers = rng if isinstance(rng, tuple) else (rng, 0)
    if len(numbers) != 2 or not all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in numbers):
        raise TypeError(f"{call}: rng is {rng!r}; accepted is {_ACCEPTED}")
    if not all(0 <= int(n) < 2**64 for n in numbers):
        raise ValueError(f"{call}: rng is {rng!r}; accepted is {_ACCEPTED}")
    return np.array([int(n) for n in numbers], np.uint64)
