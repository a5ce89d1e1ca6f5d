"""From the number of an element to where it lies in each operand: axes are divided out by multiplications with magic numbers."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from fastact.cuda.elementwise import divisor
from fastact.numerics.emit import I32, I64

MOST = 1 << 30
"""Elements of one launch: the numbers of these, and of those just after, are divided exactly."""

Strides = tuple[int, ...]


def _high(b: Any, i: Any, j: Any) -> Any:
    """The upper 32 bits of a product."""
    name, module = "llvm.nvvm.mulhi.ui", b.module
    return b.call(module.globals.get(name) or ir.Function(module, ir.FunctionType(I32, [I32, I32]), name), [i, j])


def _product(b: Any, digit: Any, stride: Any) -> Any:
    """In 64 bits: one instruction where the stride has 32, which LLVM forgets when it moves the stride out of a loop."""
    if stride.type == I64:
        return b.mul(b.sext(digit, I64), stride)
    multiply = ir.InlineAsm(ir.FunctionType(I64, [I32, I32]), "mul.wide.s32 $0, $1, $2;", "=l,r,r", side_effect=False)
    return b.call(multiply, [digit, stride])


@dataclass(frozen=True, slots=True)
class Walk:
    """Index arithmetic over `rank` axes, the last one the quickest, for `groups` of operands that share their strides.

    Its arguments are, from the last axis to the second, size, multiplier and shift; then the strides of each group, of 64 bits if `wide`.
    """

    rank: int
    groups: int
    wide: bool

    @property
    def kinds(self) -> list[Any]:
        """Types of the arguments."""
        return [I32] * (3 * (self.rank - 1)) + [I64 if self.wide else I32] * (self.groups * self.rank)

    def digits(self, b: Any, i: Any, arguments: Sequence[Any]) -> list[Any]:
        """The index along each axis."""
        found = []
        for axis in range(self.rank - 1):
            size, multiplier, shift = arguments[3 * axis : 3 * axis + 3]
            outer = b.lshr(_high(b, i, multiplier), shift)
            found.append(b.sub(i, b.mul(outer, size)))
            i = outer
        return [i, *reversed(found)]

    def strides(self, b: Any, group: int, arguments: Sequence[Any]) -> list[Any]:
        """Of a group, in 64 bits."""
        start = 3 * (self.rank - 1) + group * self.rank
        return [s if self.wide else b.sext(s, I64) for s in arguments[start : start + self.rank]]

    def offsets(self, b: Any, i: Any, arguments: Sequence[Any]) -> list[Any]:
        """Of element `i` from the first one, in each group, in elements."""
        digits, first = self.digits(b, i, arguments), 3 * (self.rank - 1)
        found = []
        for group in range(self.groups):
            start = first + group * self.rank
            products = [_product(b, d, s) for d, s in zip(digits, arguments[start : start + self.rank], strict=True)]
            found.append(functools.reduce(b.add, products))
        return found

    @staticmethod
    def of(sizes: Sequence[int], strides: Sequence[Strides]) -> Walk:
        """Fitting these strides."""
        return Walk(len(sizes), len(strides), any(not -(2**31) <= s < 2**31 for s in itertools.chain(*strides)))

    def words(self, sizes: Sequence[int], strides: Sequence[Strides]) -> tuple[Any, ...]:
        """The arguments' values. All sizes but the first are at least 2."""
        axes = []
        for n in reversed(sizes[1:]):
            multiplier, shift = divisor(n)
            axes += [np.uint32(n), np.uint32(multiplier), np.uint32(shift - 32)]
        kind = np.int64 if self.wide else np.int32
        return (*axes, *(kind(s) for s in itertools.chain(*strides)))


def in_elements(strides: Sequence[int], shape: Sequence[int], size: int, operand: int) -> Strides:
    """Strides of bytes as strides of elements; 0 along an axis of length 1."""
    for s, n in zip(strides, shape, strict=True):
        if n > 1 and s % size:
            raise ValueError(f"fastact.cuda: operand {operand} has strides {tuple(strides)}; accepted are multiples of its {size} bytes")
    return tuple(s // size if n > 1 else 0 for s, n in zip(strides, shape, strict=True))


def memory_order(shape: Sequence[int], strides: Sequence[Strides]) -> list[int]:
    """The axes, those along which the first of the operands moves furthest before the others; ties are told by the next operand."""
    return sorted(range(len(shape)), key=lambda axis: [-abs(s[axis]) for s in strides])


def distinct(strides: Sequence[Strides]) -> tuple[tuple[int, ...], list[Strides]]:
    """For each operand the number of its group, and the strides of the groups."""
    groups = list(dict.fromkeys(strides))
    return tuple(groups.index(s) for s in strides), groups


def boxes(sizes: Sequence[int], most: int = MOST) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Cut a shape into parts of at most `most` elements: the start and the shape of each."""
    if not sizes:
        yield (), ()
        return
    inner = math.prod(sizes[1:])
    step = max(1, most // inner)
    for start in range(0, sizes[0], step):
        for after, rest in boxes(sizes[1:], most) if inner > most else [((0,) * (len(sizes) - 1), tuple(sizes[1:]))]:
            yield (start, *after), (min(step, sizes[0] - start), *rest)
