"""Kernels that only these checks need: counting bit patterns, digests, and proofs of the quotient and the root."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from bench.gpu.digest import FIRST, INFINITY, PLACE, QUIET, SECOND, SIZES
from fastact.cuda import memory
from fastact.cuda.arithmetic import Doubts, Quick
from fastact.cuda.elementwise import FIXED, Body, kinds, vectors_per_thread
from fastact.cuda.sweep import Sweep, sweep
from fastact.cuda.target import BLOCK, GLOBAL, Program, program, special
from fastact.directions import Direction, signature
from fastact.numerics.emit import FLOAT, I32, I64, Value, constant, intrinsic
from fastact.numerics.metadata import keep_rolled
from fastact.record import Record

EACH = 256
"""Elements of a thread; the next lie beside those of its neighbours."""

SPAN = BLOCK * EACH


def _total(b: Any, word: Callable[[Any], Any]) -> None:
    """Store, for each thread, the sum of `word(i)` over its elements, at the address that is the first argument."""
    target = b.function.args[0]
    thread, block = special(b, "tid.x"), special(b, "ctaid.x")
    first = b.add(b.mul(block, constant(I32, SPAN)), thread)
    before, body, done = b.block, b.append_basic_block("body"), b.append_basic_block("done")
    b.branch(body)
    b.position_at_end(body)
    k, total = b.phi(I32), b.phi(I64)
    k.add_incoming(constant(I32, 0), before)
    total.add_incoming(constant(I64, 0), before)
    added = b.add(total, word(b.add(first, b.mul(k, constant(I32, BLOCK)))))
    following = b.add(k, constant(I32, 1))
    k.add_incoming(following, b.block)
    total.add_incoming(added, b.block)
    keep_rolled(b.cbranch(b.icmp_unsigned("<", following, constant(I32, EACH)), body, done))
    b.position_at_end(done)
    own = b.add(b.mul(block, constant(I32, BLOCK)), thread)
    b.store(added, b.gep(target, [own], source_etype=I64), align=8)


def _mix(b: Any, word: Any, shift: int) -> Any:
    return b.xor(word, b.lshr(word, constant(I64, shift)))


def digest(dtype: str) -> Program:
    """Arguments: address of a sum of 64 bits for each thread, address of the values, place of the first (u64), their number (u32)."""
    kind = ir.IntType(8 * SIZES[dtype])

    def write(b: Any, arguments: list[Any]) -> None:
        _, source, place, n = arguments

        def word(i: Any) -> Any:
            inside = b.icmp_unsigned("<", i, n)
            at = b.select(inside, i, constant(I32, 0))
            bits = b.load(b.gep(source, [at], source_etype=kind), typ=kind, align=SIZES[dtype])
            bits = bits if kind == I64 else b.zext(bits, I64)
            size = b.and_(bits, constant(I64, (1 << (8 * SIZES[dtype] - 1)) - 1))
            bits = b.select(b.icmp_unsigned(">", size, constant(I64, INFINITY[dtype])), constant(I64, QUIET[dtype]), bits)
            value = b.add(bits, b.mul(b.add(place, b.zext(i, I64)), constant(I64, PLACE)))
            value = b.mul(_mix(b, value, 32), constant(I64, FIRST))
            value = b.mul(_mix(b, value, 29), constant(I64, SECOND))
            return b.select(inside, _mix(b, value, 32), constant(I64, 0))

        _total(b, word)

    return program(f"check_digest_{dtype}", [GLOBAL, GLOBAL, I64, I32], SPAN, write)


def count() -> Program:
    """Arguments: address, first (u32), n (u32): element i becomes first + i. A thread does one."""

    def write(b: Any, arguments: list[Any]) -> None:
        target, first, n = arguments
        i = b.add(b.mul(special(b, "ctaid.x"), constant(I32, BLOCK)), special(b, "tid.x"))
        with b.if_then(b.icmp_unsigned("<", i, n)):
            b.store(b.add(first, i), b.gep(target, [i], source_etype=I32), align=4)

    return program("check_count", [GLOBAL, I32, I32], BLOCK, write)


def _verdict(b: Any, quick: Callable[[Doubts], Value], exact: Any) -> Any:
    """1 where they differ without doubt, 2^32 where there is doubt. Any two NaN are equal."""
    doubts = Doubts()
    got = quick(doubts).ir
    same = b.icmp_unsigned("==", b.bitcast(got, I32), b.bitcast(exact, I32))
    both = b.and_(b.fcmp_unordered("uno", got, got), b.fcmp_unordered("uno", exact, exact))
    wrong = b.select(b.or_(same, both), constant(I64, 0), constant(I64, 1))
    return b.select(doubts.any(b, [got]), constant(I64, 1 << 32), wrong)


def reciprocals() -> Program:
    """1/x of all x from the bits given on. Arguments: address of a sum for each thread, first (u32)."""

    def write(b: Any, arguments: list[Any]) -> None:
        def word(i: Any) -> Any:
            x = b.bitcast(b.add(arguments[1], i), FLOAT)
            return _verdict(b, lambda doubts: 1 / Quick(b, x, doubts), b.fdiv(constant(FLOAT, 1.0), x))

        _total(b, word)

    return program("check_reciprocals", [GLOBAL, I32], SPAN, write)


def roots() -> Program:
    """√x likewise."""

    def write(b: Any, arguments: list[Any]) -> None:
        def word(i: Any) -> Any:
            x = b.bitcast(b.add(arguments[1], i), FLOAT)
            return _verdict(b, lambda doubts: Quick(b, x, doubts).root(), intrinsic(b, "sqrt", FLOAT, [x], FLOAT))

        _total(b, word)

    return program("check_roots", [GLOBAL, I32], SPAN, write)


def quotients(near: bool) -> Program:
    """a/b of pairs that look random: of any bits, or (`near`) of exponents from -31 to 32. Arguments: as above, first is a u64."""

    def write(b: Any, arguments: list[Any]) -> None:
        def word(i: Any) -> Any:
            value = b.mul(b.add(arguments[1], b.zext(i, I64)), constant(I64, PLACE))
            value = b.mul(_mix(b, value, 32), constant(I64, FIRST))
            value = _mix(b, b.mul(_mix(b, value, 29), constant(I64, SECOND)), 32)
            pair = [b.trunc(word, I32) for word in (value, _mix(b, b.mul(value, constant(I64, FIRST)), 31))]
            if near:
                pair = [b.add(b.and_(bits, constant(I32, 0x9FFFFFFF)), constant(I32, 0x30000000)) for bits in pair]
            x, y = (b.bitcast(bits, FLOAT) for bits in pair)

            def quick(doubts: Doubts) -> Value:
                return Quick(b, x, doubts) / Quick(b, y, doubts)

            return _verdict(b, quick, b.fdiv(x, y))

        _total(b, word)

    return program(f"check_quotients_{'near' if near else 'any'}", [GLOBAL, I64], SPAN, write)


def persistent(record: Record, direction: Direction, dtype: str) -> Program:
    """The flat kernel for a grid that stays: a block does its part of the elements, then that of the block a grid's size on."""
    sig = signature(record, direction, dtype)
    shape = Sweep(memory.lanes(sig.inputs[0]), vectors_per_thread(sig))
    modes = FIXED * sig.params

    def write(b: Any, arguments: list[Any]) -> None:
        body, n = Body(b, record, direction, dtype, modes, arguments), arguments[-1]
        first, before = special(b, "ctaid.x"), b.block
        head, run, done = (b.append_basic_block(name) for name in ("blocks", "run", "end"))
        b.branch(head)
        b.position_at_end(head)
        block = b.phi(I32)
        block.add_incoming(first, before)
        b.cbranch(b.icmp_unsigned("<", b.mul(block, constant(I32, shape.span)), n), run, done)
        b.position_at_end(run)
        sweep(b, shape, n, body.quick, body.one, block)
        block.add_incoming(b.add(block, special(b, "nctaid.x")), b.block)
        b.branch(head)
        b.position_at_end(done)

    return program(f"check_{record.name}_{direction}_{dtype}_persistent", kinds(sig, modes), shape.span, write)


def all_of_them() -> list[Program]:
    """Every kernel of this module."""
    return [count(), *map(digest, SIZES), reciprocals(), roots(), quotients(near=True), quotients(near=False)]
