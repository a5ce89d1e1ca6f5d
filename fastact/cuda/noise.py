"""Arrays of noise on the device: the draws of a stream, one element after the other."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from fastact.cuda import memory, philox
from fastact.cuda.arithmetic import Doubts
from fastact.cuda.layouts import MOST
from fastact.cuda.plan import Step
from fastact.cuda.sweep import Sweep, sweep
from fastact.cuda.target import GLOBAL, Program, program
from fastact.directions import STORAGE
from fastact.numerics.emit import I32


@functools.cache
def fill(draw: Any, width: str) -> Program:
    """The kernel that stores draws in the computing width: arguments are the address, `philox.ARGUMENTS`, and the number of elements."""
    storage = STORAGE[width]
    shape = Sweep(memory.lanes(storage), 1)

    def write(b: Any, arguments: list[Any]) -> None:
        target, seed, stream, first, n = arguments
        source = philox.Source(draw, width, (seed, stream, first))

        def quick(vectors: list[Any]) -> list[Any]:
            (vector,), doubts = vectors, Doubts()
            values = source.run(b, b.mul(vector, I32(shape.lanes)), shape.lanes, doubts)
            doubt = doubts.any(b, values)
            with b.if_then(b.not_(doubt), likely=True):
                memory.store_wide(b, target, vector, values, storage)
            return [doubt]

        def one(i: Any) -> None:
            memory.store_one(b, memory.element(b, target, i, storage), source.one(b, i), storage)

        sweep(b, shape, n, quick, one)

    return program(f"fastact_draws_{draw.__name__}_{width}", [GLOBAL, *philox.ARGUMENTS, I32], shape.span, write)


def position(element: int, width: str) -> np.uint64:
    """Where in a stream the words for an element are; its number is a multiple of 4."""
    return np.uint64(element * STORAGE[width].size // 16)


def fill_steps(draw: Any, width: str, n: int, target: int, seed: int, stream: int) -> tuple[Step, ...]:
    """The launches that store the first `n` draws of a stream at an aligned address; the last three are numbers of operands."""
    made, size = fill(draw, width), STORAGE[width].size
    steps = []
    for begin in range(0, n, MOST):
        now = min(MOST, n - begin)
        tail = (position(begin, width), np.uint32(now))
        shifts = (begin * size, 0, 0) if begin else None
        steps.append(Step(made, -(-now // made.span), tail, (target, seed, stream), shifts))
    return tuple(steps)
