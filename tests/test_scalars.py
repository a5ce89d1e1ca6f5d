"""The vocabulary of scalars: errors in ulp over the whole line, special values, and the same source as Python and in mpmath."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from cases import Array, edges, same_bits

import fastact as fa
from fastact import oracle, scalars
from fastact.own.portable import portable
from fastact.verify.judge import exact_error

inf, nan = math.inf, math.nan
ENDS: dict[str, tuple[Callable[..., Any], float, tuple[float, ...]]] = {
    "exp": (mpmath.exp, 1.5, (1, 0, inf)),
    "expm1": (mpmath.expm1, 2, (0, -1, inf)),
    "log": (mpmath.log, 2.1, (-inf, nan, inf)),
    "log1p": (mpmath.log1p, 2.1, (0, nan, inf)),
    "sqrt": (mpmath.sqrt, 0.5, (0, nan, inf)),
    "tanh": (mpmath.tanh, 2.1, (0, -1, 1)),
    "sigmoid": (lambda x: 1 / (1 + mpmath.exp(-x)), 1.6, (0.5, 0, 1)),
    "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)), 1.6, (math.log(2), 0, inf)),
    "normal_cdf": (lambda x: mpmath.erfc(-x / mpmath.sqrt(2)) / 2, 2.6, (0.5, 0, 1)),
    "normal_pdf": (mpmath.npdf, 2.3, (1 / math.sqrt(2 * math.pi), 0, 0)),
    "erf": (mpmath.erf, 2.6, (0, -1, 1)),
    "erfc": (mpmath.erfc, 3.1, (1, 2, 0)),
    "sin": (mpmath.sin, 1.7, (0, nan, nan)),
    "cos": (mpmath.cos, 1.7, (1, nan, nan)),
}
"""Definition, bound in ulp, and the values at 0, -inf and inf."""


def points(name: str, width: str) -> Array:
    rng = np.random.default_rng(5)
    parts = [
        rng.normal(0, 1, 250),
        rng.normal(0, 12, 150),
        10 ** rng.uniform(-30, 1.5, 100) * rng.choice([-1, 1], 100),
        rng.uniform(0.3, 2.2, 150),
    ]
    x = np.concatenate([*parts, -(10.0 ** -rng.uniform(0, 12, 50))]).astype(width)
    if name in ("log", "sqrt", "log1p"):
        x = x[x > (-1 if name == "log1p" else 0)]
        return np.concatenate([x, np.array([1e-44 if width == "float32" else 1e-320, 1e30], width)])
    return x


@pytest.mark.parametrize("name", ENDS)
def test_errors(name: str) -> None:
    definition, bound, (zero, low, high) = ENDS[name]
    function = getattr(scalars, name)
    f = fa.define(lambda x: (function(x), 0), name=name)
    for width in ("float32", "float64"):
        x = points(name, width)
        with mpmath.workprec(300):
            errors = [exact_error(y, definition(oracle.exact(v)), 0) for y, v in zip(f(x), x, strict=True)]
        worst = int(np.argmax(errors))
        assert errors[worst] <= bound, f"{errors[worst]:.3g} ulp at {x[worst]!r}"
        with np.errstate(all="raise"):
            found = f(np.array([0, -inf, inf, nan], width))
            positive = edges(width, finite=True)
            assert name in ("sin", "cos") or not np.isnan(f(positive[positive > 0])).any()
        np.testing.assert_allclose(found, [zero, low, high, nan], rtol=1e-6)
    assert math.copysign(1, f(-0.0)) == (-1 if name in ("expm1", "log1p", "sqrt", "tanh", "erf", "sin") else math.copysign(1, f(0.0)))


def test_functions_that_are_taken_for_them() -> None:
    x = np.linspace(0.1, 3, 50, dtype=np.float32)
    for module, likes in ((math, scalars.LIKE_MATH), (np, scalars.LIKE_NUMPY)):
        for name, function in likes.items():
            theirs, more = getattr(module, name), {"copysign": (-1.0,), "pow": (3,), "power": (3,), "clip": (1, 2)}.get(name, ())
            more = {"maximum": (1.0,), "minimum": (1.0,), "where": (2.0, 3.0)}.get(name, more)
            y = _defined(theirs, more)(x)
            same_bits(y, _defined(function, more)(x))
            np.testing.assert_allclose(y, np.array([function(float(v), *more) for v in x], float), rtol=3e-7)


def _defined(function: Callable[..., Any], more: tuple[Any, ...]) -> fa.Activation:
    return fa.define(lambda x: (function(x, *more), 0), name="f")


def test_the_same_source_runs_as_python_and_in_mpmath() -> None:
    def everything(x: Any) -> Any:
        y = math.exp(-x) + np.log1p(x) * math.erf(x) - scalars.normal_cdf(x) + scalars.softplus(x) * scalars.sigmoid(-x)
        y = y + max(x, 1, 0.5) + scalars.select(x > 2, x, 1.0) + np.clip(x, 0, 1) + scalars.fma(x, x, 1) + fa.gelu(x) + float(x) ** 0.5
        return y + math.copysign(x, -1) + np.sign(x) + scalars.normal_pdf(x) + fa.elu.derivative(-x) + (
            x if math.isfinite(x) and not math.isnan(x) else 0
        ), 0

    f, python = fa.define(everything), portable(everything)
    for x in (0.3, 1.7, 2.5):
        assert f(x) == pytest.approx(python(x)[0], rel=1e-14)
        assert f(x) == pytest.approx(float(python(mpmath.mpf(x))[0]), rel=1e-14)
        assert f(np.float32(x)) == pytest.approx(python(np.float64(x))[0], rel=3e-7)
