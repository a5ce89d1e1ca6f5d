"""`fastact list`."""

from __future__ import annotations

import argparse

import fastact as fa
from fastact.commands import Commands, add_parser
from fastact.printing import Printer
from fastact.record import at

EXAMPLES = """
fastact list
"""


def add(commands: Commands) -> None:
    """Make the parser."""
    add_parser(commands, "list", "all functions: parameters, formula, kinks, error", EXAMPLES)


def run(given: argparse.Namespace, show: Printer) -> int:
    """Tell of every function."""
    rows = []
    functions: list[fa.Activation | fa.Gate | fa.Noisy] = [*fa.ACTIVATIONS, *fa.GATES, *fa.NOISY]
    for f in (function.record for function in functions):
        params = f.typical
        named = ", ".join(p.name if p.default is None else f"{p.name}={p.default:.4g}" for p in f.params)
        low, high = at(f.range.low, *params), at(f.range.high, *params)
        kinks = "; ".join(f"{at(k.derivative, *params):.6g} at {at(k.at, *params):.6g}" for k in f.kinks)
        error = f"{f.budget.forward.float32:g} / {f.budget.derivative.float32:g}"
        rows.append((f.name, named, f.formula, f"[{low:.6g}, {high:.6g}]", kinks, error))
    for row in (function.record for function in fa.ROWS):
        error = f"{row.budget[0]:g} / {row.gradient[0]:g}"
        rows.append((row.name, "axis=-1, where, scale=1, causal, offsets", row.formula, "", "", error))
    head = ("function", "parameters", "formula", "range", "f' at kinks", "ulp of f / f'")
    show.table("fastact (range for the default parameters; of a gated unit, what is told of f(a))", head, rows)
    return 0
