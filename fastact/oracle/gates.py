"""Gated units in mpmath: y = f(a)·b, dy/da and dy/db, each as its paper defines it."""

from __future__ import annotations

from typing import Any

from fastact.oracle import DEFINITIONS, evaluate
from fastact.oracle.parts import Definition


def _times(name: str) -> tuple[Definition, ...]:
    """f(a)·b for the activation `name`."""
    f, slope = DEFINITIONS[name][:2]
    return (
        lambda a, b, *params: f(a, *params) * b,
        lambda a, b, *params: slope(a, *params) * b,
        lambda a, b, *params: f(a, *params),
    )


_swish, _slope, _by_beta = DEFINITIONS["swish"]

FACTORS: dict[str, tuple[Definition, ...]] = {
    "clamped_swish": (
        lambda a, limit, alpha: _swish(min(a, limit), alpha),
        lambda a, limit, alpha: _slope(a, alpha) if a <= limit else 0,
        lambda a, limit, alpha: _slope(limit, alpha) if a > limit else 0,
        lambda a, limit, alpha: _by_beta(min(a, limit), alpha),
    ),
    "clamped_sum": (
        lambda b, limit, offset: min(max(b, -limit), limit) + offset,
        lambda b, limit, offset: abs(b) <= limit,
        lambda b, limit, offset: (b > limit) - (b < -limit),
        lambda b, limit, offset: 1,
    ),
}
"""The factors of clamped_swiglu in a and in b: each with its derivatives by its operand and its parameters."""

_f, _df = FACTORS["clamped_swish"][:2]
_g, _dg = FACTORS["clamped_sum"][:2]

GATES: dict[str, tuple[Definition, ...]] = {
    "glu": _times("sigmoid"),
    "bilinear": (lambda a, b: a * b, lambda a, b: b, lambda a, b: a),
    "reglu": _times("relu"),
    "sreglu": (lambda a, b: max(a, 0) ** 2 * b, lambda a, b: 2 * max(a, 0) * b, lambda a, b: max(a, 0) ** 2),
    "geglu": _times("gelu"),
    "geglu_tanh": _times("gelu_tanh"),
    "quick_geglu": _times("quick_gelu"),
    "swiglu": _times("swish"),
    "clamped_swiglu": (
        lambda a, b, limit, alpha, offset: _f(a, limit, alpha) * _g(b, limit, offset),
        lambda a, b, limit, alpha, offset: _df(a, limit, alpha) * _g(b, limit, offset),
        lambda a, b, limit, alpha, offset: _f(a, limit, alpha) * _dg(b, limit, offset),
    ),
}
"""The gate, its derivative by a, its derivative by b."""


def gate(name: str, which: int, a: Any, b: Any, *params: Any) -> Any:
    """Value of the gate `name` (which = 0) or its derivative by a (1) or b (2) at finite arguments."""
    return evaluate(GATES[name][which], a, (b, *params))
