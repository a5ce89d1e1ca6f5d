"""The path that nearly every thread takes through a kernel, and what it executes.

A dense kernel does whole vectors in a straight line, then the elements of a last block, and those whose quotient is in doubt, one by
one. The hot path is the shortest from the entry to an exit among those that make the most stores of 16 bytes.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence

from sass.read import Instruction

IDLE = ("NOP",)
_LOCAL = ("CALL", "RET", "LDL", "STL")


def leaves(instruction: Instruction) -> bool:
    """Whether the thread ends there, unless guarded."""
    return instruction.base in ("EXIT", "RET")


def wide(instruction: Instruction) -> bool:
    """Whether it stores 16 bytes to global memory."""
    return instruction.base == "STG" and ".128" in instruction.name


def following(code: Sequence[Instruction], at: int) -> list[int]:
    """Indices that may come after the instruction at `at`; past the end means that the thread has ended."""
    here, end = code[at], len(code)
    if here.target is not None:
        return [here.target, at + 1] if conditional(here) else [here.target]
    if leaves(here):
        return [end, at + 1] if here.guard else [end]
    return [at + 1]


def conditional(branch: Instruction) -> bool:
    """Whether a branch may fall through: it has a guard, or a predicate among its operands."""
    return bool(branch.guard) or branch.operands.startswith(("P", "!P", "UP", "!UP"))


def hot(code: Sequence[Instruction]) -> list[Instruction]:
    """Instructions of the hot path, in order."""
    return [code[i] for i in route(code)]


def route(code: Sequence[Instruction]) -> list[int]:
    """Indices of the hot path's instructions."""
    end = len(code)
    most = max((stores for at, stores in _arrivals(code) if at == end), default=None)
    if most is None:
        raise ValueError("no path leads to an exit")
    return _arrivals(code)[end, most]


def _arrivals(code: Sequence[Instruction]) -> dict[tuple[int, int], list[int]]:
    """Shortest path to each pair of an instruction and the number of wide stores before it."""
    end, total = len(code), sum(map(wide, code))
    before: dict[tuple[int, int], tuple[int, int] | None] = {}
    queue: list[tuple[int, tuple[int, int], tuple[int, int] | None]] = [(0, (0, 0), None)]
    while queue:
        length, state, origin = heapq.heappop(queue)
        if state in before:
            continue
        before[state] = origin
        at, stores = state
        if at == end:
            continue
        after = stores + wide(code[at])
        for successor in following(code, at) if after <= total else []:
            heapq.heappush(queue, (length + 1, (successor, after), state))
    return {state: _walked(before, state) for state in before if state[0] == end}


def _walked(before: dict[tuple[int, int], tuple[int, int] | None], state: tuple[int, int]) -> list[int]:
    path = []
    origin = before[state]
    while origin is not None:
        path.append(origin[0])
        origin = before[origin]
    return path[::-1]


def executed(path: Sequence[Instruction]) -> int:
    """Instructions that take an issue slot."""
    return sum(i.base not in IDLE for i in path)


def kinds(path: Sequence[Instruction]) -> Counter[str]:
    """How often each instruction occurs, by its name without suffixes."""
    return Counter(i.base for i in path)


def calls(path: Sequence[Instruction]) -> list[str]:
    """Calls, and accesses to local memory."""
    return [f"{i.name} {i.operands}" for i in path if i.base in _LOCAL]


def narrow(path: Sequence[Instruction]) -> list[str]:
    """Accesses to global memory of less than 16 bytes."""
    return [f"{i.name} {i.operands}" for i in path if i.base in ("LDG", "STG") and ".128" not in i.name]
