"""`fastact show`."""

from __future__ import annotations

import argparse
import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import fastact as fa
from fastact.commands import Commands, add_json, add_parser
from fastact.commands.chosen import function
from fastact.commands.list import interval
from fastact.facts import facts
from fastact.formulas import plain
from fastact.printing import Printer

EXAMPLES = """
fastact show gelu
fastact show softmax
fastact show hard_sigmoid --json
"""


def add(commands: Commands) -> None:
    """Make the parser."""
    parser = add_parser(commands, "show", "everything about one function", EXAMPLES)
    parser.add_argument("name", metavar="NAME", help="of `fastact list`, also an alias, presets.torch.softplus, or module:name")
    add_json(parser)


def _elsewhere(name: str) -> list[dict[str, str]]:
    """How other libraries call the function, and the preset that is that very call."""
    return [dataclasses.asdict(entry) for entry in fa.presets.of(name)]


def _number(value: float) -> str:
    return f"{value:.10g}"


def _parameters(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for p in told.get("parameters", ()):
        default = "must be given" if p["default"] is None else f"{_number(p['default'])} by default"
        yield f"parameter {p['name']}", default + (", trainable: backward returns its gradient" if p["trainable"] else "")


def _shape(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What the function looks like, for the default parameters."""
    if "range" not in told:
        return
    low, high = told["limits"]
    slopes = told["derivative_limits"]
    yield "range of f" if told["kind"] == "gate" else "range", interval(told["range"])
    yield "limits of f, f'", f"{low:.6g}, {slopes[0]:.6g} at -inf; {high:.6g}, {slopes[1]:.6g} at +inf"
    if told["kinks"]:
        yield "kinks", "; ".join(f"at {_number(k['at'])}, where f' is {_number(k['derivative'])}" for k in told["kinks"])
    if told["roots"]:
        yield "f' is 0 at", ", ".join(_number(root) for root in told["roots"])
    kept = [word for word in ("odd", "monotone") if told[word]]
    if kept:
        yield "bit for bit", " and ".join(kept)


def _bounds(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Largest errors, per dtype."""
    labels = {"forward": "f", "derivative": "f'", "parameters": "derivatives by parameters", "from_output": "f' from y"}
    bound = {way: b for way, b in told.get("bound", {}).items() if b and b["float32"] < math.inf}
    for dtype in ("float32", "float64"):
        found = [f"{_number(b[dtype])} of {labels[way]}" for way, b in bound.items()]
        if found:
            yield f"ulp, {dtype}", "at most " + ", ".join(found)
    if "range" in told and not bound:
        yield "errors", "no bound is stated"
    if told["kind"] in ("activation", "gate") and bound:
        yield "16-bit results", "the nearest, or the second nearest within 1 % of a tie"
    if told.get("reach", float("inf")) < float("inf"):
        yield "bounds hold for", f"|x| up to {_number(told['reach'])}"


def run(given: argparse.Namespace, show: Printer) -> int:
    """Tell of one function."""
    f = function(given.name)
    told = facts(f) | {"elsewhere": _elsewhere(f.name)}
    if given.json:
        show.data(told)
        return 0
    rows = [("call", f"fa.{told['call']}" if ":" not in given.name else told["call"])]
    rows += [(what, plain(told[what])) for what in ("formula", "derivative") if told.get(what)]
    rows += [*_parameters(told), *_shape(told), *_bounds(told)]
    rows += [
        ("directions", ", ".join(told["directions"])),
        ("dtypes", ", ".join(told["dtypes"])),
        ("source", told["source"] or "not stated"),
    ]
    if told.get("aliases"):
        rows.append(("also called", ", ".join(told["aliases"])))
    for entry in told["elsewhere"]:
        difference = f" ({entry['difference']})" if entry["difference"] else ""
        rows.append((f"in {entry['peer']}", f"{entry['call']}: {entry['preset']}{difference}"))
    show.table(f"{f.name}: {told['summary']}", ("what", f"of {f.name}"), rows)
    return 0
