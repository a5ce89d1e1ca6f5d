"""From a plan to a compiled kernel ``void kernel(char **words, intptr_t rows)`` over rows that are dense along their elements.

Words: elements of a row; elements that count for the first row, and by how much that grows from row to row; the numbers of the
call as float64; then of each operand its address and its stride from row to row, in bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from fastact.cpu.loops import Kernel, build
from fastact.cpu.raw import loop
from fastact.numerics.emit import DOUBLE, FLOAT, I64, PTR, Value, constant
from fastact.rows import changes, losses, programs, sparse
from fastact.rows.access import Place
from fastact.rows.form import Form
from fastact.rows.programs import Plan, Row
from fastact.rows.words import FIRST, LENGTH, LIMIT, NUMBERS, NUMBERS_COUNT, PAIR, STEP

PROGRAMS: dict[str, Callable[[Row], None]] = {
    "softmax": programs.softmax,
    "softmax_backward": programs.softmax_backward,
    "softmax_from_output": programs.softmax_from_output,
    "log_softmax": programs.log_softmax,
    "log_softmax_backward": programs.log_softmax_backward,
    "log_softmax_from_output": programs.log_softmax_from_output,
    "log_softmax_jvp": changes.log_softmax,
    "logsumexp": programs.logsumexp,
    "logsumexp_backward": programs.softmax,
    "logsumexp_jvp": changes.logsumexp,
    "hardmax": sparse.hardmax,
    "sparsemax": sparse.sparsemax,
    "sparsemax_backward": sparse.sparsemax_backward,
    "sparsemax_from_output": sparse.sparsemax_from_output,
    "cross_entropy": losses.cross_entropy,
    "cross_entropy_jvp": changes.cross_entropy,
    "sigmoid_cross_entropy": losses.sigmoid_cross_entropy,
}


def emit(builder: Any, plan: Plan, words: Any, rows: Any) -> None:
    """Write the loop over rows."""

    def load(index: int, kind: Any = I64) -> Any:
        return builder.load(builder.gep(words, [constant(I64, index)], source_etype=I64), typ=kind)

    length, limit, step = load(LENGTH), load(LIMIT), load(STEP)
    wide = [load(NUMBERS + k, DOUBLE) for k in range(NUMBERS_COUNT)]
    numbers = tuple(Value(builder, builder.fptrunc(v, FLOAT) if plan.width == "float32" else v) for v in wide)
    firsts = [(load(FIRST + PAIR * j), load(FIRST + PAIR * j + 1)) for j in range(len(plan.operands))]

    def at_most(value: Any, high: Any) -> Any:
        return builder.select(builder.icmp_signed("<", value, high), value, high)

    def one(index: Any, _: Any) -> Any:
        moved = zip(plan.operands, firsts, strict=True)
        places = {o.name: Place(o, builder.add(base, builder.mul(index, stride))) for o, (base, stride) in moved}
        if not plan.limited:
            PROGRAMS[plan.program](Row(Form(builder, plan.width, places, length), plan, numbers))
            return ()
        reach = at_most(builder.add(limit, builder.mul(index, step)), length)
        reach = builder.select(builder.icmp_signed(">", reach, constant(I64, 0)), reach, constant(I64, 0))
        PROGRAMS[plan.program](Row(Form(builder, plan.width, places, reach, length), plan, numbers))
        return ()

    loop(builder, (constant(I64, 0), rows, 1), [], one)


@functools.cache
def compile_rows(plan: Plan) -> Kernel:
    """Compile the kernel of a plan, once."""
    return build(*form(plan))


def form(plan: Plan) -> tuple[str, list[Any], Callable[..., None]]:
    """What `build` makes the kernel of a plan of."""
    return f"fastact_{plan.program}_{plan.operands[0].dtype}", [PTR, I64], lambda builder, *given: emit(builder, plan, *given)
