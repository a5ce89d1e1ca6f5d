"""The command `fastact`: its parser, and what holds for every command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from types import ModuleType

import fastact as fa
from fastact.commands import demo, gallery, info, plot, verify, warmup
from fastact.commands import list as list_
from fastact.printing import Printer, UsageError

COMMANDS: tuple[ModuleType, ...] = (list_, plot, gallery, verify, info, warmup, demo)
INTERRUPTED, BROKEN_PIPE = 130, 141
"""The statuses by which shells know a program that was interrupted, or whose reader went away."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fastact", description="Activation functions for NumPy arrays.")
    parser.add_argument("--version", action="version", version=f"fastact {fa.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    given = _parser().parse_args(arguments)
    module = next(m for m in COMMANDS if m.__name__.rpartition(".")[2] == given.command)
    show = Printer(given.command)
    try:
        status: int = module.run(given, show)
        sys.stdout.flush()
    except UsageError as error:
        show.note(str(error))
        return 2
    except KeyboardInterrupt:
        show.note("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return status


if __name__ == "__main__":
    sys.exit(main())
