"""The picture of a function with noise: where nine of ten values are, some draws, and the mean where it has a closed form."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastact.noise.unit import Noisy
from fastact.pictures.panels import caption, panel
from fastact.pictures.style import Style

HALF = 5.0
_POINTS, _DRAWS, _SEED = 401, 512, 7


def cloud(axes: Any, f: Noisy, params: tuple[float, ...], style: Style, *, line: float) -> None:
    """The draws, and the mean as a line of that width; `params` are all but the noise."""
    named = {p.name: value for p, value in zip(f.params[1:], params, strict=True)}
    x = np.linspace(-HALF, HALF, _POINTS, dtype=np.float32)
    y = f(np.broadcast_to(x, (_DRAWS, _POINTS)), rng=_SEED, **named)
    low, high = np.quantile(y, [0.05, 0.95], axis=0)
    axes.fill_between(x, low, high, color=style.value, alpha=0.16, linewidth=0, zorder=2)
    axes.plot(x, y[0], linestyle="", marker=".", markersize=1.4 * line, color=style.value, zorder=3)
    if f.mean is not None:
        axes.plot(x, f.expected(x, **named), color=style.slope, linewidth=line, solid_capstyle="round", zorder=4)


def draw(figure: Any, f: Noisy, params: tuple[float, ...], style: Style, *, left: float, width: float) -> None:
    """One panel."""
    mean = [("line: the mean", style.slope)] if f.mean else []
    caption(figure, 0.81, [("dots: a draw for each x", style.value), ("shade: nine of ten draws", style.value), *mean], left=left)
    axes = panel(figure, (left, 0.065, width, 0.72), style)
    axes.set_xlim(-HALF, HALF)
    axes.axhline(0, color=style.faint, linewidth=0.8, zorder=1)
    axes.axvline(0, color=style.faint, linewidth=0.8, zorder=1)
    cloud(axes, f, params, style, line=2.2)
