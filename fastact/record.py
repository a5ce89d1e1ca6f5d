"""The record of one activation: everything that is known about it, as data that tests, docs, plots and benches iterate over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Scalar = Callable[..., tuple[float, ...]]
Value = float | Callable[..., float]
"""A constant, or a function of the activation's parameters in their order."""


def at(value: Value, *params: float) -> float:
    """Resolve a `Value` for given parameters."""
    return value(*params) if callable(value) else value


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval; an infinite or excluded end is told by the function's limits."""

    low: Value
    high: Value


@dataclass(frozen=True, slots=True)
class Limits:
    """Values at -inf and at +inf."""

    at_minus_inf: Value
    at_plus_inf: Value


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter: its default, the values the tests try, and whether `backward` returns its gradient."""

    name: str
    default: float
    samples: tuple[float, ...]
    trainable: bool = False


@dataclass(frozen=True, slots=True)
class Kink:
    """A point where the derivative jumps, and the value it is given there."""

    at: Value
    derivative: Value


@dataclass(frozen=True, slots=True)
class Ulp:
    """Largest error in units in the last place, per computing width."""

    float32: float
    float64: float


@dataclass(frozen=True, slots=True)
class Budget:
    """Measured maximum errors, rounded up; `params` is for the derivatives by the parameters."""

    forward: Ulp
    derivative: Ulp
    params: Ulp | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """One activation function.

    `scalar` maps ``(x, *params)`` to ``(y, dy/dx, dy/dparam...)``; all else is derived from it.
    Records are compared, and hashed, by identity.
    `flat` says that the derivative is 0 by branch on part of the line: there a gradient is +0 whatever comes in.
    `roots` are the zeros of a smooth derivative, next to which a relative error has no meaning.
    """

    scalar: Scalar
    formula: str
    derivative: str
    range: Interval
    limits: Limits
    derivative_limits: Limits
    budget: Budget
    source: str
    params: tuple[Param, ...] = ()
    kinks: tuple[Kink, ...] = ()
    roots: tuple[Value, ...] = ()
    flat: bool = False
    odd: bool = False
    monotone: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The scalar's own name."""
        return self.scalar.__name__

    @property
    def summary(self) -> str:
        """First line of the scalar's docstring."""
        return (self.scalar.__doc__ or "").strip().splitlines()[0]


def definition(**fields: Any) -> Callable[[Scalar], Record]:
    """Make the record of the scalar below it; `fields` are those of `Record`."""
    return lambda scalar: Record(scalar=scalar, **fields)
