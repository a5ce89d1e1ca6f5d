"""`fastact verify` judges the derivatives by the parameters, each by itself."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numba import njit

import fastact as fa
from fastact.activations import exponential
from fastact.numerics.bits import real, select
from fastact.verify import results, slices, verify

elu_of = exponential.elu.scalar
PLACE = 8.0


def off_by_alpha(x: Any, alpha: Any) -> Any:
    y, d, by_alpha = elu_of(x, alpha)
    return y, d, select(x == real(-PLACE), by_alpha * (real(1) - real(2.0**-20)), by_alpha)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_derivatives_by_parameters(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has an error of its own; kinks, where 0 is a convention, are left out."""
    right = verify(fa.hard_tanh, dtype, points=3000, seed=4)
    assert right.ok
    assert [e.direction for e in right.errors] == ["forward", "derivative", "d/dlow", "d/dhigh"]
    assert right.errors[2].judged == right.errors[3].judged == right.errors[0].judged - 2
    monkeypatch.setattr("fastact.verify.samples.LANDMARKS", (PLACE,))
    off_by_alpha.__name__, off_by_alpha.__doc__ = "elu", "Not elu."
    assert verify(fa.elu, dtype, points=3000, seed=4).ok
    wrong = verify(fa.Activation(dataclasses.replace(exponential.elu, scalar=off_by_alpha)), dtype, points=3000, seed=4)
    assert [e.direction for e in wrong.errors if e.ulp > e.budget] == ["d/dalpha"]
    assert wrong.errors[2].x == -PLACE
    assert wrong.errors[2].over == 1
    assert not wrong.ok
    assert results.Result.restored(wrong.stored()) == wrong


def test_values_by_parameters_are_those_of_the_scalar() -> None:
    scalar = fa.hard_sigmoid.scalar_grad
    one = njit(lambda xs, a, b: [scalar(x, a, b) for x in xs])
    x = np.linspace(-2, 2, 41, dtype=np.float32)
    values = slices.Job(fa.hard_sigmoid, "float32", (0.25, 0.4), 0, 1, exhaustive=False).values(x)
    expected = one(x, np.float32(0.25), np.float32(0.4))
    np.testing.assert_array_equal(np.array(values), np.array(expected, np.float32).T)
