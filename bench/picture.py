"""The picture of the table: our speed over that of each competitor, one line of dots per function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

STYLES: dict[str, tuple[str, str]] = {
    "limit": ("|", "#000000"),
    "torch": ("o", "#d1495b"),
    "jax": ("s", "#00798c"),
    "numpy": ("^", "#edae49"),
    "onnx": ("D", "#7a5195"),
}
LABELS = {"limit": "copy (limit of the memory)", "torch": "PyTorch", "jax": "JAX", "numpy": "NumPy", "onnx": "ONNX Runtime"}
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
META = {"Date": None}


def ratios(rows: dict[str, dict[str, Any]], direction: str, who: str) -> dict[int, float]:
    """Our speed over that of one competitor, by the number of the function."""
    found = {}
    for number, ways in enumerate(rows.values()):
        row = ways.get(direction, {})
        value = row.get("limit") if who == "limit" else row.get("peers", {}).get(who)
        if value is not None:
            found[number] = value
    return found


def _panel(axes: Any, rows: dict[str, dict[str, Any]], direction: str) -> None:
    axes.axvspan(axes.get_xlim()[0], 1, color="#f4e8e8", zorder=0)
    axes.axvline(1, color="#555555", linewidth=1, zorder=1)
    for who, (marker, colour) in STYLES.items():
        found = ratios(rows, direction, who)
        axes.scatter(
            list(found.values()), list(found), marker=marker, color=colour, s=60 if marker == "|" else 22, label=LABELS[who], zorder=3
        )
    axes.set_title(direction)
    axes.set_xlabel("our speed over theirs (right of 1: fastact is faster)")
    axes.grid(axis="both", color="#dddddd", linewidth=0.6, zorder=0)
    axes.tick_params(axis="y", length=0)


def draw(rows: dict[str, dict[str, Any]], title: str, path: Path) -> None:
    """Dots on a logarithmic axis, a panel for each direction."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter, NullLocator

    if path.suffix not in (".svg", ".png"):
        raise ValueError(f"{path}: the picture is an .svg or .png file")
    values = [v for way in ("forward", "backward") for who in STYLES for v in ratios(rows, way, who).values()]
    low, high = min([0.5, *values]) / 1.2, max([2, *values]) * 1.2
    figure = Figure(figsize=(11, 1.6 + 0.235 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, direction in zip(panels, ("forward", "backward"), strict=True):
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        _panel(axes, rows, direction)
        axes.set_xticks([t for t in TICKS if low < t < high], [f"{t:g}" for t in TICKS if low < t < high])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
    panels[0].set_yticks(range(len(rows)), list(rows))
    figure.suptitle(title, fontsize=11)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(STYLES), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "fastact"}):
        figure.savefig(path, dpi=110, metadata=META if path.suffix == ".svg" else None)
