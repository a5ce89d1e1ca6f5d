"""Parts of which pictures are made: an empty panel, its head, and lines with what is to be known of them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastact.pictures.curves import Curve, Errors
from fastact.pictures.style import SMALL, TEXT, TITLE, WIDTH, Style
from fastact.record import Record, at

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def empty(height: float, style: Style, *, transparent: bool, width: float = WIDTH) -> Figure:
    """A figure of its own, which knows neither a window nor other figures."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install 'fastact[plot]'") from error
    figure = Figure(figsize=(width, height), facecolor="none" if transparent else style.paper)
    FigureCanvasAgg(figure)
    return figure


def panel(figure: Any, place: tuple[float, float, float, float], style: Style) -> Any:
    """Axes at left, bottom, width and height in parts of the figure, with nothing but a grid."""
    axes = figure.add_axes(place, facecolor="none")
    for side in axes.spines.values():
        side.set_visible(False)
    axes.grid(color=style.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=TEXT, labelcolor=style.faint, pad=3)
    return axes


def mathematics(latex: str) -> str:
    r"""A formula as matplotlib sets it, which knows no \tfrac, \frac12, \le and \ge; what it cannot read stays as it is."""
    from matplotlib.mathtext import MathTextParser

    spelled = re.sub(r"\\t?frac(\d)(\d)", r"\\frac{\1}{\2}", latex).replace(r"\tfrac", r"\frac")
    text = "$" + re.sub(r"\\([lg]e)(?![a-zA-Z])", r"\\\1q", spelled) + "$"
    try:
        MathTextParser("agg").parse(text)
    except ValueError:
        return latex.replace("$", r"\$")
    return text


def _extent(figure: Any, text: Any) -> tuple[float, float]:
    """Left and right end of a text in parts of the figure."""
    box = text.get_window_extent(figure.canvas.get_renderer())
    return box.x0 / figure.bbox.width, box.x1 / figure.bbox.width


def _fit(figure: Any, text: Any, right: float) -> None:
    """Make a text smaller until it ends at `right`."""
    first, last = _extent(figure, text)
    if last > right:
        text.set_fontsize(text.get_fontsize() * (right - first) / (last - first))


def head(figure: Any, titles: tuple[str, str, str], key: Sequence[tuple[str, str]], style: Style, *, left: float) -> None:
    """Name, parameters and formula; at the right of the name the key, labels with the colours of their lines."""
    height = figure.get_figheight()
    name, params, formula = titles
    first, second = 1 - 0.27 / height, 1 - 0.57 / height
    place = 0.97
    for label, colour in reversed(key):
        text = figure.text(place, first, label, fontsize=TEXT + 1, color=colour, va="baseline", ha="right")
        place = _extent(figure, text)[0] - 0.03
    size = TITLE * min(1.0, 18 / len(name))
    text = figure.text(left, first, name, fontsize=size, fontweight="bold", color=style.ink, va="baseline")
    text = figure.text(_extent(figure, text)[1] + 0.025, first, params, fontsize=TEXT + 1, color=style.faint, va="baseline")
    _fit(figure, text, place)
    text = figure.text(left, second, mathematics(formula), fontsize=TEXT + 2, color=style.ink, va="center")
    _fit(figure, text, 0.98)


def caption(figure: Any, bottom: float, parts: Sequence[tuple[str, str]], *, left: float) -> None:
    """A line above a panel; parts are texts and colours."""
    for text, colour in parts:
        written = figure.text(left, bottom, text, fontsize=SMALL + 0.5, color=colour, va="baseline")
        left = _extent(figure, written)[1] + 0.03


def function(axes: Any, record: Record, params: tuple[float, ...], curve: Curve, style: Style, *, marks: bool = True) -> None:
    """The function under its thinner derivative, so that both are seen where they are one; kinks, zeros and limits are marked."""
    axes.axhline(0, color=style.faint, linewidth=0.8, zorder=1)
    axes.axvline(0, color=style.faint, linewidth=0.8, zorder=1)
    line = {"solid_capstyle": "round", "solid_joinstyle": "round"}
    axes.plot(curve.x, curve.y, color=style.value, linewidth=2.6, zorder=3, **line)
    axes.plot(curve.x, curve.d, color=style.slope, linewidth=1.4, zorder=4, **line)
    if marks:
        _limits(axes, record, params, style)
        _roots(axes, record, params, style)
        _kinks(axes, curve, style)


def _limits(axes: Any, record: Record, params: tuple[float, ...], style: Style) -> None:
    """A line at each finite limit that is no axis, for the half in which it is approached."""
    low, high = axes.get_xlim()
    for value, first, last, side in ((record.limits.at_minus_inf, low, 0.0, "left"), (record.limits.at_plus_inf, 0.0, high, "right")):
        level = float(at(value, *params))
        if np.isfinite(level) and level and axes.get_ylim()[0] < level < axes.get_ylim()[1]:
            axes.plot([first, last], [level, level], color=style.value, linewidth=1, linestyle=(0, (2, 3)), zorder=2)
            end = {"left": low, "right": high}[side]
            up = level > 0
            offset, va = ((0, 3), "bottom") if up else ((0, -3), "top")
            axes.annotate(
                f"→ {level:.5g}".replace("-", "−"),
                (end, level),
                offset,
                textcoords="offset points",
                ha=side,
                va=va,
                fontsize=SMALL,
                color=style.value,
            )


def _roots(axes: Any, record: Record, params: tuple[float, ...], style: Style) -> None:
    """Where the derivative is 0 without a kink."""
    for root in (float(at(r, *params)) for r in record.roots):
        if axes.get_xlim()[0] < root < axes.get_xlim()[1]:
            axes.plot([root], [0], marker="D", markersize=4.5, color=style.slope, markeredgecolor=style.paper, zorder=6)
            place, ha = ((-5, 5), "right") if root < 0 else ((5, 5), "left")
            text = f"f′ = 0 at {root:.4g}".replace("-", "−")
            axes.annotate(text, (root, 0), place, textcoords="offset points", ha=ha, fontsize=SMALL, color=style.slope, zorder=6)


def _kinks(axes: Any, curve: Curve, style: Style) -> None:
    """Rings at what is approached from a side, and dots at what is there."""
    inside = ~np.isnan(curve.x)
    x, y, d = curve.x[inside], curve.y[inside], curve.d[inside]
    visible = 1e-3 * float(np.ptp(axes.get_ylim()))
    ring = {"marker": "o", "markersize": 5, "color": style.paper}
    for place, value, slope in curve.kinks:
        after = int(np.searchsorted(x, place))
        if not 0 < after < x.size:
            continue
        for line, told, colour in ((y, value, style.value), (d, slope, style.slope)):
            apart = [side for side in line[after - 1 : after + 1] if abs(side - told) > visible]
            for side in apart:
                axes.plot([place], [side], markeredgecolor=colour, zorder=7, **ring)
            if np.isfinite(told) and apart:
                axes.plot([place], [told], marker="o", markersize=5, color=colour, zorder=8)


def ulps(axes: Any, record: Record, found: Errors, style: Style, names: tuple[str, str] = ("f", "f′")) -> None:
    """Errors as steps, under the published bounds."""
    from matplotlib.patheffects import withStroke

    budget = record.budget
    bounds = [(budget.forward.float32, style.value, names[0]), (budget.derivative.float32, style.slope, names[1])]
    stated = [bound for bound in bounds if math.isfinite(bound[0])]
    most = max([float(e[np.isfinite(e)].max(initial=0)) for e in (found.forward, found.derivative)])
    top = 1.25 * max(1.0, most, *(b for b, *_ in stated))
    for values, (_, colour, _) in zip((found.forward, found.derivative), bounds, strict=True):
        axes.stairs(values, found.edges, baseline=None, color=colour, linewidth=0.9, zorder=3)
    if len(stated) == 2 and stated[0][0] == stated[1][0]:
        stated = [(stated[0][0], style.faint, " and ".join(names))]
    for order, (bound, colour, name) in enumerate(sorted(stated, reverse=True)):
        axes.axhline(bound, color=colour, linewidth=1, linestyle=(0, (4, 3)), zorder=2)
        text = axes.annotate(
            f"bound of {name}: {bound:g}" if bound else f"{name} exact",
            (1, bound),
            (-2, -3 if order and bound else 2),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="top" if order and bound else "bottom",
            fontsize=SMALL,
            color=colour,
            zorder=5,
        )
        text.set_path_effects([withStroke(linewidth=2, foreground=style.paper)])
    axes.set_ylim(0, top)
    axes.locator_params(axis="y", nbins=4, integer=top > 2)
    axes.set_xlim(found.edges[0], found.edges[-1])
