"""Philox 4x32-10 on the device: the words that `fastact.noise.philox` describes, four of 32 bits at a time, and the draws made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastact.cuda.arithmetic import Doubts, Quick
from fastact.noise.parts import double, single
from fastact.noise.philox import MULTIPLIERS, ROUNDS, WEYL
from fastact.numerics.emit import I32, I64, Value, constant, traced

ARGUMENTS = [I64, I64, I64]
"""Of a kernel that draws: seed, stream, and the position in the stream of the words for its first element."""


def _halves(b: Any, word: Any) -> list[Any]:
    """The low and the high half of 64 bits."""
    return [b.trunc(word, I32), b.trunc(b.lshr(word, constant(I64, 32)), I32)]


def words(b: Any, position: Any, seed: Any, stream: Any) -> list[Any]:
    """The four words at a 64-bit position of a stream."""
    c, keys = [*_halves(b, position), *_halves(b, stream)], _halves(b, seed)
    for _ in range(ROUNDS):
        (low, high), (lower, higher) = (
            _halves(b, b.mul(b.zext(word, I64), constant(I64, m))) for word, m in zip(c[::2], MULTIPLIERS, strict=True)
        )
        c = [b.xor(b.xor(higher, c[1]), keys[0]), lower, b.xor(b.xor(high, c[3]), keys[1]), low]
        keys = [b.add(key, constant(I32, w)) for key, w in zip(keys, WEYL, strict=True)]
    return c


@dataclass(frozen=True, slots=True)
class Source:
    """The draws of a stream in a width, as a kernel under construction makes them; `arguments` are those of `ARGUMENTS`."""

    draw: Callable[..., Any]
    width: str
    arguments: tuple[Any, Any, Any]

    @property
    def _shift(self) -> int:
        """A position has words for 2 to the power of this elements."""
        return 2 if self.width == "float32" else 1

    def _at(self, b: Any, i: Any, block: int) -> list[Any]:
        """The words of the elements around element `i`, so many blocks later, in the width's size."""
        seed, stream, first = self.arguments
        position = b.add(b.add(first, b.zext(b.lshr(i, constant(I32, self._shift)), I64)), constant(I64, block))
        made = words(b, position, seed, stream)
        if self.width == "float32":
            return made
        wide = [b.zext(word, I64) for word in made]
        return [b.or_(low, b.shl(high, constant(I64, 32))) for low, high in zip(wide[::2], wide[1::2], strict=True)]

    def _number(self, b: Any, word: Any, doubts: Doubts | None) -> Any:
        parts = (single if self.width == "float32" else double)(b, word)
        quick = doubts is not None and self.width == "float32"
        values = [Quick(b, v, doubts) if quick and doubts is not None else Value(b, v) for v in parts]
        return traced(self.draw, self.width)(*values).ir

    def run(self, b: Any, i: Any, count: int, doubts: Doubts | None = None) -> list[Any]:
        """The draws of `count` elements from element `i` on, which is a multiple of 4; quotients are quick with `doubts`."""
        size = 1 << self._shift
        made = [word for block in range(count // size) for word in self._at(b, i, block)]
        return [self._number(b, word, doubts) for word in made]

    def one(self, b: Any, i: Any) -> Any:
        """The draw of element `i`."""
        made = self._at(b, i, 0)
        place = b.and_(i, constant(I32, len(made) - 1))
        word = made[0]
        for k, other in enumerate(made[1:], 1):
            word = b.select(b.icmp_unsigned("==", place, constant(I32, k)), other, word)
        return self._number(b, word, None)
