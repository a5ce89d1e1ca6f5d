"""Makes the pages of all functions before Sphinx reads its sources: docs/functions/, which git ignores."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.display import status_iterator

import fastact as fa
from extensions import facts, figures, others, sheets

LOGGER = logging.getLogger(__name__)
LOSSES = (fa.softmax_cross_entropy, fa.sigmoid_cross_entropy)
PIECES = (fa.maxout, fa.crelu, fa.gumbel_softmax)
Group = tuple[str, str, tuple[Any, ...], Callable[[Any], str]]
GROUPS: tuple[Group, ...] = (
    ("Activations", "Of every element by itself.", fa.ACTIVATIONS, sheets.activation),
    ("Gated units", "f(a)·b, of two arrays or of the halves of one.", fa.GATES, sheets.gate),
    ("Rows", "Along an axis.", fa.ROWS, others.rows),
    ("Losses", "Cross entropies with their gradients.", LOSSES, others.loss),
    ("Noise", "Of x and of noise that is given, or drawn in the loop.", fa.NOISY, others.noisy),
    ("Pieces", "More outputs than inputs, fewer, or samples.", PIECES, others.pieces),
)


def pages() -> Iterator[tuple[str, Callable[[], str]]]:
    """Name and text of every page."""
    for _, _, functions, sheet in GROUPS:
        for f in functions:
            yield f.name, functools.partial(sheet, f)
    yield "index", index
    yield "gallery", gallery
    yield "compared", compared


def index() -> str:
    """The table of all functions."""
    parts = ["# Functions\n", "[All pictures on one page](gallery.md); [errors and speeds beside other libraries](compared.md).\n"]
    for title, told, functions, _ in GROUPS:
        rows = [(f"[{f.name}]({f.name}.md)", f"${getattr(f, 'formula', '')}$", *_errors(f)) for f in functions]
        parts.append(f"## {title}\n\n{told}\n\n{facts.table(('function', 'formula', 'f, ulp', 'f′, ulp'), rows)}")
    names = "\n".join(f.name for _, _, functions, _ in GROUPS for f in functions)
    parts.append(f"```{{toctree}}\n:hidden:\n\ngallery\ncompared\n{names}\n```\n")
    return "\n".join(parts)


def _errors(f: Any) -> tuple[str, str]:
    """Published errors in float32."""
    record = getattr(f, "record", f)
    budget = getattr(record, "budget", None)
    if budget is None:
        return "", ""
    if isinstance(budget, tuple):
        return f"{budget[0]:g}", f"{record.gradient[0]:g}"
    return f"{budget.forward.float32:g}", f"{budget.derivative.float32:g}"


def gallery() -> str:
    """All pictures, each a link to its page."""
    parts = ["# Gallery\n", "Blue is f, orange f′; of noise dots are draws and the line is their mean; of gates a goes across and b upwards.\n"]
    for title, _, functions, _ in GROUPS:
        parts.append(f"## {title}\n\n:::::{{container}} gallery\n")
        for f in functions:
            images = "".join(f"![{f.name}](plots/{f.name}-small-{way}.svg){{.only-{way}}}" for way in ("light", "dark"))
            parts.append(f"[{images} {f.name}]({f.name}.md)\n")
        parts.append(":::::\n")
    return "\n".join(parts)


def compared() -> str:
    """Errors and speeds of all functions beside other libraries."""
    parts = [
        "# Errors and speeds compared\n",
        f"## Errors\n\nLargest error in ulp, float32, on every {facts.read('errors')['step']:,}th finite bit pattern; {facts.machine('errors')}.",
        f"{sheets.LOST} JAX takes subnormal numbers for 0, which alone is 0.2 to 0.4 % of all.\n",
        *(f"### {title}\n\n{facts.all_errors(way)}" for title, way in (("Forward", "forward"), ("Derivative", "backward"))),
        f"## Speeds\n\n262,144 elements each. {sheets.SPEED.format(facts.machine('results'))}",
        *(f"### {title} \n\n{facts.all_speeds(way, 2**18)}" for title, way in (("Forward pass", "forward"), ("Backward pass", "backward"))),
    ]
    return "\n".join(parts)


def write(path: Path, text: str) -> None:
    """Write what is new, so that Sphinx reads no page again for nothing."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def generate(app: Sphinx) -> None:
    """Write all pages and pictures."""
    folder = Path(app.srcdir) / "functions"
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    made = list(pages())
    for name, text in status_iterator(made, "functions... ", "blue", len(made), app.verbosity, lambda page: page[0]):
        write(folder / f"{name}.md", text())
    drawn = list(figures.drawings())
    for name, draw, lines in status_iterator(drawn, "plots... ", "blue", len(drawn), app.verbosity, lambda plot: plot[0]):
        figures.save(folder / "plots", name, draw, lines=lines)
    for old in set(folder.glob("*.md")) - {folder / f"{name}.md" for name, _ in made}:
        old.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    """Run before the sources are looked for."""
    app.connect("builder-inited", generate)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
