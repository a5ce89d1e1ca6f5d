"""Compiling all kernels of the catalogue into the cache on disk, by several processes."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from fastact import cache
from fastact.cuda import catalogue

BATCH = 16
INTERRUPTED = 130
"""The status by which shells know a program that was interrupted from the keyboard."""


def _compile(first: int, last: int) -> int:
    """Make kernels first, first + 1... of the catalogue."""
    chosen = catalogue.kernels()[first:last]
    for make in chosen:
        make()
    return len(chosen)


def _finish_what_is_begun() -> None:
    """Leave an interruption from the keyboard to the process that waits for this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def compile_all(tell: Callable[[int, int], None], processes: int | None = None, most: int | None = None) -> int:
    """Compile every kernel that the cache does not hold, or the first `most`; `tell(done, all)` hears of the progress.

    Returns how many kernels those are.
    """
    total = len(catalogue.kernels()[:most])
    workers = processes or os.cpu_count() or 1
    tell(0, total)
    if workers == 1:
        for first in range(0, total, BATCH):
            tell(first + _compile(first, min(first + BATCH, total)), total)
        return total
    firsts = range(0, total, BATCH)
    with ProcessPoolExecutor(workers, get_context("spawn"), _finish_what_is_begun) as pool:
        counts = pool.map(_compile, firsts, [min(first + BATCH, total) for first in firsts])
        for done in itertools.accumulate(counts):
            tell(done, total)
    return total


def run() -> int:
    """The command `fastact warmup --cuda`; returns the exit status."""
    folder, hindrance = cache.folder("ptx"), cache.usable("ptx")
    if hindrance:
        print(f"fastact warmup: nothing can be kept in {folder} ({hindrance}); FASTACT_CACHE_DIR names another folder", file=sys.stderr)
        return 1
    try:
        total = _compile_and_tell()
    except KeyboardInterrupt:
        print("fastact warmup: interrupted; what was compiled is kept, and the same command goes on from there", file=sys.stderr)
        return INTERRUPTED
    print(f"fastact warmup: {total} CUDA kernels are in {folder} or came with the package")
    return 0


def _compile_and_tell() -> int:
    """Compile all, with a bar by rich, or plain lines where rich is not installed."""
    try:
        from rich.progress import Progress
    except ImportError:
        last = -1

        def tell(done: int, total: int) -> None:
            nonlocal last
            if 10 * done // total > last:
                last = 10 * done // total
                print(f"{done} of {total} kernels", flush=True)

        return compile_all(tell)
    with Progress() as progress:
        bar = progress.add_task("kernels", total=None)
        return compile_all(lambda done, total: progress.update(bar, completed=done, total=total))
