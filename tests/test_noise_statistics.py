"""The noise has the distribution it claims: moments, Kolmogorov-Smirnov on 10^7 draws, independence, and the means in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

import fastact as fa

COUNT = 10_000_000
BINS = 2**16
KINDS = ("float32", "float64")


def normal_cdf(x: Any) -> Any:
    return ndtr(x)


def gumbel_cdf(x: Any) -> Any:
    return np.exp(-np.exp(-x))


def kolmogorov(values: Any, cdf: Callable[[Any], Any], low: float, high: float) -> float:
    """√n times the largest distance from the distribution function, seen at the edges of `BINS` bins; no sorting."""
    edges = np.linspace(low, high, BINS + 1)
    place = np.clip((values - values.dtype.type(low)) * values.dtype.type(BINS / (high - low)), 0, BINS - 1).astype(np.int32)
    below = np.cumsum(np.bincount(place, minlength=BINS))[:-1] / values.size
    return float(abs(below - cdf(edges[1:-1])).max() * np.sqrt(values.size))


def moments(values: Any, count: int) -> list[float]:
    """E x, E x^2, ... of chunks in float64."""
    sums = np.zeros(count)
    for chunk in np.array_split(values, 50):
        power = x = chunk.astype(np.float64)
        for k in range(count):
            sums[k] += power.sum()
            power = power * x
    return list(sums / values.size)


# with mean 1.95 at p = 0.001; the seeds are fixed, so that a failure is no accident
@pytest.mark.parametrize("kind", KINDS)
def test_uniform(kind: str) -> None:
    u = fa.noise.uniform(11, COUNT, kind)
    assert kolmogorov(u, lambda v: v, 0, 1) < 1.95
    assert 0 < u.min() < 1e-6
    assert 1 - 1e-6 < u.max() < 1
    for k, found in enumerate(moments(u, 4), start=1):
        deviation = np.sqrt((1 / (2 * k + 1) - 1 / (k + 1) ** 2) / COUNT)
        assert abs(found - 1 / (k + 1)) < 4 * deviation


@pytest.mark.parametrize("kind", KINDS)
def test_normal(kind: str) -> None:
    z = fa.noise.normal(12, COUNT, kind)
    assert kolmogorov(z, normal_cdf, -6, 6) < 1.95
    assert kolmogorov(abs(z), lambda v: 2 * ndtr(v) - 1, 0, 6) < 1.95
    wanted, squared = (0, 1, 0, 3, 0, 15), (1, 3, 15, 105, 945, 10395)
    for found, value, second in zip(moments(z, 6), wanted, squared, strict=True):
        assert abs(found - value) < 4 * np.sqrt((second - value**2) / COUNT)
    for tail in (3.0, 4.0, 5.0):
        share = 2 * ndtr(-tail)
        assert abs((abs(z) > tail).sum() - COUNT * share) < 4 * np.sqrt(COUNT * share) + 1


def test_gumbel() -> None:
    g = fa.noise.gumbel(13, COUNT)
    assert kolmogorov(g, gumbel_cdf, -3, 18) < 1.95
    assert abs(float(g.mean(dtype=np.float64)) - np.euler_gamma) < 4 * np.pi / np.sqrt(6 * COUNT)


def test_neighbours_streams_and_seeds_are_independent() -> None:
    """Correlations, also of the squares, at lags of a counter, a block and a row, and between streams and seeds."""
    n = 1_000_000
    z = fa.noise.normal(1, n + 2000, np.float64)
    first = z[:n]
    others = [z[lag : lag + n] for lag in (1, 2, 3, 4, 5, 8, 16, 64, 1023, 1024)]
    others += [fa.noise.normal(rng, n, np.float64) for rng in (2, 2**32 + 1, 2**63, (1, 1), (1, 2**32), (1, 2**63))]
    for other in others:
        assert abs(np.dot(first, other)) / n < 4.5 / np.sqrt(n)
        assert abs(np.dot(first**2 - 1, other**2 - 1)) / n < 4.5 * 2 / np.sqrt(n)


def test_noisy_unit_has_its_mean() -> None:
    """The published check: a million draws at one point."""
    x = np.full(1_000_000, 3.0)
    y = fa.noisy_hard_tanh_half(x, rng=1, alpha=1.15, c=0.5, p=1.0)
    assert abs(y.mean() - 0.75784919) < 4 * 4.37e-5
    assert abs(fa.noisy_hard_tanh(x, rng=1).mean() - 0.7) < 4 * 0.0725032073e-3


@pytest.mark.parametrize("unit", [u for u in fa.NOISY if u.mean is not None], ids=lambda u: u.name)
def test_means(unit: Any) -> None:
    """Value and derivatives of the mean are the means of those, at ten points; not by a rate, which moves the mask."""
    n = 200_000
    points = np.array([-7.0, -2.1, -1.05, -0.97, -0.3, 0.2, 0.98, 1.03, 2.2, 5.0])[:, None]
    x = np.repeat(points, n, 1)
    params = {p.name: np.full((10, 1), 0.6 if p.name == "c" else p.default) for p in unit.params[1:]}
    names = ("x", *(name for name in params if name != "rate"))
    y, found = unit(x, rng=5, **params), unit.backward(np.ones_like(x), x, rng=5, wrt=names, **params)
    values, wanted = unit.expected(points, **params), unit.expected.backward(np.ones((10, 1)), points, wrt=names, **params)
    for mean, value, spread in ((y.mean(1), values, y.std(1)), (found[0].mean(1), wanted[0], found[0].std(1))):
        assert (abs(mean - value[:, 0]) <= 5 * spread / np.sqrt(n) + 1e-6).all()
    for total, value in zip(found[1:], wanted[1:], strict=True):
        np.testing.assert_allclose(total / n, value, rtol=0.01, atol=0.01)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.93, 1.0])
def test_dropout_rate(rate: float) -> None:
    n = 4_000_000
    dropped = (fa.dropout(np.ones(n, np.float32), rng=9, rate=rate) == 0).sum()
    assert abs(dropped - n * rate) <= 4 * np.sqrt(n * rate * (1 - rate))


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = fa.noise.normal(1, 2_000_000)
    for rate in (0.1, 0.5):
        y = fa.alpha_dropout(x, rng=2, rate=rate)
        assert abs(y.mean(dtype=np.float64)) < 4e-3
        assert abs(y.var(dtype=np.float64) - 1) < 6e-3


def test_rrelu_slopes() -> None:
    slopes = fa.rrelu(np.full(1_000_000, -1.0), rng=4)
    assert kolmogorov(-slopes, lambda v: (v - 1 / 8) / (1 / 3 - 1 / 8), 1 / 8, 1 / 3) < 1.95
