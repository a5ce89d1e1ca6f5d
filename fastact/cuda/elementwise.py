"""Kernels over dense arrays: 16-byte accesses, every thread its own vectors, no dependence on the position in the array.

A block of 256 threads does `span` elements in one go: thread t has the vectors t, t + 256... of them, loads them all, then computes and
stores. Elements for which a quotient is in doubt, and those of a last block that is not full, are done one by one afterwards by the
ordinary division, in one copy of that code.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastact.cuda import memory, philox
from fastact.cuda.arithmetic import Doubts
from fastact.cuda.elements import compute
from fastact.cuda.sweep import Sweep, sweep
from fastact.cuda.target import GLOBAL, Program, program
from fastact.directions import STORAGE, Direction, Signature, Storage, signature
from fastact.numerics.emit import I32, I64, constant
from fastact.record import Record

FIXED, SAME, RUN, ANY, DRAWN = "v", "c", "r", "a", "d"
"""How a kernel gets a parameter: by value; from an array, one for all elements of a vector, a run of neighbours for it (whose start is a
multiple of 16 bytes), or any; or drawn, for the elements in their order."""

INDEX_ARGUMENTS = 5
"""Of a parameter from an array, after its address: multiplier and shift for i // inner, count, multiplier and shift for // count."""

Draw = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the kernel under construction: its value, or the array or the source it comes from."""

    mode: str
    value: Any
    index: tuple[Any, ...] = ()


def divisor(number: int) -> tuple[int, int]:
    """Return multiplier m and shift s, such that i // number is (i m) >> s for all 0 ≤ i < 2^31 (Granlund & Montgomery 1994)."""
    log = (number - 1).bit_length()
    return -(-(1 << (31 + log)) // number), 31 + log


def quotient(builder: Any, i: Any, multiplier: Any, shift: Any) -> Any:
    """``i // number`` for the multiplier and shift of `divisor`."""
    wide = builder.mul(builder.zext(i, I64), builder.zext(multiplier, I64))
    return builder.trunc(builder.lshr(wide, builder.zext(shift, I64)), I32)


def position(builder: Any, i: Any, index: tuple[Any, ...]) -> Any:
    """Index into a parameter's array, (i // inner) % count."""
    outer = quotient(builder, i, *index[:2])
    return builder.sub(outer, builder.mul(quotient(builder, outer, *index[3:]), index[2]))


def kinds(sig: Signature, params: str) -> list[Any]:
    """Types of the entry's arguments."""
    data = len(sig.inputs) - sig.params + len(sig.outputs)
    real = memory.real(sig.inputs[0])
    given: list[Any] = [GLOBAL] * data
    for mode in params:
        array = [GLOBAL, *[I32] * INDEX_ARGUMENTS]
        given += {FIXED: [real], DRAWN: philox.ARGUMENTS}.get(mode, array)
    return [*given, I32]


def _parameters(arguments: list[Any], params: str, draw: Draw | None, width: str) -> list[Parameter]:
    made, at = [], 0
    for mode in params:
        count = {FIXED: 0, DRAWN: len(philox.ARGUMENTS) - 1}.get(mode, INDEX_ARGUMENTS)
        value, *index = arguments[at : at + 1 + count]
        if mode == DRAWN:
            assert draw is not None
            value = philox.Source(draw, width, (value, *index))
        made.append(Parameter(mode, value, tuple(index)))
        at += 1 + count
    return made


def vectors_per_thread(sig: Signature) -> int:
    """Vectors that a thread has in flight: two where there is one input, as bytes in flight are what memory speed needs."""
    return 2 if len(sig.inputs) - sig.params == 1 else 1


class Body:
    """The body of a kernel under construction."""

    def __init__(
        self, builder: Any, record: Record, direction: Direction, dtype: str, params: str, arguments: list[Any], draw: Draw | None = None
    ) -> None:
        self.b, self.record, self.direction = builder, record, direction
        self.sig = signature(record, direction, dtype)
        self.x: Storage = STORAGE[dtype]
        self.lanes = memory.lanes(self.x)
        inputs, outputs = len(self.sig.inputs) - self.sig.params, len(self.sig.outputs)
        self.inputs, self.outputs = arguments[:inputs], arguments[inputs : inputs + outputs]
        self.params = _parameters(arguments[inputs + outputs : -1], params, draw, self.x.width)
        self.n = arguments[-1]

    def beside(self, p: Parameter, first: Any, doubts: Doubts | None = None) -> list[Any]:
        """A parameter beside the elements of the vector that starts at element `first`; with `doubts` draws take quick quotients."""
        computed = self.x.computed
        if p.mode == DRAWN:
            return list(p.value.run(self.b, first, self.lanes, doubts))
        if p.mode == FIXED:
            return [p.value] * self.lanes
        if p.mode == ANY:
            return [self.beside_one(p, self.b.add(first, constant(I32, k))) for k in range(self.lanes)]
        if p.mode == SAME:
            return [self.beside_one(p, first)] * self.lanes
        step = memory.lanes(computed)
        start = self.b.udiv(position(self.b, first, p.index), constant(I32, step))
        parts = range(self.lanes // step)
        return [v for k in parts for v in memory.load_wide(self.b, p.value, self.b.add(start, constant(I32, k)), computed)]

    def beside_one(self, p: Parameter, i: Any) -> Any:
        """A parameter beside one element."""
        if p.mode == FIXED:
            return p.value
        if p.mode == DRAWN:
            return p.value.one(self.b, i)
        computed = self.x.computed
        return memory.load_one(self.b, memory.element(self.b, p.value, position(self.b, i, p.index), computed), computed)

    def quick(self, vectors: list[Any]) -> list[Any]:
        """Do whole vectors; return for each whether it is in doubt, and is thus not stored."""
        loaded = [[memory.load_wide(self.b, base, v, self.x) for base in self.inputs] for v in vectors]
        firsts = [self.b.mul(v, constant(I32, self.lanes)) for v in vectors]
        doubted = [Doubts() for _ in vectors]
        runs = [[self.beside(p, first, own) for p in self.params] for first, own in zip(firsts, doubted, strict=True)]
        found = []
        for vector, data, run, doubts in zip(vectors, loaded, runs, doubted, strict=True):
            columns = zip(*data, *run, strict=True)
            rows = [compute(self.b, self.record, self.direction, list(column), doubts) for column in columns]
            doubt = doubts.any(self.b, [value for row in rows for value in row])
            with self.b.if_then(self.b.not_(doubt), likely=True):
                for base, values in zip(self.outputs, zip(*rows, strict=True), strict=True):
                    memory.store_wide(self.b, base, vector, list(values), self.x)
            found.append(doubt)
        return found

    def one(self, i: Any) -> None:
        """Do one element by the ordinary division."""
        data = [memory.load_one(self.b, memory.element(self.b, base, i, self.x), self.x) for base in self.inputs]
        values = [*data, *(self.beside_one(p, i) for p in self.params)]
        for base, y in zip(self.outputs, compute(self.b, self.record, self.direction, values), strict=True):
            memory.store_one(self.b, memory.element(self.b, base, i, self.x), y, self.x)


@functools.cache
def flat(
    record: Record,
    direction: Direction,
    dtype: str,
    params: str | None = None,
    vectors: int | None = None,
    draw: Draw | None = None,
) -> Program:
    """The kernel over dense arrays in one order, at addresses that are multiples of 16.

    `params` has a mode (`FIXED`, `SAME`, `RUN`, `ANY`, `DRAWN`) for each parameter, by value unless told; `draw` makes what is drawn.
    Arguments of the entry: the addresses of inputs and outputs; for each parameter its value, or its address and `INDEX_ARGUMENTS`
    numbers, or the `philox.ARGUMENTS`; and the number of elements, at most 2^30.
    """
    sig = signature(record, direction, dtype)
    modes = FIXED * sig.params if params is None else params
    count = vectors or (1 if draw else vectors_per_thread(sig))  # drawing hides the way to memory
    shape = Sweep(memory.lanes(sig.inputs[0]), count)
    name = "_".join(
        ["fastact", record.name, *record.affine, direction, dtype, "flat", *([modes] if modes else []), *([draw.__name__] if draw else [])]
    )

    def write(builder: Any, arguments: list[Any]) -> None:
        body = Body(builder, record, direction, dtype, modes, arguments, draw)
        sweep(builder, shape, arguments[-1], body.quick, body.one)

    return program(name, kinds(sig, modes), shape.span, write)
