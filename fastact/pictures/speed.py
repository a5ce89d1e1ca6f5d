"""The picture of speeds: ours over that of each competitor, a line of dots for each function, a panel for each direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastact.pictures.panels import empty, panel
from fastact.pictures.style import DARK, LIGHT, TEXT, Style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKERS = {"limit": "|", "torch": "o", "jax": "s", "numpy": "^", "scipy": "v", "numexpr": "P", "onnx": "D"}
LABELS = {
    "limit": "copy or add, the limit of the memory",
    "torch": "PyTorch",
    "jax": "JAX",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "numexpr": "numexpr",
    "onnx": "ONNX Runtime",
}
DIRECTIONS = ("forward", "backward")
TICKS, SPARSE = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50), (0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 100, 300, 1000)
_WIDTH, _LINE, _TOP, _BOTTOM = 7.2, 0.2, 0.65, 1.05
"""Inches."""


def ratios(rows: dict[str, dict[str, Any]], direction: str, who: str) -> dict[int, float]:
    """Our speed over that of one competitor, by the number of the function."""
    found = {}
    for number, ways in enumerate(rows.values()):
        row = ways.get(direction, {})
        value = row.get("limit") if who == "limit" else row.get("peers", {}).get(who)
        if value is not None:
            found[number] = value
    return found


def draw(rows: dict[str, dict[str, Any]], told: str, *, dark: bool = False, transparent: bool = False) -> Figure:
    """Draw rows by function and direction; `told` says what was measured and where."""
    from matplotlib.ticker import NullFormatter, NullLocator

    style = DARK if dark else LIGHT
    there = {who: [r for way in DIRECTIONS for r in ratios(rows, way, who).values()] for who in MARKERS}
    values = [value for found in there.values() for value in found]
    low, high = min([0.5, *values]) / 1.2, max([2, *values]) * 1.2
    height = _TOP + _LINE * len(rows) + _BOTTOM
    figure = empty(height, style, transparent=transparent, width=_WIDTH)
    ticks = [t for t in (TICKS if high < 1.2 * TICKS[-1] else SPARSE) if low < t < high]
    colours = dict(zip(MARKERS, (style.ink, style.others[1], style.others[0], *style.others[2:]), strict=False))
    for left, direction in ((0.2, "forward"), (0.61, "backward")):
        axes = panel(figure, (left, _BOTTOM / height, 0.375, _LINE * len(rows) / height), style)
        axes.set(xscale="log", xlim=(low, high), ylim=(len(rows) - 0.5, -0.5))
        axes.axvspan(low, 1, color=style.grid, alpha=0.6, linewidth=0, zorder=0)
        axes.axvline(1, color=style.faint, linewidth=1, zorder=1)
        _dots(axes, rows, direction, colours)
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_yticks(range(len(rows)), list(rows) if direction == "forward" else [""] * len(rows))
        axes.set_title(direction, fontsize=TEXT + 1, color=style.ink, loc="left")
    figure.text(0.02, 1 - 0.25 / height, told, fontsize=TEXT, color=style.ink)
    figure.text(0.2, 0.62 / height, "our speed over theirs; right of 1 fastact is faster", fontsize=TEXT, color=style.faint)
    _key(figure, [who for who in MARKERS if there[who]], colours, style)
    return figure


def _dots(axes: Any, rows: dict[str, dict[str, Any]], direction: str, colours: dict[str, str]) -> None:
    for who, marker in MARKERS.items():
        found = ratios(rows, direction, who)
        size = 60 if marker == "|" else 20
        axes.scatter(list(found.values()), list(found), marker=marker, color=colours[who], s=size, zorder=3, linewidths=1.2)


def _key(figure: Any, shown: list[str], colours: dict[str, str], style: Style) -> None:
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], marker=MARKERS[who], color=colours[who], linestyle="", markersize=5, label=LABELS[who]) for who in shown]
    options: dict[str, Any] = {"frameon": False, "fontsize": TEXT, "labelcolor": style.ink, "handletextpad": 0.2, "columnspacing": 1.0}
    figure.legend(handles=lines, loc="lower center", ncols=-(-len(shown) // 2), **options)
