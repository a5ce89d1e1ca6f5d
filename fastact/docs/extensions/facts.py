"""What was measured, as tables: the files of results under bench/, and what the records publish."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fastact.record import Ulp

BENCH = Path(__file__).parents[3] / "bench"
RUNS = ("exhaustive", "float64", "halves")
DIRECTIONS = ("forward", "backward", "value_and_grad")
PEERS = ("scipy", "torch", "jax", "onnx")
NONE = "–"


@functools.cache
def read(name: str) -> dict[str, Any]:
    """One file of results."""
    found: dict[str, Any] = json.loads((BENCH / f"{name}.json").read_text())
    return found


def number(value: float) -> str:
    """A number as a reader writes it: ∞, a minus sign, a power of ten."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "\N{MINUS SIGN}∞"
    for part in (3, 6, 8):
        if value * part == 1:
            return f"1/{part}"
    digits, _, power = f"{value:.6g}".partition("e")
    told = digits.replace("-", "\N{MINUS SIGN}")
    return told if not power else f"{told}·10{str(int(power)).translate(RAISED)}"


RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _found(name: str) -> dict[tuple[str, str], dict[str, Any]]:
    """What was found for a function in all runs, by dtype and direction: with the first of the parameters, which are the default ones."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for run in RUNS:
        for entry in read(run)["results"]:
            if entry["function"] == name:
                found.setdefault((entry["dtype"], entry["direction"]), entry)
    return found


def _judged(entry: dict[str, Any]) -> str:
    """How many values were looked at."""
    return f"all {entry['judged']:,}" if entry["dtype"] != "float64" else f"{entry['judged']:,} points"


def _error(entry: dict[str, Any]) -> str:
    """The largest error and where it is; of 16-bit types how many results are not the nearest number."""
    if entry["dtype"] in ("float16", "bfloat16"):
        return "nearest, all" if entry["neighbours"] == 0 else f"nearest, but for {entry['neighbours']}"
    if entry["ulp"] == 0:
        return "0"
    return f"{entry['ulp']:.3f} at {number(float.fromhex(entry['x']))}"


def _published(bound: Ulp, dtype: str) -> str:
    return f"{getattr(bound, dtype):g}" if dtype in ("float32", "float64") else "nearest"


def errors(f: Any) -> str:
    """Bounds and measured errors of an activation, a line for each dtype."""
    found, budget = _found(f.name), f.budget
    rows = []
    for dtype in dict.fromkeys(dtype for dtype, _ in found):
        y, slope = found[dtype, "forward"], found[dtype, "derivative"]
        told = (_published(budget.forward, dtype), _error(y), _published(budget.derivative, dtype), _error(slope))
        rows.append((f"`{dtype}`", _judged(y), *told))
    return table(("dtype", "inputs tried", "f: bound", "f: largest", "f′: bound", "f′: largest"), rows)


def widths(rows: Iterable[tuple[str, float, float]]) -> str:
    """Published bounds of what has no file of results: of what, in float32, in float64."""
    return table(("", "float32", "float64"), ((what, f"{narrow:g}", f"{wide:g}") for what, narrow, wide in rows))


def peers(name: str) -> str:
    """The errors of other libraries by the same measure, or nothing."""
    (row,) = (row for row in read("errors")["rows"] if row["function"] == name)
    who = [peer for peer in PEERS if peer in row["forward"]]
    rows = [(told, *_cells(row, way, ("fastact", *who))) for told, way in (("f", "forward"), ("f′", "backward"))]
    return table(("", "fastact", *who), rows) if who else ""


def _cells(row: dict[str, Any], way: str, who: Iterable[str]) -> list[str]:
    return [_lost(row.get(way, {}).get(peer)) for peer in who]


def all_errors(way: str) -> str:
    """The errors of all functions in all libraries."""
    rows = [(f"[{row['function']}]({row['function']}.md)", *_cells(row, way, ("fastact", *PEERS))) for row in read("errors")["rows"]]
    return table(("function", "fastact", *PEERS), rows)


def all_speeds(way: str, size: int) -> str:
    """The speed of all functions, over that of all libraries."""
    rows = [row for row in read("results")["rows"] if (row["direction"], row["size"], row["layout"]) == (way, size, "dense")]
    who = sorted({peer for row in rows for peer in row["peers"]})
    lines = [(f"[{row['function']}]({row['function']}.md)", *_rate(row, who)) for row in rows]
    return table(("function", "10⁹ a second", "× copy", *(f"× {peer}" for peer in who)), lines)


def _rate(row: dict[str, Any], who: Iterable[str]) -> list[str]:
    times = [f"{row['peers'][peer]:.2f}" if peer in row["peers"] else NONE for peer in who]
    return [f"{row['Gelem/s']:.2f}", f"{row['limit']:.2f}", *times]


def _lost(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return NONE
    if figures["ulp"] < 1e6:
        return f"{figures['ulp']:.3g}" if figures["ulp"] < 1000 else f"{figures['ulp']:,.0f}"
    where, share = float(f"{figures['x']:.3g}"), max(figures["above 4 ulp"], 0.001)
    return f"lost at {number(where)} ({share:.1%})".replace(" ", "\N{NO-BREAK SPACE}")


def speed(name: str) -> str:
    """Speed of an activation, and by how much it is faster than others: a line for each direction and size."""
    rows = [row for row in read("results")["rows"] if row["function"] == name and row["layout"] == "dense"]
    who = sorted({peer for row in rows for peer in row["peers"]})
    rows.sort(key=lambda row: (DIRECTIONS.index(row["direction"]), row["size"]))
    lines = [(f"`{row['direction']}`", f"{row['size']:,}", *_rate(row, who)) for row in rows]
    return table(("direction", "elements", "10⁹ a second", "× copy", *(f"× {peer}" for peer in who)), lines)


def machine(run: str) -> str:
    """Where and with what a file was made."""
    header = read(run)["header"]
    versions = ", ".join(f"{name} {version}" for name, version in header["versions"].items() if name not in ("onnx", "ml_dtypes"))
    return f"{header['cpu']}, {header['date'][:10]}; {versions}"
