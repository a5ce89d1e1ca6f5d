"""README's table and the picture from a file of ``bench.table``.

``python -m bench.publish FILE.json --readme README.md --picture fastact/docs/bench.svg``
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from fastact.pictures.speed import draw
from fastact.plot import write

MARKERS = ("<!-- bench -->", "<!-- /bench -->")
DIRECTIONS = ("forward", "backward")
NAMED = ("torch", "jax")
NONE = "–"

Row = dict[str, Any]
Rows = dict[str, dict[str, Row]]


def choose(rows: list[Row], size: int | None, threads: int, dtype: str) -> tuple[int, Rows]:
    """Dense rows of one size, per function and direction; of 262144 elements if there are and no size is given, else of the largest."""
    fit = [r for r in rows if (r["threads"], r["dtype"], r["layout"]) == (threads, dtype, "dense") and r["direction"] in DIRECTIONS]
    sizes = {r["size"] for r in fit}
    if size is None and sizes:
        size = 2**18 if 2**18 in sizes else max(sizes)
    chosen: Rows = {}
    for row in fit:
        if row["size"] == size:
            chosen.setdefault(row["function"], {})[row["direction"]] = row
    if size is None or not chosen:
        raise ValueError(f"no rows of {dtype}, {threads} thread(s)" + (f" and {size} elements" if size else ""))
    return size, chosen


def best_other(peers: dict[str, float]) -> str:
    """The fastest of the peers without a column of their own."""
    others = [(ratio, peer) for peer, ratio in peers.items() if peer not in NAMED]
    return "{:.2f} {}".format(*min(others)) if others else NONE


def cells(row: Row | None) -> list[str]:
    """Gelem/s, and our speed over that of the copy, PyTorch, JAX and the best other."""
    if row is None:
        return [NONE] * 5
    peers = row["peers"]
    named = [f"{peers[peer]:.2f}" if peer in peers else NONE for peer in NAMED]
    return [f"{row['Gelem/s']:.2f}", f"{row['limit']:.2f}", *named, best_other(peers)]


def markdown(rows: Rows, header: dict[str, Any], size: int, threads: int, dtype: str) -> str:
    """The table with a line on how and where it was measured."""
    versions = header["versions"]
    told = ", ".join(f"{name} {version}" for name, version in versions.items() if name not in ("onnx", "ml_dtypes"))
    columns = [name for way in DIRECTIONS for name in (f"{way}, Gelem/s", "× limit", "× torch", "× jax", "× best other")]
    lines = [
        f"{size} elements of {dtype}, {threads} thread(s), {header['cpu']}, {header['date'][:10]}; {told}.",
        "× is our speed over that of the other, above 1 is in our favour.",
        "The limit is `np.copyto`, for backward `np.add`, of the same bytes.",
        "",
        "| function | " + " | ".join(columns) + " |",
        "|---" + "|---:" * len(columns) + "|",
    ]
    for name, ways in rows.items():
        lines.append(f"| `{name}` | " + " | ".join(cell for way in DIRECTIONS for cell in cells(ways.get(way))) + " |")
    return "\n".join(lines)


def insert(text: str, block: str, markers: tuple[str, str] = MARKERS, title: str = "Speed") -> str:
    """Put the block between the markers, or at the end with a title and markers of its own."""
    start, end = markers
    if text.count(start) != text.count(end) or text.count(start) > 1 or text.find(end) < text.find(start):
        raise ValueError(f"the markers {start} and {end} must stand once each, in this order")
    if start not in text:
        return f"{text.rstrip()}\n\n## {title}\n\n{start}\n\n{block}\n\n{end}\n"
    before, _, rest = text.partition(start)
    return f"{before}{start}\n\n{block}\n\n{end}{rest.partition(end)[2]}"


def publish(given: argparse.Namespace) -> None:
    """Write what was asked for."""
    try:
        results = json.loads(given.results.read_text())
        rows, header = results["rows"], results["header"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{given.results} is no file of bench.table") from error
    size, chosen = choose(rows, given.size, given.threads, given.dtype)
    block = markdown(chosen, header, size, given.threads, given.dtype)
    if given.picture is not None:
        given.picture.parent.mkdir(parents=True, exist_ok=True)
        write(draw(chosen, f"{size} elements of {given.dtype}, {given.threads} thread(s), {header['cpu']}"), given.picture)
        if given.readme is not None:
            where = os.path.relpath(given.picture, given.readme.parent).replace(os.sep, "/")
            block = f"![Speed of every function over that of its peers]({where})\n\n{block}"
    if given.readme is None:
        print(block)
    else:
        given.readme.write_text(insert(given.readme.read_text(), block))


def main(arguments: list[str] | None = None) -> int:
    """Publish; 2 with one line if the files do not allow it."""
    parser = argparse.ArgumentParser(prog="bench.publish", description=__doc__)
    parser.add_argument("results", type=Path, metavar="FILE.json")
    parser.add_argument("--readme", type=Path, help=f"file with the markers {' '.join(MARKERS)}; without it the table is printed")
    parser.add_argument("--picture", type=Path, help="an .svg or .png file to draw")
    parser.add_argument("--size", type=int, help="elements; 262144 if not given and there, else the most")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", default="float32")
    try:
        publish(parser.parse_args(arguments))
    except (OSError, ValueError, ImportError) as error:
        print(f"bench.publish: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
