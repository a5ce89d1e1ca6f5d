"""Gated units in mpmath: y = f(a)·b, dy/da and dy/db, each as its paper defines it."""

from __future__ import annotations

from typing import Any

from fastact.oracle import DEFINITIONS, Definition, evaluate


def _times(name: str) -> tuple[Definition, ...]:
    """f(a)·b for the activation `name`."""
    f, slope = DEFINITIONS[name][:2]
    return (
        lambda a, b, *params: f(a, *params) * b,
        lambda a, b, *params: slope(a, *params) * b,
        lambda a, b, *params: f(a, *params),
    )


def _clip(b: Any, limit: Any) -> Any:
    return min(max(b, -limit), limit)


_swish, _slope = DEFINITIONS["swish"][:2]

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
        lambda a, b, limit, alpha, offset: _swish(min(a, limit), alpha) * (_clip(b, limit) + offset),
        lambda a, b, limit, alpha, offset: _slope(a, alpha) * (_clip(b, limit) + offset) if a <= limit else 0,
        lambda a, b, limit, alpha, offset: _swish(min(a, limit), alpha) if abs(b) <= limit else 0,
    ),
}
"""The gate, its derivative by a, its derivative by b."""


def gate(name: str, which: int, a: Any, b: Any, *params: Any) -> Any:
    """Value of the gate `name` (which = 0) or its derivative by a (1) or b (2) at finite arguments."""
    return evaluate(GATES[name][which], a, (b, *params))
