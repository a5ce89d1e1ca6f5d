"""Where a compiled function or its derivative jumps: intervals of a grid, halved until only a jump is left."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastact.activation import Activation
from fastact.record import at

Array = np.ndarray[Any, np.dtype[Any]]
_MOST, _HALVINGS, _JUMP = 24, 60, 1e-5


def grid(activation: Activation, params: tuple[float, ...]) -> Array:
    """Where functions bend, and around the kinks and parameters."""
    marks = [0.0, *params, *(float(at(k.at, *params)) for k in activation.kinks)]
    parts = [np.linspace(-12, 12, 4801) + 1e-3 / 7, *(m + np.linspace(-1, 1, 400) for m in marks if np.isfinite(m))]
    reach = float(at(activation.record.reach, *params))
    found = np.unique(np.concatenate(parts))
    return found[abs(found) <= reach]


def jumps(activation: Activation, params: tuple[float, ...]) -> list[tuple[float, float, float, bool]]:
    """Each (place, derivative before, derivative after, whether f itself jumps)."""
    x = grid(activation, params)

    def both(points: Array) -> Array:
        y, d = activation.value_and_grad(points, *params)
        return np.stack([d, y])

    v = both(x)
    found: dict[float, tuple[float, float, float, bool]] = {}
    for which in range(2):
        with np.errstate(invalid="ignore"):
            change = np.nan_to_num(abs(np.diff(v[which])) / (1 + abs(v[which][1:])), posinf=0)
        first = np.argsort(-change)[:_MOST]
        low, high = x[first], x[first + 1]
        for _ in range(_HALVINGS):
            middle = low + (high - low) / 2
            a, b, c = (both(p)[which] for p in (low, middle, high))
            left = abs(b - a) >= abs(c - b)
            low, high = np.where(left, low, middle), np.where(left, middle, high)
        (before, _), (after, _) = (both(p) for p in (low, high))
        ends = both(low)[which], both(high)[which]
        for k in np.flatnonzero(abs(ends[1] - ends[0]) > _JUMP * np.maximum(1, abs(ends[1]))):
            place = float(high[k] if abs(high[k]) < abs(low[k]) else low[k])
            place = 0.0 if abs(place) < 1e-12 else place
            if not any(abs(place - other) <= 1e-9 * max(1, abs(place)) for other in found):
                found[place] = place, float(before[k]), float(after[k]), which == 1
    return sorted(found.values())
