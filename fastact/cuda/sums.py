"""Plans of backward with parameter gradients: one pass over the data writes dx and sums, and small ones sum what that left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from fastact.cuda import memory
from fastact.cuda.course import PARTS, Course, course, through
from fastact.cuda.plan import Plan, Step
from fastact.cuda.summing import Backward, gradients, parts
from fastact.cuda.walk import Strides, in_elements
from fastact.directions import STORAGE, Direction, Storage
from fastact.record import Record

_WORTH = 64
"""Terms of a place, at least, for sums over more axes to be taken from the same pass."""

_PART = 8
_ALIGNMENT = 16

Pattern = tuple[bool, ...]


@dataclass(slots=True)
class _Room:
    """The scratch memory of a plan."""

    size: int = 0

    def take(self, count: int) -> int:
        """Where `count` parts go."""
        start = self.size
        self.size += -(-count * _PART // _ALIGNMENT) * _ALIGNMENT
        return start


@dataclass(slots=True)
class _Call:
    """One call: its operands by number, and its axes longer than 1."""

    record: Record
    direction: Direction
    dtype: str
    params: str
    wanted: tuple[int, ...]
    sizes: list[int]
    strides: list[Strides | None]
    aligned: bool
    added: bool
    stores: bool
    room: _Room = field(default_factory=_Room)

    @property
    def x(self) -> Storage:
        """How data lie in memory."""
        return STORAGE[self.dtype]

    @property
    def first_output(self) -> int:
        """The number of dx."""
        return len(self.record.operands) + (2 if self.added else 1)

    @property
    def first_result(self) -> int:
        """The number of the first parameter's gradient."""
        return self.first_output + len(self.record.operands)

    @property
    def scratch(self) -> int:
        """The number of the scratch memory."""
        return len(self.strides)

    def result(self, k: int) -> int:
        """The number of the gradient of parameter k."""
        return self.first_result + self.wanted.index(k)


def _main(call: _Call, kept: Pattern, wanted: tuple[int, ...], last: bool, direct: bool) -> tuple[Step, Course, int]:
    """The pass over the data: its launch, its course and where its parts lie."""
    x, stores = call.x, call.stores and last
    lanes = memory.lanes(x)
    direction: Direction = "accumulate_params" if call.added and stores else "backward_params"
    data = list(range(call.added and not stores, call.first_output))
    data += range(call.first_output, call.first_result) if stores else ()
    first = call.first_result + len(call.wanted)
    taken = [*data, *range(first, first + len(call.params))]
    arrays = [s for s in (call.strides[k] for k in taken) if s is not None]
    c = course(call.sizes, kept, x.size, lanes)
    direct = direct and last and c.chunks == 1
    result = x.computed if direct else None
    found = through(c, call.sizes, kept, arrays, len(data), lanes if call.aligned else 1, result, direct and call.added)
    what = Backward(call.record, direction, call.dtype, call.params, wanted, stores, found.groups, found.still, found.repeated)
    start = 0 if direct else call.room.take(len(wanted) * c.chunks * c.places)
    targets = [call.result(k) for k in wanted] if direct else [call.scratch]
    takes = (*taken, *targets)
    shifts = (0,) * len(takes) if direct else (*[0] * len(taken), start)
    step = Step(gradients(found.form, what), found.grid, found.tail, takes, shifts)
    return step, c, start if not direct else -1


def _rest(call: _Call, sizes: Sequence[int], kept: Pattern, wanted: Sequence[int], start: int, plane: int) -> list[Step]:
    """The launches that sum parts which lie densely in `sizes`, to the axes that are kept."""
    strides = tuple(math.prod(sizes[a + 1 :]) for a in range(len(sizes)))
    c = course(sizes, kept, _PART, 1, PARTS)
    direct = c.chunks == 1
    found = through(c, sizes, kept, [strides], 1, 1, call.x.computed if direct else None, direct and call.added)
    program = parts(found.form, len(wanted))
    after = 0 if direct else call.room.take(len(wanted) * c.chunks * c.places)
    targets = [call.result(k) for k in wanted] if direct else [call.scratch]
    words = ((np.int64(plane),), *[()] * len(targets))
    shifts = (start, *([0] * len(targets) if direct else [after]))
    step = Step(program, found.grid, found.tail, (call.scratch, *targets), shifts, words)
    if direct:
        return [step]
    places = [n for n, k in zip(sizes, kept, strict=True) if k]
    return [step, *_rest(call, [c.chunks, *places], (False, *[True] * len(places)), wanted, after, c.chunks * c.places)]


def _passes(sizes: Sequence[int], patterns: dict[int, Pattern]) -> list[tuple[Pattern, list[int]]]:
    """The axes that each pass keeps and the parameters that it sums for; the finest one is the last."""

    def places(kept: Pattern) -> int:
        return math.prod(n for n, k in zip(sizes, kept, strict=True) if k)

    passes: list[tuple[Pattern, list[int]]] = []
    for k, pattern in sorted(patterns.items(), key=lambda item: (-places(item[1]), item[1])):
        for kept, wanted in passes:
            if pattern == kept or (all(a <= b for a, b in zip(pattern, kept, strict=True)) and places(kept) * _WORTH <= math.prod(sizes)):
                wanted.append(k)
                break
        else:
            passes.append((pattern, [k]))
    return passes[::-1]


def summed(
    record: Record,
    direction: Direction,
    dtype: str,
    params: str,
    wanted: tuple[bool, ...],
    shape: tuple[int, ...],
    strides: tuple[tuple[int, ...] | None, ...],
    param_shapes: tuple[tuple[int, ...], ...],
    *,
    aligned: bool = False,
) -> Plan:
    """The launches of backward with the gradients of parameters.

    Terms are those of the CPU, rounded to the computing width; they are added in float64 in an order that the shapes alone decide, and
    the sum is rounded once. With n terms t its error is at most 0.5 ulp and n 2^-53 Σ|t|.

    Parameters
    ----------
    record, dtype
        What is computed.
    direction
        "backward_params" or "accumulate_params".
    params
        For each parameter "v" if it is given by value, "a" if by an array of the computing width.
    wanted
        For each parameter whether its gradient is asked for.
    shape
        Of dx; not empty.
    strides
        In bytes, of data inputs, dx, results and parameters, 0 where an operand is repeated. None of a value, and of dx, and what it is
        added to, if it is not asked for; those of results are not looked at.
    param_shapes
        Of the parameters. Their gradients are dense in C order.
    aligned
        Whether all addresses of data are multiples of 16.

    Raises
    ------
    ValueError
        If a stride is no multiple of the element's size.
    """
    x, axes = STORAGE[dtype], [d for d, n in enumerate(shape) if n > 1]
    own = tuple(k for k, w in enumerate(wanted) if w)
    added = direction == "accumulate_params"
    first = len(record.operands) + (2 if added else 1)
    data, results = first + len(record.operands), range(first + len(record.operands), first + len(record.operands) + len(own))
    found: list[Strides | None] = []
    for k, s in enumerate(strides):
        size = x.size if k < data else x.computed.size
        told = None if s is None or k in results else in_elements(s, shape, size, k)
        found.append(told and tuple(told[a] for a in axes))
    sizes = [shape[a] for a in axes]
    call = _Call(record, direction, dtype, params, own, sizes, found, aligned, added, strides[first] is not None)
    padded = {k: (1,) * (len(shape) - len(param_shapes[k])) + param_shapes[k] for k in own}
    patterns = {k: tuple(p[a] > 1 for a in axes) for k, p in padded.items()}
    steps, rest = [], []
    passes = _passes(sizes, patterns)
    for number, (kept, members) in enumerate(passes):
        last = number == len(passes) - 1
        direct = all(patterns[k] == kept for k in members)
        step, c, start = _main(call, kept, tuple(members), last, direct)
        steps.append(step)
        if start < 0:
            continue
        places = [n for n, k in zip(sizes, kept, strict=True) if k]
        plane = c.chunks * c.places
        for pattern in dict.fromkeys(patterns[k] for k in members):
            same = [k for k in members if patterns[k] == pattern]
            inner = (False, *(p for p, k in zip(pattern, kept, strict=True) if k))
            rest += _rest(call, [c.chunks, *places], inner, same, start + _PART * plane * members.index(same[0]), plane)
    return Plan((*steps, *rest), call.room.size)
