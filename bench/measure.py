"""Interleaved timing: every competitor once a round, the median over rounds, so that a drifting machine slows all alike."""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable, Mapping
from typing import Any


def seconds(runs: Mapping[str, Callable[[], Any]], *, rounds: int = 9, budget: float = 0.01) -> dict[str, float]:
    """Median seconds of one call of each; every call is repeated within a round for about `budget` seconds."""
    repeats = {}
    for name, run in runs.items():
        run()
        repeats[name] = max(1, int(budget / max(timeit.timeit(run, number=1), 1e-7)))
    samples: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            samples[name].append(timeit.timeit(run, number=repeats[name]) / repeats[name])
    return {name: statistics.median(values) for name, values in samples.items()}
