"""Sums of parameter gradients, taken from the blocks while they are hot; nothing of the array's size is written."""

from __future__ import annotations

from fastact.cpu.blocks import advance, seek
from fastact.cpu.raw import add_real, lesser, real_word, scratch, word
from fastact.cpu.words import APART, BASE, JOB_CHUNK, JOB_DIMS, JOB_SHAPE, PLACE, SIZE, STRIDES


def accumulate(job: int, row: int, start: int, count: int, buffer: int) -> None:
    """Add elements [start, start + count), which lie in `buffer`, to the float64 accumulators of their task.

    A run along which the accumulator stands still is summed in four interleaved chains, always from the same
    positions: the order of all additions depends on the logical index alone, not on threads or layout.
    """
    size = word(row, SIZE)
    last = word(job, JOB_DIMS) - 1
    step = word(row, STRIDES + last)
    place = scratch(PLACE)
    total = word(row, BASE) + start // word(job, JOB_CHUNK) * word(row, APART) + seek(job, row, place, start)
    done = 0
    while done < count:
        length = lesser(count - done, word(job, JOB_SHAPE + last) - word(place, last))
        here = buffer + done * size
        if step != 0:
            for k in range(length):
                add_real(total + k * step, real_word(here + k * size, size))
        else:
            a, b, c, d = 0.0, 0.0, 0.0, 0.0
            k = 0
            while k + 4 <= length:
                a += real_word(here + k * size, size)
                b += real_word(here + (k + 1) * size, size)
                c += real_word(here + (k + 2) * size, size)
                d += real_word(here + (k + 3) * size, size)
                k += 4
            while k < length:
                a += real_word(here + k * size, size)
                k += 1
            add_real(total, (a + b) + (c + d))
        done += length
        total += advance(job, row, place, length)
