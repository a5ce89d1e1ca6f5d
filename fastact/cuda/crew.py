"""How the threads of a block share out rows, and how they meet: the W lanes of a row's sums are threads.

- "warp": a row of at most 4096 elements is done by W neighbouring threads, which meet by shuffles.
- "block": a longer row by a whole block, whose teams of W threads take one chunk of 4096 elements after the other.
- "turned": rows whose neighbours lie side by side in memory; neighbouring threads have neighbouring rows, and the lanes of a row are
  `rows` threads apart and meet in shared memory.

All threads come to every meeting, those of rows that are not there as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from fastact.cpu.raw import loop
from fastact.cuda.target import BLOCK, special
from fastact.numerics.emit import FLOAT, I1, I32, I64, Value, constant
from fastact.rows.interface import LANES, Merge

WARP, WHOLE, TURNED = "warp", "block", "turned"
_ALL = constant(I32, -1)


def _call(builder: Any, name: str, result: Any, arguments: Sequence[Any]) -> Any:
    module = builder.module
    kind = ir.FunctionType(result, [a.type for a in arguments])
    return builder.call(module.globals.get(name) or ir.Function(module, kind, name), arguments)


def barrier(builder: Any) -> None:
    """All threads of the block meet; what they stored before is seen after."""
    _call(builder, "llvm.nvvm.barrier.cta.sync.aligned.all", ir.VoidType(), [constant(I32, 0)])


def _shuffle(builder: Any, value: Any, distance: int) -> Any:
    """The value of the thread whose number differs by the bit `distance`."""

    def word(part: Any) -> Any:
        return _call(builder, "llvm.nvvm.shfl.sync.bfly.i32", I32, [_ALL, part, constant(I32, distance), constant(I32, 31)])

    if value.type == FLOAT:
        return builder.bitcast(word(builder.bitcast(value, I32)), FLOAT)
    pair = ir.VectorType(I32, 2)
    halves = builder.bitcast(value, pair)
    moved = ir.Constant(pair, ir.Undefined)
    for k in range(2):
        moved = builder.insert_element(moved, word(builder.extract_element(halves, constant(I32, k))), constant(I32, k))
    return builder.bitcast(moved, value.type)


class Crew:
    """The threads of a block: `lane` and `team` of this one, as int64, and the row of the block that it works on."""

    def __init__(self, builder: Any, width: str, kind: str, teams: int = 1) -> None:
        self.b, self.kind, self.lanes, self.teams = builder, kind, LANES[width], teams
        self.threads = self.lanes * teams if kind == WHOLE else BLOCK
        self.rows = 1 if kind == WHOLE else BLOCK // self.lanes
        thread = builder.zext(special(builder, "tid.x"), I64)
        self.thread = thread
        low, high = self._split(thread, self.rows if kind == TURNED else self.lanes)
        nothing = constant(I64, 0)
        self.lane = high if kind == TURNED else low
        self.row = {WARP: high, WHOLE: nothing, TURNED: low}[kind]
        self.team = high if kind == WHOLE else nothing

    def _split(self, thread: Any, size: int) -> tuple[Any, Any]:
        """Remainder and quotient by a power of two."""
        return self.b.and_(thread, constant(I64, size - 1)), self.b.lshr(thread, constant(I64, size.bit_length() - 1))

    def meet(self) -> None:
        """Wait for the other threads of the row; what they did to memory is done."""
        if self.kind == WARP:
            _call(self.b, "llvm.nvvm.bar.warp.sync", ir.VoidType(), [_ALL])
        else:
            barrier(self.b)

    def any(self, bit: Any) -> Any:
        """Whether a bit is set in any thread that works in step with this one; the threads of a whole block have one bit."""
        return bit if self.kind == WHOLE else _call(self.b, "llvm.nvvm.vote.any.sync", I1, [_ALL, bit])

    def _board(self, kind: Any, count: int) -> Any:
        """Shared memory for `count` values."""
        module = self.b.module
        board = ir.GlobalVariable(module, ir.ArrayType(kind, count), f"board_{len(module.globals)}", addrspace=3)
        board.linkage, board.initializer, board.align = "internal", ir.Constant(board.value_type, ir.Undefined), 8
        return board

    def _write(self, board: Any, index: Any, value: Any) -> None:
        self.b.store(value, self.b.gep(board, [constant(I64, 0), index]), align=8 if value.type != FLOAT else 4)

    def _read(self, board: Any, index: Any) -> Any:
        kind = board.value_type.element
        return self.b.load(self.b.gep(board, [constant(I64, 0), index]), typ=kind, align=8 if kind != FLOAT else 4)

    def lanes_merged(self, values: list[Value], merge: Merge) -> list[Value]:
        """Merge the lanes of a team in halves, l with l + W/2; all of them get the result."""
        if self.kind == TURNED:
            return self._turned(values, merge)
        distance = self.lanes
        while distance > 1:
            distance //= 2
            upper = self.b.icmp_signed("!=", self.b.and_(self.lane, constant(I64, distance)), constant(I64, 0))
            others = [_shuffle(self.b, v.ir, distance) for v in values]
            low = [v.made(self.b.select(upper, o, v.ir)) for v, o in zip(values, others, strict=True)]
            high = [v.made(self.b.select(upper, v.ir, o)) for v, o in zip(values, others, strict=True)]
            values = merge(low, high)
        return values

    def _turned(self, values: list[Value], merge: Merge) -> list[Value]:
        boards = [self._board(v.type, BLOCK) for v in values]
        for board, v in zip(boards, values, strict=True):
            self._write(board, self.thread, v.ir)
        barrier(self.b)
        places = [self.b.add(self.row, constant(I64, lane * self.rows)) for lane in range(self.lanes)]
        parts = [[v.made(self._read(board, at)) for v, board in zip(values, boards, strict=True)] for at in places]
        while len(parts) > 1:
            half = len(parts) // 2
            parts = [merge(a, b) for a, b in zip(parts[:half], parts[half:], strict=True)]
        barrier(self.b)
        return parts[0]

    def teams_merged(self, carried: list[Value] | None, parts: list[Value], count: Any, merge: Merge) -> list[Value]:
        """Merge the parts of the first `count` teams one after another, into what is carried if that is given."""
        boards = [self._board(v.type, self.teams) for v in parts]
        with self.b.if_then(self.b.icmp_signed("==", self.lane, constant(I64, 0))):
            for board, v in zip(boards, parts, strict=True):
                self._write(board, self.team, v.ir)
        barrier(self.b)

        def take(team: Any, values: list[Any]) -> list[Any]:
            others = [Value(self.b, self._read(board, team)) for board in boards]
            return [v.ir for v in merge([Value(self.b, v) for v in values], others)]

        nothing = constant(I64, 0)
        before = [self._read(board, nothing) for board in boards] if carried is None else [c.ir for c in carried]
        merged = loop(self.b, (constant(I64, carried is None), count, 1), before, take)
        barrier(self.b)
        return [Value(self.b, v) for v in merged]
