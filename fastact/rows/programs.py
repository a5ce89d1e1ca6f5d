"""What a kernel does with one row: the softmax family, forward and backward, in either form."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from fastact.numerics.bind import WIDTHS
from fastact.numerics.emit import DOUBLE, FLOAT, Value, fma, select
from fastact.rows.access import Operand
from fastact.rows.interface import Elements, Form
from fastact.rows.stable import Parts, Pivot, Total, add, inverse, largest, log1p, paired, plain


@dataclass(frozen=True, slots=True)
class Plan:
    """What a kernel is compiled for.

    `stash` says that exponentials may wait in the output, which has the computing width; `scaled` that x is multiplied
    by the first number of the call; `masked` that an operand named where chooses the elements.
    """

    program: str
    width: str
    operands: tuple[Operand, ...]
    scaled: bool = False
    masked: bool = False
    limited: bool = False
    stash: bool = False
    smooth: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row at hand: its form, and the numbers of the call."""

    form: Form
    plan: Plan
    numbers: tuple[Value, ...]

    def scale(self) -> Value:
        """The factor of x."""
        return self.numbers[0]

    def x(self, e: Elements) -> Value:
        """An element of the input, scaled; -inf where it is masked or there is none."""
        x = e.load("x", -math.inf)
        if self.plan.scaled:
            x = e.keep(x * self.form.spread(self.scale()), -math.inf)
        return select(e.load("where"), x, -math.inf) if self.plan.masked else x

    def dy(self, e: Elements) -> Value:
        """An element of the incoming gradient; 0 where it is masked or there is none."""
        dy = e.load("dy")
        return select(e.load("where"), dy, 0.0) if self.plan.masked else dy

    def unscale(self) -> float:
        """What makes exponentials safe to multiply in float64: 1 for those of float32, which cannot overflow there."""
        return 1.0 if self.form.real is FLOAT else float(WIDTHS[self.plan.width][0].UNSCALE)

    def scaled(self, value: Value) -> Value:
        """A value per row in float64, times the scale."""
        return value * self.scale().double() if self.plan.scaled else value


def products(row: Row, factors: Callable[[Elements], tuple[Value, Value]]) -> Value:
    """Σ a·b over a row, in float64."""

    def step(elements: list[Elements], carried: list[Value]) -> list[Value]:
        terms = [tuple(v.double() for v in factors(e)) for e in elements]
        pairs = [fma(c, d, a * b) for (a, b), (c, d) in zip(terms[::2], terms[1::2], strict=True)]
        return [carried[0] + paired(pairs, add)]

    return row.form.sum([DOUBLE], step, plain)[0]


def softmax(row: Row) -> None:
    """Softmax, e^x / Σ e^x; with an operand dy per row, dy·y, the gradient of logsumexp."""
    form, plan = row.form, row.plan
    pivot, total = Pivot(form, largest(form, row.x)), Total(plan.width)

    def step(elements: list[Elements], carried: list[Value]) -> list[Value]:
        terms = [pivot.exponential(row.x(e)) for e in elements]
        if plan.stash:
            for e, term in zip(elements, terms, strict=True):
                e.store("y", term)
        return total.add(carried, terms)

    sums = total.value(form.sum(total.kinds, step, total.merge))
    dy = row.scaled(form.load_row("dy").double()) if plan.program == "logsumexp_backward" else None
    factor = inverse(form, pivot, sums, dy)
    form.each(lambda e: e.store("y", factor.times(e.load("y") if plan.stash else pivot.exponential(row.x(e)))))
    form.rest("y", 0.0)


def softmax_backward(row: Row) -> None:
    """Gradient y (dy - Σ y dy), with y computed again from x."""
    form, total = row.form, Total(row.plan.width)
    pivot = Pivot(form, largest(form, row.x))
    count = len(total.kinds)

    def step(elements: list[Elements], carried: list[Value]) -> list[Value]:
        terms = [pivot.exponential(row.x(e)) for e in elements]
        both = [(t.double() * row.unscale(), row.dy(e).double()) for t, e in zip(terms, elements, strict=True)]
        pairs = [fma(c, d, a * b) for (a, b), (c, d) in zip(both[::2], both[1::2], strict=True)]
        return [*total.add(carried[:count], terms), carried[count] + paired(pairs, add)]

    sums = form.sum([*total.kinds, DOUBLE], step, total.merge)
    value = total.value(sums)
    mean = Parts(form, select(pivot.empty, value, sums[count] / (value * row.unscale())))
    factor = inverse(form, pivot, value, row.scale().double() if row.plan.scaled else None)
    form.each(lambda e: e.store("dx", factor.times(pivot.exponential(row.x(e))) * mean.off(row.dy(e))))
    form.rest("dx", 0.0)


def softmax_from_output(row: Row) -> None:
    """Gradient y (dy - Σ y dy), times the scale."""
    form = row.form
    mean = Parts(form, products(row, lambda e: (row.dy(e), e.load("y"))))
    scale = form.spread(row.scale()) if row.plan.scaled else None

    def step(e: Elements) -> None:
        dx = e.load("y") * mean.off(row.dy(e))
        e.store("dx", dx if scale is None else dx * scale)

    form.each(step)
    form.rest("dx", 0.0)


@dataclass(frozen=True, slots=True)
class Logarithm:
    """The largest element of a row, and what its log of Σ e^x is above it: log1p(others), others without that element."""

    pivot: Pivot
    total: Value
    others: Value
    above: Value

    @classmethod
    def of(cls, row: Row) -> Logarithm:
        """One pass for the maximum, one for the sum."""
        form, total = row.form, Total(row.plan.width)
        pivot = Pivot(form, largest(form, row.x))
        count = len(total.kinds)

        def step(elements: list[Elements], carried: list[Value]) -> list[Value]:
            given = [row.x(e) for e in elements]
            tops = [x == pivot.top for x in given]
            terms = [select(top, 0.0, pivot.exponential(x)) for top, x in zip(tops, given, strict=True)]
            ones = paired([select(top, form.vectors(form.real, 1.0), 0.0) for top in tops], add)
            return [*total.add(carried[:count], terms), carried[count] + ones.double()]

        sums = form.sum([*total.kinds, DOUBLE], step, total.merge)
        top, below = pivot.top_exponential(), total.value(sums)
        others = below / top + (sums[count] - 1.0)
        return cls(pivot, fma(sums[count], top, below), others, log1p(others))


def log_softmax(row: Row) -> None:
    """Logarithm (x - max) - log1p(others): two terms of one sign. An empty row gives -inf."""
    form = row.form
    log = Logarithm.of(row)
    above = Parts(form, select(log.pivot.empty, log.others * 0.0 + math.inf, log.above))
    form.each(lambda e: e.store("y", log.pivot.below(row.x(e)) - above.first))
    form.rest("y", -math.inf)


def logsumexp(row: Row) -> None:
    """Log of the sum, max + log1p(others)."""
    log = Logarithm.of(row)
    above = select(log.pivot.empty, log.others * 0.0, log.above)
    row.form.store_row("y", (log.pivot.m.double() + above).to(row.form.real))


def log_softmax_backward(row: Row) -> None:
    """Gradient dy - softmax(x) Σ dy, times the scale; elements at -inf take no part."""
    form, total, signed = row.form, Total(row.plan.width), Total(row.plan.width, pairs=False)
    pivot = Pivot(form, largest(form, row.x))
    count = len(total.kinds)

    def step(elements: list[Elements], carried: list[Value]) -> list[Value]:
        given = [row.x(e) for e in elements]
        terms = [pivot.exponential(x) for x in given]
        dys = [select(x == -math.inf, 0.0, row.dy(e)) for x, e in zip(given, elements, strict=True)]
        return [*total.add(carried[:count], terms), *signed.add(carried[count:], dys)]

    def merge(a: list[Value], b: list[Value]) -> list[Value]:
        return [*total.merge(a[:count], b[:count]), *signed.merge(a[count:], b[count:])]

    sums = form.sum([*total.kinds, *signed.kinds], step, merge)
    factor = inverse(form, pivot, total.value(sums), signed.value(sums[count:]) * -1.0)
    scale = form.spread(row.scale()) if row.plan.scaled else None

    def each(e: Elements) -> None:
        x = row.x(e)
        dx = factor.times(pivot.exponential(x), select(x == -math.inf, 0.0, row.dy(e)))
        e.store("dx", dx if scale is None else dx * scale)

    form.each(each)
    form.rest("dx", 0.0)


def log_softmax_from_output(row: Row) -> None:
    """Gradient dy - e^y Σ dy, times the scale; elements where y is -inf take no part."""
    form, signed = row.form, Total(row.plan.width, pairs=False)
    pivot = Pivot(form, form.number(0.0))

    def dy(e: Elements, y: Value) -> Value:
        return select(y == -math.inf, 0.0, row.dy(e))

    def step(elements: list[Elements], carried: list[Value]) -> list[Value]:
        return signed.add(carried, [dy(e, e.load("y", -math.inf)) for e in elements])

    total = signed.value(form.sum(signed.kinds, step, signed.merge))
    factor = Parts(form, total * (-1.0 * float(pivot.constants.UNSCALE)))
    scale = form.spread(row.scale()) if row.plan.scaled else None

    def each(e: Elements) -> None:
        y = e.load("y", -math.inf)
        dx = factor.times(pivot.exponential(y), dy(e, y))
        e.store("dx", dx if scale is None else dx * scale)

    form.each(each)
    form.rest("dx", 0.0)
