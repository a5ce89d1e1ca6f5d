"""`fastact info`."""

from __future__ import annotations

import argparse
import platform

import llvmlite
import llvmlite.binding as llvm
import numba
import numpy as np

import fastact as fa
from fastact.commands import Commands, add_parser
from fastact.printing import Printer

EXAMPLES = """
fastact info
"""


def add(commands: Commands) -> None:
    """Make the parser."""
    add_parser(commands, "info", "versions, processor, threads", EXAMPLES)


def run(given: argparse.Namespace, show: Printer) -> int:
    """Tell what runs here."""
    groups = ((fa.ACTIVATIONS, "activations"), (fa.GATES, "gated units"), (fa.ROWS, "of rows"), (fa.NOISY, "with noise"))
    rows = [
        ("fastact", fa.__version__),
        ("Python", platform.python_version()),
        ("NumPy", np.__version__),
        ("Numba", numba.__version__),
        ("LLVM", f"{'.'.join(map(str, llvm.llvm_version_info))} (llvmlite {llvmlite.__version__})"),
        ("CPU", llvm.get_host_cpu_name()),
        ("threads", str(fa.get_num_threads())),
        ("functions", ", ".join(f"{len(group)} {what}" for group, what in groups)),
    ]
    show.table("fastact info", ("what", "value"), rows)
    return 0
