"""Kernels that take the largest of several pieces, or split x by its sign: comparisons and moves of bits, no arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit, types

from fastact.cpu.lanes import EXTRA, STEPS, at, compare, launch
from fastact.cpu.raw import scratch, word
from fastact.cpu.words import BLOCK

FEW = 8
"""Numbers of pieces up to this have code of their own."""
BEST, WINNERS = 8 * BLOCK, 4 * BLOCK
_INTEGERS = {2: types.int16, 4: types.int32, 8: types.int64}
Form = tuple[bool, bool, bool, bool]
"""Whether x is read, y is written, the index is written, dx is written."""
Kernel = Callable[[int, int], None]
_inline = njit(forceinline=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)


def _few(above: Any, item: Any, form: Form, pieces: int) -> Any:
    """All pieces of an element at once, `pieces` or any number. Operands are a pointer, the lane's step, and the piece's."""
    zero, ordinal = item(0), types.int32
    reads, valued, indexed, writes = form

    @_inline
    def lanes(n: int, k: int, x: Any, y: Any, index: Any, dy: Any, dx: Any) -> None:
        count = pieces or k
        for i in range(n):
            if reads:
                best, which = x[0][i * x[1]], ordinal(0)
                for j in range(1, count):
                    value = x[0][i * x[1] + j * x[2]]
                    taken = above(value, best)
                    best = value if taken else best
                    which = ordinal(j) if taken else which
                if valued:
                    y[0][i * y[1]] = best
                if indexed:
                    index[0][i * index[1]] = which
            else:
                which = ordinal(index[0][i * index[1]])
            if writes:
                gradient = dy[0][i * dy[1]]
                for j in range(count):
                    dx[0][i * dx[1] + j * dx[2]] = gradient if which == ordinal(j) else zero

    return lanes


@_inline
def _move(n: int, source: Any, target: Any) -> None:
    for i in range(n):
        target[0][i * target[1]] = source[0][i * source[1]]


def _search(above: Any) -> Any:
    ordinal = types.int32

    @_inline
    def search(n: int, k: int, x: Any, best: Any, which: Any) -> None:
        for i in range(n):
            best[i], which[i] = x[0][i * x[1]], ordinal(0)
        for j in range(1, k):
            for i in range(n):
                value, leader, winner = x[0][j * x[2] + i * x[1]], best[i], which[i]
                taken = above(value, leader)
                best[i] = value if taken else leader
                which[i] = ordinal(j) if taken else winner

    return search


def _many(above: Any, item: Any, form: Form) -> Any:
    """Any number of pieces: piece by piece over a block of elements, whose best and winner so far are on the stack."""
    zero, ordinal, search = item(0), types.int32, _search(above)
    reads, valued, indexed, writes = form

    @_inline
    def lanes(n: int, k: int, x: Any, y: Any, index: Any, dy: Any, dx: Any) -> None:
        best, which = at(scratch(BEST), zero), at(scratch(WINNERS), ordinal(0))
        if reads:
            search(n, k, x, best, which)
        else:
            _move(n, index, (which, 1))
        if valued:
            _move(n, (best, 1), y)
        if indexed:
            _move(n, (which, 1), index)
        if writes:
            for j in range(k):
                for i in range(n):
                    dx[0][j * dx[2] + i * dx[1]] = dy[0][i * dy[1]] if which[i] == ordinal(j) else zero

    return lanes


def _maxout(dtype: str, size: int, index_size: int, form: Form, pieces: int, layout: int) -> Kernel:
    """The kernel whose operands are x, y, index, dy, dx; those that a form has not are not touched."""
    item, ordinal = _INTEGERS[size](0), types.uint8(0) if index_size == 1 else types.int64(0)
    above = compare(dtype)[0]
    lanes = _many(above, _INTEGERS[size], form) if pieces < 0 else _few(above, _INTEGERS[size], form, pieces)

    def kernel(table: int, n: int) -> None:
        x, y, index = at(word(table, 0), item), at(word(table, 1), item), at(word(table, 2), ordinal)
        dy, dx = at(word(table, 3), item), at(word(table, 4), item)
        k, px, po = word(table, EXTRA), word(table, EXTRA + 1), word(table, EXTRA + 2)
        if layout == 1:
            lanes(n, k, (x, 1, px), (y, 1), (index, 1), (dy, 1), (dx, 1, po))
        elif layout > 1:
            lanes(n, k, (x, layout, 1), (y, 1), (index, 1), (dy, 1), (dx, layout, 1))
        else:
            sx, sy, si = word(table, STEPS), word(table, STEPS + 1), word(table, STEPS + 2)
            lanes(n, k, (x, sx, px), (y, sy), (index, si), (dy, word(table, STEPS + 3)), (dx, word(table, STEPS + 4), po))

    return kernel


def _split(dtype: str, size: int, backward: bool, layout: int) -> Kernel:
    """The kernel whose operands are x, then the positive and the negative half of y, or of dy, and dx."""
    item = _INTEGERS[size](0)
    _, positive, negative = compare(dtype)

    @_inline
    def lanes(n: int, x: Any, p: Any, m: Any, dx: Any) -> None:
        for i in range(n):
            value = x[0][i * x[1]]
            opposite = negative(value)
            above, below = positive(value), positive(opposite)
            if backward:
                half = p[0][i * p[1]] if above else negative(m[0][i * m[1]])
                dx[0][i * dx[1]] = (value if above and below else half) if above or below else item
            else:
                p[0][i * p[1]] = value if above else item
                m[0][i * m[1]] = opposite if below else item

    def kernel(table: int, n: int) -> None:
        x, p, m, dx = at(word(table, 0), item), at(word(table, 1), item), at(word(table, 2), item), at(word(table, 4), item)
        if layout == 1:
            lanes(n, (x, 1), (p, 1), (m, 1), (dx, 1))
        else:
            sx, sp, sm, so = word(table, STEPS), word(table, STEPS + 1), word(table, STEPS + 2), word(table, STEPS + 4)
            lanes(n, (x, sx), (p, sp), (m, sm), (dx, so))

    return kernel


def maxout(call: str, dtype: str, k: int, x: Any, y: Any, index: Any, dy: Any, dx: Any) -> None:
    """Arrays with the pieces on the last axis (x, dx) or without that axis; those that are None are neither read nor written."""
    form = (x is not None, y is not None, x is not None and index is not None, dx is not None)
    first, last = (None if a is None else a[..., 0] for a in (x, dx))
    steps = [0 if a is None else a.strides[-1] // a.itemsize for a in (x, dx)]
    small = next(a for a in (y, dy) if a is not None)
    adjacent = any(abs(s) == 1 for s in steps)
    pieces = k if k <= FEW else 0 if adjacent else -1
    key = (dtype, small.itemsize, 8 if index is None else index.itemsize, form, pieces)
    launch(call, _maxout, key, (first, y, index, dy, last), (k, *steps), pieces if pieces > 1 and all(s in (0, 1) for s in steps) else 0)


def split(call: str, dtype: str, x: Any, right: Any, left: Any, dx: Any) -> None:
    """Forward from x to both halves of y, or backward from x and both halves of dy to dx."""
    launch(call, _split, (dtype, x.itemsize, dx is not None), (x, right, left, None, dx))
