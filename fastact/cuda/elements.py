"""One element on the device: the scalar of a record, traced, and the results of a direction."""

from __future__ import annotations

from typing import Any

from fastact.cuda.arithmetic import Doubts, Quick
from fastact.directions import Direction, results
from fastact.numerics import shift
from fastact.numerics.emit import FLOAT, Value
from fastact.own import paths
from fastact.record import Record


def compute(builder: Any, record: Record, direction: Direction, inputs: list[Any], doubts: Doubts | None = None) -> list[Any]:
    """The outputs of one element from its inputs and parameters, in the computing width.

    With `doubts`, quotients of float32 are taken the quick way.
    """
    width = "float32" if inputs[-1].type == FLOAT else "float64"
    own = len(record.operands) + len(record.params) - len(record.affine)

    def value(v: Any) -> Value:
        return Value(builder, v) if doubts is None or width == "float64" else Quick(builder, v, doubts)

    def call(values: list[Any]) -> list[Any]:
        x, moved = values[0], values[own:]
        inner = [shift.enter(builder, record.affine, x, moved), *values[1:own]]
        parts = paths.results(record, width, [value(v) for v in inner])
        return shift.leave(builder, record.affine, x, moved, parts, record.flat)

    return results(builder, record, direction, inputs, call)
