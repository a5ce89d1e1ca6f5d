"""`fastact plot`."""

from __future__ import annotations

import argparse
from pathlib import Path

from fastact.commands import Commands, add_parser
from fastact.commands.chosen import add_picture, check_picture, function, write_picture
from fastact.printing import Printer, UsageError

EXAMPLES = """
fastact plot gelu                            gelu.svg
fastact plot gelu --out gelu.png --dark
fastact plot leaky_relu 0.2 --out leaky.svg  with slope = 0.2
"""


def add(commands: Commands) -> None:
    """Make the parser."""
    parser = add_parser(commands, "plot", "draw a function, its derivative, and the error of both in ulp", EXAMPLES)
    parser.add_argument("name", metavar="NAME", help="activation, gate or noise of `fastact list`, or module:name")
    parser.add_argument("params", nargs="*", type=float, metavar="VALUE", help="its parameters in order (default: their defaults)")
    add_picture(parser, "NAME.svg")


def run(given: argparse.Namespace, show: Printer) -> int:
    """Draw one function."""
    f = function(given.name)
    path = given.out or Path(f"{f.name.rpartition('.')[2]}.svg")
    check_picture(path)
    from fastact import plot

    try:
        figure = plot.figure(f, *given.params, dark=given.dark, transparent=given.transparent)
    except TypeError as error:
        raise UsageError(str(error).removeprefix("plot: ")) from error
    write_picture(figure, path)
    show.line(str(path))
    return 0
