"""From a program of rows to a kernel: which row a thread has, where its operands begin, and what the program makes of it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from fastact.cuda.crew import WHOLE, Crew
from fastact.cuda.rowaccess import Place, read
from fastact.cuda.rowform import Form
from fastact.cuda.target import GLOBAL, Program, program, special
from fastact.numerics.emit import I1, I8, I32, I64, REAL, Value, constant
from fastact.rows import programs
from fastact.rows.kernel import PROGRAMS
from fastact.rows.words import NUMBERS_COUNT

LABELS = "labels"


def _zeros(row: programs.Row) -> None:
    """The gradient of a function that is flat wherever it has one."""
    row.form.each(lambda e: e.store("dx", row.form.vectors(row.form.real, 0.0)))
    row.form.rest("dx", 0.0)


_PROGRAMS = {**PROGRAMS, "hardmax_backward": _zeros, "hardmax_from_output": _zeros}


@dataclass(frozen=True, slots=True)
class Layout:
    """What of the layout a kernel is compiled for.

    `kind` and `teams` are those of the crew, `axes` the number of the rows' axes, `strided` tells of each operand if the elements of a
    row do not lie side by side, and `blocks` is not 0 if each element stays in a register.
    """

    kind: str
    teams: int
    axes: int
    strided: tuple[bool, ...]
    blocks: int


def _kinds(plan: programs.Plan, layout: Layout) -> list[Any]:
    """Types of the entry's arguments."""
    given: list[Any] = []
    for strided in layout.strided:
        given += [GLOBAL, *[I64] * (strided + layout.axes)]
    given += [REAL[plan.width]] * NUMBERS_COUNT + [I64, I32] + [I32] * (layout.axes - 1)
    return given + [I64] * (2 * plan.limited + any(o.name == LABELS for o in plan.operands))


class _Kernel:
    """A kernel under construction."""

    def __init__(self, builder: Any, plan: programs.Plan, layout: Layout, arguments: list[Any]) -> None:
        self.b, self.plan, self.layout = builder, plan, layout
        self.given = iter(arguments)
        self.crew = Crew(builder, plan.width, layout.kind, layout.teams)

    def _next(self, count: int) -> list[Any]:
        return [next(self.given) for _ in range(count)]

    def _indices(self, row: Any, extents: list[Any]) -> list[Any]:
        """The row's index along each of the rows' axes."""
        rest = self.b.trunc(row, I32)
        found: list[Any] = []
        for extent in reversed(extents):
            found.insert(0, self.b.urem(rest, extent))
            rest = self.b.udiv(rest, extent)
        return [self.b.zext(i, I64) for i in (rest, *found)]

    def emit(self) -> None:
        """Write it."""
        b, plan, layout = self.b, self.plan, self.layout
        described = [(next(self.given), self._next(1) if s else None, self._next(layout.axes)) for s in layout.strided]
        numbers = tuple(Value(b, v) for v in self._next(NUMBERS_COUNT))
        bound, total, *extents = self._next(1 + layout.axes)
        limits = self._next(2 * plan.limited)
        block = b.mul(b.zext(special(b, "ctaid.x"), I64), constant(I64, self.crew.rows))
        row, last = b.add(block, self.crew.row), b.sub(b.zext(total, I64), constant(I64, 1))
        there = I1(1) if layout.kind == WHOLE else b.icmp_signed("<=", row, last)
        indices = self._indices(b.select(there, row, last), extents)
        places = {}
        for operand, (base, stride, steps) in zip(plan.operands, described, strict=True):
            moved = constant(I64, 0)
            for index, step in zip(indices, steps, strict=True):
                moved = b.add(moved, b.mul(index, step))
            where = b.gep(base, [moved], source_etype=I8)
            places[operand.name] = Place(operand.dtype, where, stride[0] if stride else None)
        length, full, even = bound, None, False
        if limits:
            full, even = bound, plan.program.startswith("sparsemax")
            length = self._clamped(b.add(limits[0], b.mul(indices[-1], limits[1])), bound)
        form = Form(self.crew, plan.width, places, length, bound=bound, there=there, full=full, blocks=layout.blocks, even=even)
        if LABELS in places:
            self._label(form, read(b, places[LABELS], constant(I64, 0)).ir, bound)
        _PROGRAMS[plan.program](programs.Row(form, plan, numbers))

    def _clamped(self, value: Any, most: Any) -> Any:
        b, least = self.b, constant(I64, 0)
        value = b.select(b.icmp_signed("<", value, most), value, most)
        return b.select(b.icmp_signed(">", value, least), value, least)

    def _label(self, form: Form, label: Any, classes: Any) -> None:
        """The class of the row, -1 if it is ignored. A class that there is not makes the row NaN."""
        b, [ignored] = self.b, self._next(1)
        inside = b.icmp_unsigned("<", label, classes)
        skipped = b.icmp_signed("==", label, ignored)
        form.bad = b.not_(b.or_(inside, skipped))
        known = b.select(inside, label, constant(I64, 0))
        form.rows[LABELS] = Value(b, b.select(skipped, constant(I64, -1), known))


@functools.cache
def row_kernel(plan: programs.Plan, layout: Layout) -> Program:
    """The kernel of a plan for a layout.

    Arguments of the entry: for each operand its address, the bytes from element to element if it is strided, and those from row to row
    along each of the rows' axes; the numbers of the call; elements of a row, the number of rows, and how many there are along each of
    their axes but the first; where rows are limited, the elements that count in the first, and by how many these grow along the last
    of the rows' axes; with labels, the one to ignore.
    """
    marks = "".join("s" if s else "d" for s in layout.strided)
    options = [word for word in ("scaled", "masked", "limited", "smooth") if getattr(plan, word)]
    types = dict.fromkeys(o.dtype for o in plan.operands)
    own = [o.name for o in plan.operands if o.name in ("loss", "dx", "t", "dy", LABELS)]
    shape = [layout.kind, str(layout.teams), str(layout.axes), marks, str(layout.blocks)]
    name = "_".join(["fastact_rows", plan.program, *types, *own, *options, *shape])

    def write(builder: Any, arguments: list[Any]) -> None:
        _Kernel(builder, plan, layout, arguments).emit()

    return program(name, _kinds(plan, layout), 0, write)
