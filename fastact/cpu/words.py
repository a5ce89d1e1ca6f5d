"""The int64 words through which machine code, NumPy and Python share what they know of a loop and of a call.

A *record* is what a ufunc loop knows of its kernel, *control* is shared by all, a *job* is one call with its operands.
"""

from __future__ import annotations

# record: addresses of the kernel for scalar and for array parameters, the Python callables that compile them,
# operands, inputs, parameters among them, address of the control words, whether flags are to be cleared, item sizes...
KERNEL, COMPILE, OPERANDS, INPUTS, PARAMS, CONTROL, CLEAR, SIZES = 0, 2, 4, 5, 6, 7, 8, 9
# control: threads, numba_parallel_for, elements a thread is worth waking for, Python callables that start the threads
# and that compile the pieces below, the addresses of these pieces, the three functions of call_python
THREADS, PARALLEL_FOR, GRAIN, START, PREPARE, GENERAL, LAUNCH, RUN, TASK, ACCUMULATE, ENSURE, CALL, RELEASE, CONTROL_WORDS = range(14)
# job: kernel, operands, inputs, dimensions, elements, elements of a task (0: to be chosen), control, whether threads
# may share it, elements of a block (0: whatever comes), whether it goes by runs, shape..., then a row per operand
JOB_DIMS, JOB_TOTAL, JOB_CHUNK, JOB_CONTROL, JOB_PARALLEL, JOB_UNIT, JOB_RUNS, JOB_SHAPE = range(3, 11)
MAX_DIMS, MAX_OPERANDS = 16, 14
JOB_ROWS = JOB_SHAPE + MAX_DIMS
# operand row: base address, item size, mode, strides...; and of an output that is only summed, whose base and strides are
# those of the accumulators of the first task, bytes from one task's accumulators to the next's, dimensions and shape...
BASE, SIZE, MODE, APART, DIMS, STRIDES = range(6)
SHAPE = STRIDES + MAX_DIMS
ROW = SHAPE + MAX_DIMS
JOB_BYTES = 8 * (JOB_ROWS + MAX_OPERANDS * ROW)
# an operand is dense in the job's order; or one value; or copied through a buffer, at every block or, as all blocks see
# the same, once; or addressed run by run, being dense or one value along the last axis; or an output that is only summed;
# or an input that is drawn (its base is the address of the code that draws, APART that of the key)
FLAT, SCALAR, STAGED, TILED, RUNS, REDUCED, DRAWN = range(7)
BLOCK = 1024
BUFFER = 16 * BLOCK
BUFFERS = MAX_OPERANDS * BUFFER
POINTERS, PLACE = 8 * MAX_OPERANDS, 8 * MAX_DIMS
