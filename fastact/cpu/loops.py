"""From a scalar function to a compiled kernel: one dense loop that LLVM vectorizes, and a plain C entry beside it.

The loop is written in LLVM code by running the scalar on values under construction; that code is the key of its machine code on disk.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from fastact.cpu import half, target
from fastact.cpu.longdouble import addresses, call_reference
from fastact.directions import Direction, Signature, Storage, results, signature
from fastact.numerics import shift
from fastact.numerics.emit import Value
from fastact.numerics.metadata import Distinct
from fastact.own import paths
from fastact.record import Record

PTR = ir.PointerType()
I1, I8, I16, I32, I64 = (ir.IntType(bits) for bits in (1, 8, 16, 32, 64))
HALF, FLOAT, DOUBLE = ir.HalfType(), ir.FloatType(), ir.DoubleType()


def _load(builder: Any, pointer: Any, storage: Storage, beside: Storage) -> Any:
    """A load, for its metadata, and its value in the computing width, `beside` being the storage of x."""
    loaded = builder.load(pointer, typ=storage.memory, align=storage.size)
    value = _widen(builder, loaded, storage)
    parameter = beside.dtype == "bfloat16" and storage is not beside
    return loaded, _plain_nan(builder, value) if parameter else value


def _widen(builder: Any, value: Any, storage: Storage) -> Any:
    if storage.dtype == "float16":
        return half.widen(builder, value)
    if storage.dtype == "bfloat16":
        return builder.bitcast(builder.shl(builder.zext(value, I32), I32(16)), FLOAT)
    return value


def _plain_nan(builder: Any, value: Any) -> Any:
    """`value` with any NaN made the default one."""
    return builder.select(builder.fcmp_unordered("uno", value, value), ir.Constant(value.type, math.nan), value)


def _narrow(builder: Any, value: Any, storage: Storage) -> Any:
    """Round once, to nearest even.

    The integer form of bfloat16 keeps NaN: every NaN here stems from a bfloat16, from an invalid operation or from
    `_plain_nan`, so its low half is 0 and cannot carry.
    """
    if storage.dtype == "float16":
        return half.narrow(builder, value)
    if storage.dtype == "bfloat16":
        bits = builder.bitcast(value, I32)
        odd = builder.and_(builder.lshr(bits, I32(16)), I32(1))
        return builder.trunc(builder.lshr(builder.add(builder.add(bits, I32(0x7FFF)), odd), I32(16)), I16)
    return value


def _loop(builder: Any, n: Any, body: Callable[[Any, Any], None]) -> None:
    """Run `body(index, group)` for 0 <= index < n; accesses marked with `group` do not depend on other iterations."""
    module, entry = builder.module, builder.block
    group = Distinct(module)
    head, done = builder.append_basic_block("loop"), builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed(">", n, I64(0)), head, done)
    builder.position_at_end(head)
    index = builder.phi(I64)
    body(index, group)
    following = builder.add(index, I64(1), flags=["nuw", "nsw"])
    index.add_incoming(I64(0), entry)
    index.add_incoming(following, builder.block)
    latch = builder.cbranch(builder.icmp_signed("<", following, n), head, done)
    parallel = module.add_metadata([ir.MetaDataString(module, "llvm.loop.parallel_accesses"), group])
    vectorize = module.add_metadata([ir.MetaDataString(module, "llvm.loop.vectorize.enable"), ir.Constant(I1, 1)])
    identity = Distinct(module)
    identity.operands = (identity, parallel, vectorize)
    latch.set_metadata("llvm.loop", identity)
    builder.position_at_end(done)


def _emit(builder: Any, record: Record, direction: Direction, sig: Signature, pointers: list[Any], n: Any, arrays: bool) -> None:
    """The loop over elements; scalar parameters are read once before it."""
    width = sig.inputs[0].width
    own = len(record.operands) + sig.params - len(record.affine)
    first_param = len(sig.inputs) - sig.params
    fixed = {j: _load(builder, pointers[j], sig.inputs[j], sig.inputs[0])[1] for j in range(first_param, len(sig.inputs)) if not arrays}

    def call(values: list[Any]) -> list[Any]:
        x, moved = values[0], values[own:]
        inner = [shift.enter(builder, record.affine, x, moved), *values[1:own]]
        parts = paths.results(record, width, [Value(builder, v) for v in inner])
        return shift.leave(builder, record.affine, x, moved, parts, record.flat)

    def body(index: Any, group: Any) -> None:
        def element(j: int) -> Any:
            return builder.gep(pointers[j], [index], source_etype=sig.operands[j].memory)

        inputs = []
        for j, storage in enumerate(sig.inputs):
            if j in fixed:
                inputs.append(fixed[j])
                continue
            loaded, value = _load(builder, element(j), storage, sig.inputs[0])
            loaded.set_metadata("llvm.access.group", group)
            inputs.append(value)
        for j, result in enumerate(results(builder, record, direction, inputs, call), start=len(sig.inputs)):
            storage = sig.operands[j]
            stored = builder.store(_narrow(builder, result, storage), element(j), align=storage.size)
            stored.set_metadata("llvm.access.group", group)

    _loop(builder, n, body)


@dataclass(frozen=True, slots=True)
class Kernel:
    """A compiled function, which stays in memory."""

    name: str
    address: int


Form = tuple[str, list[Any], Callable[..., None], dict[str, int]]
"""The name of a function, its arguments, what writes its body, and the addresses of what that names."""


def source(name: str, arguments: Sequence[Any], write: Callable[..., None], result: Any = None) -> str:
    """A module in LLVM's textual form with one function, which `write(builder, *arguments)` fills, and returns from if it has a result."""
    module = ir.Module(name)
    module.triple = target.triple()
    function = ir.Function(module, ir.FunctionType(result or ir.VoidType(), arguments), name)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    write(builder, *function.args)
    if result is None:
        builder.ret_void()
    return str(module)


def build(
    name: str, arguments: Sequence[Any], write: Callable[..., None], symbols: Mapping[str, int] | None = None, result: Any = None
) -> Kernel:
    """Compile the function that `write` fills, or take it from the cache."""
    text = source(name, arguments, write, result)
    return Kernel(name, target.load(name, [text], lambda: target.compile_object(text, name), symbols))


def compile_kernel(record: Record, direction: Direction, dtype: str, *, arrays: bool = False, plain: bool = False) -> Kernel:
    """Compile ``void kernel(char **args, intptr_t n)``, or with `plain` ``void f(intptr_t n, const T *x, ..., T *y)``.

    All arrays are dense; an output may be one of the inputs. Parameters are pointers to one value each, with `arrays`
    to one value per element. The kernels in long double have no plain form.
    """
    return build(*form(record, direction, dtype, arrays=arrays, plain=plain))


def form(record: Record, direction: Direction, dtype: str, *, arrays: bool = False, plain: bool = False) -> Form:
    """What `build` makes a kernel of."""
    sig = signature(record, direction, dtype)

    def write(builder: Any, *given: Any) -> None:
        if plain:
            n, *pointers = given
        else:
            args, n = given
            pointers = [builder.load(builder.gep(args, [I64(j)], source_etype=PTR), typ=PTR) for j in range(len(sig.operands))]
        _emit(builder, record, direction, sig, pointers, n, arrays)

    def write_call(builder: Any, args: Any, n: Any) -> None:
        call_reference(builder, record, direction, args, n, arrays)

    name = f"fastact_{record.name}_{direction}_{dtype}{'_arrays' * arrays}{'_plain' * plain}"
    if dtype == "longdouble":
        return name, [PTR, I64], write_call, addresses(record)
    return name, [I64, *[PTR] * len(sig.operands)] if plain else [PTR, I64], write, {}
