"""Elementwise kernels over any strides: elements are found by their number, vectors of 16 bytes or single ones."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from fastact.cuda import memory
from fastact.cuda.arithmetic import Doubts
from fastact.cuda.elements import compute
from fastact.cuda.elementwise import FIXED, RUN, SAME, vectors_per_thread
from fastact.cuda.sweep import Sweep, sweep
from fastact.cuda.target import GLOBAL, Program, program
from fastact.cuda.walk import Walk
from fastact.directions import STORAGE, Direction, signature
from fastact.numerics.emit import I32, I64, constant
from fastact.record import Record

_APART = {2: 4, 4: 4, 8: 2}
"""Elements of a thread where they are not neighbours, by their size."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a kernel is compiled for: a mode for each parameter, the group of each array operand, and elements of an access."""

    params: str
    groups: tuple[int, ...]
    walk: Walk
    lanes: int

    def __str__(self) -> str:
        """Part of the kernel's name."""
        groups = "".join(map(str, self.groups))
        return f"strided{self.walk.rank}{'w' if self.walk.wide else ''}_{groups}_{self.lanes}{self.params}"


@dataclass(frozen=True, slots=True)
class _Operand:
    """An array: its address, its group and how its elements lie in memory."""

    base: Any
    group: int
    storage: Any


class _Body:
    """The body of a kernel under construction."""

    def __init__(self, builder: Any, record: Record, direction: Direction, dtype: str, form: Form, arguments: list[Any]) -> None:
        self.b, self.record, self.direction, self.form = builder, record, direction, form
        sig, x = signature(record, direction, dtype), STORAGE[dtype]
        data = len(sig.operands) - sig.params
        groups = iter(form.groups)
        arrays = [_Operand(a, next(groups), x) for a in arguments[:data]]
        self.inputs, self.outputs = arrays[: len(sig.inputs) - sig.params], arrays[len(sig.inputs) - sig.params :]
        given = arguments[data : data + sig.params]
        self.params = [a if mode == FIXED else _Operand(a, next(groups), x.computed) for a, mode in zip(given, form.params, strict=True)]
        self.walk, self.n = arguments[data + sig.params : -1], arguments[-1]

    def _apart(self, group: int) -> Any:
        """How far neighbours in a vector lie apart."""
        inner = self.form.walk.strides(self.b, group, self.walk)[-1]
        return self.b.ashr(inner, constant(I64, self.form.lanes.bit_length() - 1))

    def _parameter(self, p: Any, mode: str, offsets: list[Any]) -> list[Any]:
        """A parameter beside the elements of a vector."""
        if mode == FIXED:
            return [p] * self.form.lanes
        address = memory.element(self.b, p.base, offsets[p.group], p.storage)
        if mode == RUN:
            step = memory.lanes(p.storage)
            parts = range(self.form.lanes // step)
            return [v for k in parts for v in memory.load_wide(self.b, address, constant(I32, k), p.storage)]
        if mode == SAME or self.form.lanes == 1:
            return [memory.load_one(self.b, address, p.storage)] * self.form.lanes
        apart = self._apart(p.group)
        steps = [self.b.mul(apart, constant(I64, k)) for k in range(self.form.lanes)]
        return [memory.load_one(self.b, memory.element(self.b, address, s, p.storage), p.storage) for s in steps]

    def _load(self, a: _Operand, offsets: list[Any]) -> list[Any]:
        address = memory.element(self.b, a.base, offsets[a.group], a.storage)
        if self.form.lanes == 1:
            return [memory.load_one(self.b, address, a.storage)]
        return memory.load_wide(self.b, address, constant(I32, 0), a.storage)

    def quick(self, vectors: list[Any]) -> list[Any]:
        """Do whole vectors; return for each whether it is in doubt, and is thus not stored."""
        places = [self.form.walk.offsets(self.b, v, self.walk) for v in vectors]
        loaded = [[self._load(a, offsets) for a in self.inputs] for offsets in places]
        params = [[self._parameter(p, m, offsets) for p, m in zip(self.params, self.form.params, strict=True)] for offsets in places]
        found = []
        for offsets, data, beside in zip(places, loaded, params, strict=True):
            doubts = Doubts()
            columns = zip(*data, *beside, strict=True)
            rows = [compute(self.b, self.record, self.direction, list(column), doubts) for column in columns]
            doubt = doubts.any(self.b, [value for row in rows for value in row])
            with self.b.if_then(self.b.not_(doubt), likely=True):
                for a, values in zip(self.outputs, zip(*rows, strict=True), strict=True):
                    self._store(a, offsets, list(values))
            found.append(doubt)
        return found

    def _store(self, a: _Operand, offsets: list[Any], values: list[Any]) -> None:
        address = memory.element(self.b, a.base, offsets[a.group], a.storage)
        if self.form.lanes == 1:
            memory.store_one(self.b, address, values[0], a.storage)
        else:
            memory.store_wide(self.b, address, constant(I32, 0), values, a.storage)

    def one(self, i: Any) -> None:
        """Do one element by the ordinary division."""
        b, lanes = self.b, self.form.lanes
        offsets = self.form.walk.offsets(b, b.udiv(i, constant(I32, lanes)), self.walk)
        lane = b.zext(b.urem(i, constant(I32, lanes)), I64)
        moved = [b.add(o, b.mul(lane, self._apart(g))) for g, o in enumerate(offsets)] if lanes > 1 else offsets

        def address(a: _Operand) -> Any:
            return memory.element(b, a.base, moved[a.group], a.storage)

        arrays = [*self.inputs, *self.params]
        values = [memory.load_one(b, address(a), a.storage) if isinstance(a, _Operand) else a for a in arrays]
        for a, y in zip(self.outputs, compute(b, self.record, self.direction, values), strict=True):
            memory.store_one(b, address(a), y, a.storage)


@functools.cache
def kernel(record: Record, direction: Direction, dtype: str, form: Form) -> Program:
    """The kernel of a form. Arguments: addresses of inputs and outputs, addresses or values of parameters, those of the walk, and n."""
    sig, x = signature(record, direction, dtype), STORAGE[dtype]
    shape = Sweep(form.lanes, vectors_per_thread(sig) if form.lanes > 1 else _APART[x.size])
    params = [memory.real(x) if mode == FIXED else GLOBAL for mode in form.params]
    kinds = [GLOBAL] * (len(sig.operands) - sig.params) + params + form.walk.kinds + [I32]
    name = "_".join(["fastact", record.name, *record.affine, direction, dtype, str(form)])

    def write(builder: Any, arguments: list[Any]) -> None:
        body = _Body(builder, record, direction, dtype, form, arguments)
        sweep(builder, shape, body.n, body.quick, body.one)

    return program(name, kinds, shape.span, write)
