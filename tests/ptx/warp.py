"""What the threads of a warp do together: shuffles, votes and their synchronisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from .kinds import KINDS, Fault
from .parse import Instruction, Kernel
from .threads import Fetch, Step, Threads, fetch, target

Array = Any
_WORD, _BOOL = KINDS["u32"], KINDS["pred"]


def _active(threads: Threads) -> Array:
    """For every thread of the batch, whether it runs now."""
    running = np.zeros(threads.count, np.bool_)
    running[threads.indices] = True
    return running


def ballot(threads: Threads, chosen: Array) -> Array:
    """For the threads that run now, the bits of the lanes of their warp that are `chosen`, which is told for all threads."""
    bits = np.zeros(threads.count, np.uint32)
    np.add.at(bits, threads.start, np.where(chosen, np.uint32(1) << threads.special["%laneid"], np.uint32(0)))
    return bits[threads.of(threads.start)]


def met(threads: Threads, mask: Array) -> None:
    """Refuse a mask that is not exactly the lanes that run now; lanes that the block does not have may be named."""
    there = ballot(threads, np.ones(threads.count, np.bool_))
    lanes = ballot(threads, _active(threads))
    wrong = (np.broadcast_to(mask, lanes.shape) & there) != lanes
    if wrong.any():
        first = int(np.argmax(wrong))
        given = int(np.broadcast_to(mask, lanes.shape)[first])
        raise Fault(f"divergent: mask {given:#x} where the lanes {int(lanes[first]):#x} run, {threads.where(first)}")


def shuffle(kernel: Kernel, instruction: Instruction) -> Step:
    """shfl.sync."""
    parts, operands = instruction.parts, instruction.operands
    if len(parts) != 4 or parts[1] != "sync" or parts[3] != "b32" or parts[2] not in ("up", "down", "bfly", "idx"):
        raise Fault("unknown opcode")
    names = [n.strip() for n in operands[0].split("|")]
    write = target(kernel, names[0], _WORD)
    tell = target(kernel, names[1] if len(names) > 1 else "_", _BOOL)
    value, lane, clamp, mask = (fetch(kernel, o, _WORD) for o in operands[1:])

    def step(threads: Threads) -> None:
        met(threads, mask(threads))
        everywhere = np.zeros(threads.count, np.uint32)
        everywhere[threads.indices] = value(threads)
        own = threads.of(threads.special["%laneid"]).astype(np.int64)
        source, inside = _source(parts[2], own, np.asarray(lane(threads)).astype(np.int64), np.asarray(clamp(threads)).astype(np.int64))
        place = threads.of(threads.start) + np.where(inside, source, own)
        absent = place >= threads.count
        absent |= ~_active(threads)[np.where(absent, 0, place)]
        if absent.any():
            raise Fault(f"divergent: a shuffle from a lane that does not run, {threads.where(int(np.argmax(absent)))}")
        write(threads, everywhere[place])
        tell(threads, inside)

    return step


def _source(mode: str, own: Array, lane: Array, clamp: Array) -> tuple[Array, Array]:
    """The lane that each lane reads, and whether it is in range; as the pseudocode of PTX has it."""
    segment = (clamp >> 8) & 31
    lane, limit = lane & 31, (own & segment) | (clamp & 31 & ~segment)
    if mode == "up":
        return own - lane, own - lane >= limit
    source = {"down": own + lane, "bfly": own ^ lane, "idx": (own & segment) | (lane & ~segment)}[mode]
    return source, source <= limit


def vote(kernel: Kernel, instruction: Instruction) -> Step:
    """vote.sync."""
    parts, operands = instruction.parts, instruction.operands
    if parts[1] != "sync" or parts[2] not in ("all", "any", "uni", "ballot"):
        raise Fault("unknown opcode")
    negated = operands[1].startswith("!")
    chosen, mask = fetch(kernel, operands[1].removeprefix("!"), _BOOL), fetch(kernel, operands[2], _WORD)
    write = target(kernel, operands[0], _WORD if parts[2] == "ballot" else _BOOL)

    def step(threads: Threads) -> None:
        met(threads, mask(threads))
        marked = np.zeros(threads.count, np.bool_)
        marked[threads.indices] = chosen(threads) ^ negated
        bits, lanes = ballot(threads, marked), ballot(threads, _active(threads))
        answers = {"ballot": bits, "any": bits != 0, "all": bits == lanes, "uni": (bits == lanes) | (bits == 0)}
        write(threads, answers[parts[2]])

    return step


def active_mask(kernel: Kernel, instruction: Instruction) -> Step:
    """Activemask: the lanes that run now."""
    write = target(kernel, instruction.operands[0], _WORD)
    return lambda threads: write(threads, ballot(threads, _active(threads)))


def warp_barrier(kernel: Kernel, instruction: Instruction) -> Step:
    """bar.warp.sync."""
    mask: Fetch = fetch(kernel, instruction.operands[0], _WORD)
    return lambda threads: met(threads, mask(threads))
