"""Global memory: NumPy arrays at their real addresses, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .kinds import RAW, Fault
from .watch import Watch

Array = Any


@dataclass(eq=False, slots=True)
class Buffer:
    """One array; `written` marks the bytes that may be read, None if all may; `watch` hears who touches it, if any cares."""

    name: str
    start: int
    data: Array
    writable: bool
    written: Array | None
    watch: Watch | None = None
    constant: bool = False
    stored: bool = False
    views: dict[tuple[int, int], tuple[Array, int]] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """The address after the last byte."""
        return self.start + int(self.data.size)

    def words(self, size: int, count: int) -> tuple[Array, int]:
        """The array as rows of `count` words of `size` bytes, from the first aligned address on, which is returned too."""
        if (size, count) not in self.views:
            row = size * count
            skip = min(-self.start % row, self.data.size)
            view = self.data[skip : skip + (self.data.size - skip) // row * row].view(RAW[size])
            self.views[size, count] = view.reshape(-1, count), self.start + skip
        return self.views[size, count]


class Memory:
    """The arrays that a kernel may touch: every access must lie in one of them, on a multiple of its size."""

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []

    def add(self, array: Array, name: str = "", *, writable: bool = True, written: bool = True, watched: bool = False) -> int:
        """Make a contiguous array known and return its address.

        `writable` tells if the kernel may store to it, `written` if it may load what it has not stored before, and `watched` that no
        thread may touch what another one stores.
        """
        if not (array.flags.c_contiguous or array.flags.f_contiguous):
            raise ValueError("an array of the memory must be contiguous: add the one that it is a view of, and use the view's address")
        start = int(array.__array_interface__["data"][0])
        data = array.reshape(-1, order="A").view(np.uint8) if array.size else np.empty(0, np.uint8)
        marks = None if written else np.zeros(data.size, np.bool_)
        watch = Watch(data.size, "thread") if watched else None
        self.buffers.append(Buffer(name or f"array {len(self.buffers)}", start, data, writable and array.flags.writeable, marks, watch))
        return start

    def launched(self) -> None:
        """Start a launch: what no launch may both load as constant and store is told anew."""
        for buffer in self.buffers:
            buffer.constant = buffer.stored = False
            if buffer.watch is not None:
                buffer.watch.forget()

    def load(self, addresses: Array, size: int, count: int, constant: bool, who: Array) -> Array:
        """Rows of `count` words of `size` bytes; `constant` for the loads (ld.global.nc) that stores must not meet.

        `who` numbers the threads from 1 on.
        """
        rows = np.empty((len(addresses), count), RAW[size])
        for buffer, lanes in self._found(addresses, size * count):
            index = _index(buffer, addresses, lanes, size, count)
            if buffer.written is not None:
                self._check_written(buffer, addresses[lanes], size * count)
            if constant and buffer.stored:
                raise Fault(f"a constant load from {buffer.name}, which the kernel stores to")
            buffer.constant |= constant
            if buffer.watch is not None:
                buffer.watch.load(_cells(buffer, addresses[lanes], size * count), who[lanes])
            rows[lanes] = buffer.words(size, count)[0][index]
        return rows

    def store(self, addresses: Array, columns: Sequence[Array], size: int, who: Array) -> None:
        """Store words side by side."""
        for buffer, lanes in self._found(addresses, size * len(columns)):
            if not buffer.writable:
                raise Fault(f"a store to {buffer.name}, which is read only")
            if buffer.constant:
                raise Fault(f"a store to {buffer.name}, which the kernel loads as constant")
            buffer.stored = True
            if buffer.watch is not None:
                buffer.watch.store(_cells(buffer, addresses[lanes], size * len(columns)), who[lanes])
            index = _index(buffer, addresses, lanes, size, len(columns))
            view, start = buffer.words(size, len(columns))
            for k, column in enumerate(columns):
                view[index, k] = column[lanes] if np.ndim(column) else column
            if buffer.written is not None:
                row, skip = size * len(columns), start - buffer.start
                buffer.written[skip : skip + view.size * size].reshape(-1, row)[index] = True

    def _found(self, addresses: Array, size: int) -> list[tuple[Buffer, Array | slice]]:
        """The buffers that addresses lie in, with the places of those."""
        low, high = int(addresses.min()), int(addresses.max())
        for buffer in self.buffers:
            if buffer.start <= low and high + size <= buffer.end:
                if (addresses & np.uint64(size - 1)).any():
                    self._misaligned(addresses, size)
                return [(buffer, slice(None))]
        found: list[tuple[Buffer, Array | slice]] = []
        left = np.ones(len(addresses), np.bool_)
        for buffer in self.buffers:
            inside = (addresses >= np.uint64(buffer.start)) & (addresses + np.uint64(size) <= np.uint64(buffer.end)) & left
            if inside.any():
                found.append((buffer, np.flatnonzero(inside)))
                left &= ~inside
        if left.any():
            raise Fault(f"out of bounds: {size} bytes at {self._place(int(addresses[left][0]))}, {int(left.sum())} thread(s) in all")
        if (addresses & np.uint64(size - 1)).any():
            self._misaligned(addresses, size)
        return found

    def _misaligned(self, addresses: Array, size: int) -> None:
        wrong = addresses[(addresses & np.uint64(size - 1)) != 0]
        raise Fault(f"misaligned: {size} bytes at {self._place(int(wrong[0]))}, {len(wrong)} thread(s) in all")

    def _check_written(self, buffer: Buffer, addresses: Array, size: int) -> None:
        assert buffer.written is not None
        unset = ~buffer.written[_cells(buffer, addresses, size)].all(axis=1)
        if unset.any():
            raise Fault(f"a load of what was never written: {size} bytes at {self._place(int(addresses[unset][0]))}")

    def _place(self, address: int) -> str:
        if not self.buffers:
            return f"{address:#x}, with no memory at all"
        near = min(self.buffers, key=lambda b: max(b.start - address, address - b.end, 0))
        return f"{address:#x}, offset {address - near.start} of {near.name} with {near.data.size} bytes"


def _cells(buffer: Buffer, addresses: Array, size: int) -> Array:
    """The places in the buffer of the bytes at addresses."""
    return (addresses - np.uint64(buffer.start)).astype(np.int64)[:, None] + np.arange(size)


def _index(buffer: Buffer, addresses: Array, lanes: Array | slice, size: int, count: int) -> Array | slice:
    """Which rows of `Buffer.words` addresses are; a slice where they follow each other."""
    start = np.uint64(buffer.words(size, count)[1])
    index = ((addresses[lanes] - start) >> np.uint64((size * count).bit_length() - 1)).astype(np.int64)
    first, last = int(index[0]), int(index[-1])
    if last - first == len(index) - 1 and (np.diff(index) == 1).all():
        return slice(first, last + 1)
    return index
