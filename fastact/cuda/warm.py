"""Compiling all kernels of the catalogue into the cache on disk, by several processes."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from fastact.cuda import catalogue

BATCH = 16


def _compile(first: int, last: int) -> int:
    """Make kernels first, first + 1... of the catalogue."""
    chosen = catalogue.kernels()[first:last]
    for make in chosen:
        make()
    return len(chosen)


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
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        counts = pool.map(_compile, firsts, [min(first + BATCH, total) for first in firsts])
        for done in itertools.accumulate(counts):
            tell(done, total)
    return total


def run() -> int:
    """The command `fastact warmup --cuda`: compile all, with a bar by rich, or plain lines where rich is not installed."""
    from fastact.cuda import target

    try:
        from rich.progress import Progress
    except ImportError:
        last = -1

        def tell(done: int, total: int) -> None:
            nonlocal last
            if 10 * done // total > last:
                last = 10 * done // total
                print(f"{done} of {total} kernels", flush=True)

        total = compile_all(tell)
    else:
        with Progress() as progress:
            bar = progress.add_task("kernels", total=None)
            total = compile_all(lambda done, all_: progress.update(bar, completed=done, total=all_))
    print(f"fastact warmup: {total} CUDA kernels are in {target.cache_folder()} or came with the package", file=sys.stdout)
    return 0
