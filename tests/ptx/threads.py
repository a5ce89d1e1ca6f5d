"""The registers of a batch of thread blocks, each an array over all its threads, and the operands that read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .floats import Approximation
from .kinds import RAW, Fault, literal
from .memory import Memory
from .parse import Kernel

Array = Any
Fetch = Callable[["Threads"], Array]
Step = Callable[["Threads"], None]
_UNSET = 0xA5A5A5A5A5A5A5A5


@dataclass(frozen=True, slots=True)
class Launch:
    """What all threads of a launch have in common: memory, the bytes of the parameters, and what is counted."""

    memory: Memory
    parameters: bytes
    approximation: Approximation
    accesses: Counter[tuple[str, str, int]] = field(default_factory=Counter)


class Threads:
    """Blocks `first` to `first + blocks` of a grid.

    `lanes` are the indices of the threads that run now, None if all do: what is fetched and written is theirs.
    """

    special: dict[str, Array]
    start: Array

    def __init__(self, launch: Launch, grid: tuple[int, int, int], block: tuple[int, int, int], first: int, blocks: int) -> None:
        self.launch = launch
        self.size = block[0] * block[1] * block[2]
        self.blocks, self.count = blocks, blocks * self.size
        self.registers: dict[str, Array] = {}
        self.lanes: Array | None = None
        self.thread: Array = np.tile(np.arange(self.size), blocks)
        self.block: Array = np.repeat(np.arange(blocks), self.size)
        self.first = first
        self.shared: Any = None
        self.start = np.arange(self.count) - self.thread % 32
        self.special = {"%laneid": (self.thread % 32).astype(np.uint32)}
        for name, index, shape in (("tid", self.thread, block), ("ctaid", self.block + first, grid)):
            x, rest = index % shape[0], index // shape[0]
            for axis, value in zip("xyz", (x, rest % shape[1], rest // shape[1]), strict=True):
                self.special[f"%{name}.{axis}"] = value.astype(np.uint32)
        for name, shape in (("ntid", block), ("nctaid", grid)):
            for axis, length in zip("xyz", shape, strict=True):
                self.special[f"%{name}.{axis}"] = np.full(self.count, length, np.uint32)

    @property
    def active(self) -> int:
        """How many threads run now."""
        return self.count if self.lanes is None else len(self.lanes)

    @property
    def indices(self) -> Array:
        """The threads that run now."""
        return np.arange(self.count) if self.lanes is None else self.lanes

    @property
    def numbers(self) -> Array:
        """The threads that run now as the grid numbers them, from 1 on."""
        return self.indices + (self.first * self.size + 1)

    def of(self, value: Array) -> Array:
        """The part of a value over all threads that belongs to those that run now."""
        return value if self.lanes is None else value[self.lanes]

    def read(self, name: str) -> Array:
        """A register; not to be written to."""
        try:
            value = self.registers[name]
        except KeyError:
            raise Fault(f"{name} is read before it is written") from None
        return value if self.lanes is None else value[self.lanes]

    def write(self, name: str, value: Array, raw: np.dtype[Any]) -> None:
        """Set a register; an array becomes the register's own."""
        value = np.asarray(value)
        value = value.view(raw) if value.dtype.itemsize == raw.itemsize else value.astype(raw)
        if self.lanes is None:
            self.registers[name] = value if value.ndim else np.full(self.count, value)
            return
        if name not in self.registers:
            self.registers[name] = np.full(self.count, _UNSET >> (64 - 8 * raw.itemsize) if raw != np.bool_ else False, raw)
        self.registers[name][self.lanes] = value

    def where(self, index: int) -> str:
        """Name one of the threads that run now, for a message."""
        lane = int(self.indices[index])
        return f"thread {self.thread[lane]} of block {self.block[lane] + self.first}"


def fetch(kernel: Kernel, text: str, kind: np.dtype[Any]) -> Fetch:
    """How an operand is read as a type: a register, a special register, an address of shared memory or a literal."""
    if "." in text or text in ("%laneid",):
        return _special(text, kind)
    if text.startswith("%") or text in kernel.families:
        return _register(text, kernel.width(text), kind)
    value = literal(str(kernel.shared[text]) if text in kernel.shared else text, kind)
    return lambda _: value


def _special(text: str, kind: np.dtype[Any]) -> Fetch:
    def special(threads: Threads) -> Array:
        if text not in threads.special:
            raise Fault(f"no special register that is known here: {text}")
        return threads.of(threads.special[text]).view(kind)

    return special


def _register(name: str, width: int, kind: np.dtype[Any]) -> Fetch:
    if (kind == np.bool_) != (width == 0) or kind.itemsize > max(width, 1):
        raise Fault(f"{name} has {8 * width or 1} bits, not {8 * kind.itemsize if width else 'those of a predicate'}")
    if kind == np.bool_:
        return lambda threads: threads.read(name)
    if kind.itemsize == width:
        return lambda threads: threads.read(name).view(kind)
    return lambda threads: threads.read(name).astype(RAW[kind.itemsize]).view(kind)


def target(kernel: Kernel, name: str, kind: np.dtype[Any]) -> Callable[[Threads, Array], None]:
    """How a result of a type is written to a register, "_" for none; a narrower one is extended by its sign, if it has any."""
    if name == "_":
        return lambda _threads, _value: None
    width = kernel.width(name)
    if (kind == np.bool_) != (width == 0) or kind.itemsize > max(width, 1):
        raise Fault(f"{name} does not hold a result of {8 * kind.itemsize} bits")
    raw = RAW[width] if width else np.dtype(np.bool_)
    return lambda threads, value: threads.write(name, np.asarray(value, kind), raw)


def guarded(step: Step, fetch_guard: Fetch, negated: bool) -> Step:
    """`step` for the threads whose predicate holds."""

    def run(threads: Threads) -> None:
        keep = np.broadcast_to(fetch_guard(threads) ^ negated, (threads.active,))
        if keep.all():
            step(threads)
        elif keep.any():
            lanes, threads.lanes = threads.lanes, threads.indices[keep]
            try:
                step(threads)
            finally:
                threads.lanes = lanes

    return run
