"""NaN, infinities, zeros, kinks, subnormals and ranges, as the records tell them."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
from cases import bits, call, defaults, edges, is_finite, is_nan, np_dtype, parameters, rounded, same_bits, uniform_bits, width

import fastact
from fastact import ACTIVATIONS, Activation, reference
from fastact.record import Value, at


def where(activation: Activation, value: Value, params: tuple[float, ...], dtype: str) -> np.ndarray:
    return np.array(at(value, *rounded(params, dtype))).astype(np_dtype(dtype))


def everything(activation: Activation, dtype: str, params: tuple[float, ...], *, finite: bool = True) -> np.ndarray:
    x = uniform_bits(dtype, 20000, 11, finite=finite)
    return np.concatenate([edges(dtype, activation, params, finite=finite), x])


def test_nan_in_nan_out(activation: Activation, dtype: str, direction: str) -> None:
    kind = np_dtype(dtype)
    quiet = np.full(37, np.nan, kind)
    quiet[1::2] = -quiet[1::2]
    payload = quiet.copy()
    payload.view(f"u{kind.itemsize}")[:] = bits(np.array(np.inf, kind)) + np.arange(1, 38, dtype=f"u{kind.itemsize}")
    assert is_nan(payload).all()
    for params in parameters(activation):
        for x in (quiet, payload):
            for result in call(activation, direction, x, *params):
                assert is_nan(result).all(), f"{activation.name}{params} {direction}"


def test_nan_among_numbers_stays_alone(activation: Activation, dtype: str, direction: str) -> None:
    x = np.linspace(-3, 3, 41).astype(np_dtype(dtype))
    x[::3] = np.nan
    for result in call(activation, direction, x, *defaults(activation)):
        np.testing.assert_array_equal(is_nan(result), is_nan(x))


def test_nan_gradient(activation: Activation, dtype: str) -> None:
    """NaN in dy gives NaN wherever the derivative is not 0 by branch."""
    x = edges(dtype, activation, parameters(activation)[0], finite=True)
    dy = np.full(x.shape, np.nan, x.dtype)
    d = activation.derivative(x, *defaults(activation))
    (dx,) = call(activation, "backward", x, dy=dy)
    expected = d != 0 if activation.record.flat else np.ones(x.shape, bool)
    np.testing.assert_array_equal(is_nan(dx), expected)


@pytest.mark.parametrize("which", ["forward", "derivative"])
def test_limits(activation: Activation, dtype: str, which: str) -> None:
    """Values at ±inf are the limits, with the sign of zero, and far out the function is close to them."""
    limits = activation.limits if which == "forward" else activation.record.derivative_limits
    for params in parameters(activation):
        expected = np.array([where(activation, v, params, dtype) for v in (limits.at_minus_inf, limits.at_plus_inf)])
        x = np.array([-np.inf, np.inf], expected.dtype)
        (y,) = call(activation, which, x, *params)
        same_bits(y, expected)
        far = np.array([-1e4, 1e4], expected.dtype)
        (near,) = call(activation, which, far, *params)
        compute = activation.reference if which == "forward" else activation.reference_derivative
        truth = compute(far.astype(np.float64), *rounded(params, dtype))
        finite = is_finite(expected.astype(float))
        assert (abs(truth - expected.astype(float))[finite] < 1e-2).all()
        reached = finite & (abs(truth - expected.astype(float)) < float(ml_dtypes.finfo(expected.dtype).smallest_subnormal) / 4)
        np.testing.assert_array_equal(near[reached], expected[reached])


def test_kinks(activation: Activation, dtype: str) -> None:
    """At a kink the derivative has the record's value, at both zeros if the kink is at 0."""
    for params in parameters(activation):
        for kink in activation.kinks:
            place = where(activation, kink.at, params, dtype)
            if float(place) != at(kink.at, *rounded(params, dtype)):
                continue
            x = np.array([place, -place] if place == 0 else [place] * 2)
            expected = np.full(2, where(activation, kink.derivative, params, dtype))
            same_bits(activation.derivative(x, *params), expected)
            same_bits(call(activation, "backward", x, *params)[0], expected)
            same_bits(call(activation, "value_and_grad", x, *params)[1], expected)


def test_zeros(activation: Activation, dtype: str) -> None:
    """A function that is 0 at 0 keeps the sign of zero, unless it is never negative."""
    x = np.array([0.0, -0.0], np_dtype(dtype))
    params = defaults(activation)
    y = activation(x, *params)
    if y[0] == 0 and at(activation.range.low, *params) == 0:
        same_bits(y, np.zeros(2, x.dtype))
    elif y[0] == 0:
        same_bits(y, x)
    else:
        same_bits(y[0], y[1])


@pytest.mark.parametrize("activation", [a for a in ACTIVATIONS if a.record.odd], ids=lambda a: a.name)
def test_odd_bit_for_bit(activation: Activation, dtype: str) -> None:
    params = parameters(activation)[0]
    x = everything(activation, dtype, params)
    same_bits(activation(-x, *params), -activation(x, *params))
    same_bits(activation.derivative(-x, *params), activation.derivative(x, *params))


def test_some_are_odd() -> None:
    assert {a.name for a in ACTIVATIONS if a.record.odd} >= {"tanh", "hard_tanh"}


def test_range_is_never_left(activation: Activation, dtype: str) -> None:
    """Bounds that the dtype holds are never passed; others by no more than the error of the function."""
    kind = np_dtype(dtype)
    budget = activation.budget.forward.float64 if dtype == "float64" else activation.budget.forward.float32
    for params in parameters(activation):
        x = everything(activation, dtype, params)
        y = activation(x, *params).astype(np.float64)
        y = y[is_finite(y)]
        for end, sign in ((activation.range.low, -1), (activation.range.high, 1)):
            bound = at(end, *rounded(params, dtype))
            stored = float(np.array(bound).astype(kind))
            slack = 0.0 if stored == bound else abs(stored) * float(ml_dtypes.finfo(kind).eps) * max(1.0, math.ceil(budget))
            assert (sign * (y - bound) <= slack).all(), f"{activation.name}{params}: {(sign * y).max()} beyond {bound}"


def test_no_finite_input_gives_nan(activation: Activation, dtype: str, direction: str) -> None:
    for params in parameters(activation):
        x = everything(activation, dtype, params)
        for result in call(activation, direction, x, *params):
            bad = is_nan(result)
            assert not bad.any(), f"{activation.name}{params} {direction} at {x[bad][:5]}"


def test_subnormal_inputs_are_honoured(activation: Activation, dtype: str) -> None:
    """Where f(0) = 0 the function is f'(±0)·x on subnormals, to half an ulp, and never 0 by flushing."""
    kind = np_dtype(dtype)
    tiny = float(ml_dtypes.finfo(kind).smallest_subnormal)
    count, slack = (300, 1e-6) if kind.itemsize > 2 else (40, 2.0**-12)
    for params in parameters(activation):
        for sign in (1, -1):
            x = (sign * tiny * np.arange(1, count)).astype(kind)
            assert (x != 0).all()
            y = activation(x, *params)
            if float(activation(np.zeros(1, kind), *params)[0]) != 0 or 0 in [
                at(kink.at, *params) for kink in activation.kinks if y[0] == 1
            ]:
                continue
            wide = x.astype(np.float64)
            expected = wide / tiny * activation.reference_derivative(wide, *rounded(params, dtype)).astype(float)
            assert abs(y.astype(np.float64) / tiny - expected).max() <= 0.5 + slack, f"{activation.name}{params}"


@pytest.mark.parametrize("activation", [a for a in ACTIVATIONS if a.record.flat], ids=lambda a: a.name)
def test_flat_parts_give_plus_zero_whatever_comes_in(activation: Activation, dtype: str) -> None:
    kind = np_dtype(dtype)
    for params in parameters(activation):
        x = everything(activation, dtype, params)
        flat = activation.derivative(x, *params) == 0
        assert flat.any()
        for dy in (np.nan, np.inf, -np.inf, -1.0, float(ml_dtypes.finfo(kind).max), -0.0):
            (dx,) = call(activation, "backward", x, *params, dy=np.full(x.shape, dy, kind))
            same_bits(dx[flat], np.zeros(flat.sum(), kind))


def test_backward_is_one_product(activation: Activation) -> None:
    """dx = dy · f'(x), rounded once."""
    for name in ("float32", "float64"):
        x = everything(activation, name, parameters(activation)[0])
        dy = uniform_bits(name, 2 * x.size, 5)[: x.size]
        assert dy.size == x.size
        for params in parameters(activation):
            d = activation.derivative(x, *params)
            with np.errstate(all="ignore"):
                expected = np.where(d == 0, 0, dy * d).astype(d.dtype) if activation.record.flat else dy * d
            same_bits(call(activation, "backward", x, *params, dy=dy)[0], expected)


def test_parameters_outside_the_domain_do_not_raise(activation: Activation, dtype: str, direction: str) -> None:
    x = edges(dtype)
    for value in (0.0, -1.0, np.nan, np.inf, -np.inf):
        if activation.params:
            assert call(activation, direction, x, *[value] * len(activation.params))[0].shape == x.shape


@pytest.mark.parametrize("activation", [a for a in ACTIVATIONS if a.params], ids=lambda a: a.name)
def test_nan_parameters_never_become_infinite(activation: Activation, dtype: str, direction: str) -> None:
    """Also a signalling NaN whose only bit is lost when the result is rounded to 16 bits."""
    wide = np.dtype(width(dtype))
    value = np.array(np.inf, wide)
    bits(value)[...] += 1
    assert is_nan(value)
    x = np.array([-1.0, 0.5, -2.0], np_dtype(dtype))
    for given in (value, np.full(3, value)):
        for result in call(activation, direction, x, *[given] * len(activation.params)):
            assert not np.isinf(result).any()


@pytest.mark.parametrize("name", ["threshold", "thresholded_relu", "hard_tanh", "hard_shrink", "soft_shrink"])
def test_nan_thresholds_and_negative_shrinks_give_nan(name: str, dtype: str, direction: str) -> None:
    """Of every x, in kernels, gradients by the parameters and the reference."""
    activation, x = getattr(fastact, name), edges(dtype)
    for k, param in enumerate(activation.params):
        for value in (np.nan, *([-1.0, -np.inf] if param.name == "lambd" else [])):
            params = (*defaults(activation)[:k], value, *defaults(activation)[k + 1 :])
            arrays = [np.full(x.shape, p, width(dtype)) for p in params]
            for given in (params, arrays):
                assert all(is_nan(result).all() for result in call(activation, direction, x, *given))
                for p in activation.params:
                    assert is_nan(activation.backward(np.ones_like(x), x, *given, wrt=p.name)).all()
            for loop in (reference.forward, reference.derivative):
                assert is_nan(loop(name, x.astype(np.float64), *params)).all()
            for j in range(len(params)):
                assert is_nan(reference.param_derivative(name, j, x.astype(np.float64), *params)).all()
