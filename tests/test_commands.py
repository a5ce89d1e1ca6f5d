"""The command: help, tables, JSON, exit statuses, pictures, and what holds for every command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

import fastact as fa
from fastact import cli, machine
from fastact.commands.chosen import functions
from fastact.facts import facts
from fastact.formulas import plain
from fastact.printing import Printer
from fastact.record import at

NAMES = [module.__name__.rpartition(".")[2] for module in cli.COMMANDS]
HERE = Path(cli.__file__).parents[1]


@pytest.fixture(autouse=True)
def nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(arguments) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line of a command that does nothing but complain."""
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize("name", NAMES)
def test_help_has_examples_that_are_parsed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([name, "--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    examples = re.findall(r"^  fastact (.*?)(?:  .*)?$", text.partition("examples:")[2], re.MULTILINE)
    assert examples
    for line in examples:
        assert cli.parser().parse_args(line.split()).command == name
    assert max(map(len, text.splitlines())) <= 80


def test_version_and_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, status in ((["--version"], 0), (["--help"], 0), ([], 2), (["nonsense"], 2), (["list", "--kind", "x"], 2)):
        with pytest.raises(SystemExit) as left:
            cli.main(arguments)
        assert left.value.code == status
    assert f"fastact {fa.__version__}\n" in capsys.readouterr().out


def test_list_tells_of_every_function(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, "list").splitlines()[2:]
    assert [line.split()[0] for line in lines] == list(functions())
    by_name = dict(zip(functions(), lines, strict=True))
    for f in (*fa.ACTIVATIONS, *fa.GATES, *fa.NOISY):
        line, record = by_name[f.name], f.record
        assert plain(f.formula) in line
        assert all(p.name in line for p in f.params)
        assert line.count(" at ") == len(record.kinks)
        assert line.endswith(f"{record.budget.forward.float32:g} / {record.budget.derivative.float32:g}")
        assert f"[{at(record.range.low, *record.typical):.6g}, " in line
    for row in fa.ROWS:
        assert plain(row.formula) in by_name[row.name]
        assert by_name[row.name].endswith(f"{row.record.budget[0]:g} / {row.record.gradient[0]:g}")


def test_list_in_json_is_what_the_records_hold(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(told(capsys, "list", "--json"))
    assert [entry["name"] for entry in found] == list(functions())
    for entry, f in zip(found, fa.ACTIVATIONS, strict=False):
        record = f.record
        assert entry["formula"] == f.formula
        assert entry["source"].split() == record.source.rstrip(".").split()
        assert [(p["name"], p["default"]) for p in entry["parameters"]] == [(p.name, p.default) for p in f.params]
        assert [float(end) for end in entry["range"]] == [at(end, *record.typical) for end in (record.range.low, record.range.high)]
        assert [k["at"] for k in entry["kinks"]] == [at(k.at, *record.typical) for k in record.kinks]
        assert entry["bound"]["forward"] == {"float32": record.budget.forward.float32, "float64": record.budget.forward.float64}
        assert ("backward_from_output" in entry["directions"]) == (f.from_output is not None)
    assert found[0]["range"] == ["-inf", "inf"]


def test_list_filters(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(told(capsys, "list", "--json", "--kind", "gates"))
    assert [entry["name"] for entry in found] == [gate.name for gate in fa.GATES]
    found = json.loads(told(capsys, "list", "--json", "Shrink", "tanh"))
    assert [entry["name"] for entry in found] == ["tanh_shrink"]
    assert "no function is told of with 'zebra'" in refused(capsys, "list", "zebra")


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    for name, words in {
        "gelu": ("x Φ(x)", "-0.7517915247", "2 of f, 2.9 of f'", "arXiv:1606.08415", "longdouble", "cuda_scalar"),
        "prelu": ("trainable", "kinks", "at 0, where f' is 0.25", "with_mask"),
        "expit": ("fa.sigmoid(x)", "also called", "backward_from_output"),
        "swiglu": ("swish(a) b", "packed"),
        "dropout": ("expected", "0.5 by default"),
        "softmax": ("axis=-1", "3 of f"),
        "maxout": ("backward_from_index", "0 of f"),
        "gumbel_softmax": ("temperature",),
    }.items():
        text = told(capsys, "show", name)
        assert all(word in text for word in words), text
    assert "longdouble" not in told(capsys, "show", "dropout")
    found = json.loads(told(capsys, "show", "hard_sigmoid", "--json"))
    assert found["values"] == {"slope": 1 / 6, "offset": 0.5}
    assert found.keys() >= facts(fa.hard_sigmoid).keys() | {"elsewhere"}


def test_names_that_are_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "show", "geluu").startswith("fastact show: unknown function 'geluu'; near are gelu, ")
    assert "near are hard_swish" in refused(capsys, "plot", "Hard-Swish")
    assert "near" not in refused(capsys, "bench", "zzz")
    assert "unknown function 'softmax'" in refused(capsys, "bench", "softmax")


def test_presets_and_activations_of_ones_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = told(capsys, "show", "presets.torch.softplus")
    assert "threshold" in text
    assert "longdouble" not in text
    assert "unknown preset 'presets.torch.nope'" in refused(capsys, "show", "presets.torch.nope")
    path = str(Path(__file__).with_name("owns.py"))
    text = told(capsys, "show", f"{path}:rbf")
    assert "no bound is stated" in text
    assert "reference" not in text
    assert json.loads(told(capsys, "show", f"{path}:rbf", "--json"))["bound"]["forward"]["float32"] == "inf"
    assert "fastact check" in refused(capsys, "verify", "--function", f"{path}:rbf")
    pytest.importorskip("matplotlib")
    told(capsys, "plot", f"{path}:rbf", "1", "2", "--out", str(tmp_path / "rbf.svg"))
    assert ET.parse(tmp_path / "rbf.svg").getroot().tag.endswith("svg")


def test_what_other_libraries_call_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert "torch.nn.functional.hardsigmoid(x): fa.presets.torch.hard_sigmoid" in told(capsys, "show", "hard_sigmoid")


@pytest.mark.parametrize("f", functions().values(), ids=lambda f: f.name)
def test_formulas_as_text(f: Any) -> None:
    for latex in (f.formula, getattr(getattr(f, "record", None), "derivative", "")):
        text = plain(latex)
        assert not set(text) & set("\\{}")
        assert text.count("(") == text.count(")")


def test_formulas_keep_what_binds() -> None:
    assert plain(r"\frac{x}{1 + |x|}") == "x/(1 + |x|)"
    assert plain(r"\frac{1}{\beta}\,\ln(1 + e^{\beta x})") == "1/β ln(1 + e^(β x))"
    assert plain(r"\sqrt{\frac{1}{x + 1}}^2") == "√(1/(x + 1))²"
    assert plain(r"\mathrm{relu\_squared}(a)\cdot b") == "relu_squared(a)·b"


def test_info(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(told(capsys, "info", "--json"))
    assert found["fastact"] == fa.__version__
    assert found["threads"]["count"] == fa.get_num_threads()
    assert isinstance(found["cpu"]["fma"], bool)
    assert found["packages"]["numpy"]
    assert found["functions"]["activations"] == len(fa.ACTIVATIONS)
    assert found["gpu"]["usable"] or found["gpu"]["reason"]
    assert Path(found["reference"]["path"]).exists()
    monkeypatch.setattr(machine, "versions", lambda packages: {})
    monkeypatch.setattr(machine.ctypes, "CDLL", lambda name: (_ for _ in ()).throw(OSError(name)))
    text = told(capsys, "info")
    assert "no NVIDIA driver" in text
    assert "FMA" in text


class Driver:
    """A driver with one device."""

    def __init__(self, status: int = 0) -> None:
        self.status = status

    def cuInit(self, flags: int) -> int:  # noqa: N802
        return self.status

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> int:
            numbers = {"cuDriverGetVersion": 13020, "cuDeviceGetCount": 1, "cuDeviceTotalMem_v2": 2**34, "cuDeviceGetAttribute": 9}
            if name == "cuDeviceGetName":
                arguments[0].value = b"Some GPU"
            elif name in numbers:
                arguments[0]._obj.value = numbers[name]
            return 0

        return call


def test_info_of_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_DRIVERS", {sys.platform: "any"})
    monkeypatch.setattr(machine.ctypes, "CDLL", lambda name: Driver())
    monkeypatch.setattr(machine, "versions", lambda packages: {"cuda-core": "1"})
    device = {"name": "Some GPU", "capability": "9.9", "bytes": 2**34}
    assert machine.gpu() == {"usable": True, "reason": "", "driver": "CUDA 13.2", "devices": [device]}
    monkeypatch.setattr(machine, "versions", lambda packages: {})
    assert "pip install 'fastact[cuda]'" in machine.gpu()["reason"]
    monkeypatch.setattr(machine.ctypes, "CDLL", lambda name: Driver(status=100))
    assert "error 100" in machine.gpu()["reason"]


def test_pictures(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    assert told(capsys, "plot", "leaky_relu", "0.2") == "leaky_relu.svg\n"
    assert ET.parse("leaky_relu.svg").getroot().tag.endswith("svg")
    told(capsys, "plot", "relu", "--out", "relu.png", "--dark", "--transparent")
    assert Path("relu.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    for name, few in (("ACTIVATIONS", (fa.relu, fa.gelu)), ("GATES", (fa.reglu,)), ("NOISY", (fa.dropout,))):
        monkeypatch.setattr(fa, name, few)
    told(capsys, "gallery", "--out", "all.png", "--columns", "2")
    assert Path("all.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert "no folder" in refused(capsys, "plot", "gelu", "--out", "missing/gelu.svg")
    assert "accepted are files whose names end in .svg" in refused(capsys, "gallery", "--out", "gallery.txt")
    assert "softmax is no function of one element" in refused(capsys, "plot", "softmax")
    assert "2 parameters given; leaky_relu takes 1" in refused(capsys, "plot", "leaky_relu", "1", "2")
    assert "--columns is 0" in refused(capsys, "gallery", "--columns", "0")


def test_without_matplotlib(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for arguments in (["plot", "relu"], ["gallery"], ["bench", "relu", "--out", "x.svg"]):
        assert "pip install 'fastact[plot]'" in refused(capsys, *arguments)


def test_bench(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0))
    monkeypatch.setattr("fastact.commands.bench.ROUND", 1e-5)
    monkeypatch.setattr(
        "fastact.peers.NEEDS", {"numpy": ("numpy",), **dict.fromkeys(["scipy", "numexpr", "torch", "jax", "onnx"], ("none",))}
    )
    monkeypatch.setattr("fastact.peers.installed", lambda peer: peer == "numpy")
    picture = tmp_path / "speed.svg"
    before = fa.get_num_threads()
    try:
        found = json.loads(told(capsys, "bench", "relu", "--size", "4Ki", "--threads", "1", "--json", "--out", str(picture)))
        text = told(capsys, "bench", "relu", "leaky_relu", "--size", "1000")
    finally:
        fa.set_num_threads(before)
    assert found.keys() >= {"cpu", "versions", "size", "dtype", "threads", "rows"}
    assert (found["size"], found["dtype"], found["threads"]) == (4096, "float32", 1)
    assert [(row["function"], row["direction"]) for row in found["rows"]] == [("relu", "forward"), ("relu", "backward")]
    for row in found["rows"]:
        assert row["elements_per_second"] == pytest.approx(4096 / row["seconds"])
        assert row["limit"] > 0
        assert set(row["peers"]) == {"numpy"}
    assert ET.parse(picture).getroot().tag.endswith("svg")
    assert [line.split()[:1] for line in text.splitlines() if line[:4] in ("relu", "leak")] == [["relu"], ["leaky_relu"]] * 2


def test_bench_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert "accepted is one of them" in refused(capsys, "bench", "relu", "--all")
    assert "n is 0; accepted are whole numbers" in refused(capsys, "bench", "--threads", "0")
    for size in ("0", "1.5", "4Gi"):
        with pytest.raises(SystemExit):
            cli.main(["bench", "--size", size])
    assert "no number of elements" in capsys.readouterr().err


@pytest.mark.parametrize("rich", [True, False])
def test_tables_on_a_terminal(rich: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    if not rich:
        monkeypatch.setitem(sys.modules, "rich.console", None)
        monkeypatch.setitem(sys.modules, "rich", None)
    text = told(capsys, "list")
    assert ("\x1b[" in text) is rich
    assert ("─" in text) is rich
    if rich:
        assert max(len(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in text.splitlines()) <= 80


@pytest.mark.parametrize("colour", [True, False])
def test_progress(colour: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    with Printer("bench").progress(3) as advance:
        advance(3, "gelu")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "gelu" in captured.err
    assert bool(re.search(r"\x1b\[[\d;]*3\dm", captured.err)) is colour


def test_progress_in_plain_text_and_unseen(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with Printer("bench").progress(3) as advance:
        advance(3, "gelu")
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    with Printer("bench").progress(40) as advance:
        for _ in range(40):
            advance(1, "gelu")
    assert capsys.readouterr().err.splitlines() == [f"fastact bench: {4 * k} of 40" for k in range(1, 11)]


def test_statuses_of_interruption_and_of_usage(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.COMMANDS[0], "run", interrupted)
    assert cli.main(["list"]) == 130
    assert capsys.readouterr().err == "fastact list: interrupted\n"


def process(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    command = [sys.executable, "-m", "fastact", *arguments]
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_a_reader_that_goes_away_is_no_error() -> None:
    with process("list", "--json") as running:
        assert running.stdout is not None
        running.stdout.read(1)
        running.stdout.close()
        assert running.stderr is not None
        assert running.stderr.read() == ""
    assert running.returncode == cli.BROKEN_PIPE


def test_module_and_plain_text_in_a_pipe() -> None:
    with process("show", "relu") as running:
        out, err = running.communicate()
    assert running.returncode == 0
    assert err == ""
    assert out.startswith("relu: ")
    assert "\x1b" not in out
