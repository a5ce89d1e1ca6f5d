"""The numbers of a picture, without matplotlib: where to look, values and derivatives, and errors in ulp of float32."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastact import reference
from fastact.activation import Activation
from fastact.record import Record, at
from fastact.verify.judge import errors, largest_term

Array = np.ndarray[Any, np.dtype[Any]]

HALF = 5.0
POINTS, STEPS, EACH = 600, 160, 256
"""Points of a curve; steps of the errors, and float32 numbers looked at in each."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Pieces between kinks, with NaN between them: places, values and derivatives; and the same at each kink."""

    x: Array
    y: Array
    d: Array
    kinks: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Errors:
    """The largest error in each step, of the function and of the derivative; `judge` says against what."""

    edges: Array
    forward: Array
    derivative: Array
    judge: str

    @property
    def told(self) -> str:
        """What was looked at."""
        return f"error in ulp at {STEPS * EACH} float32, against {self.judge}"


def window(record: Record, params: tuple[float, ...]) -> tuple[float, float]:
    """Where the function bends, and some more on both sides."""
    places = [at(kink.at, *params) for kink in record.kinks] + [at(root, *params) for root in record.roots]
    inside = [p for p in places if np.isfinite(p)]
    return min([-HALF, *(1.4 * p for p in inside)]), max([HALF, *(1.4 * p for p in inside)])


def heights(record: Record, curve: Curve, params: tuple[float, ...]) -> tuple[float, float]:
    """What of the values is shown: all, unless they grow much faster than x; finite ends of the range are never cut."""
    most = float(np.nanmax(abs(curve.x)))
    ends = [v for v in (at(record.range.low, *params), at(record.range.high, *params)) if abs(v) <= most]
    shown = np.concatenate([curve.y, curve.d, ends])
    shown = np.clip(shown[np.isfinite(shown)], -most, most)
    low, high = float(shown.min()), float(shown.max())
    margin = 0.06 * (high - low or 1.0)
    return low - margin, high + margin


def curve(f: Activation, params: tuple[float, ...], low: float, high: float) -> Curve:
    """Values and derivatives in float32, from just after a kink to just before the next."""
    kinks = sorted({float(np.float32(at(kink.at, *params))) for kink in f.record.kinks})
    stops = [low, *(k for k in kinks if low < k < high), high]
    pieces: list[Array] = []
    for first, last in itertools.pairwise(stops):
        piece = np.linspace(first, last, max(8, round(POINTS * (last - first) / (high - low)))).astype(np.float32)
        piece[0], piece[-1] = np.nextafter(piece[0], np.float32(np.inf)), np.nextafter(piece[-1], np.float32(-np.inf))
        pieces += [piece, np.array([np.nan], np.float32)]
    x = np.concatenate(pieces[:-1])
    y, d = f.value_and_grad(x, *params)
    values, slopes = f.value_and_grad(np.array(kinks, np.float32), *params)
    return Curve(x, y, d, tuple(zip(kinks, values.tolist(), slopes.tolist(), strict=True)))


def _judges(f: Activation) -> tuple[Callable[..., Array], Callable[..., Array], str]:
    """The best reference at hand for the value and for the derivative, and its name."""
    try:
        known = f.record.in_long_double and f.record.in_reference in reference.names()
    except ImportError:
        known = False
    if known:
        return f.reference, f.reference_derivative, "the C reference in long double"
    return f, f.derivative, "itself in float64"


def worst(f: Activation, params: tuple[float, ...], low: float, high: float) -> Errors:
    """The largest error of `EACH` float32 numbers in each of `STEPS` steps."""
    edges = np.linspace(low, high, STEPS + 1)
    x = np.linspace(edges[:-1], edges[1:], EACH, endpoint=False, axis=1).astype(np.float32)
    rounded = tuple(float(np.float32(p)) for p in params)
    forward, derivative, judge = _judges(f)
    wide = x.astype(np.float64)
    y, d = f.value_and_grad(x, *params)
    found = errors(y, np.asarray(forward(wide, *rounded)))
    slopes = errors(d, np.asarray(derivative(wide, *rounded)), largest_term(f.record, 0, wide, rounded))
    within = abs(wide) <= at(f.record.reach, *rounded)
    steps, slope_steps = (np.where(within, e, 0).max(axis=1).astype(np.float64) for e in (found, slopes))
    return Errors(edges, steps, slope_steps, judge)
