"""Registers and executed instructions of every kernel, kept in the repository: no kernel grows unnoticed.

``python -m sass.record [NAME...]``, run in the folder of the tests, writes the data anew, or that of the functions named, which takes
seconds where all take minutes. Look at what changes before it is committed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sass import paths
from sass.survey import Code, Kernel, survey, versions

PLACE = Path(__file__).resolve().parent.parent / "data" / "instructions.json"
FULL = 32
"""Registers with which all threads fit that a multiprocessor can hold."""

OTHER_TOOLS = 1.15
"""How much more may be found with other versions of the tools than those of the data."""

Numbers = dict[str, dict[str, list[float]]]


def measured(found: Mapping[str, Mapping[Kernel, Code]]) -> Numbers:
    """Registers, and instructions per element on the hot path, by kernel and architecture."""
    made: Numbers = {}
    for architecture, codes in found.items():
        for kernel, code in codes.items():
            each = round(paths.executed(code.hot) / kernel.lanes, 2)
            made.setdefault(kernel.label, {})[architecture] = [code.resources.registers, each]
    return made


def grown(now: Numbers, recorded: Numbers, tolerance: float = 1.0) -> list[str]:
    """What takes more registers than recorded and than fit, or executes more than recorded."""
    told = [f"{label}: no data" for label in sorted(set(now) - set(recorded))]
    told += [f"{label}: data of no kernel" for label in sorted(set(recorded) - set(now))]
    for label in sorted(set(now) & set(recorded)):
        for architecture, (registers, each) in now[label].items():
            had, least = recorded[label].get(architecture, [0, 0])
            if registers > max(FULL, had * tolerance):
                told.append(f"{label} {architecture}: {registers} registers, {had} recorded")
            if each > least * tolerance:
                told.append(f"{label} {architecture}: {each} instructions an element, {least} recorded")
    return told


def read() -> dict[str, Any]:
    """The data: "versions", and "kernels" as of `measured`."""
    data = json.loads(PLACE.read_text())
    assert isinstance(data, dict)
    return data


def text(now: Numbers, tools: Mapping[str, str]) -> str:
    """The data as text, one line a kernel, sorted."""
    lines = [f"  {json.dumps(label)}: {json.dumps(now[label])}" for label in sorted(now)]
    return f'{{"versions": {json.dumps(tools)},\n"kernels": {{\n' + ",\n".join(lines) + "\n}}\n"


if __name__ == "__main__":
    PLACE.parent.mkdir(exist_ok=True)
    named = sys.argv[1:]
    before = read() if named else {"versions": versions(), "kernels": {}}
    if before["versions"] != versions():
        raise SystemExit(f"sass.record: the data are of {before['versions']}, not of {versions()}: record all")
    PLACE.write_text(text(before["kernels"] | measured(survey(named)), versions()))
