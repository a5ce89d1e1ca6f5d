"""Gains: the published integrals, other means to the same number, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from cases import defaults

import fastact as fa

TABLE = [
    (fa.identity, {}, 1, 1),
    (fa.relu, {}, 1.414213562, 1.414213562),
    (fa.leaky_relu, {}, 1.414142857, 1.414142857),
    (fa.leaky_relu, {"slope": 0.1}, 1.407195089, 1.407195089),
    (fa.prelu, {}, 1.371988681, 1.371988681),
    (fa.sigmoid, {}, 1.846228545, 4.722646086),
    (fa.tanh, {}, 1.592537420, 1.467413592),
    (fa.softplus, {}, 1.041866836, 1.846228545),
    (fa.elu, {}, 1.245198301, 1.223428558),
    (fa.selu, {}, 1, 0.966025777),
    (fa.silu, {}, 1.676532470, 1.623320258),
    (fa.gelu, {}, 1.533530441, 1.481114413),
    (fa.gelu_tanh, {}, 1.533580522, 1.481168058),
    (fa.hard_tanh, {}, 1.392036140, 1.210287062),
    (fa.hard_sigmoid, {"slope": 0.25}, 1.803240877, 4.094228575),
    (fa.exp, {}, math.exp(-1), math.exp(-1)),
]


@pytest.mark.parametrize(("f", "params", "forward", "backward"), TABLE, ids=lambda v: getattr(v, "name", None))
def test_published_values(f: fa.Activation, params: dict[str, float], forward: float, backward: float) -> None:
    """Printed to nine decimals."""
    assert fa.gain(f, **params) == pytest.approx(forward, abs=6e-10)
    assert fa.gain(f, **params, mode="backward") == pytest.approx(backward, abs=6e-10)


def test_leaky_closed_form() -> None:
    for slope in (0.0, 0.01, 0.2, 1.0, 3.0, -0.5):
        for mode in ("forward", "backward"):
            assert fa.gain(fa.leaky_relu, slope, mode=mode) == pytest.approx(math.sqrt(2 / (1 + slope**2)), rel=1e-13)


def test_every_activation_against_draws(activation: fa.Activation) -> None:
    """A million normal draws agree to their own scatter."""
    z = np.random.default_rng(1).standard_normal(1_000_000)
    params = defaults(activation)
    for mode, values in (("forward", activation(z, *params)), ("backward", activation.derivative(z, *params))):
        square = values**2
        found = fa.gain(activation, *params, mode=mode)
        scatter = 6 * square.std() / 1000
        assert math.isinf(found) if not square.any() else abs(1 / found**2 - square.mean()) <= scatter


def test_kinks_between_whole_numbers_cost_no_digits() -> None:
    """E[z² · (|z| < 0.3)] in closed form; panels that ignore the kink are some 1e-4 off."""
    b = 0.3
    inside = math.erf(b / math.sqrt(2)) - 2 * b * math.exp(-b * b / 2) / math.sqrt(2 * math.pi)
    outside = b * b * math.erfc(b / math.sqrt(2))
    assert fa.gain(fa.hard_tanh, -b, b) == pytest.approx(1 / math.sqrt(inside + outside), rel=1e-13)


def test_a_fast_wave() -> None:
    """E (sin²(az)/a + z)²: narrower panels are taken by themselves."""
    a = 50.0
    square = 1 + (3 / 8) / a**2  # the terms in exp(-2a²) are nothing
    assert fa.gain(fa.snake, a) == pytest.approx(1 / math.sqrt(square), rel=1e-12)


def test_no_gain() -> None:
    assert fa.gain(fa.step, mode="backward") == math.inf
    assert math.isnan(fa.gain(fa.celu, 0.0))


@pytest.mark.parametrize(
    ("kind", "message", "arguments", "named"),
    [
        (TypeError, "gain: f is a str; accepted is an activation of fastact, such as fastact.relu", ["relu"], {}),
        (ValueError, "gain: mode is 'both'; accepted are 'forward' and 'backward'", [fa.relu], {"mode": "both"}),
        (TypeError, "gain: slop is no parameter of prelu; accepted are slope", [fa.prelu], {"slop": 1.0}),
        (TypeError, "gain: slope is no parameter of relu; accepted are none", [fa.relu], {"slope": 1.0}),
        (TypeError, "gain: slope is a ndarray; accepted is a number", [fa.prelu, np.ones(2)], {}),
        (TypeError, "gain: slope is a str; accepted is a number", [fa.prelu, "1"], {}),
        (TypeError, "prelu's gain: slope is given twice", [fa.prelu, 1.0], {"slope": 1.0}),
        (TypeError, "threshold's gain: value is missing; parameters are threshold, value", [fa.threshold, 1.0], {}),
    ],
)
def test_refusals(kind: type[Exception], message: str, arguments: list[Any], named: dict[str, Any]) -> None:
    with pytest.raises(kind) as caught:
        fa.gain(*arguments, **named)
    assert str(caught.value) == message


def test_no_floating_point_error() -> None:
    with np.errstate(all="raise"):
        for f in fa.ACTIVATIONS:
            for mode in ("forward", "backward"):
                fa.gain(f, *f.record.typical, mode=mode)
