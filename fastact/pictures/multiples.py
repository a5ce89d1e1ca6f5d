"""The gallery: all functions small, on the same axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

import fastact as fa
from fastact.pictures import gate, noisy
from fastact.pictures.curves import curve
from fastact.pictures.panels import empty
from fastact.pictures.style import TEXT, TITLE, Style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

X, Y = (-4.0, 4.0), (-2.0, 4.0)
_FEW = 3
_CELL, _NAME, _GAP, _TITLE = 1.4, 0.25, 0.14, 0.5
"""Inches: width of a cell, height of its name, between cells, and height of a section's title."""


def draw(columns: int, style: Style, *, transparent: bool, advance: Callable[[int, str], None]) -> Figure:
    """Sections of cells from the top."""
    sections: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("Activations", fa.ACTIVATIONS),
        ("Gated units", fa.GATES),
        ("With noise", fa.NOISY),
    )
    tall = _CELL * (Y[1] - Y[0]) / (X[1] - X[0])
    lines = [-(-len(group) // columns) for _, group in sections]
    height = len(sections) * _TITLE + sum(lines) * (tall + _NAME + _GAP) + _GAP
    width = columns * (_CELL + _GAP) + _GAP
    figure = empty(height, style, transparent=transparent, width=width)
    told = f"x from {X[0]:g} to {X[1]:g}, y from {Y[0]:g} to {Y[1]:g}; of gates a across, b upwards".replace("-", "−")
    _key(figure, [*([(told, style.faint)] if columns > _FEW else []), ("f", style.value), ("f′, or the mean", style.slope)])
    top = height
    for (title, group), rows in zip(sections, lines, strict=True):
        figure.text(_GAP / width, (top - _TITLE + 0.12) / height, title, fontsize=TITLE, fontweight="bold", color=style.ink)
        top -= _TITLE
        for k, f in enumerate(group):
            left, bottom = _GAP + k % columns * (_CELL + _GAP), top - k // columns * (tall + _NAME + _GAP) - _NAME - tall
            figure.text(left / width, (bottom + tall + 0.06) / height, f.name, fontsize=_size(f.name), color=style.ink)
            axes = figure.add_axes((left / width, bottom / height, _CELL / width, tall / height), facecolor="none")
            cell(axes, f, style)
            advance(1, f.name)
        top -= rows * (tall + _NAME + _GAP)
    return figure


def _key(figure: Any, entries: list[tuple[str, str]]) -> None:
    """Labels and their colours at the top, from right to left."""
    width, height = figure.get_size_inches()
    place = 1 - _GAP / width
    for label, colour in reversed(entries):
        text = figure.text(place, 1 - (_TITLE - 0.12) / height, label, fontsize=TEXT, color=colour, ha="right")
        place = text.get_window_extent(figure.canvas.get_renderer()).x0 / figure.bbox.width - 0.15 / width


def _size(name: str) -> float:
    return TEXT * min(1.0, 19 / len(name))


def cell(axes: Any, f: Any, style: Style) -> None:
    """One function, without numbers."""
    axes.set(xlim=X, ylim=Y, xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set_color(style.grid)
    if isinstance(f, fa.Gate):
        axes.set_ylim(-gate.HALF, gate.HALF)
        gate.field(axes, f, f.record.typical, style)
        return
    axes.axhline(0, color=style.grid, linewidth=1, zorder=1)
    axes.axvline(0, color=style.grid, linewidth=1, zorder=1)
    if isinstance(f, fa.Noisy):
        noisy.cloud(axes, f, f.record.typical[1:], style, line=1.4)
        return
    drawn = curve(f, f.record.typical, *X)
    line: dict[str, Any] = {"solid_capstyle": "round", "solid_joinstyle": "round"}
    with np.errstate(invalid="ignore"):
        axes.plot(drawn.x, drawn.y, color=style.value, linewidth=1.9, zorder=3, **line)
        axes.plot(drawn.x, drawn.d, color=style.slope, linewidth=1, zorder=4, **line)
