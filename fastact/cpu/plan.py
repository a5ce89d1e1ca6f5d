"""How a job reaches each of its operands: dense, by runs along the last axis, or through buffers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastact.cpu import words
from fastact.directions import Signature

_SHORTEST = 64
"""Elements of a run from which a call of the kernel for it alone is worth while."""


@dataclass(frozen=True, slots=True)
class Row:
    """An operand: item size (0: a parameter that the kernel reads once) and byte strides."""

    size: int
    strides: list[int]


@dataclass(frozen=True, slots=True)
class Plan:
    """The mode of every operand, whether the kernel is that for scalar parameters, and the elements of a block, if there are buffers."""

    modes: list[int]
    scalars: bool
    unit: int


def period(shape: Sequence[int], strides: Sequence[Sequence[int]]) -> int:
    """Elements after which operands that only repeat themselves along the first axes do so."""
    first = next((d for d in range(len(shape)) if any(s[d] for s in strides)), len(shape))
    return math.prod(shape[first:])


def mode(shape: list[int], row: Row) -> int:
    """The mode of an operand on its own: FLAT, SCALAR or STAGED."""
    dense = row.size
    flat = True
    for n, s in zip(reversed(shape), reversed(row.strides), strict=True):
        flat = flat and (s == dense or n == 1)
        dense *= n
    if flat:
        return words.FLAT
    return words.STAGED if any(row.strides) else words.SCALAR


def make_plan(shape: list[int], rows: list[Row], sig: Signature, unit: int = 0, drawn: int | None = None) -> Plan:
    """Choose the modes; `unit` fixes the blocks beforehand, and so does the operand that is `drawn`.

    Parameters that the kernel reads once get item size 0 in `rows`.
    """
    first, inputs = len(sig.inputs) - sig.params, len(sig.inputs)
    modes = [mode(shape, row) for row in rows]
    params, data = range(first, inputs), [*range(first), *range(inputs, len(rows))]
    if drawn is not None:
        modes[drawn], unit = words.DRAWN, words.BLOCK
    scalars = drawn is None and not any(any(rows[j].strides) for j in params)
    long = shape[-1] >= _SHORTEST

    def dense(j: int) -> bool:
        return modes[j] in (words.FLAT, words.SCALAR) or rows[j].strides[-1] == rows[j].size

    if drawn is None and not scalars and long and all(rows[j].strides[-1] == 0 for j in params) and all(dense(j) for j in data):
        scalars = True
        for j in params:
            modes[j] = words.RUNS
    elif scalars:
        for j in params:
            rows[j] = replace(rows[j], size=0)
            modes[j] = words.FLAT
    length = _tile(shape, rows[:inputs], modes, unit)
    staged = [j for j in range(len(rows)) if modes[j] == words.STAGED]
    if long and all(dense(j) for j in staged):
        for j in staged:
            modes[j] = words.RUNS
    buffered = any(m in (words.SCALAR, words.STAGED, words.TILED, words.DRAWN) for m in modes)
    return Plan(modes, scalars, unit or (length if buffered else 0))


def _tile(shape: list[int], inputs: list[Row], modes: list[int], unit: int) -> int:
    """Mark the inputs that all blocks see the same; return the elements of a block, a multiple of their periods."""
    periods = {j: period(shape, [row.strides]) for j, row in enumerate(inputs) if modes[j] == words.STAGED}
    longest = max((p for p in periods.values() if p <= words.BLOCK), default=1)
    length = unit or words.BLOCK // longest * longest
    for j, p in periods.items():
        if length % p == 0:
            modes[j] = words.TILED
    return length
