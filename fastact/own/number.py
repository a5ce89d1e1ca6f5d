"""What a user's function is run on: numbers that write machine code and know of every `if` that looks at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastact.numerics.emit import REAL, Value, constant, select, traced

DECISIONS = 64
"""Decisions along one way through a function, from which on it is refused."""

PLAIN: Any = (int, float, np.floating, np.integer, np.bool_)
_REAL: dict[str, Any] = {"float32": np.float32, "float64": np.float64}


class Trace:
    """One run of a function: the width, the decisions it is told to take, and the conditions that it has met."""

    def __init__(self, width: str, told: tuple[bool, ...] = ()) -> None:
        self.width, self.told = width, told
        self.met: list[Truth] = []
        self._known: dict[Any, tuple[bool, Truth]] = {}

    def decide(self, truth: Truth) -> bool:
        """Which way to go at a condition: as told; the first time there, the way where it holds; at its like the same way."""
        if truth.key not in self._known:
            if len(self.met) == DECISIONS:
                told = "a loop may not depend on x or on a parameter: its rounds must be as many for every element"
                raise TypeError(f"more than {DECISIONS} decisions in a row; {told}")
            way = self.told[len(self.met)] if len(self.met) < len(self.told) else True
            self.met.append(truth)
            self._known[truth.key] = way, truth
        return self._known[truth.key][0]

    def unwrap(self, v: Any) -> Any:
        """The value of a number of the trace; a plain one rounded to the width."""
        if isinstance(v, Number):
            return v.number().value
        with np.errstate(all="ignore"):
            return float(_REAL[self.width](v))

    def wrap(self, result: Any) -> Any:
        """A value, or a tuple of such, as numbers of the trace."""
        if isinstance(result, tuple):
            return tuple(map(self.wrap, result))
        return Number(result, self) if isinstance(result, Value) else result

    def choose(self, condition: Truth, a: Any, b: Any) -> Number:
        """The one where the condition holds, else the other."""
        sides = [v if isinstance(v, Value) else _REAL[self.width](v) for v in map(self.unwrap, (a, b))]
        return Number(select(condition.value, *sides), self)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """A function of fastact's own numerics on numbers, plain ones made values; what is neither a number nor a truth stays as it is."""
        like = next(self.unwrap(a) for a in arguments if isinstance(a, Number))

        def passed(v: Any) -> Any:
            if isinstance(v, Number):
                return v.value
            return like.made(constant(REAL[self.width], self.unwrap(v))) if isinstance(v, PLAIN) else v

        return self.wrap(traced(function, self.width)(*map(passed, arguments)))


class Number:
    """A number of the trace: x, a parameter, or what is computed from them. Other numbers are rounded to its width beside it."""

    __slots__ = ("trace", "value")
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any, trace: Trace) -> None:
        self.value, self.trace = value, trace

    def number(self) -> Number:
        """Itself; of a truth 1 or 0."""
        return self

    def _do(self, operation: str, other: Any) -> Any:
        if not isinstance(other, (Number, *PLAIN)):
            return NotImplemented
        return Number(getattr(self.number().value, operation)(self.trace.unwrap(other)), self.trace)

    def __add__(self, other: Any) -> Any:
        return self._do("__add__", other)

    def __radd__(self, other: Any) -> Any:
        return self._do("__radd__", other)

    def __sub__(self, other: Any) -> Any:
        return self._do("__sub__", other)

    def __rsub__(self, other: Any) -> Any:
        return self._do("__rsub__", other)

    def __mul__(self, other: Any) -> Any:
        return self._do("__mul__", other)

    def __rmul__(self, other: Any) -> Any:
        return self._do("__rmul__", other)

    def __truediv__(self, other: Any) -> Any:
        return self._do("__truediv__", other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._do("__rtruediv__", other)

    def __neg__(self) -> Number:
        return Number(-self.number().value, self.trace)

    def __pos__(self) -> Number:
        return self.number()

    def __abs__(self) -> Number:
        return Number(self.number().value.size(), self.trace)

    def __pow__(self, power: Any) -> Any:
        """Whole powers by products, the root by which x ** (n + 1/2) begins."""
        if isinstance(power, Number) or not isinstance(power, PLAIN) or abs(power) > 64 or 2 * power != int(2 * power):
            given = "y" if isinstance(power, Number) else repr(power)
            raise TypeError(f"x ** {given}: accepted are the powers n and n + 1/2 up to 64; for others write exp(y * log(x))")
        square, n = self.number(), int(abs(power))
        result = Number(square.value.root(), self.trace) if n != abs(power) else None
        while n:
            if n & 1:
                result = square if result is None else result * square
            n >>= 1
            square = square * square if n else square
        if result is None:
            return 1.0
        return 1 / result if power < 0 else result

    def __rpow__(self, base: Any) -> Any:
        raise TypeError(f"{base} ** x: accepted are fixed powers of x; write exp(x * log({base}))")

    def _compare(self, sign: str, other: Any) -> Any:
        if not isinstance(other, (Number, *PLAIN)):
            return NotImplemented
        left, right = self.number().value, self.trace.unwrap(other)
        compare = left.b.fcmp_unordered if sign == "!=" else left.b.fcmp_ordered
        key = sign, id(left.ir), id(right.ir) if isinstance(right, Value) else right
        return Truth(left.made(compare(sign, left.ir, left.like(right))), self.trace, key, (left, right))

    def __lt__(self, other: Any) -> Any:
        return self._compare("<", other)

    def __le__(self, other: Any) -> Any:
        return self._compare("<=", other)

    def __gt__(self, other: Any) -> Any:
        return self._compare(">", other)

    def __ge__(self, other: Any) -> Any:
        return self._compare(">=", other)

    def __eq__(self, other: object) -> Any:
        return self._compare("==", other)

    def __ne__(self, other: object) -> Any:
        return self._compare("!=", other)

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __float__(self) -> float:
        raise TypeError("a number was needed, and x was given, or what is made of it; functions for these are those of fastact.scalars")

    __int__ = __index__ = __complex__ = __float__


class Truth(Number):
    """What a comparison gives: a condition for `if` and `select`, and in arithmetic 1 or 0. `sides` are kept, as `key` has their ids."""

    __slots__ = ("key", "sides")

    def __init__(self, value: Any, trace: Trace, key: Any, sides: Any) -> None:
        super().__init__(value, trace)
        self.key, self.sides = key, sides

    def number(self) -> Number:
        """1 where it holds, else 0."""
        return Number(self.value.made(self.value.b.uitofp(self.value.ir, REAL[self.trace.width])), self.trace)

    def _joined(self, operation: str, other: Any) -> Any:
        if not isinstance(other, Truth):
            return NotImplemented
        joined = getattr(self.value, operation)(other.value)
        return Truth(joined, self.trace, (operation, self.key, other.key), (self.sides, other.sides))

    def __and__(self, other: Any) -> Any:
        return self._joined("__and__", other)

    def __or__(self, other: Any) -> Any:
        return self._joined("__or__", other)

    def __bool__(self) -> bool:
        return self.trace.decide(self)
