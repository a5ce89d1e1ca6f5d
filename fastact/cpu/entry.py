"""What NumPy calls: the inner loop of every ufunc, written in LLVM code by hand, as a first call should not have to wait for Numba."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from fastact.cpu.flags import clear
from fastact.cpu.loops import build
from fastact.cpu.raw import I1, I32, I64, PTR, call_address, loop, python_code
from fastact.cpu.words import (
    CALL,
    CLEAR,
    COMPILE,
    CONTROL,
    ENSURE,
    GENERAL,
    GRAIN,
    INPUTS,
    KERNEL,
    OPERANDS,
    PARAMS,
    PREPARE,
    RELEASE,
    SIZES,
)

STATIC_DATA = object.__basicsize__ // 8 + 3
"""Its word in NumPy's public PyArrayMethodObject: behind what every object of Python has, a name, two counts, and two options."""


def _word(builder: Any, base: Any, index: Any) -> Any:
    """The int64 at an index from an address; another thread may be writing one that was 0."""
    pointer = builder.inttoptr(base, PTR) if base.type == I64 else base
    place = builder.gep(pointer, [index if isinstance(index, ir.Value) else I64(index)], source_etype=I64)
    return builder.load_atomic(place, "monotonic", 8, typ=I64)


def _dense(builder: Any, record: Any, data: Any, steps: Any, n: Any) -> Any:
    """Whether arrays are dense, parameters scalar, and every operand is an output itself or apart from it."""
    operands, inputs = _word(builder, record, OPERANDS), _word(builder, record, INPUTS)
    params = builder.sub(inputs, _word(builder, record, PARAMS))
    single = builder.icmp_signed("==", n, I64(1))

    def size(j: Any) -> Any:
        return _word(builder, record, builder.add(j, I64(SIZES)))

    def operand(j: Any, carried: list[Any]) -> list[Any]:
        step, own = _word(builder, steps, j), size(j)
        param = builder.and_(builder.icmp_signed(">=", j, params), builder.icmp_signed("<", j, inputs))
        right = builder.icmp_signed("==", step, builder.select(param, I64(0), own))

        def output(k: Any, apart: list[Any]) -> list[Any]:
            distance, written = builder.sub(_word(builder, data, j), _word(builder, data, k)), size(k)
            same = builder.and_(builder.icmp_signed("==", distance, I64(0)), builder.icmp_signed("==", own, written))
            behind = builder.icmp_signed(">=", distance, builder.mul(written, n))
            before = builder.icmp_signed("<=", distance, builder.neg(builder.mul(own, n)))
            return [builder.and_(apart[0], builder.or_(same, builder.or_(behind, before)))]

        return loop(builder, (inputs, operands, 1), [builder.and_(carried[0], builder.or_(single, right))], output)

    return loop(builder, (I64(0), operands, 1), [I1(1)], operand)[0]


def _ensure(builder: Any, control: Any, base: Any, index: int, function: int, failed: Any) -> Any:
    """The word at `index`, once the Python callable at `function` has filled it where it is 0; on an exception go to `failed`."""
    with builder.if_then(builder.icmp_signed("==", _word(builder, base, index), I64(0)), likely=False):
        ensure, call, release = (_word(builder, control, k) for k in (ENSURE, CALL, RELEASE))
        status = python_code(builder, ensure, call, release, _word(builder, base, function))
        filled = builder.append_basic_block("filled")
        builder.cbranch(builder.icmp_signed("<", status, I64(0)), failed, filled)
        builder.position_at_end(filled)
    return _word(builder, base, index)


def _write(builder: Any, context: Any, data: Any, dims: Any, steps: Any, auxiliary: Any) -> None:
    """Run the kernel at once where the call is small, dense, and its operands are identical or apart; else call `driver.general`.

    The record is `context->method->static_data`.
    """
    record = _word(builder, _word(builder, context, 1), STATIC_DATA)
    control, n = _word(builder, record, CONTROL), _word(builder, dims, 0)
    failed, done, flags, out = (builder.append_basic_block(name) for name in ("failed", "done", "flags", "out"))
    small = builder.icmp_signed("<", n, _word(builder, control, GRAIN))
    quick = builder.and_(small, _dense(builder, record, data, steps, n))
    with builder.if_else(quick) as (then, otherwise):
        with then:
            kernel = _ensure(builder, control, record, KERNEL, COMPILE, failed)
            call_address(builder, kernel, ir.VoidType(), [data, n])
            at_once = builder.block
        with otherwise:
            general = _ensure(builder, control, control, GENERAL, PREPARE, failed)
            given = [record, builder.ptrtoint(data, I64), builder.ptrtoint(steps, I64), n]
            status = builder.trunc(call_address(builder, general, I64, given), I32)
            in_general = builder.block
    result = builder.phi(I32)
    result.add_incoming(I32(0), at_once)
    result.add_incoming(status, in_general)
    builder.branch(done)
    builder.position_at_end(failed)
    builder.ret(I32(-1))
    builder.position_at_end(done)
    builder.cbranch(builder.icmp_signed("!=", _word(builder, record, CLEAR), I64(0)), flags, out)
    builder.position_at_end(flags)
    clear(builder)
    builder.branch(out)
    builder.position_at_end(out)
    builder.ret(result)


def strided_loop() -> int:
    """Address of NumPy's strided inner loop, ``int f(context, data, dims, steps, auxiliary)``."""
    return build("fastact_strided_loop", [PTR] * 5, _write, result=I32).address
