"""Ratios to the limit of the memory and to every installed peer: ``python -m bench.report``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import fastact as fa
from bench.cases import DIRECTIONS, PEERS, Arrays, layouts
from bench.fresh import fresh
from bench.test_latency import CALLS
from fastact.peers.race import race
from fastact.timing import seconds

TITLES = {
    "throughput": "{size} elements, {threads} thread(s): time of the limit and of each peer over ours, above 1 is in our favour",
    "layouts": "{size} elements, {threads} thread(s): elements a second over those of the dense float32 call",
    "latency": "one call on 8 elements: time over that of np.exp, below 1 is in our favour",
    "first": "a fresh process: seconds of each step",
}
PARTS = tuple(TITLES)


def throughput(size: int, names: list[str]) -> list[dict[str, Any]]:
    """One row per function and direction: Gelem/s, and ours over the limit and over each peer."""
    rows = []
    for activation in fa.ACTIVATIONS:
        if names and activation.name not in names:
            continue
        for direction in DIRECTIONS:
            arrays = Arrays.make(size)
            found = race(activation, direction, arrays, rounds=9, budget=0.01)
            row: dict[str, Any] = {"function": activation.name, "direction": direction, "Gelem/s": found["elements_per_second"] / 1e9}
            beside = {"limit": found["limit"], **found["peers"]}
            rows.append(row | {who: beside[who] for who in ("limit", *PEERS) if who in beside})
    return rows


def layout_rows(size: int, names: list[str]) -> list[dict[str, Any]]:
    """Elements a second on other layouts and dtypes, over those of the dense float32 call."""
    rows = []
    for activation in [f for f in fa.ACTIVATIONS if f.name in (names or ["silu"])]:
        cases = layouts(activation, size)
        times = seconds({name: run for name, (run, _) in cases.items()})
        dense = size / times["float32"]
        rows += [
            {"function": activation.name, "layout": name, "Gelem/s": n / times[name] / 1e9, "of dense float32": n / times[name] / dense}
            for name, (_, n) in cases.items()
        ]
    return rows


def latency_rows() -> list[dict[str, Any]]:
    """Nanoseconds of a call on 8 elements, over those of np.exp."""
    arrays = Arrays.make(8)
    times = seconds({name: (lambda call=call: call(arrays)) for name, call in CALLS.items()})
    return [{"call": name, "ns": t * 1e9, "of np.exp": t / times["np.exp"]} for name, t in times.items()]


def first_rows() -> list[dict[str, Any]]:
    """Seconds in a fresh process, the medians of three."""
    samples = [fresh() for _ in range(3)]
    return [{"step": step, "seconds": sorted(s[step] for s in samples)[1]} for step in samples[0]]


def show(title: str, rows: list[dict[str, Any]]) -> None:
    """Print rows as a table."""
    head = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(*head, title=title)
    for row in rows:
        table.add_row(*(f"{row[k]:.2f}" if isinstance(row.get(k), float) else str(row.get(k, "")) for k in head))
    Console(width=140).print(table)


def main() -> None:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2**18, help="elements")
    parser.add_argument("--threads", type=int, default=1, help="threads of fastact, PyTorch and numexpr")
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts out of {','.join(PARTS)}")
    parser.add_argument("--function", action="append", default=[], help="one function; may be repeated")
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    given = parser.parse_args()
    fa.set_num_threads(given.threads)
    made = {
        "throughput": lambda: throughput(given.size, given.function),
        "layouts": lambda: layout_rows(given.size, given.function),
        "latency": latency_rows,
        "first": first_rows,
    }
    results = {part: made[part]() for part in given.only.split(",")}
    for part, rows in results.items():
        show(TITLES[part].format(size=given.size, threads=given.threads), rows)
    if given.json is not None:
        given.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
