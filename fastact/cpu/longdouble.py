"""Kernels in long double: they call the C reference, which knows the direction."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from fastact import reference
from fastact.record import Record

DIRECTIONS = ("forward", "backward", "derivative", "value_and_grad")


def _functions(record: Record) -> tuple[str, list[str]]:
    """The function that runs over the elements, and those of an element that it is given."""
    names = record.factors or (record.in_reference,)
    return "fastact_run_gate_l" if record.factors else "fastact_run_l", [f"fastact_{n}{s}" for n in names for s in ("_l", "_d0_l")]


def addresses(record: Record) -> dict[str, int]:
    """Where the functions are that the code of a record names."""
    built, (run, functions) = reference._built(), _functions(record)
    return {name: int(built.ffi.cast("uintptr_t", built.ffi.addressof(built.lib, name))) for name in (run, *functions)}


def call_reference(builder: Any, record: Record, direction: str, args: Any, n: Any, arrays: bool) -> None:
    """Emit the call ``fastact_run_l(f, d0, direction, flat, params, step, args, n)``, or that of `fastact_run_gate_l`."""
    pointer, whole, word = ir.PointerType(), ir.IntType(32), ir.IntType(64)
    module, (run, functions) = builder.module, _functions(record)
    unknown = ir.FunctionType(ir.VoidType(), [])
    loops: list[Any] = [module.globals.get(name) or ir.Function(module, unknown, name) for name in functions]
    if record.factors:
        loops += [ir.Constant(pointer, None)] * (4 - len(loops))
    constants = [whole(DIRECTIONS.index(direction)), whole(int(record.flat)), word(len(record.params)), word(int(arrays))]
    kinds = [pointer] * len(loops) + [value.type for value in (*constants, args, n)]
    builder.call(ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), run), [*loops, *constants, args, n])
