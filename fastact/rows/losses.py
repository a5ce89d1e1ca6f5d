"""Cross entropy after a softmax, and its gradient, in one pass over a row."""

from __future__ import annotations

from fastact.numerics import bits, exponential
from fastact.numerics.bind import WIDTHS
from fastact.numerics.emit import DOUBLE, I64, Value, absolute, fma, select, traced
from fastact.rows.interface import Elements
from fastact.rows.programs import Row
from fastact.rows.stable import Parts, Pivot, Total, add, inverse, largest, log1p, paired

# the numbers of a call: 1 - smoothing, smoothing / classes
KEEP, SHARE = 1, 2


def _sums(row: Row, pivot: Pivot, *, soft: bool) -> tuple[Value, Value, list[Value]]:
    """Σ of the exponentials but for the largest, how often that occurs, then Σ t (x - max) and Σ t, and with smoothing Σ (x - max)."""
    form, total = row.form, Total(row.plan.width)
    count = len(total.kinds)

    def step(elements: list[Elements], carried: list[Value]) -> list[Value]:
        given = [row.x(e) for e in elements]
        tops = [x == pivot.top for x in given]
        terms = [select(top, 0.0, pivot.exponential(x)) for top, x in zip(tops, given, strict=True)]
        extra = [paired([select(top, form.vectors(form.real, 1.0), 0.0) for top in tops], add).double()]
        below = [pivot.below(x) for x in given]
        if soft:
            targets = [e.load("t") for e in elements]
            wide = [t.double() for t in targets]
            weighed = [select(t == 0.0, 0.0, t * b.double()) for t, b in zip(wide, below, strict=True)]
            extra += [paired(weighed, add), paired(wide, add)]
        if row.plan.smooth:
            extra.append(paired([e.keep(b, 0.0).double() for e, b in zip(elements, below, strict=True)], add))
        return [*total.add(carried[:count], terms), *(c + v for c, v in zip(carried[count:], extra, strict=True))]

    kinds = [*total.kinds, DOUBLE, *[DOUBLE] * (2 * soft), *[DOUBLE] * row.plan.smooth]
    sums = form.sum(kinds, step, total.merge)
    return total.value(sums), sums[count], sums[count + 1 :]


def cross_entropy(row: Row) -> None:
    """Cross entropy, Σ t log(Σ e^x) - Σ t x, with labels or probabilities t; with an operand dx also dy·(softmax Σ t - t)."""
    form, plan = row.form, row.plan
    soft = "t" in form.places
    pivot = Pivot(form, largest(form, row.x))
    below, count, sums = _sums(row, pivot, soft=soft)
    top, one = pivot.top_exponential(), form.number(1.0, DOUBLE)
    others = below / top + (count - 1.0)
    keep, share = row.numbers[KEEP].double(), row.numbers[SHARE].double()
    label = form.number(0, I64) if soft else form.load_row("labels")
    there = label >= 0
    label = select(there, label, 0)
    picked = form.pick("x", label)
    weighed, weight = (sums[0], sums[1]) if soft else (pivot.difference(picked).double(), one)
    if plan.smooth:
        weighed = weighed * keep + share * sums[-1]
        weight = fma(weight, keep, 1.0 - keep) if soft else weight
    if "loss" in form.places:
        form.store_row("loss", select(there, weight * log1p(others) - weighed, 0.0).to(form.real))
    if "dx" not in form.places:
        return
    dy = select(there, form.load_row("dy").double() if "dy" in form.places else one, 0.0)
    factor = inverse(form, pivot, fma(count, top, below), weight * dy)
    spread = form.spread((share * dy).to(form.real))
    kept = Parts(form, (keep if plan.smooth else one) * dy * -1.0)

    def each(e: Elements) -> None:
        p = factor.times(pivot.exponential(row.x(e)))
        if plan.smooth:
            p = p - spread
        e.store("dx", kept.times(e.load("t"), p) if soft else p)

    form.each(each)
    if not soft:
        rest = ((1.0 - pivot.relative(picked, top)) + others) / (others + 1.0)
        rest = rest - ((1.0 - keep) - share) if plan.smooth else rest
        form.put("dx", label, select(there, rest * dy * -1.0, 0.0).to(form.real))


def sigmoid_cross_entropy(row: Row) -> None:
    """With s = ±1 the sign of x: (1 - t) max(x, 0) + t max(-x, 0) + log1p(e^-|x|), terms of one sign; or dy ((1 - t) σ(x) - t σ(-x))."""
    form, width = row.form, row.plan.width
    k = WIDTHS[width][0]
    one = form.vectors(form.real, 1.0)

    def each(e: Elements) -> None:
        x, t = e.load("x"), e.load("t")
        z = traced(bits.at_most, width)(absolute(x), k.LOGISTIC_END)
        if "dx" not in form.places:
            s, r = traced(exponential.reduce_decay, width)(z)
            c, rest = traced(exponential.log1p_terms, width)(s, traced(exponential.tanh_half, width)(r))
            linear = select(x > 0.0, 1.0 - t, t)
            above = select(linear == 0.0, 0.0, linear * absolute(x))
            e.store("y", select(x == x, above + (c + rest) * k.UNSCALE, x))  # noqa: PLR0124
            return
        s, r = traced(exponential.reduce, width)(-z, k.MAGIC)
        p, d = traced(exponential.logistic_parts, width)(s, r)
        low, high = fma(s, p, s), one * k.SCALE
        above, below = select(x > 0.0, high, low), select(x > 0.0, low, high)
        slope = fma(1.0 - t, above, t * below * -1.0) / d
        e.store("dx", e.load("dy") * slope if "dy" in form.places else slope)

    form.each(each)
