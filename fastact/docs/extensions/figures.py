"""The pictures of the site as SVG, each in light and in dark: drawn once, and the colours exchanged."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import fastact as fa

INK, FAINT, FIRST, SECOND, THIRD = "#1f2328", "#d0d7de", "#0a58ca", "#b3420b", "#137333"
DARK = {INK: "#e6edf3", FAINT: "#3d444d", FIRST: "#6cb6ff", SECOND: "#ffa657", THIRD: "#7ee787"}
COLOURS = (FIRST, SECOND, THIRD)
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "fastact",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
}
X = np.linspace(-4, 4, 801)
Curves = dict[str, Any]


def line(axes: Axes, x: Any, curves: Curves) -> None:
    """Curves over x, in the colours in order, with a legend of what is named."""
    for colour, (name, y) in zip(COLOURS, curves.items(), strict=False):
        axes.plot(x, y, color=colour, label=name or None)
    if any(curves):
        axes.legend()


def _clean(y: Any) -> Any:
    """A jump is drawn as a gap."""
    y = np.asarray(y, float).copy()
    y[1:][abs(np.diff(y)) > 0.2] = np.nan
    return y


def activation(figure: Figure, f: fa.Activation) -> None:
    """Function and derivative, and the error of both in float32."""
    params = f.record.typical
    left, right = figure.subplots(1, 2)
    line(left, X, {"f": _clean(f(X, *params)), "f′": _clean(f.derivative(X, *params))})
    left.set(xlabel="x", title="value and derivative")
    x = np.linspace(-12, 12, 12_001).astype(np.float32)
    for colour, name, made, truth in (
        (FIRST, "f", f(x, *params), f.reference(x, *params)),
        (SECOND, "f′", f.derivative(x, *params), f.reference_derivative(x, *params)),
    ):
        wrong = np.abs(made.astype(np.longdouble) - truth) / np.spacing(np.maximum(np.abs(truth), np.finfo(np.float32).tiny).astype(np.float32))
        worst = wrong[:12_000].astype(float).reshape(-1, 60).max(1)
        right.plot(x[30:12_000:60], worst, color=colour, linewidth=1, label=name)
    right.set(xlabel="x", title="error in float32, ulp", ylim=(0, max(1.0, f.budget.forward.float32, f.budget.derivative.float32)))
    right.legend()


def gate(figure: Figure, g: fa.Gate) -> None:
    """y for three b, and dy/da for them."""
    left, right = figure.subplots(1, 2)
    values = (-1.0, 1.0, 2.0)
    line(left, X, {f"b = {b:g}": g(X, np.full_like(X, b)) for b in values})
    line(right, X, {f"b = {b:g}": _clean(g.derivative(X, np.full_like(X, b))[0]) for b in values})
    left.set(xlabel="a", title="y")
    right.set(xlabel="a", title="∂y/∂a")


def noisy(figure: Figure, f: fa.Noisy) -> None:
    """The mean over the noise and the span of nine values of ten."""
    axes = figure.subplots()
    x = X[::8]
    drawn = f(np.broadcast_to(x, (400, x.size)), rng=7)
    axes.fill_between(x, *np.quantile(drawn, (0.05, 0.95), axis=0), color=FAINT, label="9 of 10 values")
    line(axes, x, {"mean": drawn.mean(0) if f.mean is None else f.expected(x)})
    axes.set(xlabel="x")


def rows(figure: Figure, f: Any) -> None:
    """The results for a row of x, 0 and -1, and the gradient of the first."""
    row = np.stack([X, np.zeros_like(X), np.full_like(X, -1)], axis=-1)
    y = f(row)
    left, right = figure.subplots(1, 2)
    first = np.ones(len(X)) if y.ndim == 1 else np.broadcast_to([1.0, 0, 0], row.shape)
    names = ("of x", "of 0", "of −1")
    line(left, X, {"": y} if y.ndim == 1 else {name: _clean(y[:, k]) for k, name in enumerate(names)})
    dx = f.backward(first, row)
    line(right, X, {name: _clean(dx[:, k]) for k, name in enumerate(names)})
    left.set(xlabel="x", title="of the row (x, 0, −1)")
    right.set(xlabel="x", title="gradient" if y.ndim == 1 else "gradient of the first result")


def plain(figure: Figure, curves: Curves) -> None:
    """Curves over x."""
    axes = figure.subplots()
    line(axes, X, curves)
    axes.set(xlabel="x")


def others() -> dict[str, Curves]:
    """What is drawn of functions without a record, by name."""
    pair = np.stack([X, -X / 2], axis=-1)
    logits = np.stack([X, np.zeros_like(X)], axis=-1)
    halves = fa.crelu(X[:, None])
    drawn = fa.gumbel_softmax(np.broadcast_to(logits, (200, *logits.shape)), rng=7).mean(0)
    return {
        "maxout": {"largest of x and −x/2": fa.maxout(pair, 2)[:, 0]},
        "crelu": {"first half": halves[:, 0], "second half": halves[:, 1]},
        "gumbel_softmax": {"mean of 200 samples": drawn[:, 0], "softmax of (x, 0)": fa.softmax(logits)[:, 0]},
        "softmax_cross_entropy": {f"class {k} of (x, 0)": fa.softmax_cross_entropy(logits, np.full(len(X), k)) for k in range(2)},
        "sigmoid_cross_entropy": {f"target {t}": fa.sigmoid_cross_entropy(X, np.full_like(X, t)) for t in (0, 1)},
    }


def save(path: Path, name: str, draw: Callable[[Figure], None], size: tuple[float, float] = (8, 3.2)) -> None:
    """Write a picture, light and dark."""
    with mpl.rc_context(STYLE), np.errstate(all="ignore"):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Title": name})
    light = buffer.getvalue()
    dark = light
    for colour, other in DARK.items():
        dark = dark.replace(colour, other)
    (path / f"{name}-light.svg").write_text(light)
    (path / f"{name}-dark.svg").write_text(dark)
