"""Interleaved timing: every competitor once a round, the median over rounds, so that a drifting machine slows all alike."""

from __future__ import annotations

import math
import statistics
import time
import timeit
from collections.abc import Callable, Mapping
from typing import Any

FEWEST = 5


def samples(runs: Mapping[str, Callable[[], Any]], *, rounds: int, budget: float, most: float = math.inf) -> dict[str, list[float]]:
    """Seconds of one call of each, one per round; every call is repeated within a round for about `budget` seconds.

    Rounds that would take more than `most` seconds together are fewer, but not fewer than 5.
    """
    repeats, spent = {}, 0.0
    for name, run in runs.items():
        run()
        once = min(timeit.repeat(run, number=1, repeat=3))
        repeats[name] = max(1, int(budget / max(once, 1e-7)))
        spent += repeats[name] * once
    fitting = int(min(rounds, max(FEWEST, most / max(spent, 1e-7))))
    taken: dict[str, list[float]] = {name: [] for name in runs}
    start = time.monotonic()
    for done in range(fitting):
        if done >= FEWEST and time.monotonic() - start > most:
            break
        for name, run in runs.items():
            taken[name].append(timeit.timeit(run, number=repeats[name]) / repeats[name])
    return taken


def seconds(runs: Mapping[str, Callable[[], Any]], *, rounds: int = 9, budget: float = 0.01) -> dict[str, float]:
    """Median seconds of one call of each."""
    return {name: statistics.median(taken) for name, taken in samples(runs, rounds=rounds, budget=budget).items()}
