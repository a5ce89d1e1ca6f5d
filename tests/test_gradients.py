"""Derivatives against differences of the reference, and the gradients that are summed to a parameter."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from cases import Array, bare, call, np_dtype, ordinary, parameters, rounded, same_bits, smooth_mask, width

import fastact
from fastact import ACTIVATIONS, Activation, reference

WITH_PARAMS = [a for a in ACTIVATIONS if a.params]
STEP = np.longdouble(2) ** -16
"""Central differences err by h² f'''/6, here below 1e-9, and by the reference's last bits over h, below 1e-14."""


def without_bend(activation: Activation, x: Array, params: tuple[float, ...]) -> Array:
    """Where the derivative does not bend: there f'' jumps, and a central difference errs by the first order of its step."""
    before, here, after = (activation.reference_derivative(x + k * STEP, *params) for k in (-1, 0, 1))
    with np.errstate(invalid="ignore"):
        bent = abs(before + after - 2 * here) > 2**-8 * STEP * np.maximum(1, abs(here))
    assert np.unique(x[bent & (abs(x) < 80)]).size <= 8
    return ~bent


def test_derivative_against_central_differences(activation: Activation, dtype: str) -> None:
    tolerance = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-20, "float64": 2e-8}[dtype]
    for params in parameters(activation):
        exact = rounded(params, dtype)
        x = np.concatenate([np.linspace(-8, 8, 4001), np.linspace(-90, 90, 901)]).astype(np_dtype(dtype))
        wide = x.astype(np.longdouble)
        smooth = smooth_mask(activation, wide, exact, 2 * STEP) & without_bend(activation, wide, exact)
        difference = (activation.reference(wide + STEP, *exact) - activation.reference(wide - STEP, *exact)) / (2 * STEP)
        for d in (activation.derivative(x, *params), call(activation, "value_and_grad", x, *params)[1]):
            fits = smooth & (abs(difference) < float(ml_dtypes.finfo(x.dtype).max))
            error = (abs(d.astype(np.longdouble) - difference) / np.maximum(1, abs(difference)))[fits]
            assert error.max() <= tolerance, f"{activation.name}{params}: {error.max()}"


def test_v_prelu() -> None:
    """Worked by hand: y, dx and dslope, the latter for one slope and for one slope a row."""
    x, dy = np.array([-2, -1, -0.5, 0, 1, 2]), np.array([0.5, -1, 4, 3, 2, -0.25])
    for name in ("float16", "bfloat16", "float32", "float64"):
        a, b = x.astype(np_dtype(name)), dy.astype(np_dtype(name))
        np.testing.assert_array_equal(fastact.prelu(a, 0.25).astype(float), [-0.5, -0.25, -0.125, 0, 1, 2])
        dx, dslope = fastact.prelu.backward(b, a, 0.25)
        np.testing.assert_array_equal(dx.astype(float), [0.125, -0.25, 1, 0.75, 2, -0.25])
        assert dx.dtype == a.dtype
        assert np.shape(dslope) == ()
        assert dslope == -2
        slope = np.full((2, 1), 0.25, width(name))
        dx, dslope = fastact.prelu.backward(b.reshape(2, 3), a.reshape(2, 3), slope)
        same_bits(dslope, np.array([[-2], [0]], slope.dtype))
        np.testing.assert_array_equal(dx.astype(float).ravel(), [0.125, -0.25, 1, 0.75, 2, -0.25])


def everything(activation: Activation) -> tuple[str, ...]:
    """The request for all gradients, in the order of the operands."""
    return ("x", *(p.name for p in activation.params))


def parameter_arrays(activation: Activation, form: tuple[int, ...], kind: str) -> list[Array]:
    """The sets of parameters that the record knows, element by element, each number a little moved."""
    rng = np.random.default_rng(0)
    sets = np.array(parameters(activation))[rng.integers(0, len(parameters(activation)), form)]
    scaled = sets * rng.uniform(0.9, 1.1, sets.shape)
    return [np.asarray(scaled[..., k], kind) for k in range(len(activation.params))]


def summed_reference(activation: Activation, dy: Array, x: Array, params: list[Array], which: int) -> tuple[Array, Array]:
    """Σ dy · df/dp over the axes along which p was broadcast, and the Σ of what errors are counted by, in long double."""
    shape = np.broadcast_shapes(dy.shape, x.shape, *(p.shape for p in params))
    wide = [np.broadcast_to(a, shape).astype(np.longdouble) for a in (dy, x, *params)]
    derivative = reference.param_derivative(activation.name, which, *wide[1:])
    terms, counted = wide[0] * derivative, abs(derivative)
    if activation.record.terms:
        counted = np.maximum(counted, activation.record.terms[1 + which](*wide[1:]))
    p = params[which]
    lead = len(shape) - p.ndim
    axes = (*range(lead), *(lead + k for k, n in enumerate(p.shape) if n == 1))
    return terms.sum(axes).reshape(p.shape), (abs(wide[0]) * counted).sum(axes).reshape(p.shape)


FORMS = [
    ((5, 7, 3), (7, 1)),
    ((5, 7, 3), (3,)),
    ((5, 7, 3), (1,)),
    ((5, 7, 3), ()),
    ((5, 7, 3), (5, 7, 3)),
    ((5, 7, 3), (5, 1, 3)),
    ((1, 1), (1, 1)),
    ((1,), ()),
    ((40, 64, 33), (64, 1)),
    ((260, 300), (300,)),
    ((260, 300), (260, 1)),
    ((100003,), ()),
]


@pytest.mark.parametrize("activation", WITH_PARAMS, ids=lambda a: a.name)
@pytest.mark.parametrize(("shape", "form"), FORMS, ids=str)
def test_parameter_gradients(activation: Activation, dtype: str, shape: tuple[int, ...], form: tuple[int, ...], threads: int) -> None:
    """Against the reference: float64 sums of products that were rounded to the computing width."""
    x, dy = ordinary(dtype, shape, 1), ordinary(dtype, shape, 2)
    kind = np.dtype(width(dtype))
    params = parameter_arrays(activation, form, kind.name)
    dx, *gradients = activation.backward(dy, x, *params, wrt=everything(activation))
    same_bits(dx, bare(activation, "backward")(dy, x, *params))
    budget = getattr(activation.budget.params, kind.name) if activation.budget.params is not None else 0
    for k, (gradient, p) in enumerate(zip(gradients, params, strict=True)):
        truth, size = summed_reference(activation, dy, x, params, k)
        assert np.shape(gradient) == p.shape
        assert gradient.dtype == kind
        bound = np.finfo(kind).eps * ((budget + 1) * size + abs(truth)) + x.size * 10 * np.finfo(kind).smallest_subnormal
        assert (abs(gradient - truth) <= bound).all(), f"{activation.params[k].name}: off by {abs(gradient - truth).max()}"


def views(a: Array) -> list[Array]:
    """One array in several layouts."""
    spread = np.zeros([2 * n for n in a.shape], a.dtype)[tuple(slice(None, None, 2) for _ in a.shape)]
    spread[...] = a
    back = np.zeros_like(a)[tuple(slice(None, None, -1) for _ in a.shape)]
    back[...] = a
    return [a, np.asfortranarray(a), spread, back]


@pytest.mark.parametrize("activation", WITH_PARAMS, ids=lambda a: a.name)
def test_parameter_gradients_have_the_same_bits(activation: Activation) -> None:
    """For 1 and 2 threads, for any layout, run after run, and whatever else is returned."""
    before = fastact.get_num_threads()
    request = everything(activation)
    for dtype in ("float32", "float64", "float16"):
        for shape, form in (((40, 64, 33), (64, 1)), ((260, 300), (300,)), ((400, 300), ()), ((3, 5), (5,))):
            x, dy = ordinary(dtype, shape, 1), ordinary(dtype, shape, 2)
            params = parameter_arrays(activation, form, width(dtype))
            found: list[tuple[Any, ...]] = []
            for count in (1, 2):
                fastact.set_num_threads(count)
                found += [activation.backward(b, a, *params, wrt=request) for a, b in zip(views(x), views(dy), strict=True)]
                found += [activation.backward(dy, a, *params, wrt=request) for a in views(x)]
                found.append(tuple(activation.backward(dy, x, *params, wrt=name) for name in request))
                found.append(tuple(activation.backward(dy, x, *params, wrt=request[::-1])[::-1]))
            for results in found[1:]:
                for result, expected in zip(results, found[0], strict=True):
                    same_bits(result, expected)
    fastact.set_num_threads(before)


@pytest.mark.parametrize("activation", WITH_PARAMS, ids=lambda a: a.name)
def test_parameter_gradients_of_special_values(activation: Activation, threads: int) -> None:
    request = everything(activation)
    for params in parameters(activation):
        for n in (0, 3, 70001):
            x = ordinary("float32", n, 1)
            dx, *gradients = activation.backward(np.ones_like(x), x, *params, wrt=request)
            assert dx.shape == (n,)
            assert np.isfinite(gradients).all()
            assert n or not np.any(gradients)
            if n:
                x[n // 2] = np.nan
                assert np.isnan(activation.backward(np.ones_like(x), x, *params, wrt=request[1:])).all()
        with np.errstate(all="raise"):
            for value in (3e38, -3e38, np.inf, -np.inf, 1e-45):
                big = np.full(40, value, np.float32)
                activation.backward(big, big, *params, wrt=request)
        x, many = ordinary("float32", (300, 5)), [np.full(5, p, np.float32) for p in params]
        dx, *gradients = activation.backward(np.float32(2), x, *many, wrt=request)
        assert dx.shape == (300, 5)
        assert all(g.shape == (5,) for g in gradients)


def test_gradient_of_one_number_beside_a_large_parameter(threads: int) -> None:
    """Also then the bits are those of the gradient alone, which has fewer sums to write."""
    x, dy = ordinary("float64", (600, 301), 1), ordinary("float64", (600, 301), 2)
    high = np.full(x.shape, 2.0)
    low, both = (fastact.hard_tanh.backward(dy, x, -0.3, high, wrt=wrt) for wrt in ("low", ("high", "low")))
    same_bits(low, both[1])
    same_bits(both[0], np.where(x >= 2, dy, 0.0))


def test_parameter_gradient_that_overflows() -> None:
    """The sum is in float64, and infinite only as a float32."""
    big = np.full(40, -3e38, np.float32)
    with np.errstate(all="raise"):
        assert np.isneginf(fastact.prelu.backward(np.ones_like(big), big)[1])


def test_integers_and_scalars() -> None:
    dx, dslope = fastact.prelu.backward(2, -3)
    assert (dx, dslope) == (0.5, -6)
    dx, dslope = fastact.prelu.backward([1, 2], [-3, 4], 0.5)
    np.testing.assert_array_equal(dx, [0.5, 2])
    assert dslope == -3
