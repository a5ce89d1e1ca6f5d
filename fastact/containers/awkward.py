"""Ragged arrays of awkward: lists of several lengths, one after another in memory, are the rows that `offsets` tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import awkward
import numpy as np

from fastact.containers import Operands


def rows(function: Callable[..., Any], call: str, primary: str, operands: Operands, axis: Any, options: dict[str, Any]) -> Any:
    """`function` of the lists of a list, in one array with offsets."""
    x = operands[primary]
    if not isinstance(x, awkward.Array) or x.ndim != 2:
        told = f"of {x.ndim} axes" if isinstance(x, awkward.Array) else "plain"
        raise TypeError(f"{call}: {primary} is {told}; accepted beside or of arrays of awkward is a list of lists")
    if axis not in (-1, 1):
        raise TypeError(f"{call}: axis is {axis!r}; accepted for a ragged array is its last axis, -1")
    if set(options) - {"scale"}:
        raise TypeError(f"{call}: {', '.join(set(options) - {'scale'})} is given; accepted beside a ragged array is scale")
    counts = awkward.to_numpy(awkward.num(x))
    arrays = [_flat(call, name, a, primary, counts) for name, a in operands.items()]
    result = function(*arrays, -1, offsets=np.concatenate([[0], np.cumsum(counts)]), **options)
    return awkward.from_numpy(result) if call in ("logsumexp", "logsumexp.jvp") else awkward.unflatten(awkward.from_numpy(result), counts)


def _flat(call: str, name: str, a: Any, primary: str, counts: Any) -> Any:
    """The elements of all lists, one after another; of a gradient of one number a list, these."""
    if name == "dy" and call == "logsumexp.backward":
        return np.asarray(a)
    if not isinstance(a, awkward.Array):
        raise TypeError(f"{call}: {name} is of type {type(a).__name__}; accepted beside a ragged {primary} is an array of awkward")
    if a.ndim != 2 or not np.array_equal(awkward.to_numpy(awkward.num(a)), counts):
        raise ValueError(f"{call}: {name} has rows of other lengths than {primary}; accepted is the form of {primary}")
    found = awkward.to_numpy(awkward.flatten(a))
    if isinstance(found, np.ma.MaskedArray):
        raise TypeError(f"{call}: {name} is of type {a.type}; accepted are lists of numbers, none of them missing")
    return found
