"""`fastact verify`."""

from __future__ import annotations

import argparse
from pathlib import Path

from fastact.commands import Commands, add_parser
from fastact.printing import Printer

EXAMPLES = """
fastact verify                                  all functions, a sample
fastact verify --function gelu --dtype float32
fastact verify --exhaustive --json found.json   every float32, in several runs
"""


def add(commands: Commands) -> None:
    """Make the parser."""
    parser = add_parser(commands, "verify", "prove the published error bounds on this machine", EXAMPLES)
    parser.add_argument(
        "--function", action="append", metavar="NAME", help="any activation of `fastact list`; may be repeated (default: all)"
    )
    parser.add_argument("--dtype", default="", metavar="NAMES", help="float32, float64, float16, bfloat16, comma between (default: all)")
    parser.add_argument("--exhaustive", action="store_true", help="every float32; 10^7 points of float64")
    parser.add_argument("--params", action="store_true", help="also other values of the parameters")
    parser.add_argument("--points", type=int, metavar="N", help="points per function of a sample (default: 2^19)")
    parser.add_argument("--seed", type=int, metavar="N", help="of the sample (default: another each time)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the results here; an interrupted exhaustive run goes on from it")
    parser.add_argument("--threads", type=int, metavar="N", help="default: as many as calls use, one per core")


def run(given: argparse.Namespace, show: Printer) -> int:
    """Compare every function with its reference."""
    from fastact.verify import command  # its judges are imported only when they are needed

    return command.run(given, show.table)
