"""The picture of a gated unit: a map of f(a)·b with contours, and below it errors along a."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastact import reference
from fastact.gates import Gate
from fastact.pictures.curves import EACH, STEPS, Errors
from fastact.pictures.panels import caption, panel, ulps
from fastact.pictures.style import SMALL, TEXT, Style
from fastact.verify.judge import errors

HALF = 4.0
_SIDE = 241
_LEVELS = (-8, -4, -2, -1, -0.5, 0.5, 1, 2, 4, 8)


def worst(gate: Gate, params: tuple[float, ...]) -> Errors:
    """The largest error in each step of a, of y and of dy/da, for b from -`HALF` to `HALF`."""
    edges = np.linspace(-HALF, HALF, STEPS + 1)
    a = np.linspace(edges[:-1], edges[1:], EACH, endpoint=False, axis=1).astype(np.float32)
    b = np.random.default_rng(0).uniform(-HALF, HALF, a.shape).astype(np.float32)
    y, da, _ = gate.value_and_grad(a, b, *params)
    truths = reference.gate(gate.record.factors, a, b, *(float(np.float32(p)) for p in params))
    least = abs(b.astype(np.longdouble)) * np.finfo(np.float32).smallest_normal
    forward, derivative = (errors(v, t, least).max(axis=1).astype(np.float64) for v, t in zip((y, da), truths, strict=False))
    return Errors(edges, forward, derivative, "the C reference in long double")


def field(axes: Any, gate: Gate, params: tuple[float, ...], style: Style) -> Any:
    """The values as colours; returns the places along a side and the values."""
    from matplotlib.colors import LinearSegmentedColormap, SymLogNorm

    side = np.linspace(-HALF, HALF, _SIDE, dtype=np.float32)
    y = gate(side[None, :], side[:, None], *params)
    most = max(float(abs(y).max()), 1.0)
    colours, norm = LinearSegmentedColormap.from_list("values", style.diverging), SymLogNorm(1.0, vmin=-most, vmax=most)
    axes.imshow(y, cmap=colours, norm=norm, extent=(-HALF, HALF, -HALF, HALF), origin="lower", aspect="auto", interpolation="bilinear")
    return side, y


def draw(figure: Any, gate: Gate, params: tuple[float, ...], style: Style, *, left: float, width: float) -> None:
    """The map above the errors."""
    above = panel(figure, (left + 0.03, 0.355, width - 0.03, 0.49), style)
    above.grid(visible=False)
    side, y = field(above, gate, params, style)
    levels = [level for level in _LEVELS if abs(level) < abs(y).max()]
    lines = above.contour(side, side, y, levels=levels, colors=style.ink, linewidths=0.6)
    above.clabel(lines, fontsize=SMALL, fmt=lambda v: f"{v:g}".replace("-", "−"))
    above.set_xlabel("a", fontsize=TEXT, color=style.faint, labelpad=0)
    above.set_ylabel("b", fontsize=TEXT, color=style.faint, labelpad=0, rotation=0)
    below = panel(figure, (left, 0.055, width, 0.18), style)
    found = worst(gate, params)
    ulps(below, gate.record, found, style, ("y", "∂y/∂a"))
    caption(figure, 0.25, [(found.told, style.ink)], left=left)
