"""The way of most calls: arrays of one shape in C order on one stream, numbers for parameters, one new array or one given for a result.

What such a call launches is known from the form of x alone. Whatever does not fit goes the whole way, which checks all and tells what
is wrong.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastact.cuda import calls, launch
from fastact.cuda.arrays import LEGACY, SIZES, View, family
from fastact.cuda.launch import Armed
from fastact.cuda.layouts import Form, RefusedError
from fastact.cuda.memory import WIDE
from fastact.cuda.operands import layout
from fastact.directions import Direction
from fastact.record import Record

_NUMBERS = frozenset((float, int))


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """The launches for a form of x, the bytes of an operand, and the computing width: its type and its largest number."""

    steps: tuple[Armed, ...]
    size: int
    number: Any
    largest: float


@functools.lru_cache(4096)
def _known(record: Record, direction: Direction, form: Form, arrays: int) -> _Known | None:
    """What is known of a call with so many arrays of one form; None if the whole way must be gone."""
    if form[2] is not None or form[0] not in SIZES:
        return None
    plan = layout(record, direction, (form,) * arrays + (None,) * len(record.params))
    if not plan.n or plan.results != 1:
        return None
    number = np.float64 if plan.dtype == "float64" else np.float32
    return _Known(calls.ready_for(plan, None, 0, True)[0], plan.n * SIZES[plan.dtype], number, float(np.finfo(number).max))


def call(record: Record, direction: Direction, operands: tuple[Any, ...], out: Any, options: dict[str, Any]) -> Any:
    """As `calls.call`."""
    first = len(operands) - len(record.params)
    x = operands[first - 1]
    home = family(type(x))
    like = home.like
    if options or (out is None and like is None):
        return calls.call(record, direction, operands, out, options)
    try:
        own = home.view(x)
        known = _known(record, direction, own[1], first)
        if known is not None:
            given = [own[0]] if first == 1 else _addresses(operands[:first], own)
            values = _values(operands[first:], known) if record.params else []
            if given and values is not None:
                if out is not None:
                    y, at = out, _place(out, own, given, known.size)
                elif like is not None:
                    y = like(x)
                    at = home.address(y)
                low = at
                for address in given:
                    low |= address
                if at and not low % WIDE:
                    launch.run(known.steps, own[2], own[3] or LEGACY, (*given, at, *values))
                    return y
    except RefusedError:
        pass
    return calls.call(record, direction, operands, out, options)


def _addresses(arrays: tuple[Any, ...], own: View) -> list[int]:
    """The addresses of arrays that are all as the last one is, whose view is given; none if they are not, or a view keeps memory alive."""
    _, form, device, handle, _, _ = own
    given = []
    for a in arrays[:-1]:
        view = family(type(a)).view(a)
        if view[1] != form or view[2] != device or view[3] != handle or view[5] is not None:
            return []
        given.append(view[0])
    given.append(own[0])
    return given


def _values(params: tuple[Any, ...], known: _Known) -> list[Any] | None:
    """Parameters as arguments, if all are numbers of Python that the computing width holds."""
    values = []
    for p in params:
        if type(p) not in _NUMBERS or not -known.largest <= p <= known.largest:
            return None
        values.append(known.number(p))
    return values


def _place(out: Any, own: View, inputs: list[int], size: int) -> int:
    """The address of an array given for the result, if it is as x is and every input or lies apart from it, or 0."""
    address, form, device, handle, frozen, kept = family(type(out)).view(out)
    if form != own[1] or device != own[2] or handle != own[3] or frozen or kept is not None:
        return 0
    for a in inputs:
        if a != address and -size < a - address < size:
            return 0
    return address
