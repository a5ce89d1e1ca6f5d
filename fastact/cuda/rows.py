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

NO_LABEL = np.iinfo(np.int64).min
"""In place of a label to ignore, where there is none."""


def _kept(plan: programs.Plan, spec: Spec, length: int) -> int:
    """Blocks of a row whose elements stay in registers; 0 if it is too long."""
    blocks = -(-length // (UNROLL * LANES[plan.width]))
    inputs = sum(1 for k, o in enumerate(plan.operands) if not o.per_row and k != written(spec) and o.name != "where")
    words = max(1, inputs) * (2 if plan.width == "float64" else 1) * (2 if plan.program.startswith("sparsemax") else 1)
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
    kernel, total = row_kernel(plan, layout), math.prod(extents)
    lanes = LANES[width]
    threads, at_once = (lanes * layout.teams, 1) if layout.kind == WHOLE else (BLOCK, BLOCK // lanes)
    words = []
    for (_, _, _, own, _), steps, strided in zip(spec, strides, layout.strided, strict=True):
        words.append(tuple(np.int64(v) for v in (*own[-1:] * strided, *steps)))
    real = np.dtype(width).type
    tail = [real(v) for v in (*numbers, *(1.0, 1.0, 0.0)[len(numbers) :])] + [
        np.int64(spec[0][2][-1]),
        *(np.uint32(v) for v in (total, *extents[1:])),
    ]
    tail += [np.int64(v) for v in limits or ()]
    if any(o.name == LABELS for o in operands):
        tail.append(np.int64(ignored))
    step = Step(kernel, -(-total // at_once), tuple(tail), None, None, tuple(words), threads)
    return Plan((step,))
