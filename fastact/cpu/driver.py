"""The one inner loop of every ufunc, and the block runner below it. Compiled once; kernels are called by address.

A *record* is what a ufunc loop knows of its kernel, a *job* is one call with its operands; both are rows of int64
words, so that machine code, NumPy's `static_data` pointer and Python share them.
"""

from __future__ import annotations

from typing import Any

from numba import cfunc, njit, types

from fastact.cpu.raw import (
    address_of,
    call_accumulate,
    call_general,
    call_launch,
    call_python,
    call_run,
    copy,
    lesser,
    put,
    run_kernel,
    run_parallel,
    scratch,
    word,
)

# record: addresses of the kernel for scalar and for array parameters, the Python callables that compile them,
# operands, inputs, parameters among them, address of the control words, item sizes...
KERNEL, COMPILE, OPERANDS, INPUTS, PARAMS, CONTROL, SIZES = 0, 2, 4, 5, 6, 7, 8
# control: threads, numba_parallel_for, elements a thread is worth waking for, Python callables that start the threads
# and that compile the pieces below, the addresses of these pieces, the three functions of call_python
THREADS, PARALLEL_FOR, GRAIN, START, PREPARE, GENERAL, LAUNCH, RUN, TASK, ACCUMULATE, ENSURE, CALL, RELEASE, CONTROL_WORDS = range(14)
# job: kernel, operands, inputs, dimensions, elements, elements of a task (0: to be chosen), control, whether threads
# may share it, shape..., then a row per operand
JOB_DIMS, JOB_TOTAL, JOB_CHUNK, JOB_CONTROL, JOB_PARALLEL, JOB_SHAPE = range(3, 9)
MAX_DIMS, MAX_OPERANDS = 16, 10
JOB_ROWS = JOB_SHAPE + MAX_DIMS
# operand row: base address, item size, mode, bytes from one task's accumulators to the next's, strides...
BASE, SIZE, MODE, APART, STRIDES = range(5)
ROW = STRIDES + MAX_DIMS
JOB_BYTES = 8 * (JOB_ROWS + MAX_OPERANDS * ROW)
# an operand is dense in the job's order, one value, copied through a buffer block by block, or an output that is
# only summed (its base and strides are those of the accumulators of the first task)
FLAT, SCALAR, STAGED, REDUCED = range(4)
BLOCK = 1024
BUFFER = 8 * BLOCK
BUFFERS = MAX_OPERANDS * BUFFER
POINTERS, PLACE = 8 * MAX_OPERANDS, 8 * MAX_DIMS

STRIDED_LOOP = types.int32(*[types.voidptr] * 5)
TASK_LOOP = types.void(*[types.voidptr] * 4)
LAUNCH_LOOP = types.intp(types.intp)
ACCUMULATE_LOOP = types.void(*[types.intp] * 5)
RUN_LOOP = types.void(*[types.intp] * 3)
GENERAL_LOOP = types.intp(*[types.intp] * 4)


@njit(error_model="numpy")
def move(job: int, row: int, start: int, count: int, buffer: int, gather: bool) -> None:
    """Copy elements [start, start + count) of an operand, in the job's order, into `buffer` or back."""
    dims = word(job, JOB_DIMS)
    size = word(row, SIZE)
    place = scratch(PLACE)
    offset = 0
    rest = start
    d = dims
    while d > 0:
        d -= 1
        extent = word(job, JOB_SHAPE + d)
        index = rest % extent
        rest //= extent
        put(place, d, index)
        offset += index * word(row, STRIDES + d)
    last = dims - 1
    step = word(row, STRIDES + last)
    done = 0
    while done < count:
        length = lesser(count - done, word(job, JOB_SHAPE + last) - word(place, last))
        memory = word(row, BASE) + offset
        if gather:
            copy(buffer + done * size, size, memory, step, length, size)
        else:
            copy(memory, step, buffer + done * size, size, length, size)
        done += length
        put(place, last, word(place, last) + length)
        offset += length * step
        d = last
        while d > 0 and word(place, d) == word(job, JOB_SHAPE + d):
            offset += word(row, STRIDES + d - 1) - word(place, d) * word(row, STRIDES + d)
            put(place, d, 0)
            put(place, d - 1, word(place, d - 1) + 1)
            d -= 1


def run(job: int, first: int, stop: int) -> None:
    """Elements [first, stop) of a job: at once where every operand is flat, else by blocks through the stack."""
    operands = word(job, 1)
    inputs = word(job, 2)
    pointers = scratch(POINTERS)
    buffers = scratch(BUFFERS)
    length = stop - first
    for j in range(operands):
        row = job + 8 * (JOB_ROWS + j * ROW)
        mode = word(row, MODE)
        buffer = buffers + j * BUFFER
        put(pointers, j, word(row, BASE) + first * word(row, SIZE) if mode == FLAT else buffer)
        if mode != FLAT:
            length = lesser(length, BLOCK)
        if mode == SCALAR:
            copy(buffer, word(row, SIZE), word(row, BASE), 0, lesser(stop - first, BLOCK), word(row, SIZE))
    start = first
    while start < stop:
        count = lesser(length, stop - start)
        for j in range(operands):
            row = job + 8 * (JOB_ROWS + j * ROW)
            if word(row, MODE) == FLAT:
                put(pointers, j, word(row, BASE) + start * word(row, SIZE))
            elif j < inputs and word(row, MODE) == STAGED:
                move(job, row, start, count, buffers + j * BUFFER, j < inputs)
        run_kernel(word(job, KERNEL), pointers, count)
        for j in range(inputs, operands):
            row = job + 8 * (JOB_ROWS + j * ROW)
            if word(row, MODE) == STAGED:
                move(job, row, start, count, buffers + j * BUFFER, j < inputs)
            elif word(row, MODE) == REDUCED:
                call_accumulate(word(word(job, JOB_CONTROL), ACCUMULATE), job, row, start, count, buffers + j * BUFFER)
        start += count


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
        if call_python(word(control, ENSURE), word(control, CALL), word(control, RELEASE), word(control, START)) < 0:
            return -1
        threads = lesser(threads, word(control, THREADS))
    if chunk == 0:
        chunk = (total // threads // BLOCK + 1) * BLOCK if threads > 1 else total
        put(job, JOB_CHUNK, chunk)
    tasks = (total + chunk - 1) // chunk
    if threads > 1:
        run_parallel(word(control, PARALLEL_FOR), word(control, TASK), tasks, job, threads)
    else:
        for t in range(tasks):
            call_run(word(control, RUN), job, t * chunk, lesser(total, (t + 1) * chunk))
    return 0


@njit(error_model="numpy")
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


def general(record: int, args: int, steps: int, n: int) -> int:
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
    if word(record, KERNEL + arrays) == 0:
        if call_python(word(control, ENSURE), word(control, CALL), word(control, RELEASE), word(record, COMPILE + arrays)) < 0:
            return -1
    put(job, 0, word(record, KERNEL + arrays))
    put(job, 1, operands)
    put(job, 2, inputs)
    put(job, JOB_DIMS, 1)
    put(job, JOB_TOTAL, n)
    put(job, JOB_CONTROL, control)
    put(job, JOB_SHAPE, n)
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
        put(row, BASE, word(args, j))
        put(row, SIZE, size)
        put(row, MODE, mode)
        put(row, STRIDES, step)
    put(job, JOB_CHUNK, 0)
    put(job, JOB_PARALLEL, 0 if shifted else 1)
    return call_launch(word(control, LAUNCH), job)


def strided_loop(context: Any, data: Any, dims: Any, steps: Any, auxiliary: Any) -> int:
    """NumPy's strided inner loop. The record is `context->method->static_data`, the sixth word of the method.

    Small calls with scalar parameters whose arrays are dense, and identical or apart, go straight to the kernel.
    """
    record = word(word(address_of(context), 1), 5)
    control = word(record, CONTROL)
    n = word(address_of(dims), 0)
    args = address_of(data)
    operands = word(record, OPERANDS)
    inputs = word(record, INPUTS)
    params = inputs - word(record, PARAMS)
    dense = n < word(control, GRAIN)
    for j in range(operands):
        step = word(address_of(steps), j)
        size = word(record, SIZES + j)
        dense = dense and (n == 1 or (step == 0 if params <= j < inputs else step == size))
        for k in range(inputs, operands):
            distance = word(args, j) - word(args, k)
            same = distance == 0 and size == word(record, SIZES + k)
            dense = dense and (same or distance >= 8 * n or distance <= -8 * n)
    if dense:
        if word(record, KERNEL) == 0:
            if call_python(word(control, ENSURE), word(control, CALL), word(control, RELEASE), word(record, COMPILE)) < 0:
                return -1
        run_kernel(word(record, KERNEL), args, n)
        return 0
    if word(control, GENERAL) == 0:
        if call_python(word(control, ENSURE), word(control, CALL), word(control, RELEASE), word(control, PREPARE)) < 0:
            return -1
    return call_general(word(control, GENERAL), record, args, address_of(steps), n)
