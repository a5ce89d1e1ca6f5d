"""Masks of 1 bit an element on the device, as those of the CPU: 8 to a byte in C order, the first in the lowest bit.

Threads that share a word of 32 bits put it together by exchanges within the warp. In a last block that is not full, and in a warp with a
quotient in doubt, a thread makes bytes.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from fastact.cuda import memory
from fastact.cuda.arithmetic import Doubts
from fastact.cuda.elements import compute
from fastact.cuda.elementwise import Body, kinds, vectors_per_thread
from fastact.cuda.sweep import Sweep, rolled, sweep
from fastact.cuda.target import BLOCK, GLOBAL, Program, program, special
from fastact.directions import STORAGE, Direction, signature
from fastact.numerics.emit import I1, I8, I32, constant
from fastact.record import Record

_WORD = _WARP = 32


def _shape(record: Record, direction: Direction, dtype: str) -> Sweep:
    return Sweep(memory.lanes(STORAGE[dtype]), vectors_per_thread(signature(record, direction, dtype)))


def _name(record: Record, what: str, dtype: str, params: str) -> str:
    return "_".join(["fastact", record.name, what, dtype, *([params] if params else [])])


def _bit(b: Any, derivative: Any) -> Any:
    """1 unless it is a zero, in 32 bits."""
    return b.zext(b.fcmp_unordered("!=", derivative, constant(derivative.type, 0.0)), I32)


def _united(b: Any, word: Any, threads: int) -> Any:
    """The bits of so many neighbouring threads together."""
    kind = ir.FunctionType(I32, [I32] * 4)
    name = "llvm.nvvm.shfl.sync.bfly.i32"
    exchange = b.module.globals.get(name) or ir.Function(b.module, kind, name)
    step = 1
    while step < threads:
        word = b.or_(word, b.call(exchange, [I32(-1), word, I32(step), I32(_WORD - 1)]))
        step *= 2
    return word


def _any(b: Any, doubt: Any) -> Any:
    """Whether a bit is set in any thread of the warp."""
    if isinstance(doubt, ir.Constant):
        return doubt
    name = "llvm.nvvm.vote.any.sync"
    vote = b.module.globals.get(name) or ir.Function(b.module, ir.FunctionType(I1, [I32, I1]), name)
    return b.call(vote, [I32(-1), doubt])


class _Forward:
    """The body of a kernel that stores values and the mask; the derivative tells the bit."""

    def __init__(self, b: Any, body: Body, shape: Sweep) -> None:
        self.b, self.body, self.shape = b, body, shape
        self.values, self.mask = body.outputs

    def _computed(self, row: list[Any], doubts: Doubts | None = None) -> list[Any]:
        return compute(self.b, self.body.record, "value_and_grad", row, doubts)

    def computed(self, vectors: list[Any]) -> tuple[list[list[list[Any]]], Any]:
        """Values and derivatives of whole vectors, and whether any of the warp's is in doubt."""
        b, body = self.b, self.body
        loaded = [memory.load_wide(b, body.inputs[0], v, body.x) for v in vectors]
        made, doubts = [], Doubts()
        for vector, data in zip(vectors, loaded, strict=True):
            first = b.mul(vector, constant(I32, self.shape.lanes))
            columns = zip(data, *(body.beside(p, first, doubts) for p in body.params), strict=True)
            made.append([self._computed(list(column), doubts) for column in columns])
        return made, _any(b, doubts.any(b, [value for rows in made for row in rows for value in row]))

    def store(self, vector: Any, rows: list[list[Any]]) -> None:
        """Store a vector of values, and with the other threads of the warp the mask."""
        b, lanes = self.b, self.shape.lanes
        memory.store_wide(b, self.values, vector, [y for y, _ in rows], self.body.x)
        threads = _WORD // lanes
        place = b.and_(vector, constant(I32, threads - 1))
        word = constant(I32, 0)
        for k, (_, d) in enumerate(rows):
            word = b.or_(word, b.shl(_bit(b, d), constant(I32, k)))
        word = _united(b, b.shl(word, b.mul(place, constant(I32, lanes))), threads)
        with b.if_then(b.icmp_unsigned("==", place, constant(I32, 0))):
            index = b.udiv(vector, constant(I32, threads))
            b.store(word, b.gep(self.mask, [index], source_etype=I32), align=4)

    def byte(self, index: Any, room: Any) -> None:
        """Do the elements of byte `index`, as many as there are, with `room` for it."""
        b, body = self.b, self.body
        b.store(constant(I32, 0), room)

        def one(k: Any) -> None:
            i = b.add(b.shl(index, constant(I32, 3)), k)
            with b.if_then(b.icmp_unsigned("<", i, body.n)):
                data = memory.load_one(b, memory.element(b, body.inputs[0], i, body.x), body.x)
                y, d = self._computed([data, *(body.beside_one(p, i) for p in body.params)])
                memory.store_one(b, memory.element(b, self.values, i, body.x), y, body.x)
                b.store(b.or_(b.load(room, typ=I32), b.shl(_bit(b, d), k)), room)

        rolled(b, 8, one)
        b.store(b.trunc(b.load(room, typ=I32), I8), b.gep(self.mask, [index], source_etype=I8), align=1)


@functools.cache
def with_mask(record: Record, dtype: str, params: str) -> Program:
    """The kernel of value and mask, of a record whose derivative tells the bit.

    Arguments are addresses of x and y, that of the mask, a multiple of 4, parameters as of `elementwise.flat`, and the number of elements.
    """
    sig, shape = signature(record, "value_and_grad", dtype), _shape(record, "value_and_grad", dtype)

    def write(b: Any, arguments: list[Any]) -> None:
        body = Body(b, record, "value_and_grad", dtype, params, arguments)
        forward, room = _Forward(b, body, shape), b.alloca(I32)
        thread, block = special(b, "tid.x"), special(b, "ctaid.x")
        start = b.mul(block, constant(I32, shape.span))
        own = b.add(b.mul(block, constant(I32, BLOCK * shape.vectors)), thread)
        whole, rest, sure, leave = (b.append_basic_block(name) for name in ("whole", "rest", "sure", "leave"))
        b.cbranch(b.icmp_unsigned(">=", b.sub(body.n, start), constant(I32, shape.span)), whole, rest)
        b.position_at_end(whole)
        vectors = [b.add(own, constant(I32, v * BLOCK)) for v in range(shape.vectors)]
        computed, doubt = forward.computed(vectors)
        b.cbranch(doubt, rest, sure)
        b.position_at_end(sure)
        for vector, rows in zip(vectors, computed, strict=True):
            forward.store(vector, rows)
        b.branch(leave)
        b.position_at_end(rest)
        lane, bytes_of_warp = b.and_(thread, constant(I32, _WARP - 1)), _WARP * shape.lanes // 8

        def byte(k: Any) -> None:
            """One byte of those of the warp's vectors `k`."""
            first = b.add(b.sub(own, lane), b.mul(k, constant(I32, BLOCK)))
            index = b.add(b.udiv(b.mul(first, constant(I32, shape.lanes)), constant(I32, 8)), lane)
            there = b.icmp_unsigned("<", b.shl(index, constant(I32, 3)), body.n)
            with b.if_then(b.and_(there, b.icmp_unsigned("<", lane, constant(I32, bytes_of_warp)))):
                forward.byte(index, room)

        rolled(b, shape.vectors, byte)
        b.branch(leave)
        b.position_at_end(leave)

    return program(_name(record, "with_mask", dtype, params), kinds(sig, params), shape.span, write)


@dataclass(frozen=True, slots=True)
class _Bits:
    """A mask that a kernel reads, and what its bits stand for."""

    b: Any
    mask: Any
    kind: Any
    points: tuple[float, float]

    def load(self, i: Any) -> Any:
        """The bits from element `i` on that share its byte."""
        b = self.b
        address = b.gep(self.mask, [b.lshr(i, constant(I32, 3))], source_etype=I8)
        return b.lshr(b.zext(b.load(address, typ=I8, align=1), I32), b.and_(i, constant(I32, 7)))

    def point(self, word: Any, k: int) -> Any:
        """What bit `k` stands for."""
        low, high = (constant(self.kind, p) for p in self.points)
        return self.b.select(self.b.trunc(self.b.lshr(word, constant(I32, k)), I1), high, low)


@functools.cache
def backward_from_mask(record: Record, dtype: str, params: str, points: tuple[float, float]) -> Program:
    """The kernel of dx from dy and the mask: the record's backward at the first point where a bit is 0, at the second where it is 1.

    Arguments are the addresses of dy, the mask and dx, parameters as of `elementwise.flat`, and the number of elements.
    """
    sig, shape = signature(record, "backward", dtype), _shape(record, "backward", dtype)

    def write(b: Any, arguments: list[Any]) -> None:
        body = Body(b, record, "backward", dtype, params, arguments)
        (upstream, mask), (target,), lanes = body.inputs, body.outputs, shape.lanes
        bits = _Bits(b, mask, memory.real(body.x), points)

        def quick(vectors: list[Any]) -> list[Any]:
            loaded = [(memory.load_wide(b, upstream, v, body.x), bits.load(b.mul(v, constant(I32, lanes)))) for v in vectors]
            for vector, (data, word) in zip(vectors, loaded, strict=True):
                first = b.mul(vector, constant(I32, lanes))
                xs = [bits.point(word, k) for k in range(lanes)]
                columns = zip(data, xs, *(body.beside(p, first) for p in body.params), strict=True)
                rows = [compute(b, record, "backward", list(column))[0] for column in columns]
                memory.store_wide(b, target, vector, rows, body.x)
            return [I1(0)] * len(vectors)

        def one(i: Any) -> None:
            data = memory.load_one(b, memory.element(b, upstream, i, body.x), body.x)
            (dx,) = compute(b, record, "backward", [data, bits.point(bits.load(i), 0), *(body.beside_one(p, i) for p in body.params)])
            memory.store_one(b, memory.element(b, target, i, body.x), dx, body.x)

        sweep(b, shape, body.n, quick, one)

    return program(_name(record, "backward_from_mask", dtype, params), kinds(sig, params), shape.span, write)


@functools.cache
def points_of(dtype: str, points: tuple[float, float]) -> Program:
    """The kernel that stores the first point where a bit is 0, the second where it is 1.

    Arguments are the addresses of the mask and of the points, and the number of elements.
    """
    x = STORAGE[dtype]
    shape = Sweep(memory.lanes(x), 1)

    def write(b: Any, arguments: list[Any]) -> None:
        mask, target, n = arguments
        bits = _Bits(b, mask, memory.real(x), points)

        def quick(vectors: list[Any]) -> list[Any]:
            (vector,) = vectors
            word = bits.load(b.mul(vector, constant(I32, shape.lanes)))
            memory.store_wide(b, target, vector, [bits.point(word, k) for k in range(shape.lanes)], x)
            return [I1(0)]

        def one(i: Any) -> None:
            memory.store_one(b, memory.element(b, target, i, x), bits.point(bits.load(i), 0), x)

        sweep(b, shape, n, quick, one)

    return program(f"fastact_points_{dtype}_{'_'.join(map(_told, points))}", [GLOBAL, GLOBAL, I32], shape.span, write)


def _told(point: float) -> str:
    return f"{point:g}".replace("-", "minus").replace(".", "_")
