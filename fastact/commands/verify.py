"""`fastact verify`."""

from __future__ import annotations

import argparse

from fastact.commands import Commands, add_parser
from fastact.printing import Printer
from fastact.verify import command

EXAMPLES = """
fastact verify                                  all functions, a sample
fastact verify --function gelu --dtype float32
fastact verify --exhaustive --json found.json   every float32, in several runs
"""


def add(commands: Commands) -> None:
    """Make the parser."""
    command.add_arguments(add_parser(commands, "verify", "prove the published error bounds on this machine", EXAMPLES))


def run(given: argparse.Namespace, show: Printer) -> int:
    """Compare every function with its reference."""
    return command.run(given, show.table)
