"""The whole table, function by function, direction, dtype, size and threads: ``python -m bench.table --json FILE``."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

import fastact as fa
from bench.cases import DIRECTIONS, Arrays, layouts, limit, ours, peers
from bench.machine import header
from bench.store import Key, Store
from fastact.timing import samples

DTYPES = ("float32", "float64", "float16", "bfloat16")
DENSE = "dense"
YARDSTICK = 2**16
MOST = 3.0  # seconds for a row


@dataclass(frozen=True)
class Case:
    """One measurement: a row, or all layouts of one function at once."""

    activation: fa.Activation
    direction: str
    dtype: str
    size: int
    threads: int
    layout: str = DENSE

    def key(self) -> Key:
        """The key of the row, of the first one where there are many."""
        return self.activation.name, self.direction, self.dtype, self.size, self.threads, self.layout


def yardstick() -> dict[str, Callable[[], Any]]:
    """Calls by which results of different machines compare: a copy and an exponential, both within the cache."""
    a = Arrays.make(YARDSTICK)
    return {"copy": lambda: np.copyto(a.y, a.x), "exp": lambda: np.exp(a.x, out=a.d)}


def dtype_of(name: str) -> Any:
    """The NumPy dtype; bfloat16 is that of ml_dtypes."""
    if name != "bfloat16":
        return np.dtype(name)
    import ml_dtypes

    return np.dtype(ml_dtypes.bfloat16)


class Bench:
    """Measures cases; operands are made once per dtype and size."""

    def __init__(self, rounds: int, budget: float) -> None:
        self.options: dict[str, Any] = {"rounds": rounds, "budget": budget, "most": MOST}
        self.yard = yardstick()
        self.made: tuple[Any, Arrays] | None = None

    def arrays(self, case: Case) -> Arrays:
        wanted = case.dtype, case.size
        if self.made is None or self.made[0] != wanted:
            self.made = None
            self.made = wanted, Arrays.make(case.size, dtype_of(case.dtype))
        return self.made[1]

    def rows(self, case: Case) -> list[dict[str, Any]]:
        """Interleaved medians of ours, the limit, every peer and the yardstick."""
        fa.set_num_threads(case.threads)
        yard = {f"yardstick {name}": run for name, run in self.yard.items()}
        if case.layout != DENSE:
            return self._layouts(case, yard)
        a = self.arrays(case)
        rivals = peers(case.activation, case.direction, a)
        own = {"ours": ours(case.activation, case.direction, a), "limit": limit(case.direction, a)}
        taken = samples(own | rivals | yard, **self.options)
        times = {who: statistics.median(values) for who, values in taken.items()}
        beside = {"limit": times["limit"] / times["ours"], "peers": {peer: times[peer] / times["ours"] for peer in rivals}}
        return [_row(case, case.size, taken["ours"], taken) | beside]

    def _layouts(self, case: Case, yard: dict[str, Callable[[], Any]]) -> list[dict[str, Any]]:
        name = case.activation.name
        made = {label: c for label, c in layouts(case.activation, case.size).items() if name == "leaky_relu" or "leaky_relu" not in label}
        taken = samples({label: run for label, (run, _) in made.items()} | yard, **self.options)
        dense = statistics.median(taken["float32"]) / case.size
        rows = []
        for label, (_, elements) in made.items():
            row = _row(case, elements, taken[label], taken)
            rows.append(row | {"layout": label, "of dense": dense * elements / row["seconds"], "peers": {}})
        return rows


def _row(case: Case, elements: int, ours: list[float], taken: dict[str, list[float]]) -> dict[str, Any]:
    """Medians; and the least of each, which other work on the machine disturbs less."""
    median = statistics.median(ours)
    yard = {name: taken[f"yardstick {name}"] for name in ("copy", "exp")}
    return {
        "function": case.activation.name,
        "direction": case.direction,
        "dtype": case.dtype,
        "size": case.size,
        "threads": case.threads,
        "layout": case.layout,
        "seconds": median,
        "Gelem/s": elements / median / 1e9,
        "yardstick": {name: statistics.median(values) * 1e9 for name, values in yard.items()},
        "least": {"seconds": min(ours), "yardstick": {name: min(values) * 1e9 for name, values in yard.items()}},
    }


def cases(given: argparse.Namespace) -> Iterator[Case]:
    """Every case asked for; threads and operands change seldom."""
    chosen = [f for f in fa.ACTIVATIONS if not given.function or f.name in given.function]
    for threads in given.threads:
        for size in given.sizes:
            for dtype in given.dtypes:
                yield from (Case(f, way, dtype, size, threads) for f in chosen for way in DIRECTIONS)
            if given.layouts:
                yield from (Case(f, "forward", "float32", size, threads, "float32") for f in chosen)


def _list(kind: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    def parse(text: str) -> list[Any]:
        return [kind(part) for part in text.split(",")]

    return parse


def _positive(text: str) -> int:
    if (value := int(text)) < 1:
        raise ValueError(text)
    return value


def _dtype(text: str) -> str:
    if text not in DTYPES:
        raise argparse.ArgumentTypeError(f"{text} is none of {', '.join(DTYPES)}")
    return text


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.table", description=__doc__)
    parser.add_argument("--sizes", type=_list(_positive), default=[2**14, 2**18], help="elements, comma between; 16384,262144 if not given")
    parser.add_argument("--threads", type=_list(_positive), default=[1], help="threads of ours and of every peer, comma between")
    parser.add_argument("--dtypes", type=_list(_dtype), default=["float32"], help=f"out of {','.join(DTYPES)}")
    parser.add_argument("--layouts", action="store_true", help="also strided, masked and other layouts, forward")
    parser.add_argument("--function", action="append", choices=[f.name for f in fa.ACTIVATIONS], help="one function; may be repeated")
    parser.add_argument("--rounds", type=_positive, default=21, help="medians are over so many rounds, fewer for slow calls")
    parser.add_argument("--budget", type=float, default=0.003, help="seconds a round for each competitor")
    parser.add_argument("--json", type=Path, required=True, help="file of the results, whole after every row")
    parser.add_argument("--resume", action="store_true", help="keep the rows that the file has")
    return parser.parse_args(arguments)


def measure(given: argparse.Namespace, store: Store, console: Console) -> None:
    """Measure every case that the store lacks."""
    wanted = [case for case in cases(given) if case.key() not in store.rows]
    bench = Bench(given.rounds, given.budget)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=len(wanted))
        for case in wanted:
            progress.update(task, description=" ".join(str(part) for part in case.key()))
            store.add(bench.rows(case))
            progress.advance(task)


def main(arguments: list[str] | None = None) -> int:
    """Measure what was asked for; 2 for a file that cannot be used, 130 after an interruption."""
    given, console, start = _arguments(arguments), Console(stderr=True), time.monotonic()
    store = Store(given.json, header())
    try:
        if given.resume:
            store.resume()
        store.add(())
        measure(given, store, console)
    except (OSError, ValueError, ImportError) as error:
        console.print(f"bench.table: {error}", markup=False, highlight=False)
        return 2
    except KeyboardInterrupt:
        console.print(f"interrupted; {len(store.rows)} rows are in {given.json}, --resume goes on from there")
        return 130
    console.print(f"{len(store.rows)} rows in {given.json} after {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
