"""Compiled code that fills a block with draws: the words of the generator first, then the numbers made of them."""

from __future__ import annotations

import functools
from typing import Any

from llvmlite import ir

from fastact.cpu import compiling
from fastact.cpu.loops import I8, I32, I64, PTR, Kernel, _loop, build
from fastact.cpu.words import BLOCK
from fastact.directions import STORAGE
from fastact.noise.parts import double, single
from fastact.noise.philox import emit, round_keys
from fastact.numerics.emit import Value, traced


def compile_fill(draw: Any, width: str) -> Kernel:
    """Compile ``void fill(uint64_t *key, int64_t start, int64_t count, T *target)`` for at most `BLOCK` draws.

    `key` holds the seed and the stream. Draw i of a stream is made of its i-th word of T's size, where the words of
    the generator at counters 0, 1, ... follow each other. The lock keeps threads that ask at once from compiling two, of
    which one would be freed while it runs.
    """
    with compiling.lock:
        return _compiled(draw, width)


@functools.cache
def _compiled(draw: Any, width: str) -> Kernel:
    storage = STORAGE[width]
    integer, parts = (I32, single) if width == "float32" else (I64, double)
    shift = 2 if width == "float32" else 1

    def write(builder: Any, key: Any, start: Any, count: Any, target: Any) -> None:
        space = builder.alloca(ir.ArrayType(I8, storage.size * BLOCK + 32))
        space.align = 64
        buffer = builder.inttoptr(builder.ptrtoint(space, I64), PTR)
        key = builder.inttoptr(key, PTR)
        seed, stream = (builder.load(builder.gep(key, [I64(k)], source_etype=I64), typ=I64) for k in range(2))
        keys = round_keys(builder, seed)
        first = builder.lshr(start, I64(shift))
        skipped = builder.sub(start, builder.shl(first, I64(shift)))
        counters = builder.lshr(builder.add(builder.add(skipped, count), I64((1 << shift) - 1)), I64(shift))

        def generate(index: Any, group: Any) -> None:
            words = emit(builder, builder.add(first, index), stream, keys)
            for k, pair in enumerate(words):
                place = builder.add(builder.shl(index, I64(1)), I64(k))
                stored = builder.store(pair, builder.gep(buffer, [place], source_etype=I64), align=8)
                stored.set_metadata("llvm.access.group", group)

        def convert(index: Any, group: Any) -> None:
            place = builder.gep(buffer, [builder.add(skipped, index)], source_etype=integer)
            loaded = builder.load(place, typ=integer, align=storage.size)
            loaded.set_metadata("llvm.access.group", group)
            value = traced(draw, width)(*[Value(builder, v) for v in parts(builder, loaded)]).ir
            stored = builder.store(value, builder.gep(out, [index], source_etype=storage.memory), align=storage.size)
            stored.set_metadata("llvm.access.group", group)

        out = builder.inttoptr(target, PTR)
        _loop(builder, counters, generate)
        _loop(builder, count, convert)

    return build(f"fastact_fill_{draw.__name__}_{width}", [I64] * 4, write)
