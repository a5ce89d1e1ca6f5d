"""`fastact check`."""

from __future__ import annotations

import argparse

from fastact.commands import Commands, add_json, add_parser
from fastact.commands.chosen import activation
from fastact.commands.naming import FORMS
from fastact.printing import Printer

EXAMPLES = """
fastact check mypackage.units:rbf
fastact check path/to/units.py:rbf --json
fastact check gelu
"""


def add(commands: Commands) -> None:
    """Make the parser."""
    parser = add_parser(commands, "check", "look for what is wrong with an activation of your own", EXAMPLES)
    parser.add_argument("name", metavar="NAME", help=FORMS)
    add_json(parser)


def run(given: argparse.Namespace, show: Printer) -> int:
    """Check, and tell; 1 if something is wrong."""
    from fastact.testing import check_activation

    report = check_activation(activation(given.name))
    if given.json:
        show.data(report.as_dict())
    else:
        show.table(f"fastact check {given.name}", ("", "what", "found"), [(f.outcome, f.what, f.told) for f in report.findings])
        show.line(report.verdict)
    return 0 if report.ok else 1
