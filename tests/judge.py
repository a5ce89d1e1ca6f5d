"""Points that reach every corner of a function, and the exact error of a value there, in units in the last place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from mpmath import mpf

import fastact
from fastact import oracle
from fastact.record import at
from fastact.verify.judge import exact_error as ulps
from fastact.verify.judge import largest_term

LARGEST = np.finfo(np.float64).max
TINY = np.finfo(np.float64).smallest_subnormal
SPECIAL = [0.0, -0.0, TINY, -TINY, 2.2250738585072014e-308, -2.2250738585072014e-308, 1e-20, -1e-20, 1.0, -1.0, LARGEST, -LARGEST]
ROOTS = [
    -1.2784645427610738,  # silu'
    -1.1924312145154952,  # mish'
    -0.7861513777574233,  # dish'
    -0.7524614220710163,  # gelu_tanh'
    -0.7517915246935645,  # gelu'
    -0.751154255441289,  # quick_gelu'
]
KINKS = [-3.0, -1.5, -1.0, 1.0, 3.0, 6.0]
LANDMARKS = [-1.25, -0.75, -0.25, 0.25, 8.0, -8.0, -100.0, -200.0, 200.0, -600.0, *KINKS, *ROOTS]
TAILS = [
    (-12.0, 12.0),
    (-39.0, -36.0),
    (-760.0, -690.0),
    (-152.0, -149.0),
    (-11420.0, -11340.0),
    (-60.0, 60.0),
    (-1.76, -0.25),
    (-1e-3, 1e-3),
]


def points(seed: int, count: int, near: Iterable[float] = ()) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Finite float64: `count` uniform over all bit patterns, as many over the tails, and the neighbours of every landmark."""
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2**64, count, dtype=np.uint64, endpoint=False).view(np.float64)
    tails = [rng.uniform(low, high, count // len(TAILS)) for low, high in TAILS]
    marks = np.array([*LANDMARKS, *near])
    close = [
        marks,
        np.nextafter(marks, -np.inf),
        np.nextafter(marks, np.inf),
        *(marks + s * 2.0**-k for k in (8, 10, 20, 40) for s in (1, -1)),
    ]
    x = np.concatenate([bits, *tails, *close, SPECIAL])
    return x[np.isfinite(x)]


def least(name: str, order: int, x: Any, params: tuple[float, ...]) -> Any:
    """The largest term of a derivative, as the record has it; one by a parameter may be anything beyond 2^29 reaches."""
    record = getattr(fastact, name).record
    if not record.terms or not order:
        return 0
    if order > 1 and abs(x) > 2.0**29 * at(record.reach, *params):
        return mpf(2) ** 10**6
    return oracle.exact(largest_term(record, order - 1, np.array(x), params))


def worst(y: Sequence[Any], truth: Sequence[Any], x: Sequence[Any], floor: Sequence[Any] | None = None) -> tuple[float, Any]:
    """Largest error and where it is; `floor` are the sizes that `least` gives."""
    found = zip(y, truth, x, floor or [0] * len(x), strict=True)
    return max(((ulps(a, b, size), place) for a, b, place, size in found), key=lambda pair: pair[0])
