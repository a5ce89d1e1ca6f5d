"""`fastact gallery`."""

from __future__ import annotations

import argparse
from pathlib import Path

from fastact.commands import Commands, add_parser
from fastact.commands.chosen import add_picture, check_picture, functions, write_picture
from fastact.printing import Printer, UsageError

EXAMPLES = """
fastact gallery                                      gallery.png
fastact gallery --out phone.svg --columns 3 --dark
"""


def add(commands: Commands) -> None:
    """Make the parser."""
    parser = add_parser(commands, "gallery", "draw all functions in one picture", EXAMPLES)
    add_picture(parser, "gallery.png")
    parser.add_argument("--columns", type=int, default=6, metavar="N", help="functions side by side (default: 6; 3 fit a phone)")


def run(given: argparse.Namespace, show: Printer) -> int:
    """Draw all functions."""
    if given.columns < 1:
        raise UsageError(f"--columns is {given.columns}; accepted are whole numbers from 1")
    path = given.out or Path("gallery.png")
    check_picture(path)
    from fastact import plot

    with show.progress(len(functions("activations", "gates", "noise"))) as advance:
        figure = plot.gallery(columns=given.columns, dark=given.dark, transparent=given.transparent, advance=advance)
    write_picture(figure, path)
    show.line(str(path))
    return 0
