"""Copies between strided runs and dense buffers."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from fastact.cpu.raw import I8, I16, I32, I64, I128, PTR

ITEM = {2: I16, 4: I32, 8: I64, 16: I128}


def _step_loop(builder: Any, target: Any, target_step: Any, source: Any, source_step: Any, count: Any, kinds: tuple[Any, Any]) -> None:
    """One strided copy loop; vectorized where both steps are known, else kept scalar, which keeps the first call short."""
    read, written = kinds
    before, body, after = builder.block, builder.append_basic_block("copy"), builder.append_basic_block("copied")
    builder.cbranch(builder.icmp_signed(">", count, I64(0)), body, after)
    builder.position_at_end(body)
    index = builder.phi(I64)
    here = builder.gep(target, [builder.mul(index, target_step)], source_etype=I8)
    there = builder.gep(source, [builder.mul(index, source_step)], source_etype=I8)
    value = builder.load(there, typ=read, align=written.width // 8)
    builder.store(value if read is written else builder.trunc(value, written), here, align=written.width // 8)
    following = builder.add(index, I64(1), flags=["nuw", "nsw"])
    index.add_incoming(I64(0), before)
    index.add_incoming(following, body)
    latch = builder.cbranch(builder.icmp_signed("<", following, count), body, after)
    vectorize = ir.Constant(ir.IntType(1), isinstance(source_step, ir.Constant))
    hint = builder.module.add_metadata([ir.MetaDataString(builder.module, "llvm.loop.vectorize.enable"), vectorize])
    latch.set_metadata("llvm.loop", builder.module.add_metadata([hint]))
    builder.position_at_end(after)


def _copy_items(builder: Any, target: Any, target_step: Any, source: Any, source_step: Any, count: Any, size: int) -> None:
    """Copies of one item size. Every second item is read as the low half of a pair, but for the last, whose pair may end outside."""
    item = ITEM[size]
    if size > 8:
        _step_loop(builder, target, target_step, source, source_step, count, (item, item))
        return
    dense = builder.icmp_signed("==", target_step, I64(size))
    repeated = builder.and_(dense, builder.icmp_signed("==", source_step, I64(0)))
    paired = builder.and_(dense, builder.icmp_signed("==", source_step, I64(2 * size if size < 8 else -1)))
    with builder.if_then(repeated):
        _step_loop(builder, target, I64(size), source, I64(0), count, (item, item))
    done = builder.select(paired, builder.select(builder.icmp_signed(">", count, I64(0)), builder.sub(count, I64(1)), I64(0)), I64(0))
    if size < 8:
        with builder.if_then(paired):
            _step_loop(builder, target, I64(size), source, I64(2 * size), done, (ITEM[2 * size], item))
    with builder.if_then(builder.not_(repeated)):
        rest = builder.gep(target, [builder.mul(done, target_step)], source_etype=I8)
        start = builder.gep(source, [builder.mul(done, source_step)], source_etype=I8)
        _step_loop(builder, rest, target_step, start, source_step, builder.sub(count, done), (item, item))


@intrinsic
def copy(typing: Any, target: Any, target_step: Any, source: Any, source_step: Any, count: Any, size: Any) -> Any:
    """Copy `count` items of 2, 4, 8 or 16 bytes between two strided runs that do not overlap.

    Dense runs, one value repeated, and every second item into a dense run have code of their own, but for 16 bytes.
    """

    def lower(context: Any, builder: Any, signature: Any, a: Any) -> Any:
        target, source = builder.inttoptr(a[0], PTR), builder.inttoptr(a[2], PTR)
        dense = builder.and_(builder.icmp_signed("==", a[1], a[5]), builder.icmp_signed("==", a[3], a[5]))
        with builder.if_else(dense) as (then, otherwise):
            with then:
                cgutils.raw_memcpy(builder, target, source, a[4], a[5])
            with otherwise:
                for width in ITEM:
                    with builder.if_then(builder.icmp_signed("==", a[5], I64(width))):
                        _copy_items(builder, target, a[1], source, a[3], a[4], width)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 6), lower
