"""How wrong a value is, in units in the last place of the true one: the measure of the budgets, for arrays and in mpmath."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastact.record import Record

Array = np.ndarray[Any, np.dtype[Any]]

NEAR_TIE = 0.51
"""A 16-bit result may be the second nearest where the true value is within 1 % of a tie."""


def errors(y: Array, truth: Array, term: Any = 0) -> Array:
    """|y - truth| in ulp of truth, or of `term` if that is larger.

    Below the normal range an ulp is the subnormal spacing; infinity is right past the largest float.
    """
    info = np.finfo(y.dtype)
    wide = truth.dtype.type
    exponent = np.maximum(np.frexp(np.maximum(abs(truth), term))[1] - 1, info.minexp)
    spacing = np.ldexp(wide(1), exponent - info.nmant)
    with np.errstate(invalid="ignore", over="ignore"):
        found = abs(y.astype(truth.dtype) - truth) / spacing
    past = np.ldexp(wide(1) - np.ldexp(wide(1), -info.nmant - 2), info.maxexp)
    overflow = np.isinf(y) & (np.sign(y) == np.sign(truth)) & (abs(truth) >= past)
    return np.where(overflow | (np.isnan(y) & np.isnan(truth)), 0, np.where(np.isfinite(y) & np.isfinite(truth), found, np.inf))


def largest_term(record: Record, order: int, x: Array, params: tuple[float, ...]) -> Any:
    """In whose ulp errors of the derivative by x (order 0) or by a parameter count."""
    with np.errstate(all="ignore"):
        return record.terms[order](x.astype(np.longdouble), *params) if record.terms else 0


def _magnitude(bits: Array, dtype: np.dtype[Any]) -> Array:
    """|value| of 16-bit patterns; infinity is the power of two that would follow the largest."""
    with np.errstate(all="ignore"):
        found = (bits & np.uint16(0x7FFF)).view(dtype).astype(np.float64)
    return np.where(np.isinf(found), 2.0 ** (16 if dtype == np.float16 else 128), found)


def narrow_errors(y: Array, truth: Array, slack: Any = 0) -> tuple[Array, Array]:
    """For 16-bit `y`: |y - truth| as a fraction of the step from y to the next float towards truth, and whether y is the nearest.

    `slack` is an error that the computing width may have beside, where the budget counts in ulp of a larger term.
    """
    bits = y.view(np.uint16)
    value = _magnitude(bits, y.dtype)
    largest = 2.0 ** (16 if y.dtype == np.float16 else 128)
    target = np.clip(np.where(bits >> 15, -truth, truth), -largest, largest)
    inward = (target < value) & (value != 0)
    other = _magnitude(np.where(inward, bits - np.uint16(1), bits + np.uint16(1)), y.dtype)
    with np.errstate(invalid="ignore", divide="ignore"):
        distance, step = abs(value - target), abs(other - value)
        found = np.where(distance == 0, 0, distance / step)
        nearest = (found < 0.5) | ((found == 0.5) & (bits & 1 == 0))
        excused = ~nearest & (distance <= step / 2 + slack)
    found = np.where(excused, np.minimum(found, NEAR_TIE), found)
    return np.where(np.isnan(value) | np.isnan(truth), np.inf, found), nearest


def exact_error(y: Any, truth: Any, least: Any = 0) -> float:
    """|y - truth| in ulp of `truth`, an mpf, or of `least` if that is larger, in the type of `y`.

    Infinity stands for everything above the largest finite value.
    """
    from mpmath import mp, mpf, workprec

    from fastact import oracle

    info = np.finfo(type(y))
    with workprec(oracle.PRECISION):
        if not np.isfinite(y):
            past = abs(truth) >= mpf(2) ** int(info.maxexp) * (1 - mpf(2) ** -(info.nmant + 2))
            return 0.0 if np.isinf(y) and past and (y > 0) == (truth > 0) else float("inf")
        size = max(abs(truth), least)
        exponent = max(int(mp.mag(size)) - 1 if size else -(10**9), int(info.minexp))
        return float(abs(oracle.exact(y) - truth) / mpf(2) ** (exponent - info.nmant))
