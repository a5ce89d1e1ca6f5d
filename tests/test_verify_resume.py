"""An exhaustive run that is interrupted goes on from its file; input that does not fit is told in one line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import fastact as fa
from fastact import cli
from fastact.verify import slices
from fastact.verify.campaign import Store
from fastact.verify.tally import Tally

RUN = ["verify", "--exhaustive", "--function", "snake", "--dtype", "float16,float64", "--points", "40000", "--seed", "9", "--threads", "2"]


def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "NARROW_SLICES", 12)
    monkeypatch.setattr(slices, "_SAMPLE", 4000)


def test_interrupted_and_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch)
    whole, parts = tmp_path / "whole.json", tmp_path / "parts.json"
    status = cli.main([*RUN, "--json", str(whole)])
    expected = json.loads(whole.read_text())
    assert not expected["partial"]
    compute, calls = slices.run, []

    def fails(job: slices.Job, index: int) -> Tally:
        calls.append(index)
        if len(calls) == 7:
            raise KeyboardInterrupt
        return compute(job, index)

    monkeypatch.setattr(slices, "run", fails)
    done = 0
    for _ in range(10):
        calls.clear()
        again = cli.main([*RUN, "--json", str(parts)])
        if again != 130:
            break
        kept = json.loads(parts.read_text())
        reached = 6 * len(kept["results"]) + sum(len(p["done"]) for p in kept["partial"])
        assert reached > done
        done = reached
    else:
        pytest.fail("it never came to its end")
    assert again == status
    found = json.loads(parts.read_text())
    assert found["results"] == expected["results"]
    assert not found["partial"]
    assert not list(tmp_path.glob("*.part"))
    assert not list(tmp_path.glob("*.lock"))
    assert {e["direction"] for e in found["results"] if e["dtype"] == "float64"} == {"forward", "derivative", "d/dalpha"}
    capsys.readouterr()
    calls.clear()
    assert cli.main([*RUN, "--json", str(parts)]) == status
    assert not calls, "nothing is left to do"


def test_control_c(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    command = [sys.executable, "-m", "fastact", "verify", "--exhaustive", "--function", "relu", "--dtype", "float32", "--json", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(fa.__file__).parents[1])
    until = time.monotonic() + 40
    while time.monotonic() < until and process.poll() is None:
        if file.exists() and (partial := json.loads(file.read_text())["partial"]) and partial[0]["done"]:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert err.strip().endswith(f"interrupted; the same command goes on from {file}")
    found = json.loads(file.read_text())
    assert found["partial"][0]["done"]
    assert Tally.restored(found["partial"][0]["tally"]).stored() == found["partial"][0]["tally"]
    assert found["results"] == []


HOLD = """
import sys
from pathlib import Path
from fastact.verify.alone import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_run_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second run is refused and leaves the file as it is; a lock whose owner died, or a file left by one, holds nobody."""
    file = tmp_path / "found.json"
    options = ["--function", "relu", "--dtype", "float32", "--points", "1000", "--json", str(file)]
    command = [sys.executable, "-c", HOLD, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(fa.__file__).parents[1]) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert complaint(capsys, *options) == f"another run is writing {file}"
        assert not file.exists()
        other.kill()
    assert Path(f"{file}.lock").exists()
    assert cli.main(["verify", *options]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["found.json"]


def complaint(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert cli.main(["verify", *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("fastact verify: ")
    return captured.err.removeprefix("fastact verify: ").strip()


def test_bad_input(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert complaint(capsys, "--function", "nope").startswith("unknown activation 'nope'; accepted are identity, relu, ")
    accepted = "accepted are float32, float64, float16, bfloat16"
    assert complaint(capsys, "--dtype", "float32,int8") == f"unknown dtype 'int8'; {accepted}"
    assert complaint(capsys, "--points", "0") == "--points is 0; accepted are whole numbers from 1"
    assert complaint(capsys, "--threads", "-1") == "--threads is -1; accepted are whole numbers from 1"
    assert complaint(capsys, "--seed", "-1") == "--seed is -1; accepted are whole numbers from 0"
    missing = tmp_path / "no" / "f.json"
    assert complaint(capsys, "--json", str(missing)) == f"cannot write {missing}: No such file or directory"
    assert complaint(capsys, "--json", str(tmp_path)).startswith(f"cannot write {tmp_path}: ")
    monkeypatch.setattr("fastact.verify.command.bfloat16", lambda: None)
    assert complaint(capsys, "--dtype", "bfloat16") == "bfloat16 needs ml_dtypes: pip install 'fastact[bfloat16]'"


def test_unfit_files(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch)
    file = tmp_path / "f.json"
    for text in ("", "not JSON", "[]", '{"format": "fastact verify 1"}', '{"results": []}', "\xff"):
        file.write_bytes(text.encode("latin-1"))
        assert complaint(capsys, "--json", str(file)) == f"{file} is not a file of fastact verify"
        assert file.read_bytes() == text.encode("latin-1"), "it is left as it was"
    file.unlink()
    run = ["--exhaustive", "--function", "relu", "--dtype", "float16", "--json", str(file)]
    assert cli.main(["verify", *run, "--seed", "3"]) == 0
    capsys.readouterr()
    assert complaint(capsys, *run, "--seed", "4") == f"{file} holds a run with seed 3"
    assert complaint(capsys, *run, "--points", "5") == f"{file} holds a run with other points: 10000000 instead of 5"
    assert complaint(capsys, "--json", str(file)).startswith(f"{file} holds a run with other points")
    good = json.loads(file.read_text())
    for key in ("results", "partial"):
        file.write_text(json.dumps({**good, key: [{"function": 1}]}))
        assert complaint(capsys, *run) == f"{file} is damaged"


def test_a_file_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "f.json"
    store = Store(file, {"exhaustive": False})
    before = file.read_bytes()
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        store.save()
    assert file.read_bytes() == before
