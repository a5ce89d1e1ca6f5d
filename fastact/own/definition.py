"""`fastact.define`: an activation of the user's own from one Python function."""

from __future__ import annotations

import inspect
import keyword
import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from types import FunctionType
from typing import Any, overload

import numpy as np

from fastact.activation import Activation
from fastact.own import paths
from fastact.own.portable import portable
from fastact.record import UNKNOWN, Budget, Interval, Kink, Limits, Param, Record, Scalar, Value

MOST = 3
"""Parameters of a function, so that with bias and scale all their gradients fit one pass."""

_RESERVED = frozenset(
    ("x", "dx", "dy", "bias", "scale", "out", "where", "wrt", "accumulate", "dtype", "casting", "order", "subok", "signature", "extobj")
)


@overload
def define(scalar: Callable[..., Any], /, **options: Any) -> Activation: ...


@overload
def define(scalar: None = None, /, **options: Any) -> Callable[[Callable[..., Any]], Activation]: ...


def define(  # type: ignore[misc]
    scalar: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    params: Mapping[str, float | Param] | None = None,
    constant: Sequence[str] = (),
    formula: str = "",
    derivative: str = "",
    range: Interval | tuple[Value, Value] = (-math.inf, math.inf),  # noqa: A002
    limits: Limits | tuple[Value, Value] | None = None,
    derivative_limits: Limits | tuple[Value, Value] | None = None,
    kinks: Sequence[Kink | Value] = (),
    roots: Sequence[Value] = (),
    reach: Value = math.inf,
    flat: bool = False,
    odd: bool = False,
    monotone: bool = False,
    budget: Budget | None = None,
    source: str = "",
) -> Any:
    """Make an activation of one Python function; also a decorator, with or without arguments.

    Parameters
    ----------
    scalar : function
        ``(x, *params) -> (y, dy/dx, dy/dparam...)`` for one number, with what `fastact.scalars` tells. Its code is run once for each
        width, when a loop is compiled, on numbers that write machine code: arithmetic is in the width of the loop whatever the
        literals, an ``if`` on x becomes a selection, and `math.exp` is fastact's. Parameters have their names, and their defaults,
        from its signature; at most 3.
    name : str, optional
        By default that of the function.
    params : mapping of str to float or Param, optional
        Defaults that are not in the signature; a parameter without one must be given in each call.
    constant : sequence of str, optional
        Parameters that are not trainable: `backward` returns no gradient for them unless `wrt` asks.
    formula, derivative : str, optional
        In LaTeX.
    range : (low, high), optional
        What values f takes; by default all.
    limits, derivative_limits : pair, optional
        Of f and f' at -inf and +inf; by default what the function gives there.
    kinks : sequence, optional
        Points where f or f' jumps: numbers, functions of the parameters, or `Kink`.
    roots : sequence, optional
        Zeros of f', next to which a relative error has no meaning.
    reach : number, optional
        The largest abs(x) for which the function is meant.
    flat : bool, optional
        Where f' is 0 gradients are +0 whatever comes in, also inf and NaN.
    odd, monotone : bool, optional
        What `fastact.testing.check_activation` then checks.
    budget : Budget, optional
        Largest errors in ulp; by default infinite: nothing is promised.
    source : str, optional
        Where the function comes from.

    Returns
    -------
    Activation
        With all that those of fastact have, but for the C reference, longdouble, and the forms of backward from y or from a mask.

    Raises
    ------
    TypeError
        If `scalar` is not such a function. The error of Python is its cause, and shows the line.
    ValueError
        If a name is unknown, reserved, or no identifier of ASCII letters.

    Examples
    --------
    >>> @define
    ... def bump(x, width=1.0):
    ...     u = x / width
    ...     y = math.exp(-u * u)
    ...     return y, -2 * u / width * y, 2 * u * u / width * y
    >>> float(bump(0.5))
    0.7788007830714049
    """
    if scalar is None:
        options = {k: v for k, v in locals().items() if k != "scalar"}
        return lambda function: define(function, **options)
    function = _function(scalar)
    constant = (constant,) if isinstance(constant, str) else constant
    if not isinstance(params, Mapping | None):
        raise TypeError(f"define: params is {params!r}; accepted is a mapping of names to defaults")
    label = _name(function, name)
    own = _params(label, function, params or {}, constant)
    told = rf"\mathrm{{{label}}}".replace("_", r"\_")
    record = Record(
        scalar=function,
        formula=formula or f"{told}(x)",
        derivative=derivative or f"{told}'(x)",
        range=_pair("range", range, Interval),
        limits=_limits("limits", limits, function, 0),
        derivative_limits=_limits("derivative_limits", derivative_limits, function, 1),
        budget=budget or Budget(UNKNOWN, UNKNOWN, UNKNOWN),
        source=source,
        params=own,
        kinks=tuple(k if isinstance(k, Kink) else Kink(k, _slope(function, k)) for k in _sequence("kinks", kinks)),
        roots=_sequence("roots", roots),
        reach=reach,
        flat=flat,
        odd=odd,
        monotone=monotone,
        label=label,
        reference=None,
        plain=True,
    )
    for width in ("float32", "float64"):
        _probe(label, function, width)
    return Activation(record)


def _function(scalar: Any) -> FunctionType:
    function = getattr(scalar, "py_func", scalar)
    if isinstance(function, FunctionType):
        return function
    given = f"the class {function.__name__}" if isinstance(function, type) else f"{function!r}, of type {type(function).__name__}"
    raise TypeError(f"define: scalar is {given}; accepted is a plain Python function (x, *params) -> (y, dy/dx, dy/dparam...)")


def _name(function: FunctionType, given: str | None) -> str:
    name = function.__name__ if given is None else given
    if name == "<lambda>":
        raise ValueError("define: a lambda has no name; give one by name=")
    if not (isinstance(name, str) and name.isidentifier() and name.isascii()) or keyword.iskeyword(name):
        raise ValueError(f"define: name is {name!r}; accepted are identifiers of ASCII letters, digits and _")
    return name


def _params(name: str, function: FunctionType, given: Mapping[str, float | Param], constant: Sequence[str]) -> tuple[Param, ...]:
    parameters = list(inspect.signature(function, follow_wrapped=False).parameters.values())
    for p in parameters:
        if p.kind not in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
            raise TypeError(
                f"define: {name} has the argument {p.replace(annotation=p.empty)}; accepted are x and named parameters, without * and **"
            )
    if not parameters:
        raise TypeError(f"define: {name} takes no argument; accepted is a function (x, *params) -> (y, dy/dx, dy/dparam...)")
    names = [p.name for p in parameters[1:]]
    for what, asked in (("params", given), ("constant", constant)):
        if unknown := [n for n in asked if n not in names]:
            raise ValueError(f"define: {what} names {', '.join(unknown)}; the parameters of {name} are {', '.join(names) or 'none'}")
    if taken := [n for n in names if n in _RESERVED or not n.isascii()]:
        raise ValueError(f"define: {name} has the parameter {taken[0]}, a name that calls use otherwise; choose another")
    if len(names) > MOST:
        raise TypeError(f"define: {name} has {len(names)} parameters; accepted are at most {MOST}")
    return tuple(_param(name, p, given.get(p.name, p.default), p.name not in constant) for p in parameters[1:])


def _param(name: str, p: inspect.Parameter, default: Any, trainable: bool) -> Param:
    if isinstance(default, Param):
        return default
    if default is p.empty:
        return Param(p.name, None, (1.0,), trainable)
    if not isinstance(default, Real | np.floating | np.integer):
        raise TypeError(f"define: the default of {name}'s {p.name} is {default!r}; accepted is a real number")
    return Param(p.name, float(default), (float(default),), trainable)


def evaluate(scalar: Scalar, *arguments: float) -> tuple[Any, ...]:
    """The results of a user's function, run as Python in float64."""
    with np.errstate(all="ignore"):
        return tuple(portable(scalar)(*map(np.float64, arguments)))


def _pair(what: str, given: Any, kind: type[Any]) -> Any:
    if isinstance(given, kind):
        return given
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise TypeError(f"define: {what} is {given!r}; accepted is a pair of numbers or functions of the parameters")
    return kind(*given)


def _sequence(what: str, given: Any) -> tuple[Any, ...]:
    if not isinstance(given, tuple | list):
        raise TypeError(f"define: {what} is {given!r}; accepted is a tuple or list, of one place too")
    return tuple(given)


def _limits(what: str, given: Any, scalar: FunctionType, which: int) -> Limits:
    if given is not None:
        return _pair(what, given, Limits)  # type: ignore[no-any-return]

    def end(x: float) -> Callable[..., float]:
        return lambda *params: float(evaluate(scalar, x, *params)[which])

    return Limits(end(-math.inf), end(math.inf))


def _slope(scalar: FunctionType, at: Value) -> Callable[..., float]:
    return lambda *params: float(evaluate(scalar, at(*params) if callable(at) else at, *params)[1])


def _probe(name: str, function: FunctionType, width: str) -> None:
    """Trace the function once; a helper of it may still be to come, and is then looked for in the first call."""
    try:
        paths.probe(function, width)
    except NameError:
        return
    except Exception as error:
        told = error if isinstance(error, TypeError) else f"{type(error).__name__} {error}".strip()
        raise TypeError(f"define: {name} cannot be compiled: {told}") from error
