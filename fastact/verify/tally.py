"""What slices of a run have found so far: counts, the worst points, violations; merged in any order to the same."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from fastact.verify import scan

VIOLATIONS = ("NaN for finite x", "range left", "step back of a monotone function", "not odd")
DIRECTIONS = ("forward", "derivative")
"""Of every run; where samples are looked at, "d/dalpha" and the like, of the derivatives by the parameters, follow."""


@dataclass(slots=True)
class Direction:
    """One direction's counts, and its worst points as (error, key), worst first."""

    judged: int = 0
    over: int = 0
    nearest: int = 0
    neighbours: int = 0
    worst: list[tuple[float, int]] = field(default_factory=list)

    def add(self, other: Direction) -> None:
        """Take in another slice's."""
        for name in ("judged", "over", "nearest", "neighbours"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.worst = sorted([*self.worst, *other.worst], key=lambda pair: (-pair[0], pair[1]))[: scan.KEPT]


@dataclass(slots=True)
class Tally:
    """What was found in each direction, and for each kind of violation how many there are and the key of the first."""

    directions: dict[str, Direction] = field(default_factory=lambda: {name: Direction() for name in DIRECTIONS})
    violations: dict[str, tuple[int, int]] = field(default_factory=dict)

    def violation(self, what: str, count: int, first: int) -> None:
        """Count violations of a kind."""
        if count:
            before = self.violations.get(what, (0, scan.NONE))
            self.violations[what] = (before[0] + int(count), min(before[1], int(first)))

    def add(self, other: Tally) -> None:
        """Take in another slice's."""
        for name, one in other.directions.items():
            self.directions.setdefault(name, Direction()).add(one)
        for what, (count, first) in other.violations.items():
            self.violation(what, count, first)

    def stored(self) -> dict[str, Any]:
        """As JSON holds it; an infinite error is a string there."""
        found: dict[str, Any] = {"violations": {what: list(pair) for what, pair in sorted(self.violations.items())}}
        for name, one in self.directions.items():
            counts = {f.name: getattr(one, f.name) for f in fields(one) if f.name != "worst"}
            found[name] = {**counts, "worst": [[float(error).hex(), key] for error, key in one.worst]}
        return found

    @classmethod
    def restored(cls, stored: dict[str, Any]) -> Tally:
        """The inverse of `stored`; raises KeyError, TypeError or ValueError where it does not fit."""
        found = cls()
        for what, (count, first) in stored["violations"].items():
            found.violation(what, int(count), int(first))
        for name in dict.fromkeys([*DIRECTIONS, *stored]):
            if name != "violations":
                one = dict(stored[name])
                worst = [(float.fromhex(error), int(key)) for error, key in one.pop("worst")]
                found.directions[name] = Direction(worst=worst, **{k: int(v) for k, v in one.items()})
        return found


class Counter:
    """The arrays into which `scan` counts one direction of a slice."""

    def __init__(self) -> None:
        self.counts = np.zeros(scan.COUNTS, np.int64)
        self.counts[[scan.FIRST_NAN, scan.FIRST_OUTSIDE, scan.FIRST_BACK]] = scan.NONE
        self.worst, self.where = np.zeros(scan.KEPT), np.zeros(scan.KEPT, np.int64)

    def collect(self, tally: Tally, which: str) -> None:
        """Add them to a slice's tally."""
        c = [int(v) for v in self.counts]
        pairs = list(zip(self.worst[: c[scan.FILLED]].tolist(), self.where[: c[scan.FILLED]].tolist(), strict=True))
        tally.directions.setdefault(which, Direction()).add(Direction(judged=c[scan.JUDGED], over=c[scan.OVER], worst=pairs))
        places = ((scan.NANS, scan.FIRST_NAN), (scan.OUTSIDE, scan.FIRST_OUTSIDE), (scan.BACK, scan.FIRST_BACK))
        for what, (count, first) in zip(VIOLATIONS, places, strict=False):
            tally.violation(what, c[count], c[first])
