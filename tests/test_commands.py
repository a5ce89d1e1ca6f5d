"""The command: help, usage, what is told of functions, and what holds for every command."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from commanding import refused, told

import fastact as fa
from fastact import cli
from fastact.commands.chosen import functions
from fastact.facts import facts
from fastact.formulas import plain
from fastact.masks import MASKED
from fastact.record import at

NAMES = [module.__name__.rpartition(".")[2] for module in cli.COMMANDS]
HERE = Path(cli.__file__).parents[1]
pytestmark = pytest.mark.usefixtures("nobody_looks")


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
        assert ("with_mask" in entry["directions"]) == ("backward_from_mask" in entry["directions"]) == (record in MASKED)
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
