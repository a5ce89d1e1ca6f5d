"""Kernels that take the largest of several pieces, or split x by its sign: comparisons and moves of bits, in any layout."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastact.cuda import words
from fastact.cuda.target import BLOCK, GLOBAL, Program, program, special
from fastact.cuda.walk import Walk
from fastact.numerics.emit import I32, I64, constant
from fastact.numerics.metadata import keep_rolled

X, Y, INDEX, DY, DX = range(5)
RIGHT, LEFT, JOINED = 1, 2, 3
"""Operands of maxout, and those of crelu after x: halves of y or of dy, and dx."""

FEW = 8
"""Numbers of pieces up to this have kernels of their own."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a kernel is compiled for.

    `kind` is "maxout" or "crelu"; `dtypes` are those of all its operands, `places` are the numbers of those that are there, and
    `groups` those of their strides. A thread does `lanes` elements; `pieces` is the number of these where that is at most `FEW`,
    else 0; `adjacent` says that they lie side by side.
    """

    kind: str
    dtypes: tuple[str, ...]
    places: tuple[int, ...]
    groups: tuple[int, ...]
    walk: Walk
    lanes: int
    pieces: int
    adjacent: bool

    def __str__(self) -> str:
        """The kernel's name."""
        there, groups = ("".join(map(str, numbers)) for numbers in (self.places, self.groups))
        walk = f"{self.walk.rank}{'w' if self.walk.wide else ''}"
        if self.kind == "crelu":
            return f"fastact_crelu_{self.dtypes[X]}_{there}_{walk}_{groups}_{self.lanes}"
        count = f"{self.pieces}{'s' if self.adjacent else ''}"
        return f"fastact_maxout{count}_{self.dtypes[X]}_{self.dtypes[INDEX]}_{there}_{walk}_{groups}_{self.lanes}"


class _Body:
    """The body of a kernel: operands by their place in the kind."""

    def __init__(self, b: Any, form: Form, arguments: list[Any]) -> None:
        self.b, self.form = b, form
        count = len(form.places)
        self.operands = dict(zip(form.places, zip(arguments, form.groups, strict=False), strict=True))
        *self.walk, self.steps, self.out_steps, self.k, self.n = arguments[count:]
        thread = b.add(b.mul(special(b, "ctaid.x"), constant(I32, BLOCK)), special(b, "tid.x"))
        self.inside = b.icmp_unsigned("<", thread, self.n)
        self.thread = thread
        self.offsets: list[Any] = []

    def _address(self, place: int, moved: Any) -> Any:
        base, group = self.operands[place]
        return self.b.gep(base, [self.b.add(self.offsets[group], moved)], source_etype=self.word(place))

    def word(self, place: int) -> Any:
        """The type of an operand's elements."""
        return words.WORD[self.form.dtypes[place]]

    def load(self, place: int, moved: Any = None) -> list[Any]:
        """The elements of a thread."""
        return words.load(self.b, self._address(place, moved or constant(I64, 0)), self.word(place), self.form.lanes)

    def store(self, place: int, values: list[Any], moved: Any = None) -> None:
        """The elements of a thread; whole numbers in the operand's width."""
        kind = self.word(place)
        narrow = [v if v.type == kind else (self.b.trunc if v.type.width > kind.width else self.b.zext)(v, kind) for v in values]
        words.store(self.b, self._address(place, moved or constant(I64, 0)), narrow)

    def number(self, word: Any) -> Any:
        """The value of an element."""
        return words.number(self.b, word, self.form.dtypes[0])

    def pieces(self, body: Callable[[Any], None], start: int) -> None:
        """Run `body` for every piece from `start`."""
        if self.form.pieces:
            for j in range(start, self.form.pieces):
                body(constant(I32, j))
            return
        b = self.b
        before, head, run, done = b.block, *(b.append_basic_block(name) for name in ("pieces", "piece", "after"))
        b.branch(head)
        b.position_at_end(head)
        j = b.phi(I32)
        j.add_incoming(constant(I32, start), before)
        b.cbranch(b.icmp_unsigned("<", j, self.k), run, done)
        b.position_at_end(run)
        body(j)
        j.add_incoming(b.add(j, constant(I32, 1)), b.block)
        keep_rolled(b.branch(head))
        b.position_at_end(done)


def _all(body: _Body, place: int) -> list[Any]:
    """All pieces of neighbours, which lie side by side: those of the first, then those of the next."""
    return [w for v in range(body.form.pieces) for w in body.load(place, constant(I64, v * body.form.lanes))]


def _maxout(body: _Body) -> None:
    b, there = body.b, body.form.places
    which = [b.alloca(I32) for _ in range(body.form.lanes)]
    if X in there:
        best = _largest(body, which)
        if Y in there:
            body.store(Y, best)
        if INDEX in there:
            body.store(INDEX, [b.load(p, typ=I32) for p in which])
    else:
        for room, value in zip(which, body.load(INDEX), strict=True):
            b.store(b.trunc(value, I32) if value.type.width > 32 else b.zext(value, I32), room)
    if DX in there:
        _route(body, [b.load(p, typ=I32) for p in which])


def _largest(body: _Body, which: list[Any]) -> list[Any]:
    """The largest pieces; their numbers are left in `which`. The first of equal ones wins, and the first NaN over all."""
    b, form, word = body.b, body.form, body.word(X)
    run = _all(body, X) if form.adjacent and form.lanes > 1 else None
    best = [b.alloca(word) for _ in which]
    for room, leader, value in zip(which, best, run[:: form.pieces] if run else body.load(X), strict=True):
        b.store(value, leader)
        b.store(constant(I32, 0), room)

    def compare(j: Any) -> None:
        values = run[j.constant :: form.pieces] if run else body.load(X, b.mul(b.zext(j, I64), body.steps))
        for room, leader, value in zip(which, best, values, strict=True):
            before = b.load(leader, typ=word)
            old, new = body.number(before), body.number(value)
            taken = b.and_(b.fcmp_ordered("ord", old, old), b.fcmp_unordered(">", new, old))
            b.store(b.select(taken, value, before), leader)
            b.store(b.select(taken, j, b.load(room, typ=I32)), room)

    body.pieces(compare, 1)
    return [b.load(p, typ=word) for p in best]


def _route(body: _Body, winners: list[Any]) -> None:
    """Store dy at the winners and +0 elsewhere."""
    b, form = body.b, body.form
    dy, none = body.load(DY), constant(body.word(DY), 0)

    def row(j: Any) -> list[Any]:
        return [b.select(b.icmp_unsigned("==", w, j), g, none) for w, g in zip(winners, dy, strict=True)]

    if not (form.adjacent and form.lanes > 1):
        body.pieces(lambda j: body.store(DX, row(j), b.mul(b.zext(j, I64), body.out_steps)), 0)
        return
    rows = [row(constant(I32, j)) for j in range(form.pieces)]
    flat = [w for neighbour in zip(*rows, strict=True) for w in neighbour]
    for start in range(0, len(flat), form.lanes):
        body.store(DX, flat[start : start + form.lanes], constant(I64, start))


def _crelu(body: _Body) -> None:
    b, word = body.b, body.word(X)
    none, sign = constant(word, 0), constant(word, 1 << (word.width - 1))
    values = body.load(X)

    def positive(w: Any) -> Any:
        value = body.number(w)
        return b.fcmp_unordered(">", value, constant(value.type, 0.0))

    def negative(w: Any) -> Any:
        value = body.number(w)
        return b.select(b.fcmp_unordered("uno", value, value), w, b.xor(w, sign))

    above, below = [positive(w) for w in values], [positive(negative(w)) for w in values]
    if JOINED not in body.form.places:
        body.store(RIGHT, [b.select(p, w, none) for p, w in zip(above, values, strict=True)])
        body.store(LEFT, [b.select(p, negative(w), none) for p, w in zip(below, values, strict=True)])
        return
    found = []
    for w, up, down, right, left in zip(values, above, below, body.load(RIGHT), body.load(LEFT), strict=True):
        half = b.select(up, right, negative(left))
        found.append(b.select(b.or_(up, down), b.select(b.and_(up, down), w, half), none))
    body.store(JOINED, found)


@functools.cache
def kernel(form: Form) -> Program:
    """The kernel of a form.

    Arguments: addresses of the operands that are present, those of the walk, the strides in elements from piece to piece of what is
    read and of what is written (i64), the number of pieces, and that of threads.
    """
    kinds = [*[GLOBAL] * len(form.places), *form.walk.kinds, I64, I64, I32, I32]

    def write(b: Any, arguments: list[Any]) -> None:
        body = _Body(b, form, arguments)
        with b.if_then(body.inside):
            body.offsets = form.walk.offsets(b, body.thread, body.walk)
            (_maxout if form.kind == "maxout" else _crelu)(body)

    return program(str(form), kinds, BLOCK * form.lanes, write)
