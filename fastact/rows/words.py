"""The int64 words of a row kernel and of a job of rows."""

from __future__ import annotations

from fastact.cpu import words

LENGTH, LIMIT, STEP, NUMBERS = 0, 1, 2, 3
NUMBERS_COUNT = 3
FIRST = NUMBERS + NUMBERS_COUNT
PAIR = 2
MOST_OPERANDS = 6
KERNEL_WORDS = FIRST + PAIR * MOST_OPERANDS

# job: the words that `driver.launch` reads, the shape of the rows' axes, then the kernel's words for the first row; the address of
# the offsets (0: none), rows that are staged together, address and bytes of a task's buffers, a row per operand, control words
KERNEL, OPERANDS, DIMS, SHAPE = 0, 1, words.JOB_DIMS, words.JOB_SHAPE
TOTAL, CHUNK, JOB_CONTROL, PARALLEL = words.JOB_TOTAL, words.JOB_CHUNK, words.JOB_CONTROL, words.JOB_PARALLEL
TEMPLATE = SHAPE + words.MAX_DIMS
OFFSETS = TEMPLATE + KERNEL_WORDS
GROUP, BUFFER, BUFFER_BYTES = OFFSETS + 1, OFFSETS + 2, OFFSETS + 3
ROWS = OFFSETS + 4
# operand: item size, stride along the row, whether it is copied to a buffer before (1), after (2) or both (3), the function that
# turns blocks (0: rows are copied one by one), where its buffer starts, bytes from row to row there, strides over the rows' axes
SIZE, AXIS, STAGED, TURN, START, PITCH, STRIDES = range(7)
ROW = STRIDES + words.MAX_DIMS
CONTROL = ROWS + MOST_OPERANDS * ROW
JOB_WORDS = CONTROL + words.CONTROL_WORDS
THREADS, PARALLEL_FOR, GRAIN, LAUNCH, RUN = words.THREADS, words.PARALLEL_FOR, words.GRAIN, words.LAUNCH, words.RUN
