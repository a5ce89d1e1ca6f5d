"""The README's tour runs, and its facts about the table hold."""

from __future__ import annotations

import doctest
from pathlib import Path

import fastact

README = Path(__file__).parent.parent / "README.md"


def test_tour() -> None:
    result = doctest.testfile(str(README), module_relative=False, encoding="utf-8")
    assert result.attempted > 10
    assert result.failed == 0


def test_every_activation_is_named() -> None:
    text = README.read_text(encoding="utf-8")
    missing = [a.name for a in fastact.ACTIVATIONS if a.name not in text]
    assert not missing


def test_two_commands() -> None:
    """Each starts from a fresh clone, with the extras it needs."""
    lines = [line.strip() for line in README.read_text(encoding="utf-8").splitlines()]
    commands = [line for line in lines if line.startswith("python3 -m venv")]
    assert len(commands) == 2
    assert commands[0].endswith("fastact demo")
    assert commands[1].endswith("-m pytest")
