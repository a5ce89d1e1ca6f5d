"""How the threads of an elementwise kernel do their elements: whole vectors the quick way, the others one by one afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastact.cuda.target import BLOCK, special
from fastact.numerics.emit import I1, I32, constant
from fastact.numerics.metadata import keep_rolled


@dataclass(frozen=True, slots=True)
class Sweep:
    """A thread does `vectors` vectors of `lanes` elements each; those of its block lie side by side."""

    lanes: int
    vectors: int

    @property
    def span(self) -> int:
        """Elements of a block."""
        return BLOCK * self.vectors * self.lanes


def sweep(b: Any, shape: Sweep, n: Any, quick: Callable[[list[Any]], list[Any]], one: Callable[[Any], None], block: Any = None) -> None:
    """Do those of `n` elements that are the block's, or those of the `block` told.

    `quick` does the vectors told and returns for each whether it is in doubt, and was thus not stored. The elements of those, and those
    of a last block that is not full, are done by `one` element after another, in one copy of that code.
    """
    lanes, vectors = shape.lanes, shape.vectors
    thread, block = special(b, "tid.x"), block or special(b, "ctaid.x")
    start = b.mul(block, constant(I32, shape.span))
    own = b.add(b.mul(block, constant(I32, BLOCK * vectors)), thread)
    entry = b.block
    whole, rest, leave = (b.append_basic_block(name) for name in ("whole", "rest", "leave"))
    starts = b.mul(own, constant(I32, lanes)), b.add(start, thread)
    b.cbranch(b.icmp_unsigned(">=", b.sub(n, start), constant(I32, shape.span)), whole, rest)
    b.position_at_end(whole)
    marks = constant(I32, 0)
    for v, doubt in enumerate(quick([b.add(own, constant(I32, v * BLOCK)) for v in range(vectors)])):
        marks = b.or_(marks, b.shl(b.zext(doubt, I32), constant(I32, v)))
    computed = b.block
    b.cbranch(b.icmp_unsigned("==", marks, constant(I32, 0)), leave, rest)
    b.position_at_end(rest)
    chosen, first, step = (b.phi(I32) for _ in range(3))
    for phi, after, tail in ((chosen, marks, constant(I32, -1)), (first, *starts), (step, constant(I32, 1), constant(I32, BLOCK))):
        phi.add_incoming(after, computed)
        phi.add_incoming(tail, entry)

    def index(k: Any) -> Any:
        vector, lane = b.udiv(k, constant(I32, lanes)), b.urem(k, constant(I32, lanes))
        return b.add(b.add(first, b.mul(vector, constant(I32, BLOCK * lanes))), b.mul(lane, step))

    def chosen_one(k: Any) -> None:
        i = index(k)
        marked = b.trunc(b.lshr(chosen, b.udiv(k, constant(I32, lanes))), I1)
        with b.if_then(b.and_(marked, b.icmp_unsigned("<", i, n))):
            one(i)

    rolled(b, vectors * lanes, chosen_one)
    b.branch(leave)
    b.position_at_end(leave)


def rolled(b: Any, count: int, body: Callable[[Any], None]) -> None:
    """Run `body(k)` for 0 ≤ k < `count`, in one copy of its code."""
    before, head, done = b.block, b.append_basic_block("head"), b.append_basic_block("done")
    b.branch(head)
    b.position_at_end(head)
    k = b.phi(I32)
    k.add_incoming(constant(I32, 0), before)
    body(k)
    following = b.add(k, constant(I32, 1))
    k.add_incoming(following, b.block)
    keep_rolled(b.cbranch(b.icmp_unsigned("<", following, constant(I32, count)), head, done))
    b.position_at_end(done)
