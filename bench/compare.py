"""What got slower or faster between two files of ``bench.table``: ``python bench/compare.py OLD.json NEW.json``.

Times are taken in units of the yardstick that was measured beside them, so that the files may come from different machines.
A change counts where the medians and the least times both show it, since other work on the machine moves seldom both.
Exit status: 1 if a row is slower than the limit, 2 if the files cannot be compared.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

KEY = ("function", "direction", "dtype", "size", "threads", "layout")
Key = tuple[Any, ...]


def scaled(times: dict[str, Any]) -> float:
    """A time over the geometric mean of its yardsticks."""
    yard = times["yardstick"]
    value = float(times["seconds"] * 1e9 / math.sqrt(yard["copy"] * yard["exp"]))
    if not 0 < value < math.inf:
        raise ValueError(times)
    return value


def read(path: Path) -> dict[Key, tuple[float, float]]:
    """Scaled median and scaled least time of every row of a file."""
    try:
        rows = json.loads(path.read_text())["rows"]
        return {tuple(row[name] for name in KEY): (scaled(row), scaled(row["least"])) for row in rows}
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not JSON") from error
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise ValueError(f"{path} is no file of bench.table") from error


def speeds(old: Path, new: Path) -> dict[Key, float]:
    """Speed of new over that of old, of every row that both have: by medians or by least times, whichever is nearer to 1."""
    before, after = read(old), read(new)
    pairs = {key: [b / a for b, a in zip(before[key], after[key], strict=True)] for key in before if key in after}
    if not pairs:
        raise ValueError(f"{old} and {new} have no row in common")
    return {key: min(both, key=lambda ratio: abs(math.log(ratio))) for key, both in pairs.items()}


def geometric_mean(values: list[float]) -> float:
    """The mean for ratios."""
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def show(console: Console, found: dict[Key, float], limit: float) -> None:
    """Print what moved beyond the limit, the slowest first, and the mean of all."""
    moved = sorted((item for item in found.items() if not limit <= item[1] <= 1 / limit), key=lambda item: item[1])
    if moved:
        table = Table(*KEY, "new speed / old", title=f"slower than {limit:g} or faster than {1 / limit:.3g} times")
        for key, ratio in moved:
            table.add_row(*map(str, key), f"{ratio:.2f}", style="red" if ratio < limit else "green")
        console.print(table)
    slower = sum(ratio < limit for ratio in found.values())
    mean = geometric_mean(list(found.values()))
    console.print(
        f"{len(found)} rows: {slower} slower, {len(moved) - slower} faster; geometric mean of the speeds {mean:.3f}", highlight=False
    )


def _fraction(text: str) -> float:
    if not 0 < (value := float(text)) <= 1:
        raise ValueError(text)
    return value


def main(arguments: list[str] | None = None) -> int:
    """Compare two files."""
    parser = argparse.ArgumentParser(prog="bench.compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, metavar="OLD.json")
    parser.add_argument("new", type=Path, metavar="NEW.json")
    parser.add_argument("--limit", type=_fraction, default=0.9, help="a row is slower below this speed, in (0, 1]; 0.9 if not given")
    given = parser.parse_args(arguments)
    try:
        found = speeds(given.old, given.new)
    except ValueError as error:
        print(f"bench.compare: {error}", file=sys.stderr)
        return 2
    show(Console(width=None if sys.stdout.isatty() else 120), found, given.limit)
    return int(any(ratio < given.limit for ratio in found.values()))


if __name__ == "__main__":
    sys.exit(main())
