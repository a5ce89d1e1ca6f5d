"""The pictures of the site as SVG, each in light and in dark: those of `fastact.plot`, and of functions that it does not draw."""

from __future__ import annotations

import dataclasses
import functools
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

import fastact as fa
from fastact import plot
from fastact.pictures.multiples import X as SHOWN
from fastact.pictures.multiples import cell
from fastact.pictures.panels import caption, empty, head, panel
from fastact.pictures.style import DARK, LIGHT, Style

X = np.linspace(-4, 4, 801)
Curves = dict[str, Any]
Draw = Callable[[Style], Figure]
SMALL = 1.8
"""Inches across of a picture of the gallery, whose shape is that of the gallery of `fastact.plot`."""


def drawings() -> Iterator[tuple[str, Draw, bool]]:
    """Name and drawing of every picture, and whether the dark one differs in its colours alone."""
    drawn: list[Any] = [*fa.ACTIVATIONS, *fa.GATES, *fa.NOISY]
    for f in drawn:
        lines = not isinstance(f, fa.Gate)
        yield f.name, functools.partial(_drawn, f), lines
        yield f"{f.name}-small", functools.partial(_cell, f), lines
    for f in fa.ROWS:
        yield f.name, functools.partial(_panel, f.name, f.formula, _row(f), "of the row (x, 0, −1)"), True
        yield f"{f.name}-small", functools.partial(_small, _row(f)), True
    for name, curves in _others().items():
        yield name, functools.partial(_panel, name, getattr(fa, name).formula, curves, "over x"), True
        yield f"{name}-small", functools.partial(_small, curves), True


def _drawn(f: Any, style: Style) -> Figure:
    return plot.figure(f, dark=style is DARK, transparent=True)


def _cell(f: Any, style: Style) -> Figure:
    figure = empty(SMALL * 0.75, style, transparent=True, width=SMALL)
    cell(figure.add_axes((0.01, 0.01, 0.98, 0.98), facecolor="none"), f, style)
    return figure


def _panel(name: str, formula: str, curves: Curves, told: str, style: Style) -> Figure:
    """Curves over x under a head."""
    figure = empty(3.8, style, transparent=True)
    head(figure, (name, "", formula), [], style, left=0.09)
    caption(figure, 0.77, [(told, style.faint), *zip(curves, style.others, strict=False)], left=0.09)
    axes = panel(figure, (0.09, 0.07, 0.88, 0.67), style)
    axes.set_xlim(*SHOWN)
    _lines(axes, curves, style)
    return figure


def _small(curves: Curves, style: Style) -> Figure:
    """The same without numbers."""
    figure = empty(SMALL * 0.75, style, transparent=True, width=SMALL)
    axes = figure.add_axes((0.01, 0.01, 0.98, 0.98), facecolor="none")
    axes.set(xlim=SHOWN, xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set_color(style.grid)
    _lines(axes, curves, style)
    return figure


def _lines(axes: Any, curves: Curves, style: Style) -> None:
    for colour, y in zip(style.others, curves.values(), strict=False):
        jumps = abs(np.diff(y, append=y[-1])) > 0.2
        axes.plot(X, np.where(jumps, np.nan, y), color=colour, linewidth=2, solid_capstyle="round")


def _row(f: Any) -> Curves:
    """The results for a row of x, 0 and -1."""
    y = f(np.stack([X, np.zeros_like(X), np.full_like(X, -1)], axis=-1))
    return {"y": y} if y.ndim == 1 else {"of x": y[:, 0], "of 0": y[:, 1], "of −1": y[:, 2]}


def _others() -> dict[str, Curves]:
    """What is drawn of functions without a record, by name."""
    logits, halves = np.stack([X, np.zeros_like(X)], axis=-1), fa.crelu(X[:, None])
    drawn = fa.gumbel_softmax(np.broadcast_to(logits, (200, *logits.shape)), rng=7)[..., 0]
    return {
        "maxout": {"largest of x and −x/2": fa.maxout(np.stack([X, -X / 2], axis=-1), 2)[:, 0]},
        "crelu": {"first half": halves[:, 0], "second half": halves[:, 1]},
        "gumbel_softmax": {"one sample": drawn[0], "mean of 200": drawn.mean(0), "softmax of (x, 0)": fa.softmax(logits)[:, 0]},
        "softmax_cross_entropy": {f"class {k} of (x, 0)": fa.softmax_cross_entropy(logits, np.full(len(X), k)) for k in range(2)},
        "sigmoid_cross_entropy": {f"target {t}": fa.sigmoid_cross_entropy(X, np.full_like(X, t)) for t in (0, 1)},
    }


def _svg(name: str, figure: Figure) -> str:
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Title": name})
    return buffer.getvalue()


def _recoloured(light: str) -> str:
    """The light picture in the colours of the dark one."""
    for field in dataclasses.fields(Style):
        before, after = getattr(LIGHT, field.name), getattr(DARK, field.name)
        for one, other in [(before, after)] if isinstance(before, str) else zip(before, after, strict=True):
            light = light.replace(one, other)
    return light


def age(folder: Path, name: str) -> float:
    """When a picture was drawn, or 0."""
    path = folder / f"{name}-dark.svg"
    return path.stat().st_mtime if path.exists() else 0.0


def save(folder: Path, name: str, draw: Draw, *, lines: bool) -> None:
    """Write a picture, light and dark."""
    with np.errstate(all="ignore"):
        light = _svg(name, draw(LIGHT))
        dark = _recoloured(light) if lines else _svg(name, draw(DARK))
    (folder / f"{name}-light.svg").write_text(light)
    (folder / f"{name}-dark.svg").write_text(dark)
