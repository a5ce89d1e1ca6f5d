"""Rows whose result is sparse: the first maximum, and the projection on the simplex."""

from __future__ import annotations

import math
from collections.abc import Callable

from fastact.numerics.emit import DOUBLE, I64, Value, select
from fastact.rows.interface import Elements
from fastact.rows.programs import Row
from fastact.rows.stable import Parts, add, largest, paired, plain

_FAR = 2**62


def _poison(row: Row) -> Value:
    """0, or NaN if an element is NaN."""
    real = row.form.real

    def step(elements: list[Elements], carried: list[Value]) -> list[Value]:
        value = carried[0]
        for e in elements:
            x = row.x(e)
            value = select(x == x, value, math.nan)  # noqa: PLR0124
        return [value]

    found = row.form.fold([row.form.vectors(real, 0.0)], step)
    return row.form.across(found, plain)[0]


def hardmax(row: Row) -> None:
    """1 at the first maximum, 0 elsewhere; all 0 if that is -inf."""
    form = row.form
    m, poison = largest(form, row.x), _poison(row)
    top = form.spread(m)

    def step(elements: list[Elements], carried: list[Value]) -> list[Value]:
        first = carried[0]
        for e in elements:
            place = select(row.x(e) == top, e.positions(), _FAR)
            first = select(place < first, place, first)
        return [first]

    found = form.fold([form.vectors(I64, _FAR)], step)
    first = form.across(found, lambda a, b: [select(a[0] < b[0], a[0], b[0])])[0]
    place, one = form.spread(first), form.spread(select(m > -math.inf, form.number(1.0), 0.0) + poison)
    other = form.spread(poison)
    form.each(lambda e: e.store("y", select(e.positions() == place, one, other)))
    form.rest("y", 0.0)


class Threshold:
    """The τ with Σ max(x - max - τ, 0) = 1, by Newton's method from -1: the support only shrinks, so the end is reached exactly."""

    def __init__(self, row: Row) -> None:
        self.row, form = row, row.form
        self.m = largest(form, row.x)
        self.top = form.spread(self.m.double())

        def newton(carried: list[Value]) -> tuple[list[Value], Value]:
            tau, size = carried
            total, count = self.over(tau, self.below)
            following = (total - 1.0) / count
            return [following, count], count < size

        self.tau = form.until([form.number(-1.0, DOUBLE), form.number(math.inf, DOUBLE)], newton)[0]

    def below(self, e: Elements) -> Value:
        """Difference x - max in float64, 0 where both are the same infinity."""
        x = self.row.x(e).double()
        return select(x == self.top, 0.0, x - self.top)

    def over(self, tau: Value, term: Callable[[Elements], Value]) -> tuple[Value, Value]:
        """Σ of a term over the elements above τ, and how many these are."""
        form = self.row.form
        limit = form.spread(tau)
        one = form.vectors(DOUBLE, 1.0)

        def step(elements: list[Elements], carried: list[Value]) -> list[Value]:
            inside = [self.below(e) > limit for e in elements]
            terms = [select(i, term(e), 0.0) for i, e in zip(inside, elements, strict=True)]
            ones = [select(i, one, 0.0) for i in inside]
            return [carried[0] + paired(terms, add), carried[1] + paired(ones, add)]

        total, count = form.sum([DOUBLE, DOUBLE], step, plain)
        return total, count


def sparsemax(row: Row) -> None:
    """Projection max(x - max - τ, 0)."""
    form = row.form
    threshold, poison = Threshold(row), form.spread(_poison(row))
    end = form.spread(select(threshold.m > -math.inf, threshold.tau, 1.0))

    def each(e: Elements) -> None:
        above = threshold.below(e) - end
        e.store("y", select(above > 0.0, above, 0.0).to(form.real) + poison)

    form.each(each)
    form.rest("y", 0.0)


def sparsemax_backward(row: Row) -> None:
    """Gradient dy - mean of dy over the support, 0 outside it, times the scale."""
    form = row.form
    threshold = Threshold(row)
    end = select(threshold.m > -math.inf, threshold.tau, 1.0)
    total, count = threshold.over(end, lambda e: row.dy(e).double())
    mean, limit = Parts(form, total / count), form.spread(end)
    form.each(lambda e: e.store("dx", scaled(row, select(threshold.below(e) > limit, mean.off(row.dy(e)), 0.0))))
    form.rest("dx", 0.0)


def sparsemax_from_output(row: Row) -> None:
    """The same, with the support that y shows."""
    form = row.form
    one = form.vectors(form.real, 1.0)

    def step(elements: list[Elements], carried: list[Value]) -> list[Value]:
        inside = [e.load("y") > 0.0 for e in elements]
        dys = [select(i, row.dy(e), 0.0).double() for i, e in zip(inside, elements, strict=True)]
        ones = [select(i, one, 0.0).double() for i in inside]
        return [carried[0] + paired(dys, add), carried[1] + paired(ones, add)]

    total, count = form.sum([DOUBLE, DOUBLE], step, plain)
    mean = Parts(form, total / count)
    form.each(lambda e: e.store("dx", scaled(row, select(e.load("y") > 0.0, mean.off(row.dy(e)), 0.0))))
    form.rest("dx", 0.0)


def scaled(row: Row, dx: Value) -> Value:
    """A gradient times the scale."""
    return dx * row.form.spread(row.scale()) if row.plan.scaled else dx
