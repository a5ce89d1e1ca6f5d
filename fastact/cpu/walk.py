"""The N-d walk: whole arrays of any layout, and gradients summed to the shape of a parameter, as one job of the driver."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastact.cpu import parallel, words
from fastact.cpu.loops import Direction
from fastact.cpu.ufunc import Loop, typed_loop
from fastact.record import Record

Array = np.ndarray[Any, np.dtype[Any]]
_MOST_TASKS = 64
_run = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p)


def _strides(array: Array, shape: tuple[int, ...]) -> list[int]:
    """Strides of `array` broadcast to `shape`."""
    lead = len(shape) - array.ndim
    return [0] * lead + [0 if n == 1 else s for n, s in zip(array.shape, array.strides, strict=True)]


def _coalesce(shape: Sequence[int], strides: list[list[int]]) -> tuple[list[int], list[list[int]]]:
    """Drop axes of length 1 and merge neighbours that every operand runs through in one stride."""
    kept: list[int] = []
    merged: list[list[int]] = [[] for _ in strides]
    for d, n in enumerate(shape):
        if n == 1:
            continue
        if kept and all(m[-1] == s[d] * n for m, s in zip(merged, strides, strict=True)):
            kept[-1] *= n
            for m, s in zip(merged, strides, strict=True):
                m[-1] = s[d]
        else:
            kept.append(n)
            for m, s in zip(merged, strides, strict=True):
                m.append(s[d])
    return (kept, merged) if kept else ([1], [[0] for _ in strides])


def _mode(shape: list[int], strides: list[int], size: int) -> int:
    dense = size
    flat = True
    for n, s in zip(reversed(shape), reversed(strides), strict=True):
        flat = flat and (s == dense or n == 1)
        dense *= n
    if flat:
        return words.FLAT
    return words.STAGED if any(strides) else words.SCALAR


def _rows(operands: Sequence[Array], sizes: list[int], strides: list[list[int]]) -> list[tuple[int, int, int, list[int]]]:
    """Base, item size, mode and strides of each operand; those that are dense in long rows need no buffer."""
    rows = []
    for a, s in zip(operands, strides, strict=True):
        mode = _mode(sizes, s, a.itemsize)
        if mode == words.STAGED and sizes[-1] >= words.LONG_ROW and s[-1] == a.itemsize:
            mode = words.ROWS
        rows.append((a.ctypes.data, a.itemsize, mode, s))
    return rows


def _job(loop: Loop, shape: list[int], rows: list[tuple[int, int, int, list[int]]], *, scalars: bool) -> Array:
    """The words of a job; `rows` holds base, item size, mode and strides of each operand."""
    sig = loop.signature
    (loop.ensure if scalars else loop.ensure_arrays)()
    parallel.prepare()
    job = np.zeros(words.JOB_BYTES // 8, np.int64)
    job[: words.JOB_SHAPE] = (
        loop.row[words.KERNEL + (not scalars)],
        len(sig.operands),
        len(sig.inputs),
        len(shape),
        math.prod(shape),
        0,
        parallel.control.ctypes.data,
        1,
    )
    job[words.JOB_SHAPE : words.JOB_SHAPE + len(shape)] = shape
    first_param = len(sig.inputs) - sig.params
    for j, (base, size, mode, strides) in enumerate(rows):
        row = job[words.JOB_ROWS + j * words.ROW :]
        fixed = scalars and first_param <= j < len(sig.inputs)
        row[: words.STRIDES] = (base, 0, words.FLAT, 0) if fixed else (base, size, mode, 0)
        row[words.STRIDES : words.STRIDES + len(strides)] = strides
    return job


class Drawn(NamedTuple):
    """An input drawn in the loop: its place among the operands, where a scalar stands for it, the key, and the code by width."""

    place: int
    key: Array
    code: Callable[[str], int]


def _draw(job: Array, loop: Loop, drawn: Drawn | None) -> None:
    if drawn is not None:
        row = job[words.JOB_ROWS + drawn.place * words.ROW :]
        code = drawn.code(loop.signature.inputs[drawn.place].dtype)
        row[words.BASE], row[words.MODE], row[words.APART] = code, words.DRAWN, drawn.key.ctypes.data


def _launch(job: Array) -> None:
    control = parallel.control
    if control[words.THREADS] > 1 and job[words.JOB_TOTAL] >= 2 * control[words.GRAIN]:
        parallel.start()
    _run(int(control[words.LAUNCH]))(job.ctypes.data)


def walk(
    record: Record, direction: Direction, dtype: str, inputs: Sequence[Array], outputs: Sequence[Array], drawn: Drawn | None = None
) -> bool:
    """Fill `outputs` from `inputs`, all of the loop's exact dtypes, aligned, and identical or disjoint in memory.

    With an input that is `drawn`, elements are taken in logical C order, by which draws are indexed.

    Returns False, with nothing done, where the layout has more axes than the driver holds.
    """
    loop = typed_loop(record, direction, dtype)
    shape = outputs[0].shape
    operands = [*inputs, *outputs]
    scalars = drawn is None and all(p.size == 1 for p in inputs[len(inputs) - loop.signature.params :])
    strides = [_strides(a, shape) for a in operands]
    order = sorted(range(len(shape)), key=lambda d: [-abs(s[d]) for s in reversed(strides)] if drawn is None else d)
    sizes, merged = _coalesce([shape[d] for d in order], [[s[d] for d in order] for s in strides])
    if len(sizes) > words.MAX_DIMS:
        return False
    rows = _rows(operands, sizes, merged)
    job = _job(loop, sizes, rows, scalars=scalars)
    _draw(job, loop, drawn)
    _launch(job)
    return True


def summed(
    record: Record, dtype: str, inputs: Sequence[Array], dx: Array, wanted: Sequence[bool], drawn: Drawn | None = None
) -> list[np.ndarray[Any, np.dtype[np.float64]] | None]:
    """Backward into `dx`, and the gradient of each wanted parameter summed over the axes it was broadcast along.

    The elements are taken in logical C order, in tasks and blocks that depend on shapes alone; sums are in float64.
    So the gradients have the same bits for any number of threads and any layout, and whatever else is wanted.
    A `dx` of one repeated element is not written, nor is a gradient that is not wanted: the blocks stay in their buffers.
    """
    loop = typed_loop(record, "backward_params", dtype)
    shape = dx.shape
    params = inputs[len(inputs) - loop.signature.params :]
    total = math.prod(shape)
    widest = max(p.size for p in params)
    tasks = max(1, min(_MOST_TASKS, total // 32768, total // (4 * max(1, widest))))
    chunk = -(-total // tasks // words.BLOCK) * words.BLOCK or words.BLOCK
    tasks = max(1, -(-total // chunk))
    sums = [np.zeros((tasks, *p.shape)) if w else np.zeros((1,)) for p, w in zip(params, wanted, strict=True)]
    operands = [*inputs, dx, *(s[0, ...] for s in sums)]
    axes = [d for d, n in enumerate(shape) if n != 1] or [-1]
    sizes = [shape[d] if shape else 1 for d in axes]
    merged = [[_strides(a, shape or (1,))[d] for d in axes] for a in operands]
    if len(sizes) > words.MAX_DIMS:
        raise ValueError(f"{record.name}.backward: x has {len(sizes)} axes; at most {words.MAX_DIMS} are supported")
    rows = _rows(operands, sizes, merged)
    width = params[0].itemsize
    first = len(inputs) + 1
    modes = [words.REDUCED if w else words.SCALAR for w in wanted]
    rows[first:] = [(s.ctypes.data, width, m, merged[first + k]) for k, (s, m) in enumerate(zip(sums, modes, strict=True))]
    parallel.prepare_sums()
    job = _job(loop, sizes, rows, scalars=drawn is None and all(p.size == 1 for p in params))
    _draw(job, loop, drawn)
    job[words.JOB_CHUNK] = chunk
    for k, s in enumerate(sums):
        job[words.JOB_ROWS + (first + k) * words.ROW + words.APART] = s.strides[0]
    if total:
        _launch(job)
    return [s.sum(axis=0) if w else None for s, w in zip(sums, wanted, strict=True)]
