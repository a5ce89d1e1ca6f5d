"""The comparison of two files of results, on made-up ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import compare

NAMES = ("relu", "gelu", "tanh")


def made(path: Path, seconds: dict[str, float], machine: float = 1, noise: float = 1) -> str:
    """A file whose medians, not whose least times, are slowed by the noise."""
    common = {"direction": "forward", "dtype": "float32", "size": 16384, "threads": 1, "layout": "dense"}
    yard = {"yardstick": {"copy": 2000 * machine, "exp": 20000 * machine}}
    rows: list[dict[str, Any]] = []
    for name, took in seconds.items():
        least = {"seconds": took * machine} | yard
        rows.append({"function": name, "seconds": took * machine * noise, "least": least} | yard | common)
    path.write_text(json.dumps({"format": 1, "header": {}, "rows": rows}))
    return str(path)


@pytest.fixture
def old(tmp_path: Path) -> str:
    return made(tmp_path / "old.json", dict.fromkeys(NAMES, 1e-6))


@pytest.mark.parametrize("machine", [1, 3.5])
def test_another_machine_is_no_change(old: str, tmp_path: Path, machine: float, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main([old, made(tmp_path / "new.json", dict.fromkeys(NAMES, 1e-6), machine)]) == 0
    assert "3 rows: 0 slower, 0 faster; geometric mean of the speeds 1.000" in capsys.readouterr().out


def test_slower_and_faster(old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = made(tmp_path / "new.json", {"relu": 2e-6, "gelu": 0.5e-6, "tanh": 1e-6, "other": 1e-6}, 2)
    assert compare.main([old, new]) == 1
    text = capsys.readouterr().out
    assert "relu" in text
    assert "gelu" in text
    assert "tanh" not in text
    assert text.index("relu") < text.index("gelu")
    assert "3 rows: 1 slower, 1 faster; geometric mean of the speeds 1.000" in text


@pytest.mark.parametrize(("limit", "status"), [("0.9", 1), ("0.7", 0)])
def test_limit(old: str, tmp_path: Path, limit: str, status: int) -> None:
    assert compare.main([old, made(tmp_path / "new.json", {"relu": 1.25e-6}), "--limit", limit]) == status


def test_noise_in_the_medians_alone_is_no_change(old: str, tmp_path: Path) -> None:
    assert compare.main([old, made(tmp_path / "new.json", {"relu": 1e-6}, noise=2)]) == 0


def test_only_faster_is_success(old: str, tmp_path: Path) -> None:
    assert compare.main([old, made(tmp_path / "new.json", {"relu": 0.1e-6})]) == 0


@pytest.mark.parametrize("text", [None, "no json", "[]", '{"rows": [{}]}', '{"rows": []}', '{"rows": 3}'])
def test_bad_files(old: str, tmp_path: Path, text: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.json"
    if text is not None:
        bad.write_text(text)
    assert compare.main([old, str(bad)]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert said.err.count("\n") == 1
    assert "bad.json" in said.err


def test_no_time(old: str, tmp_path: Path) -> None:
    assert compare.main([old, made(tmp_path / "new.json", {"relu": 0})]) == 2


def test_nothing_in_common(old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main([old, made(tmp_path / "new.json", {"silu": 1e-6})]) == 2
    assert "no row in common" in capsys.readouterr().err


@pytest.mark.parametrize("start", [["-m", "bench.compare"], ["bench/compare.py"]])
def test_commands(old: str, start: list[str]) -> None:
    top = Path(compare.__file__).parents[1]
    done = subprocess.run([sys.executable, *start, old, old], capture_output=True, text=True, check=False, cwd=top)
    assert done.returncode == 0, done.stderr
    assert "0 slower" in done.stdout
