"""Errors against the C reference, in units in the last place of the true value, stay within the record's budget.

float32 is judged by the reference in double, float64 by the one in long double. Points are uniform over the bit patterns of
all finite floats, with an offset that changes from run to run and is printed, and over the range where functions bend.
"""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
import pytest
from cases import Array, edges, ordinary, parameters, rounded, smooth_mask, uniform_bits
from numba import njit

from fastact import ACTIVATIONS, Activation, reference
from fastact.record import at
from fastact.verify.judge import errors, largest_term

WIDER = {"float32": np.dtype(np.float64), "float64": np.dtype(np.longdouble)}
COUNT = {"float32": 100_000, "float64": 20_000}
WITH_PARAMS = [a for a in ACTIVATIONS if a.params]


def points(activation: Activation, name: str, params: tuple[float, ...]) -> Array:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    kinds = [edges(name, activation, params, finite=True), uniform_bits(name, COUNT[name], seed), ordinary(name, COUNT[name] // 2, seed)]
    x = np.concatenate([*kinds, ordinary(name, COUNT[name] // 2, seed + 1) * x_scale(name)])
    return x[abs(x) <= at(activation.record.reach, *rounded(params, name))]


def x_scale(name: str) -> Any:
    """To where exponentials underflow."""
    return np.float32(6) if name == "float32" else np.float64(20)


def judge(what: str, y: Array, truth: Array, x: Array, bound: float, term: Any = 0) -> None:
    found = errors(y, truth, term)
    worst = int(np.argmax(found))
    print(f"{what}: {found[worst]:.3f} ulp of {bound} at {x[worst]!r}")
    assert found[worst] <= bound, f"{what}: {found[worst]:.4g} ulp at x = {x[worst]!r}, {y[worst]!r} instead of {truth[worst]!r}"


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_forward_and_derivative(activation: Activation, name: str) -> None:
    for params in parameters(activation):
        x = points(activation, name, params)
        exact = rounded(params, name)
        y, d = activation.value_and_grad(x, *params)
        budget, term = activation.budget, largest_term(activation.record, 0, x, exact)
        for which, values, ulp, least in (("forward", y, budget.forward, 0), ("derivative", d, budget.derivative, term)):
            truth = getattr(reference, which)(activation.name, x, *exact, dtype=WIDER[name])
            judge(f"{activation.name}{params} {which} {name}", values, truth, x, getattr(ulp, name), least)


@pytest.mark.parametrize("activation", WITH_PARAMS, ids=lambda a: a.name)
@pytest.mark.parametrize("name", ["float32", "float64"])
def test_derivatives_by_parameters(activation: Activation, name: str) -> None:
    function = activation.scalar_grad
    one = njit(lambda xs, a: [function(v, a)[2] for v in xs])
    two = [njit(lambda xs, a, b: [function(v, a, b)[2] for v in xs]), njit(lambda xs, a, b: [function(v, a, b)[3] for v in xs])]
    assert activation.budget.params is not None
    for params in parameters(activation):
        x = points(activation, name, params)
        exact = rounded(params, name)
        x = x[smooth_mask(activation, x.astype(np.float64), exact, 0)]
        typed = [x.dtype.type(p) for p in params]
        for k, run in enumerate(two if len(params) == 2 else [one]):
            values = np.array(run(x, *typed), x.dtype)
            truth = reference.param_derivative(activation.name, k, x, *exact, dtype=WIDER[name])
            what = f"{activation.name}{params} by {activation.params[k].name} {name}"
            judge(what, values, truth, x, getattr(activation.budget.params, name), largest_term(activation.record, 1 + k, x, exact))


def test_the_measure_can_fail() -> None:
    one = np.ones(3, np.float32)
    off = np.nextafter(one, np.float32(2))
    np.testing.assert_array_equal(errors(off, one.astype(float)), [1, 1, 1])
    tiny = np.array([2.0**-149], np.float32)
    assert errors(np.zeros(1, np.float32), tiny.astype(float)) == 1
    assert errors(np.array([np.inf], np.float32), np.array([3e38])) == np.inf
    assert errors(np.array([np.inf], np.float32), np.array([3.41e38])) == 0
    assert errors(np.array([np.nan], np.float32), np.array([1.0])) == np.inf
    with pytest.raises(AssertionError, match="1 ulp at x"):
        judge("nothing", off, one.astype(float), one, 0.9)


PROMISED = [("float32", "forward", 2.5), ("float32", "derivative", 4.0), ("float64", "forward", 2.0), ("float64", "derivative", 4.0)]


@pytest.mark.parametrize(("name", "which", "promised"), PROMISED)
def test_budgets_are_those_promised(name: str, which: str, promised: float) -> None:
    assert [a.name for a in ACTIVATIONS if getattr(getattr(a.budget, which), name) > promised] == []
    assert all((a.budget.params is None) == (not a.params) for a in ACTIVATIONS)
