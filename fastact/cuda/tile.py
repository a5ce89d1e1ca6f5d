"""The block of a sum: its threads stand in `across` columns, one for each place that is kept, and `along` rows, which share its terms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from fastact.cuda.target import BLOCK, special
from fastact.numerics.emit import DOUBLE, I32, constant
from fastact.numerics.metadata import keep_rolled

_SHARED = 3
Merge = Callable[[Any, Sequence[Any], Sequence[Any]], list[Any]]


def added(b: Any, mine: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """The sums of both."""
    return [b.fadd(v, o) for v, o in zip(mine, others, strict=True)]


@dataclass(frozen=True, slots=True)
class Tile:
    """`across` times `along` threads; those that are neighbours stand in a row of the tile if `kept_first`, else in a column."""

    across: int
    along: int
    kept_first: bool

    def place(self, b: Any) -> tuple[Any, Any]:
        """Column and row of the thread."""
        thread, width = special(b, "tid.x"), constant(I32, self.across if self.kept_first else self.along)
        inner, outer = b.urem(thread, width), b.udiv(thread, width)
        return (inner, outer) if self.kept_first else (outer, inner)

    def total(self, b: Any, row: Any, values: Sequence[Any], merge: Merge = added) -> list[Any]:
        """The sums over each column, or what `merge` makes of it, in its row 0: row r takes row r + h for h = along/2, along/4... 1."""
        if self.along == 1:
            return list(values)
        array = ir.ArrayType(DOUBLE, BLOCK * len(values))
        board = ir.GlobalVariable(b.module, array, "board", addrspace=_SHARED)
        board.linkage, board.initializer, board.align = "internal", ir.Constant(array, ir.Undefined), 8
        thread, sums, half = special(b, "tid.x"), list(values), self.along // 2
        while half:
            if 2 * half == self.along:
                self._put(b, board, thread, sums)
            barrier(b)
            before = b.block
            with b.if_then(b.icmp_unsigned("<", row, constant(I32, half))):
                other = b.add(thread, constant(I32, half * (self.across if self.kept_first else 1)))
                both = merge(b, sums, [b.load(self._cell(b, board, other, p), typ=DOUBLE, align=8) for p in range(len(sums))])
                if half > 1:
                    self._put(b, board, thread, both)
                inside = b.block
            for p, (old, new) in enumerate(zip(sums, both, strict=True)):
                sums[p] = b.phi(DOUBLE)
                sums[p].add_incoming(old, before)
                sums[p].add_incoming(new, inside)
            half //= 2
        return sums

    def _cell(self, b: Any, board: Any, thread: Any, plane: int) -> Any:
        return b.gep(board, [constant(I32, 0), b.add(thread, constant(I32, BLOCK * plane))])

    def _put(self, b: Any, board: Any, thread: Any, values: Sequence[Any]) -> None:
        for p, value in enumerate(values):
            b.store(value, self._cell(b, board, thread, p), align=8)


def barrier(b: Any) -> None:
    """Wait for all threads of the block."""
    name, module = "llvm.nvvm.barrier.cta.sync.aligned.all", b.module
    kind = ir.FunctionType(ir.VoidType(), [I32])
    b.call(module.globals.get(name) or ir.Function(module, kind, name), [constant(I32, 0)])


def loop(
    b: Any, bounds: tuple[Any, Any, int], carried: Sequence[Any], body: Callable[[Any, list[Any]], list[Any]], unroll: bool = False
) -> list[Any]:
    """Run `body(index, carried)` for index = start, start + step... below the end, without a sign; return what it carries out."""
    start, end, step = bounds
    before = b.block
    head, run, done = (b.append_basic_block(name) for name in ("head", "run", "done"))
    b.branch(head)
    b.position_at_end(head)
    index, values = b.phi(I32), [b.phi(v.type) for v in carried]
    for phi, first in zip([index, *values], [start, *carried], strict=True):
        phi.add_incoming(first, before)
    b.cbranch(b.icmp_unsigned("<", index, end), run, done)
    b.position_at_end(run)
    results = body(index, values)
    following = b.add(index, constant(I32, step))
    for phi, last in zip([index, *values], [following, *results], strict=True):
        phi.add_incoming(last, b.block)
    latch = b.branch(head)
    if not unroll:
        keep_rolled(latch)
    b.position_at_end(done)
    return values
