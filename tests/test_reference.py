"""The C reference against its definition in mpmath: at most 4 ulp of its own type anywhere, limits and NaN as promised."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import judge
import numpy as np
import pytest
from cases import parameters

import fastact
import fastact.oracle.gates
from fastact import oracle, reference
from fastact.record import at

BOUND = 4.0
TYPES = [np.float64, np.longdouble]
CASES = [pytest.param(a, p, id=f"{a.name}{list(p) or ''}") for a in fastact.ACTIVATIONS for p in parameters(a)]
CALLS = {
    "forward": (reference.forward, oracle.forward),
    "derivative": (reference.derivative, oracle.derivative),
    "param_derivative": (reference.param_derivative, oracle.param_derivative),
}


def calls(params: tuple[float, ...]) -> list[tuple[str, tuple[int, ...]]]:
    return [("forward", ()), ("derivative", ()), *(("param_derivative", (k,)) for k in range(len(params)))]


def test_reference_has_every_activation_and_no_other() -> None:
    factors = {name: len(d) - 2 for name, d in oracle.gates.FACTORS.items()}
    assert reference.names() == {a.name: len(a.params) for a in fastact.ACTIVATIONS} | factors
    assert {name: len(d) - 2 for name, d in oracle.DEFINITIONS.items()} | factors == reference.names()


@pytest.mark.parametrize(("activation", "params"), CASES)
def test_error_of_the_reference(activation: fastact.Activation, params: tuple[float, ...]) -> None:
    name = activation.name
    x = judge.points(seed=sum(map(ord, name)), count=3000, near=params)
    for call, which in calls(params):
        compute, define = CALLS[call]
        truth = [define(name, *which, v, *params) for v in x]
        floor = [judge.least(name, which[0] + 2 if which else int(call == "derivative"), v, params) for v in x]
        for dtype in TYPES:
            error, where = judge.worst(compute(name, *which, x, *params, dtype=dtype), truth, x, floor)
            assert error <= BOUND, f"{name} {call}{which} {params} in {np.dtype(dtype)}: {error:.2f} ulp at {where!r}"


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(("activation", "params"), CASES)
def test_limits_and_nan(activation: fastact.Activation, params: tuple[float, ...], dtype: Any) -> None:
    record = activation.record
    for compute, limits in ((reference.forward, record.limits), (reference.derivative, record.derivative_limits)):
        y = compute(record.name, [-np.inf, np.inf], *params, dtype=dtype).astype(np.float64)
        expected = np.array([at(limits.at_minus_inf, *params), at(limits.at_plus_inf, *params)])
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_array_equal(np.signbit(y), np.signbit(expected))
    for call, which in calls(params):
        assert np.isnan(CALLS[call][0](record.name, *which, np.nan, *params, dtype=dtype))
        assert not np.isnan(CALLS[call][0](record.name, *which, judge.points(1, 20_000), *params, dtype=dtype)).any()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("activation", fastact.ACTIVATIONS, ids=lambda a: a.name)
def test_zeros_kinks_and_symmetry(activation: fastact.Activation, dtype: Any) -> None:
    record = activation.record
    for params in parameters(activation):
        for kink in record.kinks:
            x = np.float64(at(kink.at, *params))
            for zero in {x, -x} if x == 0 else {x}:
                slope = reference.derivative(record.name, zero, *params, dtype=dtype)
                assert np.float64(slope) == at(kink.derivative, *params)
    if record.odd:
        x, defaults = judge.points(2, 2000), [p.default for p in record.params]
        y = reference.forward(record.name, x, *defaults, dtype=dtype)
        np.testing.assert_array_equal(reference.forward(record.name, -x, *defaults, dtype=dtype), -y)
    assert np.signbit(reference.forward("tanh", -0.0, dtype=dtype))
    assert not np.signbit(reference.forward("relu", -0.0, dtype=dtype))


@pytest.mark.parametrize(("activation", "params"), CASES)
def test_oracle_is_exact_to_thirty_digits(activation: Any, params: tuple[float, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    x = judge.points(3, 80, near=params)
    for call, which in calls(params):
        values = [CALLS[call][1](activation.name, *which, v, *params) for v in x]
        monkeypatch.setattr(oracle, "PRECISION", 1000)
        for v, value in zip(x, values, strict=True):
            finer = CALLS[call][1](activation.name, *which, v, *params)
            assert abs(value - finer) <= abs(finer) * oracle.mpf("1e-30"), f"{activation.name} {call}{which} at {v!r}"
        monkeypatch.undo()


@pytest.mark.parametrize(("activation", "params"), CASES)
def test_oracle_derivatives_are_those_of_its_function(activation: fastact.Activation, params: tuple[float, ...]) -> None:
    define = oracle.DEFINITIONS[activation.name]
    kinks = [at(kink.at, *params) for kink in activation.record.kinks]
    with oracle.workprec(oracle.PRECISION):
        arguments = [oracle.mpf(p) for p in params]
        for x in (-30.5, -2.25, -0.4375, 0.3125, 1.5, 11.0):
            if x in kinks:
                continue
            point = (oracle.mpf(x), *arguments)
            for k, derivative in enumerate(define[1:]):
                order = tuple(int(j == k) for j in range(len(point)))
                slope = oracle.mp.diff(define[0], point, order) if len(point) > 1 else oracle.mp.diff(define[0], point[0])
                assert abs(slope - derivative(*point)) <= oracle.mpf("1e-25"), f"argument {k} at {x}"


def run(name: str, direction: int, flat: int, step: int, params: int, *arrays: Any) -> None:
    ffi, lib = reference._built().ffi, reference._built().lib
    loops = (getattr(lib, f"fastact_{name}{suffix}_l") for suffix in ("", "_d0"))
    args = ffi.new("void *[]", [ffi.cast("void *", a.ctypes.data) for a in arrays])
    lib.fastact_run_l(*loops, direction, flat, params, step, args, arrays[-1].size)


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize(("name", "params"), [("gelu", ()), ("elu", (0.75,)), ("hard_tanh", (-0.5, 1.25))])
def test_one_call_runs_a_direction_and_may_write_over_its_inputs(name: str, params: tuple[float, ...], step: int) -> None:
    x, dy = np.random.default_rng(4).normal(0, 2, (2, 1000)).astype(np.longdouble)
    p = [np.longdouble(v) + np.abs(dy) * step for v in params]
    rows = [np.array(v) for v in p]
    y, d = reference.forward(name, x, *p), reference.derivative(name, x, *p)
    for over_x in (False, True):
        for direction, before, truth in ((0, [], [y]), (1, [dy], [dy * d]), (2, [], [d]), (3, [], [y, d])):
            given = [*before, x.copy(), *rows]
            out = [given[len(before)] if over_x and not k else np.empty_like(x) for k in range(len(truth))]
            run(name, direction, 0, step, len(p), *given, *out)
            for got, expected in zip(out, truth, strict=True):
                np.testing.assert_array_equal(got, expected)


def test_backward_of_a_flat_part_is_zero_whatever_comes_in() -> None:
    x, dy = np.array([[-1, -1, -1, 2, np.nan], [np.nan, np.inf, -2, 3, 1]], np.longdouble)
    for flat, expected in ((1, [0, 0, 0, 3, np.nan]), (0, [np.nan, np.nan, 0, 3, np.nan])):
        dx = np.empty_like(x)
        run("relu", 1, flat, 0, 0, dy, x, dx)
        np.testing.assert_array_equal(dx, expected)
        assert np.signbit(dx[2]) == (not flat)


def test_arguments_broadcast_and_keep_their_shape() -> None:
    x, slope = np.linspace(-2, 2, 12).reshape(3, 4), np.array([0.0, 0.5, -1.0, 2.0])
    np.testing.assert_array_equal(reference.forward("prelu", x, slope), np.where(x > 0, x, slope * x))
    np.testing.assert_array_equal(reference.param_derivative("prelu", 0, x[:, ::-1].T, slope[:, None]), np.minimum(x[:, ::-1].T, 0))
    np.testing.assert_array_equal(reference.forward("hard_tanh", [-3, 0, 3], [-1, -2, -3], 2), [-1, 0, 2])
    assert reference.forward("relu", np.float16(2)).dtype == np.longdouble
    assert reference.forward("relu", np.zeros((0, 3)), dtype="float64").shape == (0, 3)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (("relu", 1j), {}, TypeError, "casts safely"),
        (("relu", np.longdouble(1)), {"dtype": "float64"}, TypeError, "casts safely"),
        (("relu", 1.0), {"dtype": "float32"}, TypeError, "float64 or longdouble"),
        (("rellu", 1.0), {}, ValueError, "no function 'rellu'"),
        (("relu", 1.0, 2.0), {}, TypeError, "takes 0 parameters in the reference, 1 were given"),
    ],
)
def test_errors_say_what_is_wrong(arguments: Any, options: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        reference.forward(*arguments, **options)


def test_there_is_no_derivative_by_a_missing_parameter() -> None:
    with pytest.raises(ValueError, match="none at position 1"):
        reference.param_derivative("elu", 1, 0.0, 1.0)


def test_oracle_refuses_infinity() -> None:
    with pytest.raises(ValueError, match="finite"):
        oracle.forward("silu", np.inf)


def test_import_leaves_the_reference_alone() -> None:
    code = "import sys, fastact; assert 'fastact._reference' not in sys.modules and 'mpmath' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_missing_build_is_explained() -> None:
    code = "import sys; sys.modules['fastact._reference'] = None\nfrom fastact import reference\nreference.forward('relu', 1.0)"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert "ImportError: fastact's C reference is not built" in done.stderr
