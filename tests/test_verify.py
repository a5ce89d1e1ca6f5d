"""`fastact verify`: it passes what is right, finds what is wrong, and goes on where it was interrupted."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastact as fa
from fastact import cli, reference
from fastact.activations import hyperbolic
from fastact.numerics.bits import absolute, copysign, real, select
from fastact.record import Budget, Interval, Ulp
from fastact.verify import DTYPES, parameters, results, scan, slices, verify
from fastact.verify.judge import errors, narrow_errors
from fastact.verify.samples import edges, sample

tanh_of = hyperbolic.tanh.scalar
PLACE = 8.0


def off_by_8_ulp(x: Any) -> Any:
    y, d = tanh_of(x)
    return select(absolute(x) == real(PLACE), y * (real(1) - real(2.0**-21)), y), d


def past_one(x: Any) -> Any:
    y, d = tanh_of(x)
    return select(x > real(12), real(1) + real(2.0**-22), y), d


def not_odd(x: Any) -> Any:
    y, d = tanh_of(x)
    return select(x == real(-0.5), y * (real(1) + real(2.0**-22)), y), d


def steps_back(x: Any) -> Any:
    y, d = tanh_of(x)
    return copysign(select(absolute(x) == real(2), absolute(y) * (real(1) - real(2.0**-22)), absolute(y)), x), d


def not_a_number(x: Any) -> Any:
    y, d = tanh_of(x)
    return select(x == real(1), (x - x) / (x - x), y), d


def made_up(scalar: Callable[..., Any], **fields: Any) -> fa.Activation:
    """An activation that says it is tanh."""
    if scalar is not tanh_of:
        scalar.__name__, scalar.__doc__ = "tanh", "Not tanh."
    return fa.Activation(dataclasses.replace(hyperbolic.tanh, scalar=scalar, **fields))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = cli.main(["verify", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_command_passes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    options = ["--function", "tanh", "--function", "leaky_relu", "--params", "--points", "20000", "--seed", "5", "--json", str(file)]
    status, out, _ = run(capsys, *options)
    assert status == 0, out
    assert "seed 5" in out
    found = json.loads(file.read_text())
    assert found["header"]["seed"] == 5
    assert found["header"]["points"] == 20000
    assert {"date", "cpu", "versions", "threads"} <= set(found["header"])
    sets = {"tanh": 1, "leaky_relu": len(parameters(fa.leaky_relu, every=True))}
    assert sets["leaky_relu"] > 1
    sampled = ("float32", "float64")
    assert len(found["results"]) == sum(sets.values()) * len(DTYPES) * 2 + sets["leaky_relu"] * len(sampled)
    assert {e["dtype"] for e in found["results"] if e["direction"] == "d/dslope"} == set(sampled)
    assert out.count("d/dslope") == sets["leaky_relu"] * len(sampled)
    for entry in found["results"]:
        assert entry["ulp"] <= entry["budget"]
        assert entry["judged"] > 10000
        assert math.isfinite(float.fromhex(entry["x"]))
    assert run(capsys, *options)[0] == 0  # a sampled run takes the place of the one before


def test_plain_text(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastact.verify.command._PAUSE", 0.0)
    for name in ("rich.console", "rich.progress"):
        monkeypatch.setitem(sys.modules, name, None)
    status, out, err = run(capsys, "--function", "relu", "--exhaustive", "--dtype", "float16")
    assert status == 0
    assert "│" not in out
    assert [line.split()[:2] for line in out.splitlines()[2:4]] == [["relu", "float16"], ["relu'", "float16"]]
    lines = err.splitlines()
    assert lines[-1] == "relu float16: 100.0% of all, about 0 min to go"
    assert len(lines) == slices.NARROW_SLICES


BROKEN = {
    "8 ulp at one place": made_up(off_by_8_ulp),
    "budget": made_up(tanh_of, budget=Budget(forward=Ulp(0.1, 0.1), derivative=Ulp(9, 9))),
}


@pytest.mark.parametrize("why", BROKEN)
def test_the_command_fails(why: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fa, "ACTIVATIONS", (BROKEN[why],))
    monkeypatch.setattr("fastact.verify.samples.LANDMARKS", (PLACE,))
    status, out, _ = run(capsys, "--points", "3000", "--dtype", "float32", "--seed", "1")
    assert status == 1
    assert "EXCEEDED" in out
    assert "1 not as published" in out
    if why != "budget":
        assert "tanh float32 forward: 8" in out
        assert " at x = -8.0" in out or " at x = 8.0" in out


def test_without_mpmath(monkeypatch: pytest.MonkeyPatch) -> None:
    with_it = [verify(fa.tanh, name, points=4000, seed=3) for name in DTYPES]
    monkeypatch.setattr(results, "oracle", None)
    for one, name in zip(with_it, DTYPES, strict=True):
        other = verify(fa.tanh, name, points=4000, seed=3)
        assert other.ok
        assert [e.x for e in other.errors] == [e.x for e in one.errors]
        assert [e.ulp for e in other.errors] == pytest.approx([e.ulp for e in one.errors], abs=1e-3)


VIOLATIONS = [
    (past_one, {"range": Interval(-1.0, 1.0), "odd": False}, "range left", np.nextafter(np.float32(12), np.float32(13))),
    (not_odd, {"monotone": False}, "not odd", -0.5),
    (steps_back, {}, "step back of a monotone function", np.nextafter(np.float32(-2), np.float32(0))),
    (not_a_number, {"odd": False}, "NaN for finite x", 1.0),
]


@pytest.mark.parametrize(("scalar", "fields", "what", "place"), VIOLATIONS, ids=[v[2] for v in VIOLATIONS])
def test_violations(scalar: Any, fields: dict[str, Any], what: str, place: float) -> None:
    result = verify(made_up(scalar, **fields, budget=Budget(forward=Ulp(99, 99), derivative=Ulp(99, 99))), "float32", points=8000, seed=2)
    assert not result.ok
    assert all(e.ulp < e.budget for e in result.errors) == (what != "NaN for finite x")
    _, count, first = next(v for v in result.violations if v[0] == what)
    assert count >= 1
    if what in ("not odd", "NaN for finite x"):
        assert first == place
    assert any(kind == what for kind, *_ in result.violations)
    assert math.isinf(result.errors[0].ulp) == (what == "NaN for finite x")


def test_a_step_back_among_all_floats() -> None:
    """The one pair of neighbours in the wrong order is found in its slice of an exhaustive run."""
    broken = made_up(steps_back, odd=False, budget=Budget(forward=Ulp(99, 99), derivative=Ulp(99, 99)))
    job = slices.Job(broken, "float32", (), 0, 1, exhaustive=True)
    key = int(scan.keys(np.array([-2], np.float32))[0]) + 1
    index = next(k for k in range(job.slices) if any(chunk[start] <= key <= chunk[-1] for chunk, start in job.keys(k)))
    assert slices.run(job, index).violations == {"step back of a monotone function": (1, key)}


def test_odd_is_told_of_the_defaults() -> None:
    assert fa.hard_tanh.record.odd
    assert verify(fa.hard_tanh, "float32", points=2000).ok
    assert verify(fa.hard_tanh, "float32", params=(-0.5, 2.0), points=2000).ok


def test_steps_between_chunks_and_slices_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each chunk starts with the last element of the one before, also in the next slice, and judges it once."""
    monkeypatch.setattr(slices, "_CHUNK", 1000)
    job = slices.Job(fa.tanh, "float16", (), 0, 1, exhaustive=True)
    chunks = [chunk for index in range(job.slices) for chunk in job.keys(index)]
    assert chunks[0][1] == 0
    assert all(start == 1 and chunk[0] == before[-1] for (before, _), (chunk, start) in itertools.pairwise(chunks))
    every = np.concatenate([chunk[start:] for chunk, start in chunks])
    x = scan.values(every, job.kind)
    assert np.isfinite(x).all()
    assert every.size == 2 * 31 * 1024
    assert (np.diff(x.astype(float)) >= 0).all()
    np.testing.assert_array_equal(scan.keys(x), every)


def test_16_bit_counts() -> None:
    for name in ("float16", "bfloat16"):
        result = verify(fa.gelu, name)
        for e in result.errors:
            assert e.judged == e.nearest + e.neighbours
            assert e.nearest > 60000
            assert e.neighbours < 20
    y = np.array([1, 1, 1, 2048, np.inf, 65504, 0], np.float16)
    step = 2.0**-10
    truth = np.array([1 + 0.4 * step, 1 + 0.505 * step, 1 + 0.6 * step, 2049, 65521, 65519, 2.0**-25 * 1.001])
    found, nearest = narrow_errors(y, truth)
    np.testing.assert_allclose(found, [0.4, 0.505, 0.6, 0.5, 15 / 32, 15 / 32, 0.5005], rtol=1e-12)
    assert nearest.tolist() == [True, False, False, True, True, True, False]
    odd = np.array([2050], np.float16)
    assert not narrow_errors(odd, np.array([2049.0]))[1]  # a tie goes to the even one


def test_the_compiled_measure_is_that_of_numpy() -> None:
    kind = np.dtype(np.float32)
    x = scan.values(np.sort(np.concatenate([sample(kind, 4000, (1, 1)), edges(fa.exp.record, kind, ())])), kind)
    x = x[np.isfinite(x)]
    for f in (fa.exp, fa.gelu, fa.relu):
        y, truth = f(x), reference.forward(f.name, x.astype(float), dtype=np.float64)
        y[::50], y[1::50] = np.inf, np.nan
        expected = errors(y, truth)
        counts, worst, where = np.zeros(scan.COUNTS, np.int64), np.zeros(y.size), np.zeros(y.size, np.int64)
        judges = truth.view(np.int64), np.zeros(1, np.int64), np.empty(0)
        scan.scan(np.arange(y.size), (0, 0, y.size), y, judges, 1.0, (-np.inf, np.inf), False, (counts, worst, where))
        kept = counts[scan.FILLED]
        assert kept == (expected > 0).sum()
        np.testing.assert_array_equal(worst[:kept], expected[where[:kept]])
        assert counts[scan.OVER] == (expected > 1).sum()
        assert counts[scan.NANS] == np.isnan(y).sum()


def test_only_the_worst_are_kept() -> None:
    given = np.random.default_rng(0).permutation(5000).astype(float)
    counts, worst, where = np.zeros(scan.COUNTS, np.int64), np.zeros(100), np.zeros(100, np.int64)
    y, judges = np.zeros(5000), (np.empty(0, np.int64), np.zeros(1, np.int64), given)
    scan.scan(np.arange(5000), (0, 0, 5000), y, judges, 1.0, (-1.0, 1.0), True, (counts, worst, where))
    assert sorted(worst) == list(range(4900, 5000))
    np.testing.assert_array_equal(given[where], worst)


def test_bad_calls() -> None:
    with pytest.raises(ValueError, match=r"^verify: unknown dtype 'int8'; accepted are float32, float64, float16, bfloat16$"):
        verify(fa.tanh, "int8")
    with pytest.raises(TypeError, match=r"^verify: 1 parameters given; tanh takes 0$"):
        verify(fa.tanh, "float32", params=(1.0,))
    with pytest.raises(ValueError, match=r"^verify: points is 0; accepted are whole numbers from 1$"):
        verify(fa.tanh, "float32", points=0)
