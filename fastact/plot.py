"""Pictures of functions: values, derivatives, and errors in ulp. Needs matplotlib: ``pip install 'fastact[plot]'``.

Figures are objects of their own; `matplotlib.pyplot` is not imported.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastact.activation import Activation
from fastact.gates import Gate
from fastact.noise.unit import Noisy
from fastact.pictures import gate, multiples, noisy
from fastact.pictures.curves import curve, heights, window, worst
from fastact.pictures.panels import caption, empty, function, head, panel, ulps
from fastact.pictures.style import DARK, LIGHT, Style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEIGHT = 4.9
LEFT, ACROSS = 0.105, 0.865


def _told(f: Any, params: tuple[float, ...]) -> str:
    """What the parameters are."""
    return ", ".join(f"{p.name} = {v:.4g}" for p, v in zip(f.params[len(f.params) - len(params) :], params, strict=True))


def figure(f: Any, *params: float, dark: bool = False, transparent: bool = False) -> Figure:
    """Draw a function.

    An activation and its derivative, and below them the error of both in ulp of float32; of a gated unit a map; of a function
    with noise where its values are, and their mean.

    Parameters
    ----------
    f : Activation, Gate or Noisy
        The function.
    *params : float
        Its parameters, of a function with noise all but the noise; by default the defaults, and the first sample of one that
        has none.
    dark : bool
        Light lines on dark paper.
    transparent : bool
        No paper.

    Returns
    -------
    matplotlib.figure.Figure
        A figure with an Agg canvas.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If `f` is of another kind, such as a function of rows, or takes another number of parameters.
    """
    _check(f, params)
    style = DARK if dark else LIGHT
    given = params or (f.record.typical[1:] if isinstance(f, Noisy) else f.record.typical)
    made = empty(HEIGHT, style, transparent=transparent)
    labels = [("f(x)", style.value), ("f′(x)", style.slope)] if isinstance(f, Activation) else []
    head(made, (f.name, _told(f, given), f.formula), labels, style, left=LEFT)
    if isinstance(f, Gate):
        gate.draw(made, f, given, style, left=LEFT, width=ACROSS)
    elif isinstance(f, Noisy):
        noisy.draw(made, f, given, style, left=LEFT, width=ACROSS)
    else:
        _activation(made, f, given, style)
    return made


def _check(f: Any, params: tuple[float, ...]) -> None:
    if not isinstance(f, Activation | Gate | Noisy):
        name = getattr(f, "name", type(f).__name__)
        raise TypeError(f"plot: {name} is no function of one element; accepted are activations, gated units and functions with noise")
    takes = len(f.params) - isinstance(f, Noisy)
    if len(params) not in (0, takes):
        raise TypeError(f"plot: {len(params)} parameters given; {f.name} takes {takes}")


def _activation(made: Any, f: Activation, params: tuple[float, ...], style: Style) -> None:
    low, high = window(f.record, params)
    drawn, found = curve(f, params, low, high), worst(f, params, low, high)
    above = panel(made, (LEFT, 0.345, ACROSS, 0.50), style)
    above.set_xlim(low, high)
    above.set_ylim(*heights(f.record, drawn, params))
    function(above, f.record, params, drawn, style)
    ulps(panel(made, (LEFT, 0.055, ACROSS, 0.19), style), f.record, found, style)
    caption(made, 0.26, [(found.told, style.ink)], left=LEFT)


def gallery(
    *, columns: int = 6, dark: bool = False, transparent: bool = False, advance: Callable[[int, str], None] = lambda done, name: None
) -> Figure:
    """Draw every activation, gated unit and function with noise small, side by side, all on the same axes.

    Parameters
    ----------
    columns : int
        How many stand in a row; 3 fit a phone.
    dark, transparent
        As for `figure`.
    advance : callable
        Called with 1 and its name after each function.

    Returns
    -------
    matplotlib.figure.Figure
        A figure with an Agg canvas.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If `columns` is less than 1.
    """
    if columns < 1:
        raise ValueError(f"gallery: columns is {columns}; accepted are whole numbers from 1")
    return multiples.draw(columns, DARK if dark else LIGHT, transparent=transparent, advance=advance)


def write(made: Figure, path: str | Path) -> None:
    """Write a figure to an .svg, .png or .pdf file, the same bytes each time."""
    import matplotlib as mpl

    target = Path(path)
    if target.suffix not in (".svg", ".png", ".pdf"):
        raise ValueError(f"{target}: accepted are files whose names end in .svg, .png or .pdf")
    meta = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": {}}[target.suffix]
    with mpl.rc_context({"svg.hashsalt": "fastact"}):
        made.savefig(target, dpi=200, metadata=meta)


def save(f: Any, path: str | Path, *params: float, dark: bool = False, transparent: bool = False) -> None:
    """Draw `figure` into an .svg, .png or .pdf file; the arguments are its."""
    write(figure(f, *params, dark=dark, transparent=transparent), path)
