"""Scalars for the user's own compiled code: functions for `numba.njit`, and plain C functions by address."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.errors import TypingError
from numba.core.registry import cpu_target
from numba.core.typing.templates import infer_global, make_intrinsic_template

from fastact.cpu import target
from fastact.cpu.loops import Kernel, compile_kernel
from fastact.directions import STORAGE, Direction
from fastact.numerics.emit import REAL, Value
from fastact.own import paths
from fastact.record import Record

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

ACCEPTED = tuple(name for name in STORAGE if name != "longdouble")
Loop = Literal["forward", "backward", "derivative", "value_and_grad"]
LOOPS: tuple[Loop, ...] = get_args(Loop)
RETURNED: tuple[Loop, ...] = ("forward", "derivative")
_serial = itertools.count()
_plain: dict[tuple[Record, Direction, str, bool], Kernel] = {}


class Scalar:
    """A scalar that can be called in code of `numba.njit`, and from Python.

    The width is that of the first argument: float16 and float32 are computed in float32, all else in float64. Arguments are positional or
    by keyword, and are cast to the width. It is pickled by the name of its function.
    """

    def __init__(self, owner: Any, *, gradients: bool) -> None:
        self._owner, self._attribute = owner, "scalar_grad" if gradients else "scalar"
        self.__name__ = self.__qualname__ = f"{owner.name}.{self._attribute}"
        self.__module__, self.__doc__, self.__signature__ = "fastact", owner.record.summary, call_signature(owner.record)

    def __repr__(self) -> str:
        return f"<fastact {self.__name__}{self.__signature__}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._owner, self._attribute)

    def __call__(self, *given: Any, **named: Any) -> Any:
        """(y, derivatives...), or y alone, as numbers of Python."""
        try:
            bound = self.__signature__.bind(*given, **named)
        except TypeError as error:
            raise TypeError(f"{self.__name__}: {error}; accepted is {self.__signature__}") from None
        bound.apply_defaults()
        for name, number in bound.arguments.items():
            kind = np.asarray(number).dtype
            if np.ndim(number) or (kind.kind not in "fiub" and kind.name != "bfloat16"):
                raise TypeError(f"{self.__name__}: {name} is of type {type(number).__name__}; accepted are real numbers")
        real = np.float32 if isinstance(bound.args[0], np.float32 | np.float16) else np.float64
        with np.errstate(all="ignore"):
            return _from_python(self)(*map(real, bound.args))


@functools.cache
def _from_python(scalar: Scalar) -> Callable[..., Any]:
    return njit(lambda *given: scalar(*given))  # type: ignore[no-any-return]  # noqa: PLW0108


def call_signature(record: Record) -> inspect.Signature:
    """Operands and parameters, with their defaults."""
    none, kind = inspect.Parameter.empty, inspect.Parameter.POSITIONAL_OR_KEYWORD
    own = [*((operand, none) for operand in record.operands), *((p.name, none if p.default is None else p.default) for p in record.params)]
    return inspect.Signature([inspect.Parameter(name, kind, default=default) for name, default in own])


def _write(module: Any, name: str, record: Record, width: str, kind: Any, choose: Callable[[Any, list[Any]], Any]) -> None:
    """A function that returns what is chosen of the scalar's results."""
    count = len(record.operands) + len(record.params)
    function = ir.Function(module, ir.FunctionType(kind, [REAL[width]] * count), name)
    function.attributes.add("alwaysinline")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    builder.ret(choose(builder, paths.results(record, width, [Value(builder, a) for a in function.args])))


@functools.cache
def _inlined(record: Record, width: str) -> tuple[Any, Any, str]:
    """The scalar of a width for code of Numba: the library, what it returns, and its name there."""
    kind = ir.ArrayType(REAL[width], 1 + len(record.operands) + len(record.params))
    name = f"fastact_scalar_{record.name}_{width}_{next(_serial)}"

    def whole(builder: Any, results: list[Any]) -> Any:
        made = ir.Constant(kind, ir.Undefined)
        for k, value in enumerate(results):
            made = builder.insert_value(made, value, k)
        return made

    with global_compiler_lock:
        library = cpu_target.target_context.codegen().create_library(name)
        module = library.create_ir_module(name)
        _write(module, name, record, width, kind, whole)
        library.add_ir_module(module)
        library.finalize()
    return library, kind, name


@functools.cache
def embedded(owner: Any, *, gradients: bool) -> Scalar:
    """The scalar of an activation or gate, or only its y, made known to Numba.

    It is code of its own, to which options of the caller, `fastmath` above all, do not extend, and is then inlined.
    """
    function, record = Scalar(owner, gradients=gradients), owner.record

    def define(typing: Any, *given: Any, **named: Any) -> Any:
        """Numba's view: the types of a call, and what emits its code."""
        try:
            kinds = function.__signature__.bind(*given, **named).arguments
        except TypeError as error:
            raise TypingError(f"{function.__name__}: {error}; accepted is {function.__signature__}") from None
        for argument, kind in kinds.items():
            if not isinstance(kind, types.Float | types.Integer | types.Boolean | types.Omitted):  # type: ignore[attr-defined]
                told = "accepted are numbers: floats, integers and bool"
                raise TypingError(f"{function.__name__}: {argument} is of type {kind}; {told}")
        width = "float32" if next(iter(kinds.values())) in (types.float16, types.float32) else "float64"
        real, count = getattr(types, width), len(function.__signature__.parameters)
        result: Any = types.UniTuple(real, 1 + count) if gradients else real  # type: ignore[attr-defined]

        def lower(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            library, kind, name = _inlined(record, width)
            context.add_linking_libs([library])
            known = builder.module.globals.get(name)
            called = known or ir.Function(builder.module, ir.FunctionType(kind, [REAL[width]] * count), name)
            results = builder.call(called, values)
            return results if gradients else builder.extract_value(results, 0)

        return result(*[real] * count), lower

    define.__name__, define.__doc__ = function.__name__.replace(".", "_"), record.summary
    typed, own = inspect.Parameter("typing", inspect.Parameter.POSITIONAL_OR_KEYWORD), function.__signature__.parameters
    define.__signature__ = inspect.Signature([typed, *own.values()])  # type: ignore[attr-defined]
    infer_global(function, types.Function(make_intrinsic_template(function, define, define.__name__)))
    return function


def on_device(record: Record, *, gradients: bool) -> Callable[..., Any]:
    """The same for kernels of `numba.cuda`, which is imported here."""
    from fastact.cuda import embed

    return embed.embedded(record, gradients=gradients)


def _property(gradients: bool, beside: str) -> property:
    told = f"As `{beside}`, for use inside `numba.cuda.jit`: needs numba-cuda."
    return property(lambda self: on_device(self.record, gradients=gradients), doc=told)


cuda_scalar, cuda_scalar_grad = _property(False, "scalar"), _property(True, "scalar_grad")


def _returning(record: Record, dtype: str, direction: Direction) -> Kernel:
    """``T f(T x, T param...)``, which returns y or dy/dx."""
    name = f"fastact_scalar_{record.name}_{direction}_{dtype}"
    module = ir.Module(name)
    module.triple = target.triple()
    _write(module, name, record, dtype, REAL[dtype], lambda _, results: results[direction == "derivative"])
    text = str(module)
    return Kernel(name, target.load(name, [text], lambda: target.compile_object(text, name)))


def dtype_name(call: str, dtype: Any, accepted: tuple[str, ...], beside: str = "") -> str:
    """The name of a dtype, given as NumPy takes it."""
    try:
        name = dtype if isinstance(dtype, str) and dtype in accepted else np.dtype(dtype).name
    except TypeError:
        name = ""
    if dtype is None or name not in accepted:
        raise TypeError(f"{call}: dtype is {dtype!r}; accepted{beside} are {', '.join(accepted)}")
    return name


def address(owner: Any, dtype: DTypeLike = "float32", direction: Loop = "forward", *, scalar: bool = False) -> int:
    """Address of a plain C function, compiled on demand and valid as long as the process lives; `fastact.get_include` has its type.

    Parameters
    ----------
    dtype : {"float16", "bfloat16", "float32", "float64"}
        Element type T, by its name or as a dtype of NumPy. Parameters are P: float32, or float64 for float64.
    direction : {"forward", "backward", "derivative", "value_and_grad"}
        ``void f(intptr_t n, const T *x, const P *param..., T *y)``; backward has dy before x, and value_and_grad d after y. Each parameter
        points to one value. Of a gate, a and b stand for x, and there is an output for each of the results. Arrays are dense; outputs may
        be inputs.
    scalar : bool
        Instead ``T f(T x, T param...)``, which returns y, or with "derivative" dy/dx (dy/da); for float32 and float64.

    Returns
    -------
    int
        The address. The loop uses the calling thread alone and may be called from many at once, without Python's lock.

    Raises
    ------
    TypeError
        If the dtype is none of these.
    ValueError
        If the direction is none of these.
    """
    record, call = owner.record, f"{owner.name}.address"
    dtypes, directions = (tuple(REAL), RETURNED) if scalar else (ACCEPTED, LOOPS)
    beside = " beside scalar=True" if scalar else ""
    name = dtype_name(call, dtype, dtypes, beside)
    if direction not in directions:
        raise ValueError(f"{call}: direction is {direction!r}; accepted{beside} are {', '.join(directions)}")
    key = record, direction, name, scalar
    if key not in _plain:
        made = _returning(record, name, direction) if scalar else compile_kernel(record, direction, name, plain=True)
        _plain.setdefault(key, made)
    return _plain[key].address
