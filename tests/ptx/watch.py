"""Races: a byte that one party stores, and another loads or stores with nothing in between that orders the two."""

from __future__ import annotations

from typing import Any

import numpy as np

from .kinds import Fault

Array = Any
_MANY = -1


class Watch:
    """Who loaded and stored each byte; a party is told by a number from 1 on, and named `party` in messages."""

    def __init__(self, size: int, party: str) -> None:
        self.party = party
        self.writer, self.reader = (np.zeros(size, np.int32) for _ in range(2))

    def load(self, cells: Array, who: Array) -> None:
        """Each of `who` loads a row of bytes."""
        who = who[:, None]
        self._check(self.writer[cells], who, f"a {self.party} loads what another {self.party} stored")
        before = self.reader[cells]
        self.reader[cells] = np.where((before == 0) | (before == who), who, _MANY)
        self.reader[cells[self.reader[cells] != who]] = _MANY

    def store(self, cells: Array, who: Array) -> None:
        """Each of `who` stores a row of bytes."""
        who = who[:, None]
        self._check(self.writer[cells], who, f"a {self.party} stores where another {self.party} stored")
        self._check(self.reader[cells], who, f"a {self.party} stores where another {self.party} loaded")
        self.writer[cells] = np.broadcast_to(who, cells.shape)
        self._check(self.writer[cells], who, f"two {self.party}s store to one place")

    def forget(self, cells: Array | slice = slice(None)) -> None:
        """What was done to these bytes is ordered before all that follows."""
        self.writer[cells] = self.reader[cells] = 0

    def _check(self, marks: Array, who: Array, what: str) -> None:
        wrong = ((marks != 0) & (marks != who)).any(axis=1)
        if wrong.any():
            first = int(who[int(np.argmax(wrong)), 0])
            raise Fault(f"race: {what} with nothing between, {int(wrong.sum())} access(es), the first by {self.party} {first}")
