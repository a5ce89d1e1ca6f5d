"""`fastact warmup`."""

from __future__ import annotations

import argparse

from fastact.commands import Commands, add_parser
from fastact.printing import Printer

EXAMPLES = """
fastact warmup --cuda        all kernels for CUDA, into the cache on disk
"""


def add(commands: Commands) -> None:
    """Make the parser."""
    parser = add_parser(commands, "warmup", "compile kernels before they are needed", EXAMPLES)
    parser.add_argument("--cuda", action="store_true", required=True, help="all kernels for CUDA, into the cache on disk; needs no GPU")


def run(given: argparse.Namespace, show: Printer) -> int:
    """Compile everything."""
    from fastact.cuda import warm

    return warm.run()
