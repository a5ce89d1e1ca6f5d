"""What is to run on a GPU, run by the interpreter on small arrays: `python -m bench.gpu`, its bundle and its digests."""

import ctypes
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interpreted import Interpreted
from stub import scene
from stub.device import Stub

import fastact as fa
from bench import cuda_hashes
from bench.gpu import __main__ as command
from bench.gpu import bundle, case, elementwise, kernels, programs, speed, sweep
from bench.gpu.device import Device
from bench.gpu.digest import SIZES, digest

FUNCTIONS = (fa.relu, fa.reglu)
SLICES = 1 << 19


@pytest.fixture(scope="module")
def texts() -> case.Texts:
    made: case.Texts = {}
    for program in kernels.all_of_them():
        elementwise.keep(made, program)
    return made


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments of a run on a few functions, small arrays, and one slice of float32."""
    monkeypatch.setattr(elementwise, "records", lambda: [f.record for f in FUNCTIONS])
    monkeypatch.setattr(elementwise, "VARIED", ("relu",))
    n = (1 << 32) // SLICES
    first = {f"{f.name} {d}": f"{cuda_hashes.of_slice(f, d, 0, n):016x}" for f in (fa.relu, fa.leaky_relu) for d in cuda_hashes.DIRECTIONS}
    (tmp_path / "hashes.json").write_text(json.dumps({key: [value] + ["0"] * (SLICES - 1) for key, value in first.items()}))
    return ["--few", "--out", str(tmp_path / "out"), "--hashes", str(tmp_path / "hashes.json"), "--steps"]


@pytest.mark.parametrize("dtype", SIZES)
def test_digests_of_the_device_are_those_of_numpy(texts: case.Texts, dtype: str) -> None:
    device = Interpreted()
    values = case.made(case.Recipe("spread", dtype, 70001, 3))
    checks = sweep.Checks(device, texts)
    assert checks.digest(device.upload(values), dtype, values.size) == digest(values, dtype)
    other = values.copy()
    other[70000] ^= values.dtype.type(1)
    assert digest(other, dtype) != digest(values, dtype)
    assert digest(np.roll(values, 1), dtype) != digest(values, dtype)
    parts = [digest(values[:4000], dtype), digest(values[4000:], dtype, 4000)]
    assert sum(parts) % 2**64 == digest(values, dtype)


def test_every_nan_is_the_same_one() -> None:
    a = np.array([1, np.nan, -np.inf], np.float32)
    b = a.copy()
    b.view(np.uint32)[1] = 0xFF80_0001
    assert digest(a, "float32") == digest(b, "float32")


def test_quotients_and_roots_are_judged(texts: case.Texts) -> None:
    checks = sweep.Checks(Interpreted(), texts)
    for name in ("reciprocals", "roots"):
        assert checks.verdict(f"check_{name}", kernels.SPAN, np.uint32(0x3F800000)) == (0, 0)
        assert checks.verdict(f"check_{name}", kernels.SPAN, np.uint32(0)) == (0, kernels.SPAN)
    assert checks.verdict("check_quotients_near", kernels.SPAN, np.uint64(7)) == (0, 0)
    wrong, doubtful = checks.verdict("check_quotients_any", kernels.SPAN, np.uint64(7))
    assert wrong == 0
    assert 0.2 < doubtful / kernels.SPAN < 0.4


def test_the_whole_run(few: list[str], tmp_path: Path, capsys: Any) -> None:
    assert command.main([*few, "bits", "division", "floats", "speed"], Interpreted) == 0
    told = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "out").iterdir()}
    assert told.keys() == {"bits", "division", "floats", "speed"}
    assert told["bits"]["cases"] == len(FUNCTIONS) * 5 * 4 + 2 * 2 * 4
    assert told["floats"]["checked"] == 2
    assert told["floats"]["not_checked"] == ["leaky_relu derivative", "leaky_relu forward"]
    assert {row["form"] for row in told["speed"]["rows"]} == {"", "1", "2", "4", "persistent"}
    assert all(found["header"] == {"gpu": "an interpreter of PTX"} for found in told.values())


def test_a_difference_is_told(few: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts, cases = bundle.build(few=True)
    monkeypatch.setattr(elementwise, "records", lambda: [fa.relu.record])
    chosen = [one for one in cases if one.name == "relu forward float32"]
    for key in {launch.program for one in chosen for launch in one.launches}:
        name, text, span = texts[key]
        assert "setp.le.f32" in text
        texts[key] = name, text.replace("setp.le.f32", "setp.ge.f32"), span
    case.save(tmp_path / "bundle", texts, chosen)
    status = command.main([*few, "bits", "floats", "--bundle", str(tmp_path / "bundle")], Interpreted)
    assert status == 1
    assert "relu forward float32" in json.loads((tmp_path / "out" / "bits.json").read_text())["wrong"][0]
    assert json.loads((tmp_path / "out" / "floats.json").read_text())["wrong_slices"] == {"relu forward": [0]}


def test_what_lies_beside_a_result_is_watched(texts: case.Texts) -> None:
    one = elementwise.case(texts, fa.relu.record, "forward", "float32", 100)
    longer = case.Launch(one.launches[0].program, 1, (*one.launches[0].arguments[:-1], ("uint32", 101)))
    told = case.run(Interpreted(), texts, case.Case("longer", one.data, (longer,), one.results))
    assert told == ["longer: array 1: memory beside it was written"]


def test_a_failing_step_does_not_stop_the_next(few: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(elementwise, "records", lambda: [fa.relu.record])

    def fail(*arguments: Any, **options: Any) -> Any:
        raise RuntimeError("lost")

    monkeypatch.setattr(sweep, "division", fail)
    assert command.main([*few, "division", "bits"], Interpreted) == 1
    assert "lost" in json.loads((tmp_path / "out" / "division.json").read_text())["error"]
    assert json.loads((tmp_path / "out" / "bits.json").read_text())["wrong"] == []


def test_a_run_that_is_ended_leaves_what_it_has_found(few: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elementwise, "records", lambda: [fa.relu.record])
    monkeypatch.setattr(command, "EVERY", 0)
    ran, run = [], case.run

    def ended(*arguments: Any) -> list[str]:
        if ran:
            raise KeyboardInterrupt
        ran.append(1)
        return run(*arguments)

    monkeypatch.setattr(case, "run", ended)
    with pytest.raises(KeyboardInterrupt):
        command.main([*few, "bits", "--only", "^relu forward"], Interpreted)
    told = json.loads((tmp_path / "out" / "bits.json").read_text())
    assert (told["done"], told["wrong"], told["error"]) == (1, [], "it was ended here")
    assert told["cases"] == 4 + 2 * 4


def test_a_run_out_of_time_says_so(few: list[str], tmp_path: Path) -> None:
    assert command.main([*few, "division", "--seconds", "0"], Interpreted) == 1
    assert json.loads((tmp_path / "out" / "division.json").read_text())["error"] == "no time was left"


def test_programs_that_take_too_long_leave_what_they_said(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = [sys.executable, "-uc", "print('begun'); import time; time.sleep(60)"]
    told = programs._run(slow, 1)
    assert told == {"status": 1, "output": ["begun"], "error": "the time was up"}
    monkeypatch.setenv("PATH", "")
    assert programs.sanitizer(None, 1) == {"not_run": "compute-sanitizer is not on the PATH"}


def test_rows_that_fall_short_are_named() -> None:
    row = {"function": "gelu", "direction": "forward", "dtype": "bfloat16", "form": ""}
    rows = [
        row | {"of_copy": 0.95, "torch_over_ours": 1.2},
        row | {"of_copy": 0.9, "torch_over_ours": 0.99},
        row | {"form": "2", "of_copy": 0.1},
    ]
    assert speed.worst(rows) == {"below_0.93_of_copy": ["gelu forward bfloat16: 0.900"], "torch_sooner": ["gelu forward bfloat16: 0.990"]}


def test_a_bundle_runs_where_fastact_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elementwise, "records", lambda: [fa.relu.record])
    case.save(tmp_path / "bundle", *bundle.build(few=True))
    code = f"""
import sys
for name in ("fastact", "torch", "ml_dtypes"):
    sys.modules[name] = None
sys.path.insert(0, {str(Path(__file__).parent)!r})
import interpreted
from bench.gpu.__main__ import main
steps = ["--steps", "bits", "division", "speed"]
sys.exit(main(["--few", "--out", {str(tmp_path / "out")!r}, "--bundle", {str(tmp_path / "bundle")!r}, *steps], interpreted.Interpreted))
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


@scene
def test_the_run_on_a_device(stub: Stub, tmp_path: Path) -> None:
    """The driver's functions are called as they are; all memory counts as written, as the interpreter sees no upload."""
    stub.lib.stub_on_malloc(None)

    class Known(Device):
        def empty(self, size: int) -> int:
            address = super().empty(size)
            stub.own(np.ctypeslib.as_array((ctypes.c_uint8 * max(size, 16)).from_address(address)))
            return address

    elementwise.records = lambda: [fa.relu.record]
    elementwise.VARIED = ()
    given = ["--few", "--out", str(tmp_path), "--steps", "bits", "speed"]
    assert command.main(given, Known) == 0
    told = json.loads((tmp_path / "speed.json").read_text())
    assert told["header"]["gpu"] == "stub 0"
    assert told["header"]["driver_cuda"] == "13.0"
    assert {row["seconds"] for row in told["rows"]} == {0.00025}
    assert json.loads((tmp_path / "bits.json").read_text())["wrong"] == []


def test_expected_digests_are_of_the_functions_as_they_are() -> None:
    found = cuda_hashes.load()
    assert found.keys() == {f"{f.name} {d}" for f in fa.ACTIVATIONS for d in cuda_hashes.DIRECTIONS}
    slices = (1 << 32) // cuda_hashes.SLICE
    assert {len(values) for values in found.values()} == {slices}
    at = 0x3F800000 // cuda_hashes.SLICE
    for key in ("relu forward", "gelu derivative"):
        name, direction = key.split()
        assert found[key][at] == f"{cuda_hashes.of_slice(getattr(fa, name), direction, at * cuda_hashes.SLICE):016x}"
