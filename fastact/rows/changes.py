"""What a kernel does with one row in forward mode, where the Jacobian is not symmetric; the operand named dy is the tangent of x."""

from __future__ import annotations

import math

from fastact.numerics.emit import DOUBLE, I64, Value, fma, select
from fastact.rows.interface import Elements
from fastact.rows.losses import KEEP, SHARE
from fastact.rows.programs import Row
from fastact.rows.stable import Parts, Pivot, Total, add, largest, paired


def _mean(row: Row) -> tuple[Value, list[Value]]:
    """Σ softmax(x)·dx in float64, 0 of an empty row; then, with probabilities t, Σ t dx and Σ t, and with smoothing Σ dx.

    Elements at -inf take no part in the mean.
    """
    form, plan, total = row.form, row.plan, Total(row.plan.width)
    pivot, soft = Pivot(form, largest(form, row.x)), "t" in row.form.places
    count = len(total.kinds)

    def dot(pairs: list[tuple[Value, Value]]) -> Value:
        terms = [fma(c, d, a * b) for (a, b), (c, d) in zip(pairs[::2], pairs[1::2], strict=True)]
        return paired(terms, add)

    def step(elements: list[Elements], carried: list[Value]) -> list[Value]:
        given = [row.x(e) for e in elements]
        terms = [pivot.exponential(x) for x in given]
        wide = [row.dy(e).double() for e in elements]
        kept = [select(x == -math.inf, 0.0, v) for x, v in zip(given, wide, strict=True)]
        sums = [dot([(t.double() * row.unscale(), v) for t, v in zip(terms, kept, strict=True)])]
        if soft:
            targets = [e.load("t").double() for e in elements]
            sums += [dot([(t, select(t == 0.0, 0.0, v)) for t, v in zip(targets, wide, strict=True)]), paired(targets, add)]
        if plan.smooth:
            sums.append(paired(wide, add))
        return [*total.add(carried[:count], terms), *(c + v for c, v in zip(carried[count:], sums, strict=True))]

    sums = form.sum([*total.kinds, *[DOUBLE] * (1 + 2 * soft + plan.smooth)], step, total.merge)
    value = total.value(sums)
    return select(pivot.empty, value, sums[count] / (value * row.unscale())), sums[count + 1 :]


def logsumexp(row: Row) -> None:
    """Σ softmax(x)·dx, times the scale."""
    row.form.store_row("y", row.scaled(_mean(row)[0]).to(row.form.real))


def log_softmax(row: Row) -> None:
    """Change dx - Σ softmax(x)·dx, times the scale; elements at -inf take no part."""
    form = row.form
    mean = Parts(form, _mean(row)[0])
    scale = form.spread(row.scale()) if row.plan.scaled else None

    def each(e: Elements) -> None:
        dy = select(row.x(e) == -math.inf, 0.0, mean.off(row.dy(e)))
        e.store("dx", dy if scale is None else dy * scale)

    form.each(each)
    form.rest("dx", 0.0)


def cross_entropy(row: Row) -> None:
    """Σ (softmax(x) Σ t - t)·dx, with labels or probabilities t."""
    form, plan, soft = row.form, row.plan, "t" in row.form.places
    mean, sums = _mean(row)
    keep, share = row.numbers[KEEP].double(), row.numbers[SHARE].double()
    label = form.number(0, I64) if soft else form.load_row("labels")
    there = label >= 0
    picked = sums[0] if soft else form.pick("dy", select(there, label, 0)).double()
    weight = sums[1] if soft else form.number(1.0, DOUBLE)
    if plan.smooth:
        picked = picked * keep + share * sums[-1]
        weight = fma(weight, keep, 1.0 - keep) if soft else weight
    form.store_row("loss", select(there, weight * mean - picked, 0.0).to(form.real))
