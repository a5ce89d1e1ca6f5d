"""What the tests of the long double loops share: their inputs, and their results by the reference alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from cases import Array, call

from fastact import Activation, reference

LONG = np.dtype(np.longdouble)


def same(a: Any, b: Any) -> None:
    """Equal dtype, shape, values and signs; bytes beside the value are nobody's."""
    a, b = np.asarray(a), np.asarray(b)
    assert (a.dtype, a.shape) == (b.dtype, b.shape)
    wrong = ~((a == b) & (np.signbit(a) == np.signbit(b)) | np.isnan(a) & np.isnan(b))
    assert not wrong.any(), f"{wrong.sum()} of {wrong.size} differ, first {a[wrong][0]!r} instead of {b[wrong][0]!r}"


def ordinary(shape: Any, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    return rng.uniform(-20, 20, shape).astype(LONG) + rng.uniform(-1, 1, shape).astype(LONG) / 2**60


def expected(activation: Activation, direction: str, x: Array, params: Any, dy: Array) -> tuple[Array, ...]:
    """By the reference alone."""
    params = [np.asarray(p, LONG) for p in params]
    y, d = (np.asarray(f(activation.name, x, *params)) for f in (reference.forward, reference.derivative))
    with np.errstate(all="ignore"):
        dx = np.where((d == 0) & activation.record.flat, LONG.type(0), dy * d)
    return {"forward": (y,), "backward": (dx,), "derivative": (d,), "value_and_grad": (y, d)}[direction]


def check(activation: Activation, direction: str, x: Array, params: Any, dy: Array, **options: Any) -> None:
    wanted = expected(activation, direction, x, params, dy)
    for y, z in zip(call(activation, direction, x, *params, dy=dy, **options), wanted, strict=True):
        same(y.astype(LONG), z)
