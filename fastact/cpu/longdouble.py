"""Kernels in long double: they call the C reference, which knows the direction."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from fastact import reference
from fastact.record import Record

DIRECTIONS = ("forward", "backward", "derivative", "value_and_grad")


def call_reference(builder: Any, record: Record, direction: str, args: Any, n: Any, arrays: bool) -> None:
    """Emit the call ``fastact_run_l(f, d0, direction, flat, params, step, args, n)``."""
    built = reference._built()

    def address(name: str) -> int:
        return int(built.ffi.cast("uintptr_t", built.ffi.addressof(built.lib, name)))

    pointer, whole, word = ir.PointerType(), ir.IntType(32), ir.IntType(64)
    kind = ir.FunctionType(ir.VoidType(), [pointer, pointer, whole, whole, word, word, pointer, word])
    loops = [builder.inttoptr(word(address(f"fastact_{record.name}{suffix}")), pointer) for suffix in ("_l", "_d0_l")]
    constants = [whole(DIRECTIONS.index(direction)), whole(int(record.flat)), word(len(record.params)), word(int(arrays))]
    run = builder.inttoptr(word(address("fastact_run_l")), kind.as_pointer())
    builder.call(run, [*loops, *constants, args, n])
