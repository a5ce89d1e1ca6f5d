"""The README's tables are those of the records; test_docs runs its tour."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import fastact as fa
from fastact.verify.slices import Job

README = Path(__file__).parents[1] / "README.md"


def test_rows() -> None:
    """Every function is told, as its record has it."""
    section = README.read_text().partition("## Functions")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", section, re.MULTILINE)
    assert [name for name, _ in rows] == [f.name for f in fa.ACTIVATIONS]
    for name, row in rows:
        activation = getattr(fa, name)
        budget = activation.budget
        errors = [f"{getattr(budget.forward, w):g}, {getattr(budget.derivative, w):g}" for w in ("float32", "float64")]
        assert row.endswith(f"| {errors[0]} | {errors[1]} "), name
        for param in activation.params:
            default = "" if param.default is None else "=1/6" if param.default == 1 / 6 else f"={param.default:g}"
            assert f"`{param.name}{default}`" in row, name
            assert row.count("trainable") == any(p.trainable for p in activation.params)


def test_two_commands() -> None:
    """Each starts from a fresh clone, with the extras it needs."""
    commands = [line.strip() for line in README.read_text().splitlines() if line.strip().startswith("python3 -m venv")]
    assert len(commands) == 2
    assert commands[0].endswith("fastact demo")
    assert commands[1].endswith("-m pytest -n auto --dist loadfile")


def test_rows_of_gates() -> None:
    section = README.read_text().partition("## Gated units")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", section, re.MULTILINE)
    assert [name for name, _ in rows] == [g.name for g in fa.GATES]
    for (name, row), gate in zip(rows, fa.GATES, strict=True):
        budget = gate.budget
        errors = [f"{getattr(budget.forward, w):g}, {getattr(budget.derivative, w):g}" for w in ("float32", "float64")]
        assert row.endswith(f"| {errors[0]} | {errors[1]} "), name
        assert all(f"`{p.name}={p.default:g}`" in row for p in gate.params)


def test_noise_rows() -> None:
    section = README.read_text().partition("## Noise")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", section, re.MULTILINE)
    assert [name for name, _ in rows] == [f.name for f in fa.NOISY]
    for name, row in rows:
        unit = getattr(fa, name)
        budget = unit.record.budget
        errors = [f"{getattr(budget.forward, w):g}, {getattr(budget.derivative, w):g}" for w in ("float32", "float64")]
        assert row.endswith(f"| {errors[0]} | {errors[1]} "), name
        for param in unit.params[1:]:
            default = "1/3" if param.default == 1 / 3 else f"{param.default:g}"
            assert f"`{param.name}={default}`" in row, name
        assert row.count("trainable") == sum(p.trainable for p in unit.params)


def test_rows_of_rows() -> None:
    section = README.read_text().partition("## Rows")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|(.*)\|$", section, re.MULTILINE)
    told = {name: row for names, row in rows for name in re.findall(r"`(\w+)`", names)}
    assert set(told) == {f.name for f in fa.ROWS}
    for f in fa.ROWS:
        errors = [f"{f.record.budget[k]:g}, {f.record.gradient[k]:g}" for k in range(2)]
        assert told[f.name].endswith(f"| {errors[0]} | {errors[1]} "), f.name


RUNS = {"float64": ("float64",), "halves": ("float16", "bfloat16")}


@pytest.mark.parametrize("run", RUNS)
def test_published_runs(run: str) -> None:
    """The data beside the README are whole runs, of all functions, within the bounds."""
    found = json.loads((README.parent / "bench" / f"{run}.json").read_text())
    assert f"bench/{run}.json" in README.read_text()
    assert not found["partial"]
    told = {(e["function"], e["dtype"], e["direction"]) for e in found["results"]}
    assert {(f.name, d, w) for f in fa.ACTIVATIONS for d in RUNS[run] for w in ("forward", "derivative")} <= told
    for entry in found["results"]:
        job = Job(getattr(fa, entry["function"]), entry["dtype"], (), 0, 1, exhaustive=True)
        assert float(entry["ulp"]) <= job.budget(entry["direction"]), entry
        assert not entry["violations"]
