"""Values of machine code under construction: the numerics' own functions, run on them, write LLVM code for scalars or vectors."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, overload

import numpy as np
from llvmlite import ir

from fastact.numerics import bits
from fastact.numerics.bind import resolved

I1, I8, I16, I32, I64 = (ir.IntType(n) for n in (1, 8, 16, 32, 64))
HALF, FLOAT, DOUBLE, PTR = ir.HalfType(), ir.FloatType(), ir.DoubleType(), ir.PointerType()
REAL = {"float32": FLOAT, "float64": DOUBLE}
_NAMES = {I1: "i1", I8: "i8", I16: "i16", I32: "i32", I64: "i64", HALF: "f16", FLOAT: "f32", DOUBLE: "f64", PTR: "p0"}
_INTEGER = {FLOAT: (I32, 23), DOUBLE: (I64, 52)}
_OF_NUMPY = {np.float32: FLOAT, np.float64: DOUBLE}


def vector(scalar: Any, like: Any) -> Any:
    """`scalar` as the element of a vector as long as the type `like`, or itself where that is no vector."""
    return ir.VectorType(scalar, like.count) if isinstance(like, ir.VectorType) else scalar


def element(kind: Any) -> Any:
    """The type of one element."""
    return kind.element if isinstance(kind, ir.VectorType) else kind


def mangled(kind: Any) -> str:
    """How the names of LLVM's intrinsics spell a type."""
    return f"v{kind.count}{_NAMES[kind.element]}" if isinstance(kind, ir.VectorType) else _NAMES[kind]


def constant(kind: Any, number: Any) -> Any:
    """A number in every element of a type."""
    number = float(number) if isinstance(element(kind), (ir.FloatType, ir.DoubleType, ir.HalfType)) else int(number)
    return ir.Constant(kind, [ir.Constant(kind.element, number)] * kind.count if isinstance(kind, ir.VectorType) else number)


def intrinsic(builder: Any, name: str, result: Any, arguments: Sequence[Any], *overloads: Any) -> Any:
    """Call an LLVM intrinsic that is overloaded for the types given."""
    full = ".".join(["llvm", name, *map(mangled, overloads)])
    function = builder.module.globals.get(full)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(result, [a.type for a in arguments]), full)
    return builder.call(function, arguments)


class Value:
    """A scalar or vector of floats, integers or bits; arithmetic on it emits one instruction each, without contraction."""

    __slots__ = ("b", "ir")
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, builder: Any, value: Any) -> None:
        self.b, self.ir = builder, value

    def __bool__(self) -> bool:
        raise TypeError("a value under construction is neither true nor false: choose by `select`")

    @property
    def type(self) -> Any:
        """The LLVM type."""
        return self.ir.type

    def like(self, other: Any) -> Any:
        """`other` as an operand beside this value: a number is repeated."""
        return other.ir if isinstance(other, Value) else constant(self.type, other)

    def made(self, value: Any) -> Value:
        """A value of the same function."""
        return Value(self.b, value)

    def __add__(self, other: Any) -> Value:
        return self.made(self.b.fadd(self.ir, self.like(other)))

    def __radd__(self, other: Any) -> Value:
        return self.made(self.b.fadd(self.like(other), self.ir))

    def __sub__(self, other: Any) -> Value:
        return self.made(self.b.fsub(self.ir, self.like(other)))

    def __rsub__(self, other: Any) -> Value:
        return self.made(self.b.fsub(self.like(other), self.ir))

    def __mul__(self, other: Any) -> Value:
        return self.made(self.b.fmul(self.ir, self.like(other)))

    def __rmul__(self, other: Any) -> Value:
        return self.made(self.b.fmul(self.like(other), self.ir))

    def __truediv__(self, other: Any) -> Value:
        return self.made(self.b.fdiv(self.ir, self.like(other)))

    def __rtruediv__(self, other: Any) -> Value:
        return self.made(self.b.fdiv(self.like(other), self.ir))

    def __neg__(self) -> Value:
        return self.made(self.b.fneg(self.ir))

    def __lt__(self, other: Any) -> Value:
        return self._compare("<", other)

    def __le__(self, other: Any) -> Value:
        return self._compare("<=", other)

    def __gt__(self, other: Any) -> Value:
        return self._compare(">", other)

    def __ge__(self, other: Any) -> Value:
        return self._compare(">=", other)

    def __eq__(self, other: object) -> Value:  # type: ignore[override]
        return self._compare("==", other)

    def __ne__(self, other: object) -> Value:  # type: ignore[override]
        return self.made(self.b.fcmp_unordered("!=", self.ir, self.like(other)))

    def _compare(self, sign: str, other: Any) -> Value:
        compare = self.b.icmp_signed if isinstance(element(self.type), ir.IntType) else self.b.fcmp_ordered
        return self.made(compare(sign, self.ir, self.like(other)))

    def __and__(self, other: Any) -> Value:
        return self.made(self.b.and_(self.ir, self.like(other)))

    def __or__(self, other: Any) -> Value:
        return self.made(self.b.or_(self.ir, self.like(other)))

    __rand__, __ror__ = __and__, __or__

    def fused(self, a: Any, b: Any, c: Any) -> Value:
        """a·b + c with one rounding."""
        return self.made(intrinsic(self.b, "fma", self.type, [a, b, c], self.type))

    def size(self) -> Value:
        """|x|."""
        return self.made(intrinsic(self.b, "fabs", self.type, [self.ir], self.type))

    def signed(self, size: Any, sign: Any) -> Value:
        """|size| with the sign bit of `sign`."""
        return self.made(intrinsic(self.b, "copysign", self.type, [size, sign], self.type))

    def root(self) -> Value:
        """√x, correctly rounded."""
        return self.made(intrinsic(self.b, "sqrt", self.type, [self.ir], self.type))

    def double(self) -> Value:
        """Exactly, in float64."""
        kind = vector(DOUBLE, self.type)
        return self if self.type == kind else self.made(self.b.fpext(self.ir, kind))

    def to(self, real: Any) -> Value:
        """In the float type `real`; rounded once where that is narrower."""
        kind = vector(real, self.type)
        if self.type == kind:
            return self
        return self.made((self.b.fpext if real is DOUBLE else self.b.fptrunc)(self.ir, kind))


def fma(a: Any, b: Any, c: Any) -> Value:
    """a·b + c with one rounding; any of the three may be a number."""
    v = next((o for o in (a, b, c) if isinstance(o, Value)), None)
    if v is None:
        return bits.fma(a, b, c)  # type: ignore[no-any-return]
    return v.fused(v.like(a), v.like(b), v.like(c))


@overload
def select(condition: Value, a: Any, b: Any) -> Value: ...


@overload
def select(condition: bool, a: Any, b: Any) -> Any: ...


def select(condition: Any, a: Any, b: Any) -> Any:
    """Element by element; one of the two may be a number, and both if they are of NumPy's types."""
    if not isinstance(condition, Value):
        return a if condition else b
    kind = next((v.type for v in (a, b) if isinstance(v, Value)), None) or vector(_OF_NUMPY[type(a)], condition.type)
    chosen = [v.ir if isinstance(v, Value) else constant(kind, v) for v in (a, b)]
    return condition.made(condition.b.select(condition.ir, *chosen))


@overload
def absolute(x: Value) -> Value: ...


@overload
def absolute(x: float) -> float: ...


def absolute(x: Any) -> Any:
    """|x|, also of a number."""
    return x.size() if isinstance(x, Value) else bits.absolute(x)


def copysign(x: Any, sign: Any) -> Value:
    """|x| with the sign bit of `sign`; one of them may be a number."""
    v = x if isinstance(x, Value) else sign
    return v.signed(v.like(x), v.like(sign))


def exponent_from_low_bits(t: Value) -> Value:
    """As `bits.exponent_from_low_bits`."""
    integer, shift = _INTEGER[element(t.type)]
    kind = vector(integer, t.type)
    return t.made(t.b.bitcast(t.b.shl(t.b.bitcast(t.ir, kind), constant(kind, shift)), t.type))


def horner(x: Any, coefficients: Any) -> Any:
    """As `bits.horner`."""
    return functools.reduce(lambda value, c: fma(value, x, c), coefficients[-2::-1], coefficients[-1])


def polynomial(coefficients: Any, square: Any, x: Any) -> Any:
    """As `bits.polynomial`."""
    return fma(horner(square, coefficients[1::2]), x, horner(square, coefficients[::2])) if len(coefficients) > 1 else coefficients[0]


_PRIMITIVES: dict[Any, Callable[..., Any]] = {
    bits.fma: fma,
    bits.select: select,
    bits.absolute: absolute,
    bits.sqrt: lambda x: x.root(),
    bits.copysign: copysign,
    bits.horner: horner,
    bits.polynomial: polynomial,
    bits.exponent_from_low_bits: exponent_from_low_bits,
    **{p: lambda x, code=bits.CODE[p]: x.made(code(x.b, x.ir)) for p in (bits.exponent_of, bits.mantissa_of)},
}


@functools.cache
def traced(function: Callable[..., Any], width: str) -> Callable[..., Any]:
    """A function of the numerics, with all that it calls, for values of a width ("float32", "float64")."""
    if function in _PRIMITIVES:
        return _PRIMITIVES[function]
    assert isinstance(function, FunctionType)
    scope = resolved(function, width, lambda value: traced(value, width))
    return FunctionType(function.__code__, scope, function.__name__, function.__defaults__)
