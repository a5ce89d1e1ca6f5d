"""All pages that are made from the records: one for each function, and those that list them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import fastact as fa
from fastact.docs.extensions import examples, facts, others, sheets

LOSSES = (fa.softmax_cross_entropy, fa.sigmoid_cross_entropy)
PIECES = (fa.maxout, fa.crelu, fa.gumbel_softmax)
Group = tuple[str, str, tuple[Any, ...], Callable[[Any, str], str], Callable[[Any], str]]
GROUPS: tuple[Group, ...] = (
    ("Activations", "Of every element by itself.", fa.ACTIVATIONS, sheets.activation, examples.activation),
    ("Gated units", "f(a)·b, of two arrays or of the halves of one.", fa.GATES, sheets.gate, examples.gate),
    ("Rows", "Along an axis.", fa.ROWS, others.rows, examples.rows),
    ("Losses", "Cross entropies with their gradients.", LOSSES, others.loss, examples.loss),
    ("Noise", "Of x and of noise that is given, or drawn in the loop.", fa.NOISY, others.noisy, examples.noisy),
    ("Pieces", "More outputs than inputs, fewer, or samples.", PIECES, others.pieces, examples.pieces),
)
PEERS = {"torch": "PyTorch", "jax": "JAX", "keras": "Keras", "tensorflow": "TensorFlow", "onnx": "ONNX"}


def pages() -> Iterator[tuple[str, Callable[[], str]]]:
    """Name and text of every page."""
    for _, _, functions, sheet, example in GROUPS:
        for f in functions:
            yield f.name, functools.partial(_page, sheet, example, f)
    yield from LISTS.items()


def _page(sheet: Callable[[Any, str], str], example: Callable[[Any], str], f: Any) -> str:
    return sheet(f, example(f))


def index() -> str:
    """The table of all functions."""
    parts = ["# Functions\n", "- [All pictures on one page](gallery.md)", "- [Errors and speeds beside other libraries](compared.md)"]
    parts.append("- [Names and defaults in other libraries](names.md)\n")
    for title, told, functions, _, _ in GROUPS:
        rows = [(f"[{f.name}]({f.name}.md)", f"${f.formula}$", *_errors(f)) for f in functions]
        parts.append(f"## {title}\n\n{told}\n\n{facts.table(('function', 'formula', 'f, ulp', 'f′, ulp'), rows)}")
    listed = "\n".join(f.name for _, _, functions, _, _ in GROUPS for f in functions)
    parts.append(f"```{{toctree}}\n:hidden:\n\ngallery\ncompared\nnames\n{listed}\n```\n")
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
    parts = [
        "# Gallery\n",
        "Blue is f, orange f′; of noise dots are draws and the line is their mean; of gates a goes across and b upwards.\n",
    ]
    for title, _, functions, _, _ in GROUPS:
        parts.append(f"## {title}\n\n:::::{{container}} gallery\n")
        for f in functions:
            images = "".join(f"![picture of {f.name}](plots/{f.name}-small-{way}.svg){{.only-{way}}}" for way in ("light", "dark"))
            parts.append(f"[{images} {f.name}]({f.name}.md)\n")
        parts.append(":::::\n")
    return "\n".join(parts)


def compared() -> str:
    """Errors and speeds of all functions beside other libraries."""
    step = facts.read("errors")["step"]
    parts = [
        "# Errors and speeds compared\n",
        f"## Errors\n\nLargest error in ulp, float32, on every {step:,}th finite bit pattern; {facts.machine('errors')}.",
        f"{sheets.LOST} JAX takes subnormal numbers for 0, which alone is 0.2 to 0.4 % of all.\n",
        *(f"### {title}\n\n{facts.all_errors(way)}" for title, way in (("Forward", "forward"), ("Derivative", "backward"))),
        f"## Speeds\n\n262,144 elements each. {sheets.SPEED.format(facts.machine('results'))}",
        *(f"### {title}\n\n{facts.all_speeds(way, 2**18)}" for title, way in (("Forward pass", "forward"), ("Backward pass", "backward"))),
    ]
    return "\n".join(parts)


def names() -> str:
    """What other libraries call the functions."""
    parts = [
        "# Names in other libraries\n",
        "Every preset gives what the library computes, with its own names and defaults ([guide](../guides/presets.md)).\n",
    ]
    for peer in fa.presets.PEERS:
        rows = [
            (f"`{e.call}`", f"[{e.function}]({e.function}.md)", f"`{e.preset}`", e.difference or "nothing")
            for e in fa.presets.entries(peer)
        ]
        parts.append(f"## {PEERS[peer]}\n\n{facts.table(('there', 'here', 'as a preset', 'what the preset changes'), rows)}")
    return "\n".join(parts)


LISTS = {"index": index, "gallery": gallery, "compared": compared, "names": names}
