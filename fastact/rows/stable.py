"""Exponentials and sums of one row, without overflow and without the rounding error of x - max.

With m the largest element and N the integer next to m / ln2, all exponentials are taken relative to 2^N: e^x / 2^N needs no
difference x - m, since the reduction of x takes n ln2 off in one step, and the n - N that is left is a power of two.
Where |m| is large, x - m is formed first; for all x that count, x/2 ≤ m ≤ 2x, so the difference is exact (Sterbenz 1974).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from fastact.numerics import exponential
from fastact.numerics.bind import WIDTHS
from fastact.numerics.emit import DOUBLE, FLOAT, I64, Value, absolute, constant, fma, select, traced, vector
from fastact.rows.interface import Elements, Form

FAR = {"float32": 256.0, "float64": 2048.0}
Load = Callable[[Elements], Value]


def bigger(a: Value, b: Value) -> Value:
    """max(a, b); b where one is NaN."""
    return select(a > b, a, b)


def paired(values: list[Value], join: Callable[[Value, Value], Value]) -> Value:
    """Neighbours joined, and so on: ((a, b), (c, d))."""
    while len(values) > 1:
        values = [join(a, b) for a, b in zip(values[::2], values[1::2], strict=True)]
    return values[0]


def largest(form: Form, x: Load) -> Value:
    """The largest element, -inf if there is none; never NaN."""

    def step(elements: list[Elements], carried: list[Value]) -> list[Value]:
        return [bigger(paired([x(e) for e in elements], bigger), carried[0])]

    found = form.fold([form.vectors(form.real, -math.inf)], step)
    return form.across(found, lambda a, b: [bigger(a[0], b[0])])[0]


def add(a: Value, b: Value) -> Value:
    """Sum a + b."""
    return a + b


def two_sum(a: Value, b: Value) -> tuple[Value, Value]:
    """Sum a + b, rounded, and what that leaves out (Knuth 1969)."""
    s = a + b
    part = s - a
    return s, (a - (s - part)) + (b - part)


def plain(a: list[Value], b: list[Value]) -> list[Value]:
    """Sums merged one by one."""
    return [x + y for x, y in zip(a, b, strict=True)]


class Total:
    """A sum: of pairs in float32 if the terms have one sign, then in float64; or compensated in float64."""

    def __init__(self, width: str, *, pairs: bool = True) -> None:
        self.wide, self.pairs = width == "float64", pairs
        self.kinds = [DOUBLE, DOUBLE] if self.wide else [DOUBLE]

    def add(self, carried: list[Value], terms: list[Value]) -> list[Value]:
        """Take in the elements of a block."""
        if not self.wide:
            joined = zip(terms[::2], terms[1::2], strict=True)
            return [carried[0] + paired([(a + b).double() if self.pairs else a.double() + b.double() for a, b in joined], add)]
        high, low = carried
        for term in terms:
            high, rest = two_sum(high, term)
            low = low + rest
        return [high, low]

    def merge(self, a: list[Value], b: list[Value]) -> list[Value]:
        """Two such sums, followed by plain ones."""
        if not self.wide:
            return plain(a, b)
        high, low = two_sum(a[0], b[0])
        return [high, (a[1] + b[1]) + low, *plain(a[2:], b[2:])]

    def value(self, sums: list[Value]) -> Value:
        """The sum in float64."""
        return sums[0] + sums[1] if self.wide else sums[0]


class Pivot:
    """The largest element m of a row, and SCALE·e^x / 2^N for its elements."""

    def __init__(self, form: Form, m: Value) -> None:
        self.form, self.m = form, m
        self.constants, real = WIDTHS[form.width]
        k, near = self.constants, absolute(m) < FAR[form.width]
        zero = form.number(0.0)
        base = select(near, zero, select(m > -math.inf, m, zero))
        self.rest = select(near, m, zero)
        self.steps = fma(self.rest, k.LOG2E, k.MAGIC_INTEGER) - k.MAGIC_INTEGER
        self.base, self.magic, self.end = (form.spread(v) for v in (base, k.MAGIC - self.steps, self.rest + k.ELU_END))
        self.top = form.spread(m)
        self.empty = m == real(-math.inf)

    def exponential(self, x: Value) -> Value:
        """SCALE·e^x / 2^N; 0 where the result is below all but the last sum's rounding, and NaN for NaN. x = m = inf counts as 0."""
        d = select(x == self.base, 0.0, x - self.base)
        s, r = traced(exponential.reduce, self.form.width)(d, self.magic)
        p = traced(exponential.expm1_reduced, self.form.width)(r)
        return select(d < self.end, 0.0, fma(s, p, s))

    def below(self, x: Value) -> Value:
        """Difference x - m, 0 where both are the same infinity."""
        return select(x == self.top, 0.0, x - self.top)

    def difference(self, x: Value) -> Value:
        """Difference x - m of one element."""
        return select(x == self.m, 0.0, x - self.m)

    def relative(self, x: Value, top: Value) -> Value:
        """e^(x - m) of one element in float64, 1 for m, which `top` belongs to."""
        one = self.form.first(self.exponential(self.form.spread(x)))
        return select(x == self.m, 1.0, one.double() / top)

    def top_exponential(self) -> Value:
        """SCALE·e^m / 2^N in float64."""
        wide = WIDTHS["float64"][0]
        n = -self.steps.double()
        r = fma(n, wide.LN2_LOW, fma(n, wide.LN2_HIGH, self.rest.double()))
        return fma(traced(exponential.expm1_reduced, "float64")(r), float(self.constants.SCALE), float(self.constants.SCALE))


class Parts:
    """A value per row in float64, as one or two terms of the width, spread over the elements."""

    def __init__(self, form: Form, value: Value, low: Value | None = None) -> None:
        self.high = high = value.to(form.real)
        rest = low if low is not None else (value - high.double()).to(form.real) if form.real is FLOAT else None
        self.first = form.spread(high)
        self.second = None if rest is None else form.spread(rest)

    def times(self, a: Value, c: Value | None = None) -> Value:
        """Product a · value, plus c, rounded once but for the small term."""
        low = a * self.second if self.second is not None else None
        if c is None:
            return a * self.first if low is None else fma(a, self.first, low)
        return fma(a, self.first, c if low is None else c + low) if low is not None else fma(a, self.first, c)

    def off(self, a: Value) -> Value:
        """Difference a - value."""
        return a - self.first if self.second is None else (a - self.first) - self.second


def finite_or(value: Value, otherwise: Value) -> Value:
    """`value` where it is finite."""
    return select(absolute(value) < math.inf, value, otherwise)


def inverse(form: Form, pivot: Pivot, total: Value, factor: Value | None = None) -> Parts:
    """Quotient factor / total; of an empty row total itself, which is 0, or NaN where that came in."""
    quotient = 1.0 / total
    if factor is not None:
        quotient = quotient * factor
    quotient = select(pivot.empty, total, quotient)
    if form.real is FLOAT:
        return Parts(form, quotient)
    if factor is not None:
        return Parts(form, quotient)
    rest = fma(quotient * -1.0, total, 1.0) * quotient
    return Parts(form, quotient, finite_or(select(pivot.empty, 0.0, rest), form.number(0.0)))


def _binary(x: Value) -> tuple[Value, Value]:
    """Return k and v with x = 2^k v, 1 ≤ v < 2, for a positive normal float64."""
    kind, real = vector(I64, x.type), x.type
    word = x.b.bitcast(x.ir, kind)
    low = x.b.and_(word, constant(kind, (1 << 52) - 1))
    mantissa = x.b.bitcast(x.b.or_(low, constant(kind, 1023 << 52)), real)
    exponent = x.b.sub(x.b.lshr(word, constant(kind, 52)), constant(kind, 1023))
    return x.made(x.b.sitofp(exponent, real)), x.made(mantissa)


def log1p(t: Value) -> Value:
    """log(1 + t) for t ≥ 0 in float64."""
    wide = WIDTHS["float64"][0]
    near = t < 1.0
    n, v = _binary(t + 1.0)
    n = select(near, 0.0, n)
    rest = traced(exponential.log_near, "float64")(select(near, t, v - 1.0))
    return select(t < math.inf, fma(n, wide.LN2_HIGH, fma(n, wide.LN2_LOW, rest)), t)
