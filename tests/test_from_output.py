"""Backward from y: errors against f'(x), and what is refused."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from cases import Array, np_dtype, ordinary, same_bits

import fastact as fa
from fastact import Activation, reference

KNOWN = [f for f in fa.ACTIVATIONS if f.from_output is not None]
OTHERS = [f for f in fa.ACTIVATIONS if f.from_output is None]


def points(kind: str) -> Array:
    rng = np.random.default_rng(5)
    bits = rng.integers(0, 2 ** (8 * np.dtype(kind).itemsize), 40_000, dtype=f"u{np.dtype(kind).itemsize}").view(kind)
    x = np.concatenate([bits[np.isfinite(bits)], rng.uniform(-20, 20, 40_000).astype(kind), np.linspace(-3, 3, 4001).astype(kind)])
    return x[abs(x) < np.sqrt(np.finfo(kind).max)]


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("f", KNOWN, ids=lambda f: f.name)
def test_error(f: Activation, kind: str) -> None:
    """With y as the forward pass rounds it. Where y has no digit left of x, as at overflow or underflow, there is nothing to tell."""
    assert f.from_output is not None
    budget = getattr(f.from_output.error, kind)
    for params in zip(*(p.samples for p in f.params), strict=False) if f.params else [()]:
        if any(p < 0 for p in params) and f.from_output.domain:
            continue
        x = points(kind)
        exact = tuple(float(np.dtype(kind).type(p)) for p in params)
        y = f(x, *params)
        d = f.backward_from_output(np.ones_like(x), y, *params)
        truth = reference.derivative(f.name, x, *exact)
        least = np.finfo(kind).tiny
        usable = np.isfinite(y) & ((abs(y) >= least) | (y == 0) & (x == 0) | (np.asarray(budget) == 0))
        truth, d, usable, x = truth[usable], d[usable], slice(None), x[usable]
        unit = {"": abs(truth).astype(float), "1": 1.0, "alpha": params[:1] and abs(params[0])}[f.from_output.of]
        ulp = np.spacing(np.maximum(unit, least).astype(kind))
        error = (abs(d.astype(np.longdouble) - truth) / ulp)[usable]
        assert error.max() <= budget, f"{f.name}{params}: {error.max()} at x = {x[usable][error.argmax()]}"


@pytest.mark.parametrize("f", KNOWN, ids=lambda f: f.name)
def test_edges(f: Activation, dtype: str) -> None:
    """At 0 and the infinities as by x; NaN gives NaN; dtypes, out and accumulate as in backward."""
    params = f.record.typical
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0], np_dtype(dtype))
    y, dy = f(x, *params), np.full(6, 0.5, np_dtype(dtype))
    dx = f.backward_from_output(dy, y, *params)
    expected = f.backward(dy, x, *params, wrt="x")
    assert dx.dtype == x.dtype
    assert np.array_equal(np.isnan(dx.astype(float)), np.isnan(expected.astype(float)))
    lost = float(ml_dtypes.finfo(x.dtype).eps) if f.from_output is not None and f.from_output.of else 0
    np.testing.assert_allclose(dx[:4].astype(float), expected[:4].astype(float), rtol=2e-2 if dtype == "bfloat16" else 2e-3, atol=lost)
    out = dy.copy()
    assert f.backward_from_output(out, y, *params, out=out) is out
    same_bits(out, dx)
    if f.record.flat:
        zero = dx == 0
        same_bits(f.backward_from_output(np.full_like(dy, np.inf), y, *params)[zero], np.zeros_like(dx)[zero])
    total = np.ones_like(dx)
    f.backward_from_output(dy, y, *params, out=total, accumulate=True)
    np.testing.assert_allclose(total.astype(float), 1 + dx.astype(float), rtol=1e-2 if dtype == "bfloat16" else 1e-3)


def test_large_and_strided() -> None:
    x, dy = ordinary("float32", (300, 400), 1), ordinary("float32", (300, 400), 2)
    y = fa.tanh(x)
    same_bits(fa.tanh.backward_from_output(dy.T, y.T), fa.tanh.backward_from_output(dy, y).T)
    same_bits(fa.tanh.backward_from_output(dy[:, ::2], y[:, ::2]), fa.tanh.backward_from_output(dy, y)[:, ::2])


@pytest.mark.parametrize("f", OTHERS, ids=lambda f: f.name)
def test_refused(f: Activation) -> None:
    x = np.ones(3)
    with pytest.raises(
        TypeError, match=rf"^{f.name}.backward_from_output: y does not tell f'\(x\) with a bound on its error; accepted are identity"
    ):
        f.backward_from_output(x, x, *f.record.typical)


def test_outside_the_domain() -> None:
    y = np.array([-1.0, 1.0])
    assert np.isnan(fa.leaky_relu.backward_from_output(y, y, -0.5)).all()
    assert np.isnan(fa.hard_shrink.backward_from_output(y, y, -0.5)).all()


def test_messages() -> None:
    y = np.ones((3, 4), np.float32)
    with pytest.raises(ValueError, match=r"^tanh.backward_from_output: dy has shape \(5,\), y has shape \(3, 4\); they do not broadcast$"):
        fa.tanh.backward_from_output(np.ones(5, np.float32), y)
    with pytest.raises(TypeError, match=r"^tanh.backward_from_output accepts float16, bfloat16, float32 and float64, not longdouble$"):
        fa.tanh.backward_from_output(np.ones(3, np.longdouble), np.ones(3, np.longdouble))
    with pytest.raises(TypeError, match=r"^leaky_relu.backward_from_output: 2 parameters given; accepted are 1: slope$"):
        fa.leaky_relu.backward_from_output(y, y, 1, 2)


WORST = [
    (fa.selu, "float32", -0.34672472),
    (fa.selu, "float64", -0.35663190364163777),
    (fa.log_sigmoid, "float32", 1.1190213),
    (fa.log_sigmoid, "float64", 1.1096063331887625),
]


@pytest.mark.parametrize(("f", "kind", "x"), WORST, ids=lambda v: getattr(v, "name", v))
def test_the_worst_places_found(f: Activation, kind: str, x: float) -> None:
    """Of all floats of float32 from -12 to -0.05, and from 0.25 to 8; of some tens of millions in float64."""
    assert f.from_output is not None
    place = np.array([x], kind)
    d, truth = f.backward_from_output(np.ones_like(place), f(place)), reference.derivative(f.name, place)
    ulp = np.spacing(np.ones(1, kind) if f.from_output.of == "1" else truth.astype(kind))
    error, budget = abs(d - truth)[0] / ulp[0], getattr(f.from_output.error, kind)
    assert error <= budget
