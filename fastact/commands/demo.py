"""`fastact demo`."""

from __future__ import annotations

import argparse
import math

import fastact as fa
from fastact.commands import Commands, add_json, add_parser
from fastact.printing import Printer, UsageError

EXAMPLES = """
fastact demo                 with gelu
fastact demo mish
"""


def add(commands: Commands) -> None:
    """Make the parser."""
    parser = add_parser(commands, "demo", "train a small network on real digits with one activation", EXAMPLES)
    parser.add_argument("name", nargs="?", default="gelu", metavar="NAME", help="any activation of `fastact list` (default: gelu)")
    parser.add_argument("--activation", metavar="NAME", help="the same")
    add_json(parser)


def run(given: argparse.Namespace, show: Printer) -> int:
    """Train, measure, and tell."""
    from fastact import demo

    name, named = given.activation or given.name, {f.name: f for f in fa.ACTIVATIONS}
    if name not in named:
        raise UsageError(f"unknown activation {name!r}; accepted are {', '.join(named)}")
    try:
        outcome = demo.run(named[name])
    except demo.MissingExtraError as error:
        raise UsageError(str(error)) from error
    threads = fa.get_num_threads()
    if given.json:
        measured = {"accuracy": outcome.accuracy, "seconds": outcome.seconds, "forward": outcome.forward, "backward": outcome.backward}
        show.data({"activation": name, "threads": threads, **measured})
        return 0
    rows = [
        ("test accuracy on scikit-learn's digits", "values overflowed" if math.isnan(outcome.accuracy) else f"{outcome.accuracy:.1%}"),
        ("training time", f"{outcome.seconds:.1f} s"),
        ("forward on 16 Mi float32, of np.copyto", f"{outcome.forward:.2f}"),
        ("backward on 16 Mi float32, of np.add", f"{outcome.backward:.2f}"),
    ]
    show.table(f"fastact demo: {name}, {threads} threads", ("what", "measured"), rows)
    return 0
