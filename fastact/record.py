"""The record of one activation: everything that is known about it, as data that tests, docs, plots and benches iterate over."""

from __future__ import annotations

import math
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
    """One parameter: its default (None: it must be given), the values the tests try, and whether `backward` returns its gradient."""

    name: str
    default: float | None
    samples: tuple[float, ...]
    trainable: bool = False


@dataclass(frozen=True, slots=True)
class Kink:
    """A point where the function or its derivative jumps, and the value that the derivative is given there."""

    at: Value
    derivative: Value


@dataclass(frozen=True, slots=True)
class Ulp:
    """Largest error in units in the last place, per computing width."""

    float32: float
    float64: float


EXACT = Ulp(float32=0.0, float64=0.0)
UNKNOWN = Ulp(float32=math.inf, float64=math.inf)
ROUNDED = Ulp(float32=0.5, float64=0.5)


@dataclass(frozen=True, slots=True)
class Budget:
    """Measured maximum errors, rounded up; `params` is for the derivatives by the parameters."""

    forward: Ulp
    derivative: Ulp
    params: Ulp | None = None


@dataclass(frozen=True, slots=True)
class FromOutput:
    """The derivative told from y: a scalar ``(y, *params) -> (y, f'(x))``, and the largest error with y = f(x) rounded.

    The error is in ulp of f'(x), or of what `of` names: "1", or a parameter. `domain` is what the parameters must be.
    """

    scalar: Scalar
    error: Ulp
    of: str = ""
    domain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """One activation function.

    `scalar` maps ``(*operands, *params)`` to ``(y, dy/doperand..., dy/dparam...)``; all else is derived from it.
    `operands` are the arrays that it is a function of: x, or a and b of a gate f(a)·g(b), whose range, limits, kinks, roots,
    reach and terms are those of f; `factors` names f in the C reference, and g where that is not b itself.
    Records are compared, and hashed, by identity.
    `flat` says that the derivative is 0 by branch on part of the line: there a gradient is +0 whatever comes in.
    `monotone` says that the function never falls, and that of neighbouring floats none gives less than the one before.
    `roots` are the zeros of a smooth derivative, next to which a relative error has no meaning.
    `reach` is the largest ``|x|`` for which the budget holds. `terms` bound the largest term of the derivative by x, and of
    those by the parameters, of functions whose derivatives have too many roots to list: errors are counted in its ulp.
    `affine` names the last parameters, ("bias",) or ("scale", "bias"), of a record of f(x·scale + bias); `label` is the name
    that a record derived from another's keeps; dots in it lead to its public object from the package, which pickle follows.
    `reference` is the function's name in the C reference, empty for its own; None says that it is not there.
    `plain` says that the scalar is a user's Python, which is traced on every target.
    """

    scalar: Scalar
    formula: str
    derivative: str
    range: Interval
    limits: Limits
    derivative_limits: Limits
    budget: Budget
    source: str
    operands: tuple[str, ...] = ("x",)
    factors: tuple[str, ...] = ()
    params: tuple[Param, ...] = ()
    kinks: tuple[Kink, ...] = ()
    roots: tuple[Value, ...] = ()
    reach: Value = math.inf
    terms: tuple[Callable[..., Any], ...] = ()
    flat: bool = False
    odd: bool = False
    monotone: bool = False
    aliases: tuple[str, ...] = ()
    affine: tuple[str, ...] = ()
    label: str = ""
    reference: str | None = ""
    plain: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        from fastact.naming import find, name_of

        return find, name_of(self)

    @property
    def name(self) -> str:
        """The scalar's own name, unless the record is derived from that of another function."""
        return self.label or self.scalar.__name__

    @property
    def in_long_double(self) -> bool:
        """Whether the C reference, which computes in long double, has this very function."""
        return self.reference is not None and not (self.affine or self.operands == ("y",))

    @property
    def in_reference(self) -> str:
        """Its name in the C reference."""
        if self.reference is None:
            raise TypeError(f"{self.name} is not in the C reference, which has fastact's own functions alone")
        return self.reference or self.name

    @property
    def typical(self) -> tuple[float, ...]:
        """One value per parameter: its default, or its first sample where it must be given."""
        return tuple(p.samples[0] if p.default is None else p.default for p in self.params)

    @property
    def summary(self) -> str:
        """First line of the scalar's docstring, or the derivative's formula."""
        return (self.scalar.__doc__ or self.derivative).strip().splitlines()[0]


def definition(**fields: Any) -> Callable[[Scalar], Record]:
    """Make the record of the scalar below it; `fields` are those of `Record`."""
    return lambda scalar: Record(scalar=scalar, **fields)
