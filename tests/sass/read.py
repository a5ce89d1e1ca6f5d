"""SASS as nvdisasm prints it: functions, their instructions, and where branches go."""

from __future__ import annotations

import re
import subprocess
import sysconfig
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FUNCTION = re.compile(r"^\.text\.(\w+):$")
_LABEL = re.compile(r"^(\.L_x_\d+):$")
_INSTRUCTION = re.compile(r"^\s+/\*([0-9a-f]{4,})\*/\s+(?:@(!?U?P[T\d]+)\s+)?([A-Z][\w.]*)\s*([^;]*);")
_TARGET = re.compile(r"\(?(\.L_x_\d+)\)?")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: guard ("", "P0", "!P0"...), name with all suffixes, operands; `target` is the index it may branch to."""

    guard: str
    name: str
    operands: str
    target: int | None = None

    @property
    def base(self) -> str:
        """The name without suffixes."""
        return self.name.partition(".")[0]


@cache
def disassembler() -> Path:
    """The program, from its wheel."""
    found = sorted(Path(sysconfig.get_path("purelib")).glob("nvidia/*/bin/nvdisasm"))
    if not found:
        raise FileNotFoundError("nvdisasm: install nvidia-cuda-nvdisasm")
    return found[-1]


@cache
def version() -> str:
    """Version of the disassembler, as "13.4"."""
    said = subprocess.run([disassembler(), "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    found = re.search(r"\bV(\d[\d.]*)", said)
    assert found, said
    return found.group(1)


def disassemble(cubin: bytes) -> dict[str, list[Instruction]]:
    """Every function of a cubin."""
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        text = subprocess.run([disassembler(), "-c", file.name], capture_output=True, text=True, check=True, timeout=300).stdout
    return parse(text)


def parse(text: str) -> dict[str, list[Instruction]]:
    """Functions of nvdisasm's text. Branches are resolved within a function."""
    functions: dict[str, list[Instruction]] = {}
    raw: list[tuple[str, str, str]] = []
    labels: dict[str, int] = {}
    name = ""
    for line in text.splitlines():
        if found := _INSTRUCTION.match(line):
            raw.append((found[2] or "", found[3], found[4].strip()))
        elif found := _LABEL.match(line):
            labels[found[1]] = len(raw)
        elif found := _FUNCTION.match(line):
            if name:
                functions[name] = _resolved(raw, labels)
            name, raw, labels = found[1], [], {}
    if name:
        functions[name] = _resolved(raw, labels)
    return functions


def _resolved(raw: list[tuple[str, str, str]], labels: dict[str, int]) -> list[Instruction]:
    made = []
    for guard, name, operands in raw:
        jumps = name.startswith(("BRA", "JMP", "BRX"))
        found = _TARGET.search(operands) if jumps else None
        if jumps and found is None:
            raise ValueError(f"{name} {operands}: a branch to a place that the text does not tell")
        made.append(Instruction(guard, name, operands, labels[found[1]] if found else None))
    return made
