"""The kernels' check against the C reference can fail: every number in a scalar and in the numerics is changed in turn."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

import judge
import numpy as np
import pytest
from cases import parameters

import fastact
from fastact import oracle, reference
from fastact.numerics import bits, f64
from fastact.record import at

BOUND = 4.0
Swap = dict[Any, CodeType]


def called(function: FunctionType) -> Iterator[tuple[str, FunctionType]]:
    """Plain functions that `function` calls, but for the primitives."""
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        if isinstance(value, FunctionType) and value not in bits.CODE and value is not bits.real:
            yield name, value


def reached(function: FunctionType) -> set[FunctionType]:
    return {function}.union(*(reached(f) for _, f in called(function)))


def plain(function: FunctionType, swap: Swap) -> Callable[..., Any]:
    """`function` in plain Python over float64, with the code in `swap` in place of its own, at any depth."""
    scope = {**function.__globals__, **{name: plain(f, swap) for name, f in called(function)}}
    return FunctionType(swap.get(function, function.__code__), scope, function.__name__)


def literals(function: FunctionType) -> Iterator[tuple[str, Swap]]:
    """Each number in the code: zero becomes a half, others grow by a millionth."""
    code = function.__code__
    for k, c in enumerate(code.co_consts):
        if isinstance(c, int | float) and not isinstance(c, bool):
            constants = (*code.co_consts[:k], c * 1.000001 or 0.5, *code.co_consts[k + 1 :])
            yield f"{function.__name__}: {c}", {function: code.replace(co_consts=constants)}


def larger(c: Any) -> Any:
    """A hundred times the constant."""
    with np.errstate(over="ignore"):
        return c * 100


def constants(function: FunctionType) -> Iterator[tuple[str, str, Any]]:
    """Each number of the numerics that `function` uses, a hundred times too large; of a table, each coefficient."""
    for name in sorted({n for f in reached(function) for n in f.__code__.co_names if n in vars(f64) and n.isupper()}):
        value = getattr(f64, name)
        if isinstance(value, bool):
            continue
        if not isinstance(value, tuple):
            yield name, name, larger(value)
            continue
        for k, c in enumerate(value):
            yield f"{name}[{k}]", name, (*value[:k], larger(c), *value[k + 1 :])


def largest_terms(activation: fastact.Activation, x: Any, params: tuple[float, ...]) -> list[Any]:
    """In whose ulp errors of the value and of each derivative count; beyond the reach derivatives may be off by 2."""
    terms = activation.record.terms or (lambda *_: 0.0,) * (1 + len(params))
    outside = np.isfinite(x) & (abs(x) > at(activation.record.reach, *params))
    with np.errstate(all="ignore"):
        loose = (0.0, 2.0**51, *[np.inf] * len(params))
        return [np.where(outside, size, term(x, *params)) for size, term in zip(loose, (lambda *_: 0.0, *terms), strict=True)]


@functools.cache
def expected(activation: fastact.Activation) -> list[tuple[np.float64, tuple[np.float64, ...], list[Any]]]:
    """Points with the parameters, and what is true there, each value with its largest term, in an order that mixes all regions."""
    found = []
    for params in parameters(activation):
        around = [at(root, *params) + d for root in activation.record.roots for d in np.linspace(-0.28, 0.28, 41)]
        beyond = [2.0**35 * at(activation.record.reach, *params)]
        x = np.array([*judge.points(7, 40, params), *around, *beyond, 700.0, -np.inf, np.inf])
        calls = [reference.forward(activation.name, x, *params), reference.derivative(activation.name, x, *params)]
        calls += [reference.param_derivative(activation.name, k, x, *params) for k in range(len(params))]
        least = [np.broadcast_to(size, x.shape) for size in largest_terms(activation, x, params)]
        judged = [list(zip(truth, size, strict=True)) for truth, size in zip(calls, least, strict=True)]
        found += [(v, tuple(map(np.float64, params)), list(truths)) for v, *truths in zip(x, *judged, strict=True)]
    return [found[k] for k in np.random.default_rng(0).permutation(len(found))]


def wrong(y: Any, truth: Any, least: Any) -> bool:
    if not np.isfinite(truth):
        return bool(y != truth and not (np.isnan(y) and np.isnan(truth)))
    if np.isinf(least):
        return not np.isfinite(y)
    return bool(np.isnan(y)) or not judge.ulps(np.float64(y), oracle.exact(truth), oracle.exact(least)) <= BOUND


def noticed(activation: fastact.Activation, swap: Swap) -> bool:
    """Whether any value or derivative leaves the bound; a change that cannot be computed is noticed too."""
    scalar = plain(activation.record.scalar, swap)
    with np.errstate(all="ignore"):
        for x, params, truths in expected(activation):
            try:
                if any(wrong(y, *truth) for y, truth in zip(scalar(x, *params), truths, strict=True)):
                    return True
            except (ArithmeticError, ValueError):
                return True
    return False


@pytest.mark.parametrize("activation", fastact.ACTIVATIONS, ids=lambda a: a.name)
def test_every_changed_number_of_a_scalar_is_noticed(activation: fastact.Activation, monkeypatch: pytest.MonkeyPatch) -> None:
    scalar = activation.record.scalar
    assert not noticed(activation, {})
    changes = [change for f in reached(scalar) for change in literals(f)]
    unnoticed = [name for name, swap in changes if not noticed(activation, swap)]
    tables = list(constants(scalar))
    for name, attribute, value in tables:
        monkeypatch.setattr(f64, attribute, value)
        if not noticed(activation, {}):
            unnoticed.append(name)
        monkeypatch.undo()
    assert changes or tables
    assert not unnoticed
