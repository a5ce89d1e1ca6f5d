"""Quotients and roots of float32 on the device: the bits of IEEE division without its branch and its call.

With r₀ next to 1/b, of the hardware's approximation, e = 1 - b r₀ and r = r₀ + r₀ e is 1/b rounded, and q = a r + r (a - b a r),
whose difference is exact, is a/b rounded (Markstein 1990). NVIDIA's assembler takes the same steps for div.rn.f32 and rcp.rn.f32, after a
check of the operands' range. Here |e| < 2^-20 tells that b and 1/b are normal, |a| ≥ 2^-100 that the difference is exact, and the quotient
must be normal. Where one of these fails there is doubt: `Doubts` collects it, and the kernel computes the element again by the ordinary
division. Roots are right for any start within 3 ulp, quotients for a start that is 1/b rounded (tests/test_cuda_division.py).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np
from llvmlite import ir

from fastact.numerics.emit import FLOAT, I1, Value, constant, intrinsic

_EXACT_FROM, _NORMAL_FROM, _NEAR, _LARGE = 2.0**-100, 2.0**-125, 2.0**-20, 2.0**100


class Doubts:
    """The quotients and roots of some elements, and when each is right."""

    def __init__(self) -> None:
        self._sure: list[tuple[Any, Any]] = []

    def unless(self, value: Any, sure: Any) -> None:
        """Add one that is right if `sure` holds."""
        self._sure.append((value, sure))

    def any(self, builder: Any, results: Iterable[Any]) -> Any:
        """Whether one may be off that any of the results is made of: a bit. What no result needs is then not computed."""
        needed = _sources(results)
        doubts = [builder.not_(sure) for value, sure in self._sure if id(value) in needed]
        return functools.reduce(builder.or_, doubts) if doubts else I1(0)


def _sources(results: Iterable[Any]) -> set[int]:
    """Identities of all values that results are computed from, and their own."""
    seen: set[int] = set()
    waiting = list(results)
    while waiting:
        value = waiting.pop()
        if id(value) not in seen:
            seen.add(id(value))
            waiting += getattr(value, "operands", ())
            waiting += [incoming for incoming, _ in getattr(value, "incomings", ())]
    return seen


class Quick(Value):
    """A float32 value whose quotients and roots are taken without branches; `doubts` hears of those that may be off."""

    __slots__ = ("doubts",)

    def __init__(self, builder: Any, value: Any, doubts: Doubts) -> None:
        super().__init__(builder, value)
        self.doubts = doubts

    def made(self, value: Any) -> Quick:
        """A value of the same element."""
        return Quick(self.b, value, self.doubts)

    def _approximate(self, function: str, x: Any) -> Any:
        name = f"llvm.nvvm.{function}.approx.ftz.f"
        module = self.b.module
        return self.b.call(module.globals.get(name) or ir.Function(module, ir.FunctionType(FLOAT, [FLOAT]), name), [x])

    def _fma(self, a: Any, b: Any, c: Any) -> Any:
        return intrinsic(self.b, "fma", FLOAT, [a, b, c], FLOAT)

    def _size(self, x: Any) -> Any:
        return intrinsic(self.b, "fabs", FLOAT, [x], FLOAT)

    def _at_least(self, x: Any, bound: float) -> Any:
        return self.b.fcmp_ordered(">=", self._size(x), constant(FLOAT, bound))

    def _inverse(self, divisor: Any) -> Any:
        """1/b, rounded."""
        first = self._approximate("rcp", divisor)
        error = self._fma(self.b.fneg(divisor), first, constant(FLOAT, 1.0))
        inverse = self._fma(first, error, first)
        self.doubts.unless(inverse, self.b.fcmp_ordered("<", self._size(error), constant(FLOAT, _NEAR)))
        return inverse

    def __truediv__(self, other: Any) -> Value:
        if isinstance(other, Value):
            return self._over(self.ir, other.ir, self._inverse(other.ir))
        if np.frexp(other)[0] in (-0.5, 0.5):  # a power of two
            return self.made(self.b.fmul(self.ir, constant(FLOAT, 1 / other)))
        return self._over(self.ir, constant(FLOAT, other), constant(FLOAT, np.float32(1) / np.float32(other)))

    def __rtruediv__(self, other: Any) -> Value:
        inverse = self._inverse(self.ir)
        return self.made(inverse) if other == 1 else self._over(constant(FLOAT, other), self.ir, inverse)

    def _over(self, a: Any, b: Any, inverse: Any) -> Value:
        """A / b. The step makes +0 of -0, so the sign is that of the product."""
        product = self.b.fmul(a, inverse)
        q = self._fma(self._fma(self.b.fneg(b), product, a), inverse, product)
        sure = self._at_least(q, _NORMAL_FROM)
        if not isinstance(a, ir.Constant):
            nothing = self.b.fcmp_ordered("==", a, constant(FLOAT, 0.0))
            sure = self.b.or_(nothing, self.b.and_(sure, self._at_least(a, _EXACT_FROM)))
        self.doubts.unless(q, sure)
        return self.made(intrinsic(self.b, "copysign", FLOAT, [q, product], FLOAT))

    def root(self) -> Value:
        """√x, rounded: two coupled steps for √x and 1/(2√x), then one with the exact difference x - g² (Markstein 1990)."""
        x, half = self.ir, constant(FLOAT, 0.5)
        inverse = self._approximate("rsqrt", x)
        g, h = self.b.fmul(x, inverse), self.b.fmul(half, inverse)
        error = self._fma(self.b.fneg(h), g, half)
        g, h = self._fma(g, error, g), self._fma(h, error, h)
        below = self.b.fcmp_ordered("<=", x, constant(FLOAT, _LARGE))
        root = self._fma(self._fma(self.b.fneg(g), g, x), h, g)
        self.doubts.unless(root, self.b.and_(self.b.fcmp_ordered(">=", x, constant(FLOAT, _EXACT_FROM)), below))
        return self.made(root)
