"""The command `fastact`: its parser, and what holds for every command."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from types import ModuleType

import fastact as fa
from fastact.commands import bench, check, demo, gallery, info, plot, show, verify, warmup
from fastact.commands import list as list_
from fastact.printing import Printer, UsageError

COMMANDS: tuple[ModuleType, ...] = (list_, show, plot, gallery, bench, check, verify, info, warmup, demo)
INTERRUPTED, BROKEN_PIPE = 130, 141
"""The statuses by which shells know a program that was interrupted, or whose reader went away."""


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    made = argparse.ArgumentParser(
        prog="fastact", description="Activation functions for NumPy arrays.", epilog="Examples: fastact COMMAND --help"
    )
    made.add_argument("--version", action="version", version=f"fastact {fa.__version__}")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    given = parser().parse_args(arguments)
    module = next(m for m in COMMANDS if m.__name__.rpartition(".")[2] == given.command)
    printer = Printer(given.command)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # formulas have letters that not every encoding has
    try:
        status: int = module.run(given, printer)
        sys.stdout.flush()
    except UsageError as error:
        printer.note(str(error))
        return 2
    except KeyboardInterrupt:
        printer.note("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return status


if __name__ == "__main__":
    sys.exit(main())
