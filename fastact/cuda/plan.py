"""What a call launches, as far as layouts alone decide it: no address, no stream, no driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastact.cuda.target import BLOCK, Program


@dataclass(frozen=True, slots=True)
class Step:
    """One launch of a one-dimensional grid.

    The entry's arguments are the operands that it `takes` (by number, in its order; None: all in theirs), each moved by its
    `shifts` bytes and followed by its constant `words`, and then the constants of the `tail`. Operands of a call are addresses
    of inputs and of outputs, addresses or values of parameters, and the address of scratch memory. Constants are NumPy scalars.
    """

    program: Program
    grid: int
    tail: tuple[Any, ...]
    takes: tuple[int, ...] | None = None
    shifts: tuple[int, ...] | None = None
    words: tuple[tuple[Any, ...], ...] | None = None
    block: int = BLOCK
    shared: int = 0

    @property
    def plain(self) -> bool:
        """Whether the entry takes the operands as they are."""
        return self.takes is None and self.shifts is None and self.words is None

    def arguments(self, operands: Sequence[Any]) -> Sequence[Any]:
        """The arguments of the entry before the tail."""
        given = operands if self.takes is None else [operands[k] for k in self.takes]
        if self.shifts is not None:
            given = [a + b if b else a for a, b in zip(given, self.shifts, strict=True)]
        if self.words is not None:
            given = [part for a, own in zip(given, self.words, strict=True) for part in (a, *own)]
        return given


@dataclass(frozen=True, slots=True)
class Plan:
    """The launches of a call, in order on one stream, and the bytes of device memory that they hand on to each other."""

    steps: tuple[Step, ...]
    scratch: int = 0


def redirected(step: Step, operands: int, others: Mapping[int, tuple[int, int]]) -> Step:
    """A step of so many operands that takes others, moved by some bytes, in the place of those told."""
    takes = tuple(range(operands)) if step.takes is None else step.takes
    shifts = step.shifts or (0,) * len(takes)
    found = [others.get(k, (k, 0)) for k in takes]
    return replace(step, takes=tuple(k for k, _ in found), shifts=tuple(a + b for a, (_, b) in zip(shifts, found, strict=True)))
