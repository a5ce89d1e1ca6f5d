"""Plans of device calls, run by the interpreter on NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from cases import Array
from ptx import Counts, Memory, run

from fastact.cuda.plan import Plan, Step


def root(a: Array) -> Array:
    """The array whose memory `a` views."""
    while isinstance(a.base, np.ndarray):
        a = a.base
    return a


def strides(operand: Any, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Of an array broadcast to `shape`, in bytes; None of a value or of nothing."""
    return np.broadcast_to(operand, shape).strides if isinstance(operand, np.ndarray) else None


def execute(plan: Plan | Sequence[Step], operands: Sequence[Any], outputs: Sequence[int], **options: Any) -> list[Counts]:
    """Run the steps; operands are arrays, values or None for an address of 0, and those numbered in `outputs` may be written."""
    steps, scratch = (plan.steps, plan.scratch) if isinstance(plan, Plan) else (plan, 0)
    memory, known, given = Memory(), {}, []
    writable = {id(root(operands[k])) for k in outputs if operands[k] is not None}
    for k, operand in enumerate(operands):
        if not isinstance(operand, np.ndarray):
            given.append(0 if operand is None else operand)
            continue
        base = root(operand)
        if id(base) not in known:
            known[id(base)] = memory.add(base, f"operand {k}", writable=id(base) in writable)
        given.append(operand.__array_interface__["data"][0])
    if scratch:
        room = np.zeros(scratch // 16, np.complex128)
        given.append(memory.add(room, "scratch", written=False))
    counts = []
    for step in steps:
        takes = step.takes if step.takes is not None else tuple(range(len(given)))
        shifts = step.shifts or (0,) * len(takes)
        words = step.words or ((),) * len(takes)
        arguments: list[Any] = []
        for k, shift, more in zip(takes, shifts, words, strict=True):
            arguments += [given[k] + shift if shift else given[k], *more]
        counts.append(run(step.program.ptx, step.program.name, step.grid, step.block, [*arguments, *step.tail], memory, **options))
    return counts
