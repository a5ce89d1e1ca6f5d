"""`fastact check` finds each kind of wrong function and says where, and lets right ones pass."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pages
import pytest

import fastact as fa
from fastact import cli
from fastact.commands.naming import activation
from fastact.record import Budget, Limits, Record, Ulp
from fastact.testing import Report, check_activation

EXAMPLE = f"{pages.DOCS / 'examples' / 'rbf.py'}:rbf"
rbf = activation(EXAMPLE)


def failures(f: fa.Activation, **options: Any) -> dict[str, Any]:
    """The findings that failed, by what they are about."""
    report = check_activation(f, params=[f.record.typical], **options)
    return {finding.what: finding for finding in report.failures}


@pytest.mark.parametrize("f", [rbf, fa.relu_squared, fa.prelu, fa.silu], ids=lambda f: f.name)
def test_right_ones_pass(f: fa.Activation) -> None:
    report = check_activation(f)
    assert report.ok, str(report)
    assert len(report.findings) > 20
    assert report.verdict == f"{f.name}: right as far as was looked at"


@fa.define
def without_two(x: Any, s: float = 1.0) -> Any:
    u = np.clip(x / s, -40, 40)
    y = math.exp(-u * u)
    return y, -u / s * y, u * u / s * y


def test_wrong_derivatives() -> None:
    found = failures(without_two)
    assert set(found) == {"dy/dx is the slope of y", "dy/ds is the slope of y"}
    one = found["dy/dx is the slope of y"]
    assert one.expected == pytest.approx(2 * one.value)
    assert one.expected == pytest.approx(-2 * one.x * math.exp(-(one.x**2)))
    assert f"at x = {one.x!r}" in one.told


@fa.define
def almost(x: Any) -> Any:
    t = fa.tanh(x)
    return t, (1 - t * t) * (1 + 1e-6)


@fa.define
def no_tail(x: Any) -> Any:
    y = fa.sigmoid(x)
    return y, y * (1 - y) if x > -20 or np.isnan(x) else 0.0


@pytest.mark.parametrize("f", [almost, no_tail], ids=lambda f: f.name)
def test_derivatives_that_are_almost_right(f: fa.Activation) -> None:
    """Off by 1e-6 everywhere, or by all of a slope that is 1e-9: less than rounding may do elsewhere."""
    assert set(failures(f)) == {"dy/dx is the slope of y"}


@fa.define
def line(x: Any, a: float = 2.0, b: float = 1.0) -> Any:
    return a * x + b, a, x, 1.0


def test_a_constant_slope_is_right_at_nan() -> None:
    report = check_activation(line)
    assert report.ok, str(report)
    assert "note  NaN in, NaN out (float32): dy/dx, dy/db is a number where x is NaN" in str(report)


def test_wrong_derivatives_without_mpmath(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpmath", None)
    assert set(failures(without_two)) == {"dy/dx is the slope of y", "dy/ds is the slope of y"}
    assert not failures(rbf)
    with pytest.raises(ImportError, match=r"^check_activation: expression= needs mpmath: pip install 'fastact\[verify\]'"):
        check_activation(rbf, expression=lambda mp, x, c, s: mp.exp(-(((x - c) / s) ** 2)))


def test_expressions() -> None:
    assert not failures(rbf, expression=lambda mp, x, c, s: mp.exp(-(((x - c) / s) ** 2)))
    found = failures(rbf, expression=lambda mp, x, c, s: mp.exp(-((x - c) ** 2) / 2))
    assert {"y is what it should be", "dy/dx is the slope of y"} <= set(found)


def test_digits_that_are_lost() -> None:
    """Not a failure, but said: 1 - e^-y, of which nothing is left in the tail."""
    f = fa.define(lambda x: (fa.softplus(x), 1 - math.exp(-fa.softplus(x))), name="from_y")
    report = check_activation(f)
    assert report.ok, str(report)
    (lost,) = (n for n in report.findings if n.what == "largest error of derivative in float64")
    assert lost.outcome == "note"
    assert float(lost.told.split()[0]) > 1e6
    assert lost.x is not None
    assert lost.x < -10


def test_nan_of_finite_x_and_no_limit() -> None:
    found = failures(fa.define(lambda x: (x * math.exp(x) / (1 + math.exp(x)), fa.silu.derivative(x)), name="overflowing"))
    assert set(found) == {"no NaN of finite x (float32)", "no NaN of finite x (float64)", "limit of f at -∞", "limit of f at +∞"}
    assert found["no NaN of finite x (float32)"].x == pytest.approx(88.8, abs=0.3)
    assert "y is NaN at" in found["no NaN of finite x (float32)"].told


def test_a_number_of_nan() -> None:
    found = failures(fa.define(lambda x: (max(0.0, x), 1.0 if x > 0 else 0.0), name="deaf", kinks=(0.0,)))
    assert set(found) == {"NaN in, NaN out (float32)", "NaN in, NaN out (float64)"}
    assert found["NaN in, NaN out (float32)"].told.startswith("y, dy/dx is a number")


def test_kinks() -> None:
    def bent(x: Any) -> Any:
        return (x, 1 + 0 * x) if x > 0.3 else (0.3 + 2 * (x - 0.3), 2 + 0 * x)

    what = "kinks are where f or f' jumps, and nowhere else"
    told = failures(fa.define(bent, derivative_limits=(math.nan, math.nan)))
    assert set(told) == {what}
    assert told[what].x == pytest.approx(0.3)
    assert "dy/dx jumps there and no kink is declared; before it dy/dx is 2, after it 1" in told[what].told
    options = {"derivative_limits": (math.nan, math.nan)}
    assert not failures(fa.define(bent, kinks=(0.3,), **options))
    assert failures(fa.define(bent, kinks=(0.3, 1.0), **options))[what].x == 1

    def steep(x: Any) -> Any:
        return abs(x), (7 if x == 0 else fa.scalars.copysign(1.0, x)) + 0 * x

    assert set(failures(fa.define(steep, kinks=(0.0,), **options))) == {"dy/dx at a kink is between those on its sides"}


def test_claims() -> None:
    options: dict[str, Any] = {"range": (0.0, 1.0), "odd": True, "monotone": True, "limits": (0.0, 2.0)}
    found = failures(fa.define(lambda x: (fa.silu(x), fa.silu.derivative(x)), name="claimed", **options))
    claimed = ("values are in [0, 1]", "odd", "never falls")
    assert set(found) == {"limit of f at +∞", *(f"{what} ({w})" for what in claimed for w in ("float32", "float64"))}
    assert found["limit of f at +∞"].value == math.inf
    assert found["limit of f at +∞"].expected == 2


def test_a_bound_that_does_not_hold() -> None:
    tight = fa.define(rbf.record.scalar, budget=Budget(Ulp(0.6, 0.6), Ulp(1e9, 1e9)))
    assert set(failures(tight)) == {"largest error of forward in float32", "largest error of forward in float64"}


def test_float64_in_float32_code() -> None:
    """Literals are no reason for it; what asks for it is found, on both targets."""

    def half(x: Any) -> Any:
        return (0.1 * x.double()).to(x.type), 0.5

    fields = {f: getattr(rbf.record, f) for f in ("formula", "derivative", "range", "budget", "source", "reference")}
    record = Record(scalar=half, limits=Limits(-math.inf, math.inf), derivative_limits=Limits(0.5, 0.5), **fields)
    options = {"derivative_limits": (math.nan, math.nan)}
    assert {"no float64 in float32 code", "code for CUDA"} <= set(failures(fa.Activation(record)))
    assert not failures(fa.define(lambda x: (0.5 * x, 0.5 + 0 * x), name="half", **options))


def test_what_is_no_activation() -> None:
    with pytest.raises(TypeError, match=r"^check_activation: activation is of type function; accepted"):
        check_activation(without_two.record.scalar)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^check_activation: 1 parameters given; rbf takes 2$"):
        check_activation(rbf, params=[(1.0,)])


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "test_check:without_two", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["ok"]
    assert {f["outcome"] for f in told["findings"]} == {"ok", "fail", "note"}
    assert cli.main(["check", EXAMPLE]) == 0
    assert "rbf: right as far as was looked at" in capsys.readouterr().out
    assert cli.main(["check", "no_such_function"]) == 2


def test_testing_is_not_imported_with_fastact() -> None:
    program = "import sys, fastact; assert 'fastact.testing' not in sys.modules; print(fastact.testing.check_activation.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=True, cwd=Path(__file__).parent
    )
    assert done.stdout.strip() == "check_activation"
    assert isinstance(check_activation, type(lambda: 0))
    assert Report.__module__ == "fastact.checking.report"
