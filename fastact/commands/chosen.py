"""What commands have in common: names of functions, and pictures."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path
from typing import Any

import fastact as fa
from fastact.commands import naming
from fastact.printing import UsageError

KINDS = ("activations", "gates", "noise", "rows", "others")
SUFFIXES = (".svg", ".png", ".pdf")


def groups() -> dict[str, tuple[Any, ...]]:
    """Functions by kind, in the order of the documentation."""
    others = (fa.softmax_cross_entropy, fa.sigmoid_cross_entropy, fa.gumbel_softmax, fa.maxout, fa.crelu)
    return dict(zip(KINDS, (fa.ACTIVATIONS, fa.GATES, fa.NOISY, fa.ROWS, others), strict=True))


def functions(*kinds: str) -> dict[str, Any]:
    """Functions by name, of the kinds asked for or of all."""
    found = groups()
    return {f.name: f for kind in kinds or KINDS for f in found[kind]}


def aliases() -> dict[str, Any]:
    """Functions by their other names."""
    return {alias: f for f in functions().values() for alias in getattr(getattr(f, "record", None), "aliases", ())}


def function(name: str, *kinds: str) -> Any:
    """One function by name or alias, by the dotted name of a preset, or as module:name; others are refused with names near to theirs."""
    known, other = functions(*kinds), aliases()
    if ":" in name:
        return naming.activation(name)
    if name.startswith("presets."):
        return _preset(name)
    if name in known:
        return known[name]
    if name in other and other[name].name in known:
        return other[name]
    import difflib

    near = difflib.get_close_matches(name.lower().replace("-", "_"), [*known, *other], n=4, cutoff=0.5)
    told = f"; near are {', '.join(near)}" if near else ""
    raise UsageError(f"unknown function {name!r}{told}; all names: fastact list")


def activation(name: str) -> fa.Activation:
    """One activation, named in any of these ways."""
    found = function(name)
    if not isinstance(found, fa.Activation):
        raise UsageError(f"{name} is a {type(found).__name__}; accepted is an activation: {naming.FORMS}")
    return found


def _preset(name: str) -> Any:
    found: Any = fa
    for part in name.split("."):
        found = getattr(found, part, None)
    if not hasattr(found, "record"):
        raise UsageError(f"unknown preset {name!r}; accepted are such as presets.torch.leaky_relu, of {', '.join(fa.presets.PEERS)}")
    return found


def add_picture(parser: argparse.ArgumentParser, default: str) -> None:
    """The options of commands that draw."""
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"an .svg, .png or .pdf file to write (default: {default})")
    parser.add_argument("--dark", action="store_true", help="light lines on dark paper")
    parser.add_argument("--transparent", action="store_true", help="no paper")


def check_picture(path: Path) -> None:
    """Refuse what could not be drawn or written, before any work is done."""
    if path.suffix not in SUFFIXES:
        raise UsageError(f"--out is {path}; accepted are files whose names end in {', '.join(SUFFIXES)}")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"--out is {path}; there is no folder {path.parent}")
    if importlib.util.find_spec("matplotlib") is None:
        raise UsageError("pictures need matplotlib: pip install 'fastact[plot]'")


def write_picture(figure: Any, path: Path) -> None:
    """Write a figure."""
    from fastact import plot

    try:
        plot.write(figure, path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
