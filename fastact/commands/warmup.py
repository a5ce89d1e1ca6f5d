"""`fastact warmup`."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from fastact import cache
from fastact.commands import Commands, add_parser
from fastact.printing import Printer

if TYPE_CHECKING:
    from fastact.warm import Device

EXAMPLES = """
fastact warmup               all loops for this CPU, into the cache on disk
fastact warmup --cuda        all kernels for CUDA
fastact warmup --clear       delete what the cache holds
"""
INTERRUPTED = 130
"""The status by which shells know a program that was interrupted from the keyboard."""


def add(commands: Commands) -> None:
    """Make the parser."""
    parser = add_parser(commands, "warmup", "compile everything before it is needed", EXAMPLES)
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--cuda", action="store_true", help="all kernels for CUDA, in place of the loops for this CPU; needs no GPU")
    way.add_argument("--clear", action="store_true", help="delete all that the cache holds, for the CPU and for CUDA")


def run(given: argparse.Namespace, show: Printer) -> int:
    """Compile everything."""
    if given.clear:
        folder = cache.summary()["folder"]
        show.line(f"{cache.clear()} files were deleted from {folder}")
        return 0
    device: Device = "cuda" if given.cuda else "cpu"
    kind, what = ("ptx", "CUDA kernels") if given.cuda else ("cpu", "CPU loops")
    folder, hindrance = cache.folder(kind), cache.usable(kind)
    if hindrance:
        show.note(f"nothing can be kept in {folder} ({hindrance}); FASTACT_CACHE_DIR names another folder")
        return 1
    started = time.perf_counter()
    try:
        total = _compile(device, what, show)
    except KeyboardInterrupt:
        show.note("interrupted; what was compiled is kept, and the same command goes on from there")
        return INTERRUPTED
    held = cache.summary()["by_kind"][kind]
    told = f"{held['entries']} files, {held['bytes'] / 2**20:.1f} MiB, {time.perf_counter() - started:.0f} s"
    show.line(f"{total} {what} are in {folder}{' or came with the package' * given.cuda} ({told})")
    return 0


def _compile(device: Device, what: str, show: Printer) -> int:
    from fastact import warm  # it starts processes, of which other commands know nothing

    done = 0
    with show.progress(warm.count(device)) as advance:

        def tell(now: int, total: int) -> None:
            nonlocal done
            advance(now - done, what)
            done = now

        return warm.compile_all(device, tell)
