"""Throughput: every function and direction on arrays of 2^26 elements, beside a copy on the device and beside torch."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.gpu.case import Case, Recipe, Texts, made

SIZE = 1 << 26
DTYPES = ("float32", "bfloat16")
PERSISTENT = "persistent"
"""The form of kernels whose grid is `BLOCKS` for each multiprocessor, whatever the size."""

BAR = 0.93
"""The fraction of a copy's bytes a second that every kernel should reach."""

BLOCKS = 8
SECONDS = 0.004
"""Of one measurement, about."""

Run = Callable[[], Any]


def interleaved(device: Any, runs: dict[str, Run], rounds: int) -> dict[str, float]:
    """Median seconds of one call of each, each measured once a round, repeated for about `SECONDS`."""
    repeats = {}
    for name, run in runs.items():
        device.seconds(run)
        repeats[name] = max(1, min(1000, round(SECONDS / max(device.seconds(run), 1e-7))))
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            taken[name].append(device.seconds(run, repeats[name]))
    return {name: statistics.median(values) for name, values in taken.items()}


class Arrays:
    """Arrays on the device, filled with ordinary values; made once."""

    def __init__(self, device: Any, size: int) -> None:
        self.device, self.size = device, size
        self.made: dict[tuple[str, int], int] = {}

    def get(self, dtype: str, k: int) -> int:
        """Address of array k of a dtype."""
        if (dtype, k) not in self.made:
            part = made(Recipe("ordinary", dtype, min(self.size, 1 << 20), k))
            address = self.device.empty(self.size * part.itemsize)
            source = self.device.upload(part)
            for at in range(0, self.size, part.size):
                self.device.copy(address + at * part.itemsize, source, part.nbytes)
            self.device.free(source)
            self.made[dtype, k] = address
        return self.made[dtype, k]


def launched(device: Any, texts: Texts, case: Case, arrays: Arrays) -> Run:
    """A call that launches the kernel of a flat case on whole arrays. Results go where nothing is read from."""
    launch = case.launches[0]
    entry, text, span = texts[launch.program]
    results = {k for k, _ in case.results}
    addresses = [arrays.get(r.dtype, k + 8 * (k in results)) for k, r in enumerate(case.data)]
    given = [addresses[a[1]] if a[0] == "data" else getattr(np, a[0])(a[1]) for a in launch.arguments[:-1]]
    kernel, grid = device.kernel(text, entry), -(-arrays.size // span)
    if case.name.endswith(PERSISTENT):
        grid = min(grid, BLOCKS * device.processors)
    return lambda: device.launch(kernel, grid, [*given, np.uint32(arrays.size)])


def throughput(
    device: Any, texts: Texts, cases: list[Case], torch_run: Callable[..., Run | None] | None, size: int = SIZE, rounds: int = 5
) -> Iterator[dict[str, Any]]:
    """A row for each case that is not an accumulation: its bytes a second, of those of a copy, and torch's time of ours."""
    arrays = Arrays(device, size)
    for case in cases:
        name, direction, dtype, *form = case.name.split(" ")
        if dtype not in DTYPES or direction == "accumulate" or len(case.launches) > 1:
            continue
        width = 4 if dtype == "float32" else 2
        row: dict[str, Any] = {"function": name, "direction": direction, "dtype": dtype, "form": " ".join(form)}
        runs = {"ours": launched(device, texts, case, arrays)}
        target, source = arrays.get(dtype, 8), arrays.get(dtype, 0)
        runs["copy"] = lambda target=target, source=source, count=size * width: device.copy(target, source, count)
        if torch_run and not form:
            params = tuple(a[1] for a in case.launches[0].arguments if a[0] == "float32")
            try:
                peer = torch_run(name, direction, dtype, size, params)
                if peer is not None:
                    peer()
                    runs["torch"] = peer
            except Exception as error:  # noqa: BLE001
                row["torch_error"] = repr(error)
        taken = interleaved(device, runs, rounds)
        moved = len(case.data) * size * width
        rate, copied = moved / taken["ours"], 2 * size * width / taken["copy"]
        row |= {"seconds": taken["ours"], "bytes_per_second": rate, "of_copy": rate / copied, "copy_bytes_per_second": copied}
        yield row | ({"torch_over_ours": taken["torch"] / taken["ours"]} if "torch" in taken else {})


def worst(rows: list[dict[str, Any]], most: int = 20) -> dict[str, list[str]]:
    """The rows that are furthest below a copy, and those that torch does sooner, in words."""
    usual = [row for row in rows if not row["form"]]
    slow = sorted((row for row in usual if row["of_copy"] < BAR), key=lambda row: row["of_copy"])
    behind = sorted((row for row in usual if row.get("torch_over_ours", 1) < 1), key=lambda row: row["torch_over_ours"])
    return {
        f"below_{BAR}_of_copy": [f"{_called(row)}: {row['of_copy']:.3f}" for row in slow[:most]],
        "torch_sooner": [f"{_called(row)}: {row['torch_over_ours']:.3f}" for row in behind[:most]],
    }


def _called(row: dict[str, Any]) -> str:
    return f"{row['function']} {row['direction']} {row['dtype']}"
