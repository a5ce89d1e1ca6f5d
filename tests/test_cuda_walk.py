"""The index arithmetic of kernels over any strides: every element once, also of more than one launch can do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from cases import Array
from ptx import Memory, run

import fastact as fa
from fastact.cuda.strided import strided
from fastact.cuda.walk import MOST, Walk, boxes
from fastact.numerics.emit import I32, I64


@pytest.mark.parametrize("shape", [(1 << 31,), (3, (1 << 30) + 1), (1 << 16, 1 << 16), (2, 3, 1 << 29), (5, 7)])
def test_launches_of_many_elements_cover_each_once(shape: tuple[int, ...]) -> None:
    parts = list(boxes(shape))
    assert all(math.prod(size) <= MOST for _, size in parts)
    assert sum(math.prod(size) for _, size in parts) == math.prod(shape)
    flat = sorted((np.ravel_multi_index(start, shape), math.prod(size)) for start, size in parts)
    assert [first for first, _ in flat] == [0, *np.cumsum([n for _, n in flat[:-1]])]


def test_steps_of_many_elements_begin_where_the_part_does() -> None:
    shape = (5, 1 << 29)
    steps = strided(fa.silu.record, "forward", "float16", "", shape, ((1 << 31, 2), (1 << 30, 2)), aligned=True)
    assert [s.shifts for s in steps] == [None, (1 << 32, 1 << 31), (1 << 33, 1 << 32)]
    assert [int(s.tail[-1]) for s in steps] == [1 << 30, 1 << 30, 1 << 29]


def test_far_strides_are_walked_in_64_bits() -> None:
    assert not Walk.of([2, 2], [(2**31 - 1, 1)]).wide
    assert Walk.of([2, 2], [(2**31, 1)]).wide
    assert Walk.of([2, 2], [(1, 1), (1, -(2**31) - 1)]).kinds == [I32] * 3 + [I64] * 4


def test_last_elements_of_a_launch_are_found() -> None:
    """Index arithmetic at the largest numbers: the digits of the last elements of 2^30, told by their offsets."""
    for sizes in ((2, 3, 7, 5, 11), (1, 2), (1 << 10, 1 << 20), (3, 357913941), (33, 3, 1000003)):
        total = math.prod(sizes)
        places = np.array([0, 1, total // 2, total - 2, total - 1])
        moves = tuple(int(7**k) for k in range(len(sizes)))
        want = sum(d * m for d, m in zip(np.unravel_index(places, sizes), moves, strict=True))
        assert offsets(sizes, moves, places).tolist() == np.asarray(want).tolist()


def offsets(sizes: tuple[int, ...], moves: tuple[int, ...], places: Array) -> Array:
    """What a kernel finds for elements of these numbers."""
    from fastact.cuda.target import GLOBAL, program, special

    walk = Walk.of(sizes, [moves])

    def write(b: Any, arguments: list[Any]) -> None:
        thread = special(b, "tid.x")
        number = b.load(b.gep(arguments[0], [thread], source_etype=I32), typ=I32, align=4)
        (found,) = walk.offsets(b, number, arguments[2:])
        b.store(found, b.gep(arguments[1], [thread], source_etype=I64), align=8)

    made = program("offsets", [GLOBAL, GLOBAL, *walk.kinds], 1, write)
    numbers, found, memory = places.astype(np.uint32), np.zeros(len(places), np.int64), Memory()
    run(made.ptx, made.name, 1, len(places), [memory.add(numbers), memory.add(found), *walk.words(sizes, [moves])], memory)
    return found
