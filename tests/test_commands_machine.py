"""Commands that look at the machine, measure and draw: info, bench, plot and gallery; and how anything is printed."""

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
from commanding import refused, told

import fastact as fa
from fastact import cli, machine
from fastact.printing import Printer

HERE = Path(cli.__file__).parents[1]
pytestmark = pytest.mark.usefixtures("nobody_looks")


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
    with monkeypatch.context() as few:
        for name, chosen in (("ACTIVATIONS", (fa.relu, fa.gelu)), ("GATES", (fa.reglu,)), ("NOISY", (fa.dropout,))):
            few.setattr(fa, name, chosen)
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
        own = json.loads(told(capsys, "bench", f"{Path(__file__).with_name('owns.py')}:rbf", "--size", "1Ki", "--json"))
    finally:
        fa.set_num_threads(before)
    assert found.keys() >= {"cpu", "versions", "size", "dtype", "threads", "rows"}
    assert (found["size"], found["dtype"], found["threads"]) == (4096, "float32", 1)
    assert [(row["function"], row["direction"]) for row in found["rows"]] == [("relu", "forward"), ("relu", "backward")]
    for row in found["rows"]:
        assert row["elements_per_second"] == pytest.approx(4096 / row["seconds"])
        assert row["limit"] > 0
        assert set(row["peers"]) == {"numpy"}
    assert [(row["direction"], row["peers"]) for row in own["rows"]] == [("forward", {}), ("backward", {})]
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


def test_module_and_plain_text_in_a_pipe_of_any_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    with process("show", "gelu") as running:
        out, err = running.communicate()
    assert running.returncode == 0
    assert err == ""
    assert out.startswith("gelu: ")
    assert "x ?(x)" in out
    assert "\x1b" not in out
