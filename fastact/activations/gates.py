"""Gated units: y = f(a)·b for an activation f, with dy/da = f'(a)·b and dy/db = f(a).

The zeros among the derivatives of a flat activation are +0, and where f' is 0, dy/da is 0 whatever b is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from math import exp
from types import FunctionType
from typing import Any

from fastact.activations import gated, gaussian, logistic, piecewise
from fastact.numerics import f64 as k
from fastact.numerics.bits import absolute, at_most, copysign, real, select, unless_nan
from fastact.record import Budget, Interval, Kink, Limits, Param, Record, Scalar, Ulp, definition


def _times(d: Any, b: Any) -> Any:
    return d * b


def _times_flat(d: Any, b: Any) -> Any:
    zero, product = real(0), d * b
    return select((d == zero) | (product == zero), zero, product)


def activation(*_: Any) -> Any:
    """Stand for the activation in the scalars below; `gate` puts the scalar of a record in its place."""
    raise NotImplementedError


def times(d: Any, b: Any) -> Any:
    """Stand for `_times` or `_times_flat`."""
    raise NotImplementedError


def _plain(a: Any, b: Any) -> Any:
    y, d = activation(a)
    return y * b, times(d, b), times(y, real(1))


def _with_one(a: Any, b: Any, p: Any) -> Any:
    y, d, by_p = activation(a, p)
    return y * b, times(d, b), times(y, real(1)), times(by_p, b)


def _with_two(a: Any, b: Any, p: Any, q: Any) -> Any:
    y, d, by_p, by_q = activation(a, p, q)
    return y * b, times(d, b), times(y, real(1)), times(by_p, b), times(by_q, b)


def product(record: Record, source: str, aliases: tuple[str, ...] = ()) -> Callable[[Scalar], Record]:
    """Make the record of the scalar below it, f(a)·b for the activation f of a record.

    Next to f, of which the budget tells E ulp, y = f(a)·b has at most 2 E + 1/2: a relative error counts for up to twice as
    many ulp in a product. So it is with dy/da and f'(a). Where these are subnormal, errors count in ulp of |b| times the
    smallest normal number. dy/db is f(a) itself.
    """
    spelled, b = record.name.replace("_", r"\_"), record.budget
    return lambda scalar: replace(
        record,
        scalar=scalar,
        operands=("a", "b"),
        factors=(record.name,),
        formula=rf"\mathrm{{{spelled}}}(a)\,b",
        derivative=rf"\mathrm{{{spelled}}}'(a)\,b",
        params=tuple(replace(p, trainable=False) for p in record.params),
        budget=Budget(_product(b.forward), _product(b.derivative), b.params and _product(b.params)),
        source=source,
        aliases=aliases,
        label="",
    )


@functools.cache
def gate(record: Record, name: str, summary: str, source: str, aliases: tuple[str, ...] = ()) -> Record:
    """The record of f(a)·b, with a scalar made of that of f."""
    template = (_plain, _with_one, _with_two)[len(record.params)]
    names = {**template.__globals__, "activation": record.scalar, "times": _times_flat if record.flat else _times}
    scalar = FunctionType(template.__code__, names, name)
    scalar.__doc__ = summary
    return product(record, source, aliases)(scalar)


def _product(ulp: Ulp) -> Ulp:
    return Ulp(2 * ulp.float32 + 0.5, 2 * ulp.float64 + 0.5)


UNNAMED = "gated_"


def unnamed(record: Record) -> Record:
    """The record of a gate that has no name of its own."""
    return gate(record, UNNAMED + record.name, f"Gated unit {record.name}(a)·b.", record.source)


_SHAZEER = "Shazeer 2020, arXiv:2002.05202"
glu = gate(logistic.sigmoid, "glu", "Gated linear unit, sigmoid(a)·b.", "Dauphin, Fan, Auli & Grangier 2017, arXiv:1612.08083")
bilinear = gate(piecewise.identity, "bilinear", "Bilinear unit, a·b.", "Dauphin et al. 2017, arXiv:1612.08083; " + _SHAZEER)
reglu = gate(piecewise.relu, "reglu", "Gated unit relu(a)·b.", _SHAZEER)
geglu = gate(gaussian.gelu, "geglu", "Gated unit gelu(a)·b.", _SHAZEER)
geglu_tanh = gate(gated.gelu_tanh, "geglu_tanh", "Gated unit gelu_tanh(a)·b.", _SHAZEER + " (the form by tanh)")
quick_geglu = gate(
    gated.quick_gelu, "quick_geglu", "Gated unit quick_gelu(a)·b.", "Hendrycks & Gimpel 2016, arXiv:1606.08415; " + _SHAZEER, ("qgeglu",)
)
swiglu = gate(gated.swish, "swiglu", "Gated unit swish(a, beta)·b; beta = 1 makes it silu(a)·b.", _SHAZEER)


@product(piecewise.relu_squared, "So et al. 2021, Primer, arXiv:2109.08668, within the gates of " + _SHAZEER, ("relu_squared_glu",))
def sreglu(a: Any, b: Any) -> Any:
    """Gated unit relu_squared(a)·b. For large a, b enters first, so that only a product that is too large overflows."""
    zero = real(0)
    p = select(a <= zero, zero, a)
    large = p > k.SQUARE_END
    square, first = p * p, p * b
    return select(large, first * p, square * b), select(large, first + first, _times_flat(p + p, b)), square


_swish = gated.swish.scalar


def _end(limit: float, alpha: float) -> float:
    """σ(α limit)."""
    return 1 / (1 + exp(-alpha * limit))


@definition(
    operands=("a", "b"),
    factors=("clamped_swish", "clamped_sum"),
    formula=r"f(\min(a, \mathrm{limit}))\,(\min(\max(b, -\mathrm{limit}), \mathrm{limit}) + \mathrm{offset}),\;f(x) = x\,\sigma(\alpha x)",
    derivative=r"[a \le \mathrm{limit}]\,f'(a)\,(\min(\max(b, -\mathrm{limit}), \mathrm{limit}) + \mathrm{offset})",
    params=(
        Param("limit", 7.0, samples=(7.0, 2.5, 10.0)),
        Param("alpha", 1.702, samples=(1.702, 1.0, 0.5)),
        Param("offset", 1.0, samples=(1.0, 0.0, -0.3)),
    ),
    range=Interval(lambda limit, alpha, offset: -0.27846454276107380 / alpha, lambda limit, alpha, offset: limit * _end(limit, alpha)),
    limits=Limits(-0.0, lambda limit, alpha, offset: limit * _end(limit, alpha)),
    derivative_limits=Limits(-0.0, 0.0),
    kinks=(
        Kink(
            at=lambda limit, alpha, offset: limit,
            derivative=lambda limit, alpha, offset: _end(limit, alpha) * (1 + alpha * limit * _end(-limit, alpha)),
        ),
    ),
    roots=(lambda limit, alpha, offset: -1.2784645427610738 / alpha,),
    flat=True,
    budget=Budget(forward=Ulp(5.5, 5.5), derivative=Ulp(9.5, 9.5), params=Ulp(8.5, 8.5)),
    source="OpenAI 2025, gpt-oss (its function swiglu)",
)
def clamped_swiglu(a: Any, b: Any, limit: Any, alpha: Any, offset: Any) -> Any:
    """Gated unit swish(a, alpha)·(b + offset), a cut above at the limit, b on both sides.

    Beyond the limit derivatives are 0 by branch; at the limit they pass, as in the models that have this unit.
    """
    zero, one = real(0), real(1)
    over, outside = a > limit, absolute(b) > limit
    f, slope, by_alpha = _swish(at_most(a, limit), alpha)
    g = select(outside, copysign(limit, b), b) + offset
    inside = select(over, zero, slope)
    by_b = select(outside, zero, _times_flat(f, unless_nan(b, one)))
    by_limit = select(over, slope * g, inside - inside) + select(outside, copysign(one, b) * f, zero)
    return f * g, _times_flat(inside, g), by_b, by_limit, by_alpha * g, f
