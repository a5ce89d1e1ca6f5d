"""The commands, a module each: `add(commands)` makes the parser, and `run(given, show)` does the work and returns the exit status.

Exit statuses: 0 all is right, 1 a check failed or something is not as published, 2 wrong usage or something is missing,
130 interrupted from the keyboard.
"""

from __future__ import annotations

import argparse
from typing import Any

Commands = Any
"""What `argparse.ArgumentParser.add_subparsers` returns."""


def add_parser(commands: Commands, name: str, what: str, examples: str, **options: Any) -> argparse.ArgumentParser:
    """The parser of one command, with examples at the end of its help."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog="examples:\n" + "\n".join(f"  {line}" for line in examples.strip().splitlines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **options,
    )
    return parser


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option --json."""
    parser.add_argument("--json", action="store_true", help='one JSON document on stdout; infinities and NaN are "inf", "-inf", "nan"')
