"""The chain of the functions with noise: mpmath, the C reference, the kernels; and the generator and its draws beside the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import is_nan, np_dtype, ordinary, same_bits
from mpmath import mpf, workprec

import fastact as fa
from fastact.noise import reference
from fastact.noise.unit import Noisy
from fastact.oracle import PRECISION, noisy

UNITS = pytest.mark.parametrize("unit", fa.NOISY, ids=lambda u: u.name)
KINDS = {"float32": np.float32, "float64": np.float64}
SPREAD = {"alpha": (0.5, 1.5), "c": (0.01, 20), "p": (-3, 3), "lower": (-0.5, 0.5), "upper": (0, 1.5), "rate": (0, 0.95)}


def test_every_function_has_a_definition() -> None:
    assert list(noisy.NOISY) == [unit.name for unit in fa.NOISY]
    named = {unit.name for unit in fa.NOISY if unit.mean is not None}
    assert set(noisy.MEANS) < named
    assert {unit.mean.name for unit in fa.NOISY if unit.mean is not None} == {f"{name}_expected" for name in named}
    assert all(
        unit.params[0].default is None and unit.record.source and unit.expected is not None for unit in fa.NOISY if unit.mean is not None
    )


def points(count: int, seed: int) -> Any:
    """Ordinary values, those next to the corners, and large ones."""
    rng = np.random.default_rng(seed)
    near = rng.normal(size=count) * 10.0 ** rng.integers(-6, 0, count) + rng.choice([-2, -1, 0, 1, 2], count)
    return np.concatenate([rng.normal(size=count) * 3, near, rng.normal(size=count // 2) * 100])


def noise(unit: Noisy, count: int, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    return rng.normal(size=count) if unit.params[0].name == "xi" else rng.uniform(size=count)


def parameters(unit: Noisy, kind: Any, seed: int) -> list[float]:
    """The samples side by side for seeds below 4, then random values."""
    rng = np.random.default_rng(seed)
    params = unit.params[1:]
    values = [p.samples[seed % len(p.samples)] for p in params] if seed < 4 else [rng.uniform(*SPREAD[p.name]) for p in params]
    return [float(kind(v)) for v in values]


def unit_of(size: Any, kind: Any) -> Any:
    """The unit in the last place of numbers of this size, in long double."""
    info = np.finfo(kind)
    _, exponent = np.frexp(np.maximum(abs(size), info.tiny).astype(np.longdouble))
    return np.ldexp(np.longdouble(1), exponent - 1 - info.nmant)


@UNITS
def test_reference(unit: Noisy) -> None:
    """C in long double against mpmath, in units of the largest term."""
    for seed in range(4):
        x, params = points(12, seed), parameters(unit, np.float64, seed)
        drawn = noise(unit, x.size, seed)
        found = reference.pairs(unit.name, x, drawn, *params)
        for i in range(x.size):
            for (value, size), truth in zip(found[i], noisy.evaluate(noisy.NOISY[unit.name], x[i], drawn[i], *params), strict=True):
                high = float(value)
                with workprec(PRECISION):
                    error = abs(mpf(high) + mpf(float(value - np.longdouble(high))) - truth)
                assert float(error) <= 40 * np.finfo(np.longdouble).eps * max(float(size), 1e-300), (x[i], drawn[i], params)


@UNITS
@pytest.mark.parametrize("kind", KINDS)
def test_kernels(unit: Noisy, kind: str) -> None:
    """Value and every derivative within the budget of the record, in ulp of the largest term."""
    real, budget = KINDS[kind], unit.record.budget
    assert budget.params is not None
    limits = [getattr(b, kind) for b in (budget.forward, budget.derivative, *[budget.params] * len(unit.params))]
    names = ("x", *(p.name for p in unit.params))
    for seed in range(8):
        x, params = points(4000, seed).astype(real), parameters(unit, real, seed)
        drawn = noise(unit, x.size, seed).astype(real)
        given = {p.name: np.full(x.shape, v, real) for p, v in zip(unit.params[1:], params, strict=True)}
        truth = reference.pairs(unit.name, x, drawn, *params, dtype=np.float64 if kind == "float32" else np.longdouble)
        found = unit(x, drawn, **given), *unit.backward(np.ones_like(x), x, drawn, wrt=names, **given)
        for k, (name, values, most) in enumerate(zip(("y", *names), found, limits, strict=True)):
            errors = abs(values - truth[:, k, 0]) / unit_of(truth[:, k, 1], real)
            worst = int(errors.argmax())
            assert errors[worst] <= most + 2.0**-10, (name, float(errors[worst]), x[worst], drawn[worst], params)


@pytest.mark.parametrize("name", noisy.MEANS)
@pytest.mark.parametrize("kind", KINDS)
def test_means(name: str, kind: str) -> None:
    """Means in closed form, in ulp of 1 or more."""
    real, mean = KINDS[kind], getattr(fa, name).expected
    x = np.array([-14, -3.1, -2, -1.01, -1, -0.999, -0.3, -1e-9, 0, 1e-5, 0.8, 1, 1.2, 2, 2.5, 7, 300]).astype(real)
    for scale in (0.05, 1.0, 30.0):
        c = np.full(x.shape, scale, real)
        found = mean(x, c), *mean.backward(np.ones_like(x), x, c, wrt=("x", "c"))
        limits = [getattr(b, kind) for b in (mean.budget.forward, mean.budget.derivative, mean.budget.params)]
        for i in range(x.size):
            for values, truth, most in zip(found, noisy.evaluate(noisy.MEANS[name], x[i], c[i]), limits, strict=True):
                size = max(1.0, abs(float(truth)), scale)
                assert abs(float(values[i]) - truth) <= most * float(unit_of(np.longdouble(size), real)), (x[i], scale)


@pytest.mark.parametrize("name", ["noisy_hard_tanh", "noisy_hard_tanh_half", "noisy_hard_sigmoid", "noisy_hard_sigmoid_half"])
def test_means_of_noise_on_the_output(name: str) -> None:
    unit, x = getattr(fa, name), points(500, 9)
    mean = np.sqrt(2 / np.pi) if name.endswith("half") else 0.0
    same_bits(unit.expected(x), unit(x, mean))
    same_bits(unit.expected.derivative(x), unit.derivative(x, mean))
    assert unit.expected.backward(x, x)[1] == unit.backward(x, x, mean)[1]


@pytest.mark.parametrize(("rng", "first"), [(0, 0), ((2**64 - 1, 2**64 - 1), 2**34 - 5), ((0x0123456789ABCDEF, 7), 3)])
def test_words_of_the_reference(rng: Any, first: int) -> None:
    seed, stream = rng if isinstance(rng, tuple) else (rng, 0)
    places = np.arange(first // 4, first // 4 + 12, dtype=np.uint64)
    counters = np.stack(
        [places & np.uint64(2**32 - 1), places >> np.uint64(32), *(np.full_like(places, w) for w in (stream % 2**32, stream >> 32))], -1
    )
    wanted = fa.noise.philox(counters, (seed % 2**32, seed >> 32)).ravel()[first % 4 :][:40]
    assert (reference.words(rng, first, 40) == wanted).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "most"), [("uniform", 0.0), ("normal", 6.0), ("gumbel", 3.0)])
def test_draws(name: str, most: float, kind: str) -> None:
    """Draws beside those of the reference; normal ones are relatively exact, Gumbel ones in ulp of 1 or more."""
    bits, real = (32, np.float32) if kind == "float32" else (64, np.float64)
    found, truth = getattr(fa.noise, name)((5, 6), 30_000, kind), reference.draws(name, bits, (5, 6), 0, 30_000)
    size = np.maximum(abs(truth), 0.01 if name == "normal" else 1)
    assert (abs(found - truth) / unit_of(size, real)).max() <= most


@UNITS
@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_sixteen_bits_are_float32_rounded_once(unit: Noisy, kind: str) -> None:
    x = ordinary(kind, 1000)
    wide = unit(x.astype(np.float32), rng=3)
    same_bits(unit(x, rng=3), wide.astype(np_dtype(kind)))


@UNITS
def test_special_values(unit: Noisy) -> None:
    """NaN stays, infinities give the limit of the record, and nothing warns."""
    noise_at = unit.params[0].samples[0]
    params = tuple(p.default for p in unit.params[1:])
    with np.errstate(all="raise"):
        y, d = unit.value_and_grad(np.array([np.nan, -np.inf, np.inf, 1e308, -1e308]), noise_at)
    assert is_nan([y[0], d[0]]).all()
    assert is_nan(np.concatenate([y[1:], d[1:]])).sum() == 0
    record = unit.record
    limits = [
        record.limits.at_minus_inf,
        record.limits.at_plus_inf,
        record.derivative_limits.at_minus_inf,
        record.derivative_limits.at_plus_inf,
    ]
    wanted = [v(noise_at, *params) if callable(v) else v for v in limits]
    np.testing.assert_allclose([*y[1:3], *d[1:3]], wanted, rtol=1e-14)
    assert unit.formula
    assert unit.record.derivative
