"""Plans of the row family on the device."""

from __future__ import annotations

import math

import numpy as np

from fastact.cuda.crew import TURNED, WARP, WHOLE
from fastact.cuda.plan import Plan, Step
from fastact.cuda.rowaccess import SIZE
from fastact.cuda.rowkernel import LABELS, Layout, row_kernel
from fastact.cuda.target import BLOCK
from fastact.rows import programs
from fastact.rows.access import Operand
from fastact.rows.interface import CHUNK, LANES, UNROLL
from fastact.rows.launch import Spec, axes_of_rows, written

_REGISTERS = 64
"""Registers of a thread that the elements of a row may take."""

_THREADS = 512
"""Threads of a block that does one row, at most."""

_SIDE = 4
"""Neighbouring rows, from which on neighbouring threads take them."""

_MOST = 2**30
"""Rows of one launch."""

NO_LABEL = np.iinfo(np.int64).min
"""In place of a label to ignore, where there is none."""


def _kept(plan: programs.Plan, spec: Spec, length: int) -> int:
    """Blocks of a row whose elements stay in registers; 0 if it is too long."""
    blocks = -(-length // (UNROLL * LANES[plan.width]))
    inputs = sum(1 for k, o in enumerate(plan.operands) if not o.per_row and k != written(spec) and o.name != "where")
    words = max(1, inputs) * (2 if plan.width == "float64" else 1) * (3 if plan.program.startswith("sparsemax") else 1)
    return blocks if blocks * UNROLL * words <= _REGISTERS else 0


def _layout(plan: programs.Plan, spec: Spec, inner: list[list[int]], extents: list[int]) -> Layout:
    """How threads share out such rows."""
    length = spec[0][2][-1]
    main = max(written(spec), 0)
    strided = tuple(not per_row and length > 1 and own[-1] != SIZE[dtype] for _, dtype, _, own, per_row in spec)
    settled = plan.limited or plan.program.startswith("sparsemax")
    aside = strided[main] and inner[main][-1] == SIZE[spec[main][1]] and extents[-1] >= _SIDE and not settled
    kept = _kept(plan, spec, length)
    if aside:
        return Layout(TURNED, 1, len(extents), strided, kept)
    if length <= CHUNK:
        return Layout(WARP, 1, len(extents), strided, kept)
    return Layout(WHOLE, min(-(-length // CHUNK), _THREADS // LANES[plan.width]), len(extents), strided, 0)


def planned(
    program: str,
    spec: Spec,
    numbers: tuple[float, ...] = (),
    *,
    scaled: bool = False,
    smooth: bool = False,
    limits: tuple[int, int] | None = None,
    ordered: bool = False,
    ignored: int = NO_LABEL,
) -> Plan:
    """The launch of a program over rows along the last axes of its operands, as `spec` tells of them in their order.

    `limits` are the elements that count in the first row, and by how many these grow along the last of the rows' axes, which stay in
    their order if `ordered`. Labels that are `ignored` give 0; such as are no class of a row make it NaN.
    """
    width = "float64" if spec[0][1] == "float64" else "float32"
    operands = tuple(Operand(name, dtype, per_row) for name, dtype, _, _, per_row in spec)
    masked = any(o.name == "where" for o in operands)
    plan = programs.Plan(program, width, operands, scaled, masked, limits is not None, False, smooth)
    extents, strides = axes_of_rows(spec, 0, causal=ordered)
    layout = _layout(plan, spec, strides, extents)
    kernel, lanes = row_kernel(plan, layout), LANES[width]
    threads, at_once = (lanes * layout.teams, 1) if layout.kind == WHOLE else (BLOCK, BLOCK // lanes)
    words = []
    for (_, _, _, own, _), steps, strided in zip(spec, strides, layout.strided, strict=True):
        words.append(tuple(np.int64(v) for v in (*own[-1:] * strided, *steps)))
    real = np.dtype(width).type
    head = [*(real(v) for v in (*numbers, *(1.0, 1.0, 0.0)[len(numbers) :])), np.int64(spec[0][2][-1])]
    end = [np.int64(ignored)] if any(o.name == LABELS for o in operands) else []
    inner = math.prod(extents[1:])
    if inner > _MOST:
        raise ValueError(f"{program}: {inner} rows beside each other; accepted are {_MOST}")
    part, steps_made = _MOST // inner, []
    for begin in range(0, extents[0], part):
        total = min(part, extents[0] - begin) * inner
        first = [] if limits is None else [np.int64(limits[0] + (begin * limits[1] if len(extents) == 1 else 0)), np.int64(limits[1])]
        tail = (*head, *(np.uint32(v) for v in (total, *extents[1:])), *first, *end)
        shifts = tuple(begin * steps[0] for steps in strides) if begin else None
        steps_made.append(Step(kernel, -(-total // at_once), tail, None, shifts, tuple(words), threads))
    return Plan(tuple(steps_made))
