"""Scalars for the user's own kernels of `numba.cuda`, with the bits of the array calls.

libNVVM contracts plain products and sums, so every operation is an intrinsic that rounds to nearest. What is emitted is what its
dialect of LLVM 7 has: neither fneg, nor fabs, nor copysign.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir

from fastact.errors import CudaUnavailableError
from fastact.numerics import bits
from fastact.numerics.emit import DOUBLE, FLOAT, REAL, Value, constant
from fastact.own import paths
from fastact.record import Record

_SUFFIX = {FLOAT: "f", DOUBLE: "d"}
_ASSEMBLY = {FLOAT: ("f32", "f"), DOUBLE: ("f64", "d")}
_NEEDED = "numba-cuda 0.30, with NumPy before 2.5 (pip install 'fastact[numba-cuda]')"


class Rounded(Value):
    """A value of float32 or float64 whose operations are rounded to nearest one by one, whatever the options of the compiler."""

    __slots__ = ()

    def _nearest(self, operation: str, *operands: Any) -> Value:
        name, module = f"llvm.nvvm.{operation}.rn.{_SUFFIX[self.type]}", self.b.module
        function = module.globals.get(name) or ir.Function(module, ir.FunctionType(self.type, [self.type] * len(operands)), name)
        return self.made(self.b.call(function, operands))

    def made(self, value: Any) -> Value:
        """A value of the same function."""
        return Rounded(self.b, value)

    def __add__(self, other: Any) -> Value:
        return self._nearest("add", self.ir, self.like(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Value:
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Value:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Value:
        return self._nearest("mul", self.ir, self.like(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Value:
        return self._nearest("div", self.ir, self.like(other))

    def __rtruediv__(self, other: Any) -> Value:
        return self._nearest("div", self.like(other), self.ir)

    def __neg__(self) -> Value:
        return self.made(self.b.fsub(constant(self.type, -0.0), self.ir))

    def fused(self, a: Any, b: Any, c: Any) -> Value:
        """a·b + c with one rounding, hidden from the compiler: it makes a sum to be contracted of a product by 1."""
        kind, (real, letter) = self.type, _ASSEMBLY[self.type]
        code = ir.InlineAsm(ir.FunctionType(kind, [kind] * 3), f"fma.rn.{real} $0, $1, $2, $3;", ",".join([f"={letter}", *letter * 3]))
        return self.made(self.b.call(code, [a, b, c]))

    def root(self) -> Value:
        """√x, correctly rounded."""
        return self._nearest("sqrt", self.ir)

    def signed(self, size: Any, sign: Any) -> Value:
        """|size| with the sign bit of `sign`."""
        return self.made(bits.CODE[bits.copysign](self.b, size, sign))

    def size(self) -> Value:
        """|x|."""
        return self.signed(self.ir, constant(self.type, 0.0))


def emit(builder: Any, record: Record, values: list[Any]) -> list[Any]:
    """The scalar's results (y, derivatives...) of values of one width."""
    kind = values[0].type
    width = next(name for name, real in REAL.items() if real == kind)
    return paths.results(record, width, [Rounded(builder, v) for v in values])


@functools.cache
def embedded(record: Record, *, gradients: bool) -> Callable[..., Any]:
    """`record.scalar`, or only its y, as a function that can be called in kernels and device functions of `numba.cuda.jit`.

    The width is that of the first argument: float16 and float32 are computed in float32, all else in float64.

    Raises
    ------
    CudaUnavailableError
        If numba-cuda is missing, or does not work with the NumPy that is installed.
    """
    name = f"{record.name}.cuda_scalar{'_grad' * gradients}"
    make, types, mistyped = _numba(name)
    call = _signature(record)
    count = len(call.parameters)

    def define(typing: Any, *given: Any, **named: Any) -> Any:
        """Numba's view: the types of a call, and what emits its code."""
        try:
            kinds = call.bind(*given, **named).arguments
        except TypeError as error:
            raise mistyped(f"{name}: {error}; accepted is {call}") from None
        for argument, kind in kinds.items():
            if not isinstance(kind, types.Float | types.Integer | types.Boolean):
                raise mistyped(f"{name}: {argument} is of type {kind}; accepted are numbers: floats, integers and bool")
        real = types.float32 if next(iter(kinds.values())) in (types.float16, types.float32) else types.float64
        result = types.UniTuple(real, 1 + count) if gradients else real

        def lower(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            results = emit(builder, record, list(values))
            return context.make_tuple(builder, result, results) if gradients else results[0]

        return result(*[real] * count), lower

    define.__name__, define.__doc__ = name.replace(".", "_"), record.summary
    typed = inspect.Parameter("typing", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    define.__signature__ = call.replace(parameters=[typed, *call.parameters.values()])  # type: ignore[attr-defined]
    function: Callable[..., Any] = make(define)
    function.__signature__ = call  # type: ignore[attr-defined]
    return function


def _signature(record: Record) -> inspect.Signature:
    """Operands and parameters, with their defaults."""
    none, kind = inspect.Parameter.empty, inspect.Parameter.POSITIONAL_OR_KEYWORD
    own = [*((operand, none) for operand in record.operands), *((p.name, none if p.default is None else p.default) for p in record.params)]
    return inspect.Signature([inspect.Parameter(name, kind, default=default) for name, default in own])


def _numba(name: str) -> tuple[Any, Any, Any]:
    """What makes a function known to numba-cuda, Numba's types, and its error for wrong ones."""
    try:
        importlib.import_module("numba_cuda")  # without it, numba.cuda is another one, which its authors have given up
        from numba.core import types
        from numba.core.errors import TypingError
        from numba.cuda.extending import intrinsic
    except ImportError as error:
        raise CudaUnavailableError(f"{name} needs {_NEEDED}; {error}") from error
    if not hasattr(np, "row_stack"):
        raise CudaUnavailableError(f"{name} needs {_NEEDED}; NumPy {np.__version__} is installed")
    return intrinsic, types, TypingError
