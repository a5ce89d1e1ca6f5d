"""The command: the demo reaches its accuracy, and bad input ends in one line and status 2.

step has no gradient and learns by its last layer alone; exp overflows.
"""

from __future__ import annotations

import math
import sys

import pytest

import fastact as fa
from fastact import cli, demo


@pytest.mark.parametrize("activation", fa.ACTIVATIONS, ids=lambda a: a.name)
def test_accuracy(activation: fa.Activation) -> None:
    accuracy, _ = demo.train(activation)
    if activation is fa.exp:
        assert math.isnan(accuracy)
    else:
        assert accuracy > (0.7 if activation is fa.step else 0.95)


def test_unknown_activation(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "--activation", "nope"]) == 2
    assert cli.main(["demo", "nope"]) == 2
    assert len(set(capsys.readouterr().err.splitlines())) == 1
    assert cli.main(["demo", "nope"]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("fastact demo: unknown activation 'nope'; accepted are identity, relu, ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_missing_extra(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert cli.main(["demo"]) == 2
    assert capsys.readouterr().err == "fastact demo: the demo needs scikit-learn: pip install 'fastact[demo]'\n"


@pytest.mark.parametrize("command", ["list", "info"])
def test_tables_with_and_without_rich(command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli.main([command]) == 0
    assert "fastact" in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert cli.main([command]) == 0
    plain = capsys.readouterr().out
    assert "fastact" in plain
    assert "│" not in plain
