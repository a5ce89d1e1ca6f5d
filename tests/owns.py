"""Activations as users write them, for the tests: `math`, NumPy, conditions, loops, helpers, and other activations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import fastact as fa

FACTOR = 0.5


def squared(u: Any) -> Any:
    return u**2


@fa.define
def rbf(x: Any, c: float = 0.0, s: float = 1.0) -> Any:
    """Radial basis unit."""
    u = (x - c) / s
    y = math.exp(-squared(u))
    slope = 2 * u / s * y
    return y, -slope, slope, slope * u


@fa.define(kinks=(0.0, 1), flat=True, range=(0, 1), monotone=True, source="folklore")
def ramp(x: Any) -> Any:
    if x <= 0:
        return x * 0, 0
    return (x, 1) if x < 1 else (x * 0 + 1, 0) if x < math.inf else (1, 0) if x == x else (x, x)  # noqa: PLR0124


def _swish(x: Any, beta: Any) -> Any:
    if x < 0:
        e = np.exp(beta * x)
        s = e / (1 + e)
    else:
        s = 1 / (1 + np.exp(-beta * x))
    return x * s, s * (1 + beta * x * (1 - s)), x * x * s * (1 - s)


naive_swish = fa.define(_swish, params={"beta": 1.0}, constant=("beta",), name="naive_swish")


@fa.define(odd=True)
def cubic(x: Any, a: Any) -> Any:
    y = 0
    for _ in range(3):
        y = y + FACTOR * a * x**3
    return y, 9 * FACTOR * a * x * x, 3 * FACTOR * x**3


@fa.define
def shifted_sigmoid(x: Any, c: float = 1.0) -> Any:
    y, d = fa.sigmoid.value_and_grad(x - c)
    return y, d, -d


OWN = (rbf, ramp, naive_swish, cubic, shifted_sigmoid)
