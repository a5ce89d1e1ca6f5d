"""Errors of ours and of every installed peer by one measure: ``python -m bench.errors --json FILE [--readme README.md]``.

Each runs on every STEP-th bit pattern of all finite float32 values; the C reference in double judges, in units in the
last place. A backward pass is that of a gradient of 1. SciPy, PyTorch, JAX and ONNX Runtime have functions of their
own; NumPy's and numexpr's expressions are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

import fastact as fa
from bench.machine import header
from bench.publish import insert
from fastact import reference
from fastact.peers import peers
from fastact.peers.arrays import Arrays
from fastact.record import at
from fastact.verify.judge import errors, largest_term

MARKERS = ("<!-- errors -->", "<!-- /errors -->")
WHO = ("scipy", "torch", "jax", "onnx")
HOPELESS = 1e6


def sample(activation: fa.Activation, step: int) -> Any:
    """Every step-th finite float32, within the reach of the function."""
    x = np.arange(7, 2**32, step, dtype=np.uint32).view(np.float32)
    return x[np.isfinite(x) & (abs(x) <= at(activation.record.reach, *activation.record.typical))]


def measure(activation: fa.Activation, direction: str, x: Any) -> dict[str, dict[str, Any]]:
    """Per competitor the largest error, where it is, the share of values worse than 4 ulp, and of NaN."""
    params = tuple(float(np.float32(p)) for p in activation.record.typical)
    compute = reference.forward if direction == "forward" else reference.derivative
    truth = compute(activation.name, x, *params, dtype=np.float64)
    term = largest_term(activation.record, 0, x, params) if direction == "backward" else 0
    a = Arrays(x, np.ones_like(x), np.empty_like(x), np.empty_like(x))
    found = {"fastact": activation(x, *params) if direction == "forward" else activation.derivative(x, *params)}
    for who, run in peers(activation, direction, a).items():
        if who in WHO:
            made = run()
            found[who] = np.array(a.y if made is None else made)
    return {who: judge(values, truth, x, term) for who, values in found.items()}


def judge(values: Any, truth: Any, x: Any, term: Any) -> dict[str, Any]:
    """The figures of one competitor."""
    wrong = errors(values, truth, term)
    worst = int(np.argmax(wrong))
    nan = np.isnan(values) & ~np.isnan(truth)
    return {
        "ulp": float(min(wrong[worst], 2.0**53)),
        "x": float(x[worst]),
        "above 4 ulp": float((wrong > 4).mean()),
        "NaN": float(nan.mean()),
    }


def cell(figures: dict[str, Any] | None) -> str:
    """The largest error, or that all is lost somewhere, and on how many of all floats."""
    if figures is None:
        return "–"
    if figures["ulp"] < HOPELESS:
        return f"{figures['ulp']:.3g}"
    return f"**lost**, {max(figures['above 4 ulp'], 0.001):.1%}"


def markdown(rows: list[dict[str, Any]], head: dict[str, Any], step: int) -> str:
    """The table for the README."""
    versions = head["versions"]
    told = ", ".join(f"{who} {versions[who]}" for who in ("torch", "jax", "scipy", "onnxruntime") if who in versions)
    lines = [
        f"Largest error in ulp, float32, on every {step}th finite bit pattern, by `python -m bench.errors`; {told}.",
        "**lost**: somewhere no digit is right, or NaN; with the share of all finite floats that are beyond 4 ulp.",
        "JAX takes subnormal numbers for 0, which alone is 0.2 to 0.4 % of all.",
        "",
        "| function | f | SciPy | PyTorch | JAX | ONNX Runtime | f' | PyTorch | JAX |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        forward, backward = row["forward"], row["backward"]
        cells = [cell(forward.get(who)) for who in ("fastact", *WHO)] + [cell(backward.get(who)) for who in ("fastact", "torch", "jax")]
        lines.append(f"| `{row['function']}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(prog="bench.errors", description=__doc__)
    parser.add_argument("--step", type=int, default=1021, help="every how many bit patterns (default: 1021)")
    parser.add_argument("--function", action="append", default=[], help="one function; may be repeated")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--readme", type=Path, help=f"file with the markers {' '.join(MARKERS)}")
    given = parser.parse_args(arguments)
    fa.set_num_threads(1)
    chosen = [f for f in fa.ACTIVATIONS if not given.function or f.name in given.function]
    rows = []
    with np.errstate(all="ignore"):
        for f in track(chosen, description="errors", console=Console(stderr=True)):
            x = sample(f, given.step)
            rows.append({"function": f.name, **{way: measure(f, way, x) for way in ("forward", "backward")}})
    table = Table("function", "direction", *("fastact", *WHO))
    for row in rows:
        for way in ("forward", "backward"):
            table.add_row(row["function"], way, *(cell(row[way].get(who)) for who in ("fastact", *WHO)))
    Console().print(table)
    head = header()
    if given.json is not None:
        given.json.write_text(json.dumps({"header": head, "step": given.step, "rows": rows}, indent=1))
    if given.readme is not None:
        given.readme.write_text(insert(given.readme.read_text(), markdown(rows, head, given.step), MARKERS, "Errors"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
