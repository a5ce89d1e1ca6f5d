"""What defines a function of rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RowRecord:
    """A function of rows: name, formula in LaTeX, its programs, the sign of x in them, largest errors in ulp, and where it is told.

    `budget` holds the largest error of an element of the result, in float32 and float64, in ulp: of the result itself, for logsumexp
    of the larger of it and the largest element, for sparsemax in float64 of 1. `gradient` is that of the gradients, in ulp of the
    largest term of the row, or of the element where that is larger. `reduces` says that a row gives one number, `flat` that the
    gradient is 0.
    """

    name: str
    summary: str
    formula: str
    program: str
    source: str
    budget: tuple[float, float]
    gradient: tuple[float, float]
    sign: float = 1.0
    reduces: bool = False
    flat: bool = False
