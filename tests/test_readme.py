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


def test_every_function_is_named() -> None:
    text = README.read_text()
    assert all(f"`{f.name}`" in text for f in (*fa.ACTIVATIONS, *fa.GATES, *fa.ROWS))


def test_links() -> None:
    """What the README links to is there."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README.read_text())
    assert len(links) > 8
    assert all((README.parent / link).is_file() for link in links)


RUNS = {"float64": ("float64",), "halves": ("float16", "bfloat16")}


@pytest.mark.parametrize("run", RUNS)
def test_published_runs(run: str) -> None:
    """The published data are whole runs, of all functions, within the bounds."""
    found = json.loads((README.parent / "bench" / f"{run}.json").read_text())
    assert f"bench/{run}.json" in (README.parent / "fastact/docs/guides/accuracy.md").read_text()
    assert not found["partial"]
    told = {(e["function"], e["dtype"], e["direction"]) for e in found["results"]}
    assert {(f.name, d, w) for f in fa.ACTIVATIONS for d in RUNS[run] for w in ("forward", "derivative")} <= told
    for entry in found["results"]:
        job = Job(getattr(fa, entry["function"]), entry["dtype"], (), 0, 1, exhaustive=True)
        assert float(entry["ulp"]) <= job.budget(entry["direction"]), entry
        assert not entry["violations"]
