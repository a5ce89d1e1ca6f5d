"""Kernels over dense arrays, run by the interpreter of PTX: operands made, launched and taken apart again."""

from __future__ import annotations

from typing import Any

import numpy as np
from cases import np_dtype
from ptx import Counts, Memory, run

from fastact.cuda.elementwise import divisor, flat
from fastact.cuda.target import BLOCK, Program
from fastact.directions import signature
from fastact.record import Record

Array = Any


def aligned(count: int, dtype: str, offset: int = 0) -> Array:
    """An array that starts `offset` bytes after a multiple of 16."""
    kind = np_dtype(dtype)
    room = np.zeros(count * kind.itemsize + 64, np.uint8)
    start = -room.ctypes.data % 16 + 16 + offset
    return room[start : start + count * kind.itemsize].view(kind)


def filled(x: Array, offset: int = 0) -> Array:
    """A flat copy of `x` that starts `offset` bytes after a multiple of 16."""
    copy = aligned(x.size, x.dtype.name, offset)
    copy[...] = x.reshape(-1)
    return copy


def index_arguments(inner: int, count: int) -> list[int]:
    """What a kernel needs to know of a parameter that element i takes from place (i // inner) % count."""
    return [*divisor(inner), count, *divisor(count)]


def launch(program: Program, inputs: list[Array], outputs: list[Array], params: list[Any], n: int, **options: Any) -> Counts:
    """Run a program of `elementwise.flat` on n elements.

    A parameter is a number, or an array with its inner and its count. Inputs that are no outputs must not be stored to, outputs that
    are no inputs not be loaded. What is both, no thread may load or store but the one that does the element.
    """
    memory, arguments = Memory(), []
    for k, x in enumerate(inputs):
        shared = any(x is y for y in outputs)
        arguments.append(memory.add(x, f"input {k}", writable=shared, watched=shared))
    for k, y in enumerate(outputs):
        shared = any(x is y for x in inputs)
        arguments.append(
            arguments[next(i for i, x in enumerate(inputs) if x is y)] if shared else memory.add(y, f"output {k}", written=False)
        )
    for k, p in enumerate(params):
        arguments += [memory.add(p[0], f"parameter {k}", writable=False), *index_arguments(*p[1:])] if isinstance(p, tuple) else [p]
    return run(program.ptx, program.name, -(-n // program.span), BLOCK, [*arguments, n], memory, **options)


def device(
    record: Record, direction: Any, x: Array, *params: Any, before: tuple[Array, ...] = (), modes: str | None = None, **options: Any
) -> tuple[Array, ...]:
    """The results of a direction for a vector x, computed by the kernel over dense arrays; dy, or dx and dy, come in `before`."""
    dtype = x.dtype.name
    inputs = [filled(a) for a in (*before, x)]
    outputs = [aligned(x.size, out.dtype) for out in signature(record, direction, dtype).outputs]
    launch(flat(record, direction, dtype, modes), inputs, outputs, list(params or record.typical), x.size, **options)
    return tuple(outputs)
