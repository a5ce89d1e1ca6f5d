"""ld and st: of parameters, of global and of shared memory."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .kinds import KINDS, RAW, Fault, kind_of
from .parse import Instruction, Kernel
from .threads import Fetch, Step, Threads, fetch, target

Array = Any
_ADDRESS = re.compile(r"\[\s*(%?[\w$]+)\s*(?:\+\s*(-?\w+))?\s*\]$")
_HINTS = {"global", "shared", "nc", "ca", "cg", "cs", "lu", "cv", "wb", "wt", "v2", "v4", "cta", "weak"}


def access(kernel: Kernel, instruction: Instruction) -> Step:
    """The step of a load or a store of memory, which counts what it touches."""
    parts, load = instruction.parts, instruction.parts[0] == "ld"
    space, kind = _space(parts), KINDS[kind_of(parts)]
    values, place = instruction.operands if load else instruction.operands[::-1]
    names = [v.strip() for v in values.strip("{}").split(",")]
    if len(names) != next((int(p[1]) for p in parts if p in ("v2", "v4")), 1) or len(names) * kind.itemsize > 16:
        raise Fault("the operands are not as many as the opcode says")
    where, key = _address(kernel, place), (parts[0], space, len(names) * kind.itemsize)
    if load:
        writes = [target(kernel, name, kind) for name in names]
        constant = "nc" in parts

        def step(threads: Threads) -> None:
            addresses = where(threads)
            threads.launch.accesses[key] += len(addresses)
            if space == "shared":
                rows = threads.shared.load(threads, addresses, kind.itemsize, len(names))
            else:
                rows = threads.launch.memory.load(addresses, kind.itemsize, len(names), constant, threads.numbers)
            for k, write in enumerate(writes):
                write(threads, rows[:, k].copy().view(kind))

        return step

    reads = [fetch(kernel, name, kind) for name in names]

    def store(threads: Threads) -> None:
        addresses = where(threads)
        threads.launch.accesses[key] += len(addresses)
        columns = [np.asarray(read(threads)).view(RAW[kind.itemsize]) for read in reads]
        if space == "shared":
            threads.shared.store(threads, addresses, columns, kind.itemsize)
        else:
            threads.launch.memory.store(addresses, columns, kind.itemsize, threads.numbers)

    return store


def _space(parts: tuple[str, ...]) -> str:
    """The memory that an access names."""
    unknown = [p for p in parts[1:-1] if p not in _HINTS and not p.startswith(("L1::", "L2::"))]
    if unknown:
        raise Fault(f"unknown modifier .{unknown[0]}")
    space = next((p for p in parts if p in ("global", "shared")), None)
    if space is None:
        raise Fault("an access by a generic address")
    return space


def _address(kernel: Kernel, text: str) -> Fetch:
    """The address that [register + offset] is, for every thread."""
    match = _ADDRESS.match(text)
    if match is None:
        raise Fault(f"no address that is known here: {text}")
    wide = match[1].startswith("%") and kernel.width(match[1]) == 8
    base = fetch(kernel, match[1], np.dtype(np.uint64 if wide else np.uint32))
    offset = np.uint64(int(match[2] or "0", 0) % (1 << 64))

    def address(threads: Threads) -> Array:
        start = np.asarray(base(threads)).astype(np.uint64)
        return np.broadcast_to(start + offset, (threads.active,))

    return address


def parameter(kernel: Kernel, instruction: Instruction) -> Step:
    """The step of ld.param."""
    kind = KINDS[kind_of(instruction.parts)]
    match = _ADDRESS.match(instruction.operands[1])
    if match is None or match[1] not in kernel.params:
        raise Fault(f"no parameter {instruction.operands[1]}")
    start, size = kernel.params[match[1]]
    offset = int(match[2] or "0", 0)
    names = [v.strip() for v in instruction.operands[0].strip("{}").split(",")]
    if offset < 0 or offset + kind.itemsize * len(names) > size:
        raise Fault(f"{kind.itemsize * len(names)} bytes at {offset} of a parameter of {size}")
    writes = [target(kernel, name, kind) for name in names]

    def step(threads: Threads) -> None:
        numbers = np.frombuffer(threads.launch.parameters, kind, len(names), start + offset)
        for write, number in zip(writes, numbers, strict=True):
            write(threads, number)

    return step
