"""Kernels in long double: they call the C reference, which knows the direction."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from fastact import reference
from fastact.record import Record

DIRECTIONS = ("forward", "backward", "derivative", "value_and_grad")


def call_reference(builder: Any, record: Record, direction: str, args: Any, n: Any, arrays: bool) -> None:
    """Emit the call ``fastact_run_l(f, d0, direction, flat, params, step, args, n)``, or that of `fastact_run_gate_l`."""
    built = reference._built()

    def address(name: str) -> int:
        return int(built.ffi.cast("uintptr_t", built.ffi.addressof(built.lib, name)))

    pointer, whole, word = ir.PointerType(), ir.IntType(32), ir.IntType(64)
    names = record.factors or (record.in_reference,)
    loops = [builder.inttoptr(word(address(f"fastact_{name}{suffix}")), pointer) for name in names for suffix in ("_l", "_d0_l")]
    if record.factors:
        loops += [ir.Constant(pointer, None)] * (4 - len(loops))
    constants = [whole(DIRECTIONS.index(direction)), whole(int(record.flat)), word(len(record.params)), word(int(arrays))]
    given = [*loops, *constants, args, n]
    kind = ir.FunctionType(ir.VoidType(), [value.type for value in given])
    run = builder.inttoptr(word(address("fastact_run_gate_l" if record.factors else "fastact_run_l")), kind.as_pointer())
    builder.call(run, given)
