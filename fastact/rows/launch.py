"""Rows of arrays of any layout, as a job that the driver runs in tasks."""

from __future__ import annotations

import ctypes
import functools
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastact.cpu import compiling, parallel
from fastact.cpu.layout import address
from fastact.rows import words
from fastact.rows.access import SIZE, Operand
from fastact.rows.programs import Plan

Array = np.ndarray[Any, np.dtype[Any]]
_WHOLE = 2**62
_CACHE = 2**19
_SIDE = 16
_KEPT = 2**25
_local = threading.local()
_run = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p)
_rows = ctypes.CFUNCTYPE(None, ctypes.c_ssize_t, ctypes.c_ssize_t, ctypes.c_ssize_t)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: a program, the arrays it runs over, and what it is told.

    `elements` have one shape, the rows along their last axis; `per_row` have that shape without its last axis. Outputs are named y
    and dx. With `offsets`, rows lie one after another along the last axis of `elements`, and `per_row` have a first axis of rows.
    """

    program: str
    elements: Mapping[str, Array]
    per_row: Mapping[str, Array]
    numbers: tuple[float, ...] = ()
    scaled: bool = False
    causal: bool = False
    offsets: Array | None = None
    smooth: bool = False


@functools.cache
def _name(dtype: np.dtype[Any]) -> str:
    """`dtype.name`, which NumPy takes three microseconds for."""
    return dtype.name


@functools.cache
def _runner() -> int:
    from fastact.rows import staging

    with compiling.lock:
        return staging.address()


@functools.cache
def _serial() -> Any:
    """`staging.run`: the rows of a job from one on up to another."""
    return _rows(_runner())


@functools.cache
def _function(place: int) -> Any:
    return _run(place)


Spec = tuple[tuple[str, str, tuple[int, ...], tuple[int, ...], bool], ...]
"""Name, dtype, shape, strides and whether it has one value per row, of every operand."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A job but for its addresses and numbers, with its rows, its elements, and the bytes of a task's buffers."""

    job: Array
    total: int
    size: int
    staged: int


def _coalesce(shape: list[int], strides: list[list[int]]) -> None:
    """Merge neighbouring axes that every operand runs through in one stride."""
    for d in range(len(shape) - 1, 0, -1):
        if shape[d] == 1 or all(s[d - 1] == s[d] * shape[d] for s in strides):
            for s in strides:
                s[d - 1 : d + 1] = [s[d] if shape[d] != 1 else s[d - 1]]
            shape[d - 1 : d + 1] = [shape[d - 1] * shape[d]]


def written(spec: Spec) -> int:
    """Which operand is written element by element; -1 if none is."""
    names = [name for name, _, _, _, per_row in spec if not per_row]
    if "dx" in names:
        return names.index("dx")
    return names.index("y") if "y" in names else -1


def axes_of_rows(spec: Spec, segments: int, *, causal: bool) -> tuple[list[int], list[list[int]]]:
    """Shape of the rows' axes and every operand's strides over them, as few and in as good an order as can be."""
    shape = list(spec[0][2][:-1])
    strides = [list(steps[segments > 0 :] if per_row else steps[:-1]) for _, _, _, steps, per_row in spec]
    if causal:
        query, steps = shape.pop(), [s.pop() for s in strides]
        _coalesce(shape, strides)
        return [*shape, query], [[*s, step] for s, step in zip(strides, steps, strict=True)]
    best = strides[max(0, written(spec))]
    order = sorted(range(len(shape)), key=lambda d: -abs(best[d]))
    shape, strides = [shape[d] for d in order], [[s[d] for d in order] for s in strides]
    _coalesce(shape, strides)
    if not shape:
        shape, strides = [1], [[0] for _ in strides]
    if segments:
        shape.insert(0, segments)
        for s, (_, _, _, own, per_row) in zip(strides, spec, strict=True):
            s.insert(0, own[0] if per_row else 0)
    return shape, strides


def _stage(job: Array, spec: Spec, length: int, extent: int) -> int:
    """Give a buffer to every operand whose rows are not dense; return the bytes of all, for one task.

    An output shares the buffer of an input with items of its size, as every program may run in place.
    """
    from fastact.rows.transpose import compile_transpose

    rows: list[Array] = []
    for j, (_, dtype, extents, strides, per_row) in enumerate(spec):
        size = SIZE[dtype]
        if per_row or strides[-1] == size or extents[-1] == 1:
            continue
        row = job[words.ROWS + j * words.ROW :]
        row[words.STAGED], row[words.PITCH] = (2 if j == written(spec) else 1), (-(-length // 64) * 64 + 64) * size
        if any(s == size and n > 1 for s, n in zip(strides[:-1], extents[:-1], strict=True)):
            row[words.TURN] = compile_transpose(size, bool(row[words.STAGED] == 2)).address
        rows.append(row)
    owners: list[Array] = []
    for row in rows:
        if row[words.STAGED] == 1 or all(o[words.SIZE] != row[words.SIZE] for o in owners):
            owners.append(row)
    if not rows:
        job[words.GROUP] = _WHOLE
        return 0
    used = sum(int(o[words.PITCH]) for o in owners)
    group = min(128, max(_SIDE, _CACHE // used // _SIDE * _SIDE)) if used * _SIDE <= 32 * _CACHE else 1
    job[words.GROUP] = group = min(group, -(-extent // _SIDE) * _SIDE)
    start = 0
    for owner in owners:
        owner[words.START] = start
        start += group * int(owner[words.PITCH])
    for row in rows:
        if row[words.STAGED] == 2:
            row[words.START] = next(o[words.START] for o in owners if o[words.SIZE] == row[words.SIZE])
    return start


@functools.lru_cache(256)
def prepare(program: str, spec: Spec, flags: tuple[bool, bool, bool], segments: int, longest: int) -> Ready:
    """All of a job that does not depend on where its arrays lie; `longest` is the longest row of offsets."""
    from fastact.rows.kernel import compile_rows

    scaled, causal, smooth = flags
    _, dtype, first, _, _ = spec[0]
    length = longest if segments else first[-1]
    width = "float64" if dtype == "float64" else "float32"
    operands = tuple(Operand(name, kind, per_row) for name, kind, _, _, per_row in spec)
    masked = any(o.name == "where" for o in operands)
    stash = program == "softmax" and dtype == width
    job = np.zeros(words.JOB_WORDS, np.int64)
    lead, strides = axes_of_rows(spec, segments, causal=causal)
    kernel = compile_rows(Plan(program, width, operands, scaled, masked, causal, stash, smooth)).address
    job[words.KERNEL], job[words.OPERANDS], job[words.DIMS] = kernel, len(spec), len(lead)
    job[words.SHAPE : words.SHAPE + len(lead)] = lead
    template = job[words.TEMPLATE :]
    template[words.LENGTH] = length
    if causal:
        template[words.LIMIT], template[words.STEP] = length - lead[-1] + 1, 1
    for j, ((_, kind, _, own, per_row), steps) in enumerate(zip(spec, strides, strict=True)):
        row = words.ROWS + j * words.ROW
        template[words.FIRST + words.PAIR * j + 1] = steps[-1]
        job[row : row + 2] = SIZE[kind], 0 if per_row else own[-1]
        job[row + words.STRIDES : row + words.STRIDES + len(steps)] = steps
    return Ready(job, math.prod(lead), math.prod(first), _stage(job, spec, length, lead[-1]))


def _buffers(size: int) -> Array:
    """Memory for a thread's calls; small enough ones are kept, since fresh memory costs as much as the work in it."""
    kept: Array | None = getattr(_local, "buffers", None)
    if kept is None or kept.size < size:
        kept = np.empty(size, np.uint8)
        if size <= _KEPT:
            _local.buffers = kept
    return kept


def execute(call: Call) -> None:
    """Run a call over its arrays, which are native and aligned; outputs are identical to or apart from inputs."""
    arrays = (*call.elements.values(), *call.per_row.values())
    spec = (
        *[(k, _name(a.dtype), a.shape, a.strides, False) for k, a in call.elements.items()],
        *[(k, _name(a.dtype), a.shape, a.strides, True) for k, a in call.per_row.items()],
    )
    segments, longest = (0, 0) if call.offsets is None else (len(call.offsets) - 1, int(np.diff(call.offsets).max(initial=0)))
    ready = prepare(call.program, spec, (call.scaled, call.causal, call.smooth), segments, longest)
    if not ready.total:
        return
    job = ready.job.copy()
    if call.offsets is not None:
        job[words.OFFSETS] = address(call.offsets)
    first = words.TEMPLATE + words.FIRST
    job[first : first + words.PAIR * len(arrays) : words.PAIR] = [address(a) for a in arrays]
    if call.numbers:
        numbers = words.TEMPLATE + words.NUMBERS
        job[numbers : numbers + len(call.numbers)].view(np.float64)[:] = call.numbers
    launch(job, ready)


def launch(job: Array, ready: Ready) -> None:
    """Run a job: its tasks are of rows. Where threads share it, the driver gets control words of its own, by which it runs these."""
    total, size, staged = ready.total, ready.size, ready.staged
    control = parallel.control
    threads, grain = control.item(words.THREADS), control.item(words.GRAIN)
    if threads > 1 and size >= 2 * grain:
        parallel.prepare()
        parallel.start()
        own = job[words.CONTROL :]
        own[:] = control
        threads = max(1, min(int(own[words.THREADS]), size // grain)) if own[words.PARALLEL_FOR] else 1
    else:
        threads = 1
    least = _SIDE if staged and total >= 8 * _SIDE * threads else 1
    chunk = total if threads == 1 else -(-total // (4 * threads) // least) * least
    job[words.CHUNK] = chunk
    if staged:
        buffers = _buffers(staged * -(-total // chunk) + 64)
        job[words.BUFFER], job[words.BUFFER_BYTES] = -(-address(buffers) // 64) * 64, staged
    if threads == 1:
        _serial()(address(job), 0, total)
        return
    own[words.RUN], own[words.THREADS], own[words.GRAIN] = _runner(), threads, 1
    job[words.TOTAL], job[words.PARALLEL], job[words.JOB_CONTROL] = total, 1, address(own)
    _function(int(own[words.LAUNCH]))(address(job))
