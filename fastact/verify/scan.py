"""The compiled pass of `fastact verify`: errors of a chunk, the worst of them, and what a function must never do.

A key is a float's place in the order of all floats of its dtype: neighbouring keys are neighbouring floats.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Array = np.ndarray[Any, np.dtype[Any]]

KEPT = 1000
"""Worst points that a scan keeps."""

JUDGED, OVER, FILLED, NANS, FIRST_NAN, OUTSIDE, FIRST_OUTSIDE, BACK, FIRST_BACK, COUNTS = range(10)
"""Words of the counts; a first one is a key, the least of its kind."""

NONE = np.iinfo(np.int64).max
"""In place of a key that is not there; no finite float has it, for float64's keys are kept less 2^63."""

_MINEXP = -126
_SPACINGS = np.ldexp(1.0, 23 - np.arange(_MINEXP, 1024))  # 1 / ulp of float32 by exponent, also past its largest


def values(keys: Array, dtype: np.dtype[Any]) -> Array:
    """The floats at int64 `keys`, of which 0 is +0."""
    unsigned = np.dtype(f"u{dtype.itemsize}")
    least = np.int64(-1) << np.int64(8 * dtype.itemsize - 1)
    return np.where(keys < 0, np.bitwise_xor(np.invert(keys), least), keys).astype(unsigned).view(dtype)


def keys(x: Array) -> Array:
    """The int64 keys of floats."""
    signed = x.view(f"i{x.dtype.itemsize}").astype(np.int64)
    largest = np.int64(2 ** (8 * x.dtype.itemsize - 1) - 1)
    return np.where(signed < 0, np.bitwise_xor(signed, largest), signed)


@njit(nogil=True, error_model="numpy")
def _ulps(y: Any, t: Any, bits: Any, least_bits: Any) -> Any:
    """|y - t| in ulp of float32, for t in double; infinity is right where t rounds to it."""
    size = max(bits & 0x7FFFFFFFFFFFFFFF, least_bits)
    if np.isnan(y):
        return 0.0 if np.isnan(t) else np.inf
    if np.isinf(y):
        return 0.0 if np.float32(t) == y else np.inf
    exponent = max((size >> 52) - 1023, _MINEXP)
    if exponent == 1024:
        return np.inf
    return abs(np.float64(y) - t) * _SPACINGS[exponent - _MINEXP]


@njit(nogil=True, error_model="numpy")
def _keep(error: Any, key: Any, filled: Any, worst: Any, where: Any) -> Any:
    """Put an error on the heap whose top is the least of the worst; returns how many are on it."""
    if filled < len(worst):
        k = filled
        while k > 0 and worst[(k - 1) // 2] > error:
            worst[k], where[k] = worst[(k - 1) // 2], where[(k - 1) // 2]
            k = (k - 1) // 2
        worst[k], where[k] = error, key
        return filled + 1
    k = 0
    while True:
        child = 2 * k + 1
        if child >= filled:
            break
        if child + 1 < filled and worst[child + 1] < worst[child]:
            child += 1
        if worst[child] >= error:
            break
        worst[k], where[k] = worst[child], where[child]
        k = child
    worst[k], where[k] = error, key
    return filled


@njit(nogil=True, error_model="numpy")
def scan(keys: Any, spans: Any, y: Any, judges: Any, budget: Any, bounds: Any, monotone: Any, into: Any) -> None:
    """Judge y from spans[0] on; its errors count from spans[1] to before spans[2].

    `judges` are the bits of the true values in double, from spans[1] on; those of the terms, of which a single one is for all;
    and errors instead, if they are known. `into` are counts, the errors of the worst, and their keys.
    """
    start, first, last = spans
    truth, least, given = judges
    counts, worst, where = into
    filled = counts[FILLED]
    number = truth.view(np.float64)
    for i in range(start, len(y)):
        value = y[i]
        if np.isnan(value):
            counts[NANS] += 1
            counts[FIRST_NAN] = min(counts[FIRST_NAN], keys[i])
        if np.isfinite(value) and (value < bounds[0] or value > bounds[1]):
            counts[OUTSIDE] += 1
            counts[FIRST_OUTSIDE] = min(counts[FIRST_OUTSIDE], keys[i])
        if monotone and i > 0 and value < y[i - 1]:
            counts[BACK] += 1
            counts[FIRST_BACK] = min(counts[FIRST_BACK], keys[i])
        if i < first or i >= last:
            continue
        counts[JUDGED] += 1
        if len(given):
            error = given[i - first]
        else:
            k = i - first
            error = _ulps(value, number[k], truth[k], least[k if len(least) > 1 else 0])
        if error > budget:
            counts[OVER] += 1
        if error > 0 and (filled < len(worst) or error > worst[0]):
            filled = _keep(error, keys[i], filled, worst, where)
    counts[FILLED] = filled
