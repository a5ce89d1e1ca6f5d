"""Compiling all that a catalogue lists into the cache on disk, by several processes."""

from __future__ import annotations

import importlib
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, Literal

Device = Literal["cpu", "cuda"]
BATCH = 16


def _kernels(device: Device) -> list[Callable[[], Any]]:
    made: list[Callable[[], Any]] = importlib.import_module(f"fastact.{device}.catalogue").kernels()
    return made


def count(device: Device) -> int:
    """How many entries the catalogue has."""
    return len(_kernels(device))


def _compile(device: Device, first: int, last: int) -> int:
    """Make kernels first, first + 1... of the catalogue."""
    chosen = _kernels(device)[first:last]
    for make in chosen:
        make()
    return len(chosen)


def _finish_what_is_begun() -> None:
    """Leave an interruption from the keyboard to the process that waits for this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def compile_all(device: Device, tell: Callable[[int, int], None], processes: int | None = None, most: int | None = None) -> int:
    """Compile every kernel that the cache does not hold, or the first `most`; `tell(done, all)` hears of the progress.

    The first ones, with what others share, are made in this process. Returns how many kernels those are.
    """
    total = len(_kernels(device)[:most])
    workers = processes or os.cpu_count() or 1
    tell(0, total)
    done = _compile(device, 0, min(BATCH, total))
    tell(done, total)
    firsts = range(BATCH, total, BATCH)
    lasts = [min(first + BATCH, total) for first in firsts]
    if workers == 1:
        for first, last in zip(firsts, lasts, strict=True):
            done += _compile(device, first, last)
            tell(done, total)
        return total
    with ProcessPoolExecutor(workers, get_context("spawn"), _finish_what_is_begun) as pool:
        for count in pool.map(_compile, [device] * len(firsts), firsts, lasts):
            done += count
            tell(done, total)
    return total
