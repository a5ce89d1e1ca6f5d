"""All ways through a user's function, made one piece of straight code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from llvmlite import ir

from fastact.numerics.emit import REAL, Value, constant, traced
from fastact.own.number import PLAIN, Number, Trace
from fastact.own.portable import portable
from fastact.record import Record

PATHS = 64
"""Ways through a function from which on it is refused."""


def names(scalar: Callable[..., Any]) -> list[str]:
    """Of the results: y, and its derivatives by each argument."""
    code = scalar.__code__
    return ["y", *(f"dy/d{name}" for name in code.co_varnames[: code.co_argcount])]


def checked(scalar: Callable[..., Any], results: Any) -> tuple[Any, ...]:
    """What the function returned, if it is a number for each of `names`."""
    wanted = names(scalar)
    told = f"expected are {len(wanted)} numbers, ({', '.join(wanted)})"
    if not isinstance(results, tuple | list):
        given = (
            "one number" if isinstance(results, (Number, *PLAIN)) else f"a {type(results).__name__}" if results is not None else "nothing"
        )
        raise TypeError(f"it returns {given}; {told}")
    if len(results) != len(wanted):
        raise TypeError(f"it returns {len(results)} results; {told}")
    for name, r in zip(wanted, results, strict=True):
        if not isinstance(r, (Number, *PLAIN)):
            raise TypeError(f"its result {name} is of type {type(r).__name__}; {told}")
    return tuple(results)


def explore(scalar: Callable[..., Any], width: str, values: Sequence[Value]) -> list[Value]:
    """The results of the scalar for values of a width.

    The function is run once for each way through it. Nothing that it does has effects or can trap, so all ways are computed, and each
    condition selects: a program without branches, as vectors need it.
    """
    function, runs = portable(scalar), 0

    def follow(told: tuple[bool, ...]) -> list[Value]:
        nonlocal runs
        runs += 1
        if runs > PATHS:
            raise TypeError(f"it has more than {PATHS} ways through its conditions; write some of them with select(condition, a, b)")
        trace = Trace(width, told)
        found = checked(scalar, function(*(Number(v, trace) for v in values)))
        numbers = map(trace.unwrap, found)
        results = [n if isinstance(n, Value) else values[0].made(constant(REAL[width], n)) for n in numbers]
        for k in reversed(range(len(told), len(trace.met))):
            others = follow((*told, *[True] * (k - len(told)), False))
            condition = trace.met[k].value
            results = [a.made(a.b.select(condition.ir, a.ir, b.ir)) for a, b in zip(results, others, strict=True)]
        return results

    return follow(())


def results(record: Record, width: str, values: Sequence[Value]) -> list[Any]:
    """LLVM's values of (y, derivatives...) by the scalar of a record."""
    if record.plain:
        return [v.ir for v in explore(record.scalar, width, values)]
    found = traced(record.scalar, width)(*values)
    return [v.ir if isinstance(v, Value) else constant(values[0].type, v) for v in found]


def probe(scalar: Callable[..., Any], width: str) -> str:
    """LLVM code of the scalar, compiled for nothing: whether it can be, is what is asked."""
    assert isinstance(scalar, FunctionType)
    real = REAL[width]
    module = ir.Module("probe")
    count = scalar.__code__.co_argcount
    function = ir.Function(module, ir.FunctionType(ir.LiteralStructType([real] * (1 + count)), [real] * count), "probe")
    builder = ir.IRBuilder(function.append_basic_block())
    results = explore(scalar, width, [Value(builder, a) for a in function.args])
    builder.ret(_struct(builder, [r.ir for r in results]))
    return str(module)


def _struct(builder: Any, parts: list[Any]) -> Any:
    value = ir.Constant(ir.LiteralStructType([p.type for p in parts]), ir.Undefined)
    for k, part in enumerate(parts):
        value = builder.insert_value(value, part, k)
    return value
