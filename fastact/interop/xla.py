"""Handlers for XLA's foreign function interface that run a plain C loop of fastact: machine code, with no Python in it.

A handler gets a call frame, whose structures XLA's header fixes; the sizes that these carry are compared at every call. XLA's threads
flush subnormal numbers; while a loop runs they do not.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from fastact.cpu import target
from fastact.cpu.loops import compile_kernel
from fastact.cpu.raw import I32, I64, PTR, loop
from fastact.directions import Direction, Signature, signature
from fastact.record import Record

FRAME, ARGUMENTS, BUFFER = 168, 40, 48
"""Sizes of a call frame, of its lists of arguments and results, and of a buffer."""

USUAL = 0x1F80
"""MXCSR as a process starts with it: round to nearest, no traps, subnormals kept."""

METADATA = 1
INTERNAL = 13


@functools.cache
def version(folder: str) -> tuple[int, int]:
    """Version of the interface in XLA's headers."""
    text = (Path(folder) / "xla" / "ffi" / "api" / "c_api.h").read_text()
    found = [re.search(rf"#define XLA_FFI_API_{part} (\d+)", text) for part in ("MAJOR", "MINOR")]
    major, minor = (int(m[1]) for m in found if m is not None)
    return major, minor


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes loads of a frame's words."""

    builder: Any

    def word(self, pointer: Any, index: int | Any, kind: Any = I64) -> Any:
        """The value at ``pointer + 8 index``."""
        place = index if not isinstance(index, int) else I64(index)
        return self.builder.load(self.builder.gep(pointer, [place], source_etype=I64), typ=kind)

    def pointer(self, pointer: Any, index: int) -> Any:
        """The pointer at ``pointer + 8 index``."""
        return self.word(pointer, index, PTR)

    def count(self, buffer: Any) -> Any:
        """Elements of a buffer."""
        dims = self.pointer(buffer, 5)
        bounds = (I64(0), self.word(buffer, 4), 1)
        return loop(self.builder, bounds, [I64(1)], lambda k, n: [self.builder.mul(n[0], self.word(dims, k))])[0]


def _write(builder: Any, function: Any, frame: Any, sig: Signature, api: tuple[int, int], arrays: bool) -> None:
    """The body: tell the version where asked, else compare sizes and run the loop."""
    w = _Writer(builder)
    null = ir.Constant(PTR, None)
    extension = w.pointer(frame, 1)
    with builder.if_then(builder.icmp_unsigned("!=", extension, null)):
        kind = builder.load(builder.gep(extension, [I64(1)], source_etype=I64), typ=I32)
        with builder.if_then(builder.icmp_unsigned("==", kind, I32(METADATA))):
            told = w.pointer(extension, 3)
            for k, number in enumerate(api):
                builder.store(I32(number), builder.gep(told, [I64(6 + k)], source_etype=I32))
            builder.ret(null)
    inputs, outputs = len(sig.inputs), len(sig.outputs)
    known = builder.icmp_unsigned(">=", w.word(frame, 0), I64(FRAME))
    for base, length in ((5, inputs), (10, outputs)):
        known = builder.and_(known, builder.icmp_unsigned(">=", w.word(frame, base), I64(ARGUMENTS)))
        known = builder.and_(known, builder.icmp_unsigned("==", w.word(frame, base + 2), I64(length)))
    _refuse_unless(w, known, frame)
    buffers = [w.pointer(w.pointer(frame, 9), k) for k in range(inputs)] + [w.pointer(w.pointer(frame, 14), k) for k in range(outputs)]
    for buffer in buffers:
        known = builder.and_(known, builder.icmp_unsigned(">=", w.word(buffer, 0), I64(BUFFER)))
    _refuse_unless(w, known, frame)
    first = inputs - sig.params
    n = w.count(buffers[first - 1])
    places = [w.pointer(b, 3) for b in buffers]
    restore = _keep_subnormals(builder)
    if arrays or not sig.params:
        builder.call(function, [n, *places])
    else:
        _rows(w, function, sig, n, places, [w.count(b) for b in buffers[first:inputs]])
    restore()
    builder.ret(null)


def _keep_subnormals(builder: Any) -> Callable[[], Any]:
    """Set the usual floating-point mode, where the machine is known; what is returned writes the code that restores the one before."""
    architecture = builder.module.triple.partition("-")[0]
    if architecture == "x86_64":
        kind = ir.FunctionType(ir.VoidType(), [PTR])
        get, put = (cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.sse.{name}mxcsr") for name in ("st", "ld"))
        before, usual = (builder.inttoptr(builder.ptrtoint(builder.alloca(I32), I64), PTR) for _ in range(2))
        builder.call(get, [before])
        builder.store(I32(USUAL), usual)
        builder.call(put, [usual])
        return lambda: builder.call(put, [before])
    if architecture in ("aarch64", "arm64"):
        mode = builder.call(ir.InlineAsm(ir.FunctionType(I64, []), "mrs $0, fpcr", "=r", side_effect=True), [])
        put = ir.InlineAsm(ir.FunctionType(ir.VoidType(), [I64]), "msr fpcr, $0", "r,~{memory}", side_effect=True)
        builder.call(put, [I64(0)])
        return lambda: builder.call(put, [mode])
    return lambda: None


def _rows(w: _Writer, function: Any, sig: Signature, n: Any, places: list[Any], counts: list[Any]) -> None:
    """One call for each value of the parameters: a batch of these splits the elements evenly; a lone value serves all."""
    builder = w.builder
    first = len(sig.inputs) - sig.params
    rows = counts[0]
    for c in counts[1:]:
        rows = builder.select(builder.icmp_signed(">", c, rows), c, rows)
    some = builder.select(builder.icmp_signed(">", rows, I64(0)), rows, I64(1))
    block = builder.sdiv(n, some)

    def each(r: Any, _: list[Any]) -> list[Any]:
        moved = []
        for j, (storage, place) in enumerate(zip(sig.operands, places, strict=True)):
            if first <= j < len(sig.inputs):
                index = builder.select(builder.icmp_signed("==", counts[j - first], I64(1)), I64(0), r)
            else:
                index = builder.mul(r, block)
            moved.append(builder.gep(place, [builder.mul(index, I64(storage.size))], source_etype=ir.IntType(8)))
        builder.call(function, [block, *moved])
        return []

    loop(builder, (I64(0), rows, 1), [], each)


def _refuse_unless(w: _Writer, known: Any, frame: Any) -> None:
    """Return an error of XLA's where structures are not those of the header."""
    builder = w.builder
    with builder.if_then(builder.not_(known)):
        text = b"fastact: the structures of XLA's foreign function interface are not those that fastact knows\0"
        message = ir.GlobalVariable(builder.module, ir.ArrayType(ir.IntType(8), len(text)), builder.module.get_unique_name("message"))
        message.initializer = ir.Constant(message.value_type, bytearray(text))
        message.global_constant, message.linkage = True, "private"
        given = builder.inttoptr(builder.ptrtoint(builder.alloca(ir.ArrayType(I64, 4)), I64), PTR)
        for k, value in enumerate((I64(32), I64(0), builder.ptrtoint(message, I64), I64(INTERNAL))):
            builder.store(value, builder.gep(given, [I64(k)], source_etype=I64))
        create = w.word(w.pointer(frame, 2), 6)
        kind = ir.FunctionType(PTR, [PTR])
        builder.ret(builder.call(builder.inttoptr(create, kind.as_pointer()), [given]))


def handler(record: Record, direction: Direction, dtype: str, api: tuple[int, int], *, arrays: bool) -> int:
    """Address of a handler whose arguments and results are the operands of a direction, of one element count.

    Parameters
    ----------
    record, direction, dtype
        What is computed.
    api : tuple of int
        Version of the interface.
    arrays : bool
        Whether parameters have a value for each element. Otherwise there is one value, or one for each row of elements of a batch.
    """
    sig = signature(record, direction, dtype)
    arrays = arrays and sig.params > 0
    kernel = compile_kernel(record, direction, dtype, arrays=arrays, plain=True)
    name = "fastact_handler"
    module = ir.Module(name)
    module.triple = target.triple()
    inner: Sequence[Any] = [I64, *[PTR] * len(sig.operands)]
    outside = ir.Function(module, ir.FunctionType(ir.VoidType(), inner), "fastact_loop")
    function = ir.Function(module, ir.FunctionType(PTR, [PTR]), name)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    _write(builder, outside, function.args[0], sig, api, arrays)
    text = str(module)
    return target.load(name, [text], lambda: target.compile_object(text, name), {"fastact_loop": kernel.address})
