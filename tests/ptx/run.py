"""The launch of one kernel: blocks in batches, and of the threads always those that are furthest behind."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .decode import step_of
from .floats import Approximation
from .kinds import KINDS, Fault
from .memory import Memory
from .parse import Instruction, Kernel, parse
from .shared import Shared
from .threads import Launch, Step, Threads, fetch

Shape = int | tuple[int, ...]
_BARRIERS = {"bar.sync", "barrier.sync", "barrier.sync.aligned", "bar.cta.sync", "barrier.cta.sync", "barrier.cta.sync.aligned"}
_BATCH = 16384


@dataclass(slots=True)
class Counts:
    """What a launch did, in threads: `instructions` by opcode, `accesses` by ("ld" or "st", space, bytes)."""

    instructions: Counter[str] = field(default_factory=Counter)
    accesses: Counter[tuple[str, str, int]] = field(default_factory=Counter)


@dataclass(slots=True)
class _Piece:
    """Statements that run one after the other, and the branch, barrier or exit that ends them, if any."""

    statements: list[Instruction] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    end: Instruction | None = None


def run(
    text: str,
    entry: str,
    grid: Shape,
    block: Shape,
    arguments: Sequence[Any],
    memory: Memory,
    *,
    shared: int = 0,
    approx_error: int = 0,
    seed: int = 0,
    limit: int = 1_000_000,
) -> Counts:
    """Run a kernel of a PTX module.

    Parameters
    ----------
    text, entry
        The module and the name of the kernel.
    grid, block
        Their shapes, of up to three axes.
    arguments
        A number for every parameter, or its bytes.
    memory
        What the kernel may touch.
    shared
        Bytes of dynamic shared memory.
    approx_error, seed
        Approximate reciprocals are off by up to so many ulp, at random.
    limit
        The number of pieces between branches that one batch of blocks may run.

    Raises
    ------
    Fault
        If an instruction is unknown, contractable, or touches what it must not; the message names it.
    """
    kernel, pieces, labels = _decoded(text, entry)
    memory.launched()
    launch = Launch(memory, _packed(kernel, arguments), Approximation(approx_error, np.random.default_rng(seed)))
    counts = Counts(accesses=launch.accesses)
    grid, block = _shape(grid), _shape(block)
    size, blocks = block[0] * block[1] * block[2], grid[0] * grid[1] * grid[2]
    if not 0 < size <= 1024:
        raise Fault(f"a block of {size} threads")
    batch = max(1, _BATCH // size)
    with np.errstate(all="ignore"):
        for first in range(0, blocks, batch):
            threads = Threads(launch, grid, block, first, min(batch, blocks - first))
            threads.shared = Shared(threads.blocks, kernel.shared_bytes + shared)
            _Batch(kernel, pieces, labels, threads, counts).run(limit)
    return counts


def _shape(shape: Shape) -> tuple[int, int, int]:
    axes = (shape,) if isinstance(shape, int) else shape
    x, y, z = (*axes, 1, 1)[:3]
    return x, y, z


def _packed(kernel: Kernel, arguments: Sequence[Any]) -> bytes:
    """The arguments as the bytes that the kernel's parameters are."""
    if len(arguments) != len(kernel.params):
        raise Fault(f"{kernel.name} takes {len(kernel.params)} arguments, {len(arguments)} are given")
    packed = bytearray()
    for argument, kind, (offset, size) in zip(arguments, kernel.kinds, kernel.params.values(), strict=True):
        value = argument if isinstance(argument, bytes) else np.asarray(argument).astype(KINDS[kind]).tobytes()
        if len(value) != size:
            raise Fault(f"an argument of {len(value)} bytes for a parameter of {size}")
        packed += bytes(offset - len(packed)) + value
    return bytes(packed)


def _ends(instruction: Instruction) -> bool:
    return instruction.parts[0] in ("bra", "ret", "exit") or instruction.opcode in _BARRIERS


@functools.lru_cache(maxsize=64)
def _decoded(text: str, entry: str) -> tuple[Kernel, list[_Piece], dict[str, int]]:
    """The kernel, cut where threads may part or meet, and the piece that each label begins."""
    kernel, pieces = parse(text, entry), [_Piece()]
    starts = {0: 0}
    targets = set(kernel.labels.values())
    for position, instruction in enumerate(kernel.code):
        if position in targets and (pieces[-1].statements or pieces[-1].end):
            pieces.append(_Piece())
        starts.setdefault(position, len(pieces) - 1)
        if pieces[-1].end is not None:
            pieces.append(_Piece())
            starts[position] = len(pieces) - 1
        try:
            if _ends(instruction):
                pieces[-1].end = instruction
            else:
                pieces[-1].steps.append(step_of(kernel, instruction))
                pieces[-1].statements.append(instruction)
        except Fault as fault:
            raise Fault(f"{kernel.name}: {instruction}: {fault}") from None
    starts[len(kernel.code)] = len(pieces)
    return kernel, pieces, {label: starts[position] for label, position in kernel.labels.items()}


class _Batch:
    """The run of one batch: `at` is the piece that each thread is about to run."""

    def __init__(self, kernel: Kernel, pieces: list[_Piece], labels: dict[str, int], threads: Threads, counts: Counts) -> None:
        self.kernel, self.pieces, self.labels, self.threads, self.counts = kernel, pieces, labels, threads, counts
        self.at = np.zeros(threads.count, np.int32)
        self.waiting = np.zeros(threads.count, np.bool_)

    def run(self, limit: int) -> None:
        """Run all threads to their end."""
        over = len(self.pieces)
        for _ in range(limit):
            runnable = np.where(self.waiting, over, self.at)
            piece = int(runnable.min())
            if piece < over:
                chosen = runnable == piece
                self.threads.lanes = None if chosen.all() else np.flatnonzero(chosen)
                self._piece(piece)
            elif self.waiting.any():
                self._release()
            else:
                return
        raise Fault(f"{self.kernel.name}: no end after {limit} pieces")

    def _piece(self, index: int) -> None:
        piece, threads = self.pieces[index], self.threads
        position, active = 0, threads.active
        for instruction in piece.statements:
            self.counts.instructions[instruction.opcode] += active
        try:
            for position, step in enumerate(piece.steps):  # noqa: B007
                step(threads)
        except Fault as fault:
            raise Fault(f"{self.kernel.name}: {piece.statements[position]}: {fault}") from None
        self.at[threads.indices] = index + 1
        if piece.end is not None:
            self._end(piece.end)

    def _end(self, end: Instruction) -> None:
        threads = self.threads
        self.counts.instructions[end.opcode] += threads.active
        lanes = threads.indices
        if end.guard:
            holds = fetch(self.kernel, end.guard.removeprefix("!"), KINDS["pred"])(threads)
            lanes = lanes[holds ^ end.guard.startswith("!")]
        if end.parts[0] == "bra":
            if end.operands[0] not in self.labels:
                raise Fault(f"{self.kernel.name}: {end}: no such label")
            self.at[lanes] = self.labels[end.operands[0]]
        elif end.parts[0] in ("ret", "exit"):
            self.at[lanes] = len(self.pieces)
        elif end.guard or end.operands != ("0",):
            raise Fault(f"{self.kernel.name}: {end}: only barrier 0, of all threads, is known here")
        else:
            self.waiting[lanes] = True

    def _release(self) -> None:
        """Let go the threads at a barrier: all of their block must be at the same one."""
        places = np.where(self.waiting, self.at, -1).reshape(self.threads.blocks, self.threads.size)
        met = places.min(axis=1)
        wrong = met != places.max(axis=1)
        if wrong.any():
            block = int(np.argmax(wrong)) + self.threads.first
            raise Fault(f"{self.kernel.name}: divergent: not all threads of block {block} come to the same barrier")
        self.threads.shared.synchronised(np.flatnonzero(met >= 0))
        self.waiting[:] = False
