"""The command `fastact`: demo, list, info, verify, warmup."""

from __future__ import annotations

import argparse
import math
import platform
import sys
from collections.abc import Sequence

import llvmlite
import llvmlite.binding as llvm
import numba
import numpy as np

import fastact as fa
from fastact import demo
from fastact.record import at
from fastact.verify import command


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table by rich, or plain columns where rich is not installed."""
    try:
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table
    except ImportError:
        widths = [max(len(r[k]) for r in (head, *rows)) for k in range(len(head))]
        print(title)
        for row in (head, *rows):
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        return
    table = Table(*head, title=title)
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)


def _list() -> int:
    rows = []
    functions: list[fa.Activation | fa.Gate | fa.Noisy] = [*fa.ACTIVATIONS, *fa.GATES, *fa.NOISY]
    for f in (function.record for function in functions):
        params = f.typical
        named = ", ".join(p.name if p.default is None else f"{p.name}={p.default:.4g}" for p in f.params)
        low, high = at(f.range.low, *params), at(f.range.high, *params)
        kinks = "; ".join(f"{at(k.derivative, *params):.6g} at {at(k.at, *params):.6g}" for k in f.kinks)
        error = f"{f.budget.forward.float32:g} / {f.budget.derivative.float32:g}"
        rows.append((f.name, named, f.formula, f"[{low:.6g}, {high:.6g}]", kinks, error))
    for row in (function.record for function in fa.ROWS):
        error = f"{row.budget[0]:g} / {row.gradient[0]:g}"
        rows.append((row.name, "axis=-1, where, scale=1, causal, offsets", row.formula, "", "", error))
    head = ("function", "parameters", "formula", "range", "f' at kinks", "ulp of f / f'")
    _table("fastact (range for the default parameters; of a gated unit, what is told of f(a))", head, rows)
    return 0


def _info() -> int:
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
    _table("fastact info", ("what", "value"), rows)
    return 0


def _demo(name: str) -> int:
    named = {f.name: f for f in fa.ACTIVATIONS}
    if name not in named:
        print(f"fastact demo: unknown activation {name!r}; accepted are {', '.join(named)}", file=sys.stderr)
        return 2
    try:
        outcome = demo.run(named[name])
    except demo.MissingExtraError as error:
        print(f"fastact demo: {error}", file=sys.stderr)
        return 2
    rows = [
        ("test accuracy on scikit-learn's digits", "values overflowed" if math.isnan(outcome.accuracy) else f"{outcome.accuracy:.1%}"),
        ("training time", f"{outcome.seconds:.1f} s"),
        ("forward on 16 Mi float32, of np.copyto", f"{outcome.forward:.2f}"),
        ("backward on 16 Mi float32, of np.add", f"{outcome.backward:.2f}"),
    ]
    _table(f"fastact demo: {name}, {fa.get_num_threads()} threads", ("what", "measured"), rows)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="fastact", description="Activation functions for NumPy arrays.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo_parser = commands.add_parser("demo", help="train a small network on real digits with one activation")
    demo_parser.add_argument("name", nargs="?", default="gelu", metavar="NAME", help="any activation of `fastact list` (default: gelu)")
    demo_parser.add_argument("--activation", metavar="NAME", help="the same")
    commands.add_parser("list", help="all activations: parameters, formula, kinks, error")
    commands.add_parser("info", help="versions, processor, threads")
    verify_parser = commands.add_parser("verify", help="prove the published error bounds on this machine")
    command.add_arguments(verify_parser)
    warmup_parser = commands.add_parser("warmup", help="compile kernels before they are needed")
    warmup_parser.add_argument(
        "--cuda", action="store_true", required=True, help="all kernels for CUDA, into the cache on disk; needs no GPU"
    )
    given = parser.parse_args(arguments)
    if given.command == "warmup":
        from fastact.cuda import warm

        return warm.run()
    if given.command == "verify":
        return command.run(given, _table)
    if given.command == "demo":
        return _demo(given.activation or given.name)
    return _list() if given.command == "list" else _info()


if __name__ == "__main__":
    sys.exit(main())
