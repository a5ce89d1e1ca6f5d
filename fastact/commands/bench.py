"""`fastact bench`."""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastact as fa
from fastact.commands import Commands, add_json, add_parser
from fastact.commands.chosen import add_picture, check_picture, function, write_picture
from fastact.printing import Printer, UsageError

EXAMPLES = """
fastact bench                                   twelve functions
fastact bench gelu silu --size 16Mi             larger than the caches
fastact bench --all --threads 1 --out speed.svg
fastact bench relu --dtype float16 --json
"""
NAMES = ("relu", "leaky_relu", "hard_swish", "sigmoid", "tanh", "softplus", "elu", "selu", "silu", "gelu", "gelu_tanh", "mish")
DIRECTIONS = ("forward", "backward")
DTYPES = ("float32", "float64", "float16", "bfloat16")
ROUNDS, ROUND, MOST = 15, 0.001, 1.0
"""Rounds, of which each takes that many seconds of every competitor; and seconds for all rounds of a case."""


def add(commands: Commands) -> None:
    """Make the parser."""
    parser = add_parser(commands, "bench", "this machine's speed, beside a copy and the installed peers", EXAMPLES)
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"of `fastact list`, or module:name (default: {', '.join(NAMES)})")
    parser.add_argument("--all", action="store_true", help="every activation")
    parser.add_argument("--size", type=_elements, default=2**20, metavar="N", help="elements, as 65536, 64Ki or 16Mi (default: 1Mi)")
    parser.add_argument("--dtype", choices=DTYPES, default="float32", help="peers have float32 and float64 (default: float32)")
    parser.add_argument("--threads", type=int, metavar="N", help="of fastact and of every peer that can be told (default: one per core)")
    add_picture(parser, "none is drawn")
    add_json(parser)


def _elements(text: str) -> int:
    found = re.fullmatch(r"([1-9]\d*)(Ki|Mi)?", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of elements, such as 65536, 64Ki or 16Mi")
    return int(found[1]) * {"Ki": 2**10, "Mi": 2**20}.get(found[2], 1)


def _chosen(given: argparse.Namespace) -> list[fa.Activation]:
    """What is to be measured; all that is wrong is said before."""
    if given.out is not None:
        check_picture(given.out)
    if given.dtype == "bfloat16" and importlib.util.find_spec("ml_dtypes") is None:
        raise UsageError("bfloat16 needs ml_dtypes: pip install 'fastact[bfloat16]'")
    if given.threads is not None:
        try:
            fa.set_num_threads(given.threads)
        except (ValueError, RuntimeError) as error:
            raise UsageError(str(error).removeprefix("set_num_threads: ")) from error
    if given.all and given.name:
        raise UsageError("names and --all are given; accepted is one of them")
    if given.all:
        return list(fa.ACTIVATIONS)
    return [function(name, "activations") for name in given.name or NAMES]


def _measured(given: argparse.Namespace, chosen: list[fa.Activation], show: Printer) -> Iterator[dict[str, Any]]:
    from fastact.cpu.ufunc import numpy_dtype
    from fastact.peers.arrays import Arrays
    from fastact.peers.race import race

    load, cores = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0, os.cpu_count() or 1
    if load > cores:
        show.note(f"the machine is busy: {load:.1f} programs want its {cores} cores, and what is measured with threads means little")
    a = Arrays.make(given.size, numpy_dtype(given.dtype))
    with show.progress(len(chosen) * len(DIRECTIONS)) as advance:
        for f in chosen:
            for direction in DIRECTIONS:
                advance(0, f"{f.name} {direction}")
                found = race(f, direction, a, rounds=ROUNDS, budget=ROUND, most=MOST)
                yield {"function": f.name, "direction": direction, **found}
                advance(1, f"{f.name} {direction}")


def _tables(rows: list[dict[str, Any]], told: str, show: Printer) -> None:
    """A table for each direction: our speed over that of each other."""
    peers = list(dict.fromkeys(peer for row in rows for peer in row["peers"]))
    for direction in DIRECTIONS:
        limit = "of copy" if direction == "forward" else "of add"
        cells = [
            [row["function"], f"{row['elements_per_second'] / 1e9:.2f}", f"{row['limit']:.2f}"]
            + [f"{row['peers'][peer]:.2f}" if peer in row["peers"] else "" for peer in peers]
            for row in rows
            if row["direction"] == direction
        ]
        show.table(f"{direction}, {told}", ("function", "Gelem/s", limit, *peers), cells)
    show.line("Columns of others: our speed over theirs, above 1 is in our favour.")
    show.line("copy and add: np.copyto and np.add of as many bytes, the limit of the memory.")


def run(given: argparse.Namespace, show: Printer) -> int:
    """Measure, and tell."""
    from fastact import machine

    chosen, threads = _chosen(given), fa.get_num_threads()
    rows = list(_measured(given, chosen, show))
    told = f"{given.size} elements of {given.dtype}, {threads} thread{'s' if threads > 1 else ''}"
    if given.json:
        header = {"cpu": machine.model(), "versions": machine.versions((*machine.REQUIRED, *machine.PEERS)) | {"fastact": fa.__version__}}
        case = {"size": given.size, "dtype": given.dtype, "threads": threads}
        show.data({**header, **case, "rows": rows})
    else:
        _tables(rows, told, show)
    if given.out is not None:
        _draw(rows, f"{told}, {machine.model()}", given)
        if not given.json:
            show.line(str(given.out))
    return 0


def _draw(rows: list[dict[str, Any]], told: str, given: argparse.Namespace) -> None:
    from fastact.pictures import speed

    ways: dict[str, dict[str, Any]] = {}
    for row in rows:
        ways.setdefault(row["function"], {})[row["direction"]] = row
    path: Path = given.out
    write_picture(speed.draw(ways, told, dark=given.dark, transparent=given.transparent), path)
