"""Arithmetic on floats, each operation rounded once; what the assembler may contract or flush is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numba.extending import intrinsic

from .kinds import RAW, Fault

Array = Any
Function = Callable[..., Array]
_TINY = np.float32(2.0**-126)


@intrinsic
def _fused(_context: Any, a: Any, b: Any, c: Any) -> Any:
    return a(a, b, c), lambda _, builder, _signature, arguments: builder.fma(*arguments)


@numba.vectorize(["float32(float32, float32, float32)", "float64(float64, float64, float64)"])
def fma(a: Any, b: Any, c: Any) -> Any:
    """a·b + c with one rounding."""
    return _fused(a, b, c)


def _ordered(least: bool) -> Function:
    """min or max: a NaN gives way, and -0 is below +0."""

    def choose(a: Array, b: Array) -> Array:
        a, b = np.broadcast_arrays(a, b)
        raw = RAW[a.dtype.itemsize]
        zero = a.view(raw) | b.view(raw) if least else a.view(raw) & b.view(raw)
        return np.where(a == b, zero.view(a.dtype), np.fmin(a, b) if least else np.fmax(a, b))

    return choose


def _spread(choose: Function) -> Function:
    """With NaN wherever an operand is."""
    return lambda a, b: np.where(np.isnan(a) | np.isnan(b), a + b, choose(a, b))


def _flushed(x: Array) -> Array:
    return np.where(np.abs(x) < _TINY, np.copysign(np.float32(0), x), x)


@dataclass(frozen=True, slots=True)
class Approximation:
    """What stands for the hardware's approximate reciprocals: the right float32, off by up to `error` ulp at random.

    Of an inverse 1/b one thing is taken for granted of the hardware: that the step r + r (1 - b r) leads to 1/b rounded. The assembler
    makes rcp.rn.f32 of that very step. Of starts off by one ulp it fails for a few of the 2^23 mantissas, and those starts are not taken.
    """

    error: int
    generator: np.random.Generator

    def _near(self, exact: Array) -> Array:
        exact = np.asarray(exact, np.float32)
        shift = self.generator.integers(-self.error, self.error, exact.shape, np.int32, endpoint=True)
        inner = np.isfinite(exact) & (exact != 0)
        return _flushed(np.where(inner, (exact.view(np.int32) + shift).view(np.float32), exact))

    def of(self, opcode: str, x: Array) -> Array:
        """The result of an opcode of `APPROXIMATE`."""
        return self.reciprocal(x) if opcode.startswith("rcp") else self.root(x)

    def reciprocal(self, x: Array) -> Array:
        """rcp.approx.ftz.f32."""
        exact, one = np.float32(1) / _flushed(x), np.float32(1)
        start = self._near(exact)
        leads = fma(start, fma(-x, start, one), start) == exact
        return np.where(leads, start, _flushed(exact))

    def root(self, x: Array) -> Array:
        """rsqrt.approx.ftz.f32."""
        return self._near((1 / np.sqrt(_flushed(x).astype(np.float64))).astype(np.float32))


APPROXIMATE = ("rcp.approx.ftz.f32", "rsqrt.approx.ftz.f32")
_ROUNDED: dict[str, tuple[int, Function]] = {
    "add": (2, np.add),
    "sub": (2, np.subtract),
    "mul": (2, np.multiply),
    "div": (2, np.divide),
    "fma": (3, fma),
    "sqrt": (1, np.sqrt),
    "rcp": (1, np.reciprocal),
}
_EXACT: dict[str, tuple[int, Function]] = {
    "neg": (1, np.negative),
    "abs": (1, np.abs),
    "copysign": (2, lambda sign, x: np.copysign(x, sign)),
    "min": (2, _ordered(least=True)),
    "max": (2, _ordered(least=False)),
    "min.NaN": (2, _spread(_ordered(least=True))),
    "max.NaN": (2, _spread(_ordered(least=False))),
}
_TESTS: dict[str, Function] = {
    "finite": np.isfinite,
    "infinite": np.isinf,
    "number": lambda x: ~np.isnan(x),
    "notanumber": np.isnan,
    "normal": lambda x: np.isfinite(x) & (np.abs(x) >= np.finfo(x.dtype).tiny),
    "subnormal": lambda x: (x != 0) & (np.abs(x) < np.finfo(x.dtype).tiny),
}


def arithmetic(parts: tuple[str, ...]) -> tuple[int, Function]:
    """The number of operands, and the function, of an opcode on float32 or float64."""
    name, modifiers = parts[0], parts[1:-1]
    if "ftz" in modifiers:
        raise Fault("subnormals are flushed")
    if name in _ROUNDED:
        if modifiers == ("rn",):
            return _ROUNDED[name]
        raise Fault("contractable: no rounding is named" if not modifiers else f"not rounded to nearest: .{'.'.join(modifiers)}")
    exact = ".".join((name, *modifiers))
    if exact in _EXACT:
        return _EXACT[exact]
    raise Fault("unknown opcode")


def test(parts: tuple[str, ...]) -> Function:
    """The function of testp."""
    if parts[1] not in _TESTS:
        raise Fault("unknown opcode")
    return _TESTS[parts[1]]
