"""The README's tour runs as printed, and its table is that of the records."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

import fastact as fa

README = Path(__file__).parents[1] / "README.md"


def test_tour() -> None:
    threads = fa.get_num_threads()
    try:
        outcome = doctest.testfile(str(README), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    finally:
        fa.set_num_threads(threads)
    assert outcome.attempted > 20
    assert outcome.failed == 0


@pytest.mark.parametrize("activation", fa.ACTIVATIONS, ids=lambda a: a.name)
def test_row(activation: fa.Activation) -> None:
    row = re.search(rf"^\| `{activation.name}` \|.*$", README.read_text(), re.MULTILINE)
    assert row is not None
    assert row[0].endswith(f"| {activation.budget.forward.float32:g}, {activation.budget.derivative.float32:g} |")
    for param in activation.params:
        assert f"`{param.name}={param.default:g}`" in row[0]


def test_two_commands() -> None:
    """Each starts from a fresh clone, with the extras it needs."""
    commands = [line.strip() for line in README.read_text().splitlines() if line.strip().startswith("python3 -m venv")]
    assert len(commands) == 2
    assert commands[0].endswith("fastact demo")
    assert commands[1].endswith("-m pytest")
