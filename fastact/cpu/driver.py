"""The one inner loop of every ufunc. Compiled once; kernels are called by address.

Records, control and jobs are rows of words, told in `words`.
"""

from __future__ import annotations

from typing import Any

from fastact.cpu.raw import (
    address_of,
    call_launch,
    call_python,
    call_run,
    helper,
    lesser,
    put,
    run_parallel,
    scratch,
    word,
)
from fastact.cpu.words import (
    BASE,
    BLOCK,
    CALL,
    COMPILE,
    CONTROL,
    ENSURE,
    FLAT,
    GRAIN,
    INPUTS,
    JOB_BYTES,
    JOB_CHUNK,
    JOB_CONTROL,
    JOB_DIMS,
    JOB_PARALLEL,
    JOB_ROWS,
    JOB_RUNS,
    JOB_SHAPE,
    JOB_TOTAL,
    JOB_UNIT,
    KERNEL,
    LAUNCH,
    MODE,
    OPERANDS,
    PARALLEL_FOR,
    PARAMS,
    RELEASE,
    ROW,
    RUN,
    SCALAR,
    SIZE,
    SIZES,
    STAGED,
    START,
    STRIDES,
    TASK,
    THREADS,
)


@helper
def python(control: int, function: int) -> Any:
    """Call a Python callable without arguments; -1 if it raised."""
    return call_python(word(control, ENSURE), word(control, CALL), word(control, RELEASE), function)


def task(args: Any, dims: Any, steps: Any, data: Any) -> None:
    """Some tasks of a job, as Numba's parallel_for hands them out; its index starts at 1."""
    job = address_of(data)
    start = word(address_of(args), 0) - 1
    chunk = word(job, JOB_CHUNK)
    total = word(job, JOB_TOTAL)
    for t in range(start, start + word(address_of(dims), 0)):
        call_run(word(word(job, JOB_CONTROL), RUN), job, t * chunk, lesser(total, (t + 1) * chunk))


def launch(job: int) -> int:
    """Run a job: in tasks over the threads where that is allowed and worth it, else in ascending order."""
    control = word(job, JOB_CONTROL)
    total = word(job, JOB_TOTAL)
    chunk = word(job, JOB_CHUNK)
    threads = lesser(word(control, THREADS), total // word(control, GRAIN)) if word(job, JOB_PARALLEL) != 0 else 1
    if threads > 1 and word(control, PARALLEL_FOR) == 0:
        if python(control, word(control, START)) < 0:
            return -1
        threads = lesser(threads, word(control, THREADS))
    if chunk == 0:
        unit = word(job, JOB_UNIT) if word(job, JOB_UNIT) != 0 else BLOCK
        chunk = (total // threads // unit + 1) * unit if threads > 1 else total
        put(job, JOB_CHUNK, chunk)
    tasks = (total + chunk - 1) // chunk
    if threads > 1:
        run_parallel(word(control, PARALLEL_FOR), word(control, TASK), tasks, job, threads)
    else:
        for t in range(tasks):
            call_run(word(control, RUN), job, t * chunk, lesser(total, (t + 1) * chunk))
    return 0


@helper
def clash(record: int, args: int, steps: int, n: int, j: int) -> bool:
    """Whether input `j` shares memory with an output without being that very operand."""
    size = word(record, SIZES + j)
    step = word(steps, j)
    low = word(args, j) + lesser(0, (n - 1) * step)
    high = word(args, j) - lesser(0, (1 - n) * step) + size
    for k in range(word(record, INPUTS), word(record, OPERANDS)):
        reach = (n - 1) * word(steps, k)
        start = word(args, k) + lesser(0, reach)
        end = word(args, k) - lesser(0, -reach) + word(record, SIZES + k)
        same = word(args, k) == word(args, j) and word(steps, k) == step and word(record, SIZES + k) == size
        if start < high and low < end and not same:
            return True
    return False


def general(record: int, args: int, steps: int, n: int) -> Any:
    """A call of a ufunc loop that is large, strided or overlapping, or has arrays for parameters."""
    job = scratch(JOB_BYTES)
    operands = word(record, OPERANDS)
    inputs = word(record, INPUTS)
    params = inputs - word(record, PARAMS)
    control = word(record, CONTROL)
    arrays = 0
    for j in range(params, inputs):
        if word(steps, j) != 0 and n > 1:
            arrays = 1
    if word(record, KERNEL + arrays) == 0 and python(control, word(record, COMPILE + arrays)) < 0:
        return -1
    put(job, 0, word(record, KERNEL + arrays))
    put(job, 1, operands)
    put(job, 2, inputs)
    put(job, JOB_DIMS, 1)
    put(job, JOB_TOTAL, n)
    put(job, JOB_CONTROL, control)
    put(job, JOB_SHAPE, n)
    put(job, JOB_RUNS, 0)
    put(job, JOB_UNIT, 0)
    shifted = False
    for j in range(operands):
        row = job + 8 * (JOB_ROWS + j * ROW)
        size = word(record, SIZES + j)
        step = word(steps, j)
        mode = FLAT if step == size else STAGED
        if j < inputs:
            if clash(record, args, steps, n, j):
                shifted = True
                mode = STAGED
            if step == 0:
                mode = SCALAR
        if params <= j < inputs and arrays == 0:
            mode = SCALAR if shifted else FLAT
            size = size if shifted else 0
        if mode != FLAT:
            put(job, JOB_UNIT, BLOCK)
        put(row, BASE, word(args, j))
        put(row, SIZE, size)
        put(row, MODE, mode)
        put(row, STRIDES, step)
    put(job, JOB_CHUNK, 0)
    put(job, JOB_PARALLEL, 0 if shifted else 1)
    return call_launch(word(control, LAUNCH), job)
