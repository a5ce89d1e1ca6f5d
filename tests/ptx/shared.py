"""Shared memory of a batch of blocks, with a watch for races between warps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .kinds import RAW, Fault
from .threads import Threads
from .watch import Watch

Array = Any
_PAD = 16


class Shared:
    """`size` bytes for each block.

    Between two barriers a byte that one warp stores must not be loaded or stored by another; what was never stored must not be loaded.
    """

    def __init__(self, blocks: int, size: int) -> None:
        self.size, self.row = size, -(-size // _PAD) * _PAD
        self.data = np.zeros(blocks * self.row, np.uint8)
        self.known = np.zeros(blocks * self.row, np.bool_)
        self.watch = Watch(blocks * self.row, "warp")

    def load(self, threads: Threads, addresses: Array, size: int, count: int) -> Array:
        """Rows of `count` words of `size` bytes."""
        offsets, cells = self._cells(threads, addresses, size * count)
        known = self.known[cells].all(axis=1)
        if not known.all():
            raise Fault(f"a load from shared memory of what was never written, {threads.where(int(np.argmin(known)))}")
        self.watch.load(cells, _warps(threads))
        return self.data.view(RAW[size])[offsets[:, None] // size + np.arange(count)]

    def store(self, threads: Threads, addresses: Array, columns: Sequence[Array], size: int) -> None:
        """Store words side by side."""
        offsets, cells = self._cells(threads, addresses, size * len(columns))
        self.watch.store(cells, _warps(threads))
        self.known[cells] = True
        view = self.data.view(RAW[size])
        for k, column in enumerate(columns):
            view[offsets // size + k] = column

    def synchronised(self, blocks: Array) -> None:
        """The threads of these blocks met at a barrier."""
        self.watch.forget((blocks[:, None] * self.row + np.arange(self.row)).reshape(-1))

    def _cells(self, threads: Threads, addresses: Array, size: int) -> tuple[Array, Array]:
        wrong = (addresses & np.uint64(size - 1)) != 0
        if wrong.any():
            raise Fault(f"misaligned: {size} bytes at {int(addresses[wrong][0])} of shared memory, {threads.where(int(np.argmax(wrong)))}")
        outside = (addresses > np.uint64(self.size)) | (addresses + np.uint64(size) > np.uint64(self.size))
        if outside.any():
            where = threads.where(int(np.argmax(outside)))
            raise Fault(f"out of bounds: {size} bytes at {int(addresses[outside][0])} of {self.size} of shared memory, {where}")
        offsets = addresses.astype(np.int64) + threads.of(threads.block) * self.row
        return offsets, offsets[:, None] + np.arange(size)


def _warps(threads: Threads) -> Array:
    return threads.of(threads.thread) // 32 + 1
