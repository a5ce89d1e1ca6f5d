"""`fastact list`."""

from __future__ import annotations

import argparse
from typing import Any

from fastact.commands import Commands, add_json, add_parser
from fastact.commands.chosen import KINDS, functions
from fastact.facts import facts
from fastact.formulas import plain
from fastact.printing import Printer, UsageError

EXAMPLES = """
fastact list
fastact list --kind gates
fastact list shrink          where a name, formula, summary or source has it
fastact list --json
"""
_HEAD = ("function", "parameters", "formula", "range", "f' at kinks", "ulp f / f'")
_WIDE = 140
"""Columns of a terminal from which on all is told."""


def add(commands: Commands) -> None:
    """Make the parser."""
    parser = add_parser(commands, "list", "all functions: formula, range, error", EXAMPLES)
    parser.add_argument("word", nargs="*", metavar="WORD", help="only functions that are told of with all these words")
    parser.add_argument("--kind", choices=KINDS, help="only functions of one kind")
    add_json(parser)


def _fits(told: dict[str, Any], words: list[str]) -> bool:
    text = " ".join(str(told.get(key, "")) for key in ("name", "aliases", "summary", "formula", "source", "kind")).lower()
    return all(word.lower() in text for word in words)


def interval(ends: list[float]) -> str:
    """A range as text."""
    return f"[{ends[0]:.6g}, {ends[1]:.6g}]"


def bounds(told: dict[str, Any]) -> str:
    """Largest errors in float32, of the function and of the derivative."""
    found = told.get("bound")
    return f"{found['forward']['float32']:g} / {found['derivative']['float32']:g}" if found else ""


def _row(told: dict[str, Any]) -> tuple[str, ...]:
    named = ", ".join(p["name"] if p["default"] is None else f"{p['name']}={p['default']:.4g}" for p in told.get("parameters", ()))
    kinks = "; ".join(f"{k['derivative']:.6g} at {k['at']:.6g}" for k in told.get("kinks", ()))
    options = told["call"].partition("(")[2].removesuffix(")") if "parameters" not in told else named
    return told["name"], options, plain(told["formula"]), interval(told["range"]) if "range" in told else "", kinks, bounds(told)


def run(given: argparse.Namespace, show: Printer) -> int:
    """Tell of every function."""
    found = [facts(f) for f in functions(*([given.kind] if given.kind else [])).values()]
    found = [told for told in found if _fits(told, given.word)]
    if not found:
        raise UsageError(f"no function is told of with {' '.join(given.word)!r}")
    if given.json:
        show.data(found)
        return 0
    chosen = range(len(_HEAD)) if show.width >= _WIDE else (0, 2, 3, 5)
    rows = [[cells[k] for k in chosen] for cells in map(_row, found)]
    show.table("fastact: ranges are for default parameters, of a gated unit f(a)·b for its f", [_HEAD[k] for k in chosen], rows)
    return 0
