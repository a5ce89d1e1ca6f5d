"""The chain mpmath, C reference, kernels can fail: every constant and operator is broken in turn, and the check must notice."""

from __future__ import annotations

import ctypes
import functools
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import judge
import numpy as np
import pytest
from cases import parameters

import fastact
import fastact.oracle.gates
from fastact import oracle
from fastact.record import at

KERNELS = Path(__file__).parents[1] / "kernels"
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
BOUND = 4.0
DEFINITIONS = {**oracle.DEFINITIONS, **oracle.gates.FACTORS}
FACTORS = [(name, p) for name in oracle.gates.FACTORS for p in ((7.0, 1.702), (2.5, 1.0), (3.0, -0.25 if name == "clamped_sum" else 0.5))]
NAMES = "|".join(DEFINITIONS)

FUNCTION = re.compile(r"^static (?:REAL|long double) F\((\w+)\)\(.*?(?:^}|\}$)", re.MULTILINE | re.DOTALL)
MACRO = re.compile(r"^#define (\w+) \(\(REAL\).*", re.MULTILINE)
# A number that is neither an index nor the threshold of a branch: a threshold chooses between two forms of the same function.
CONSTANT = r"(?<![\w.\[&])(?<![<>] )(?<![<>] -)(?<!== )(?:0x[\da-f.]+p[-+]\d+L?|\d+\.?\d*(?:e-?\d+)?L?)(?![\w.\]])"
OPERATOR = r"(?<=[\w)\]] )[-+*/](?= [-\w(])"
# Nothing to see either: an index, where a series ends, how a product is split, weights and sums below the last bit of a double.
# A broken bar follows the token.
SILENT = re.compile(
    r"for \(|fraction = 41¦|REAL weight|W\(\d|REAL scaled =|\? 0¦ : fma|k -¦ 1\]|scaled -¦ x\)|\+¦ lo|rest \* \(1¦ - u\)"
    r"|REAL rest_of_(?:c|k|beta) = |-w\) \+¦ x|sum \+¦ e, rest|sum = 1¦ \+ w|1 - t\) \+¦ m|rest_of_t \*(?:¦ -2| -2¦)|/ \(2¦ \* h\)"
    r"|cos_of_sum\)\(long double|2¦ \* rest|s \+¦ rest|/ 2 -¦ rest|v = u \+¦ rest|return -1¦;|REAL sum = 1¦|x >= 1¦ \? x"
)

ELSEWHERE = ("reference.c", "noisy.c", "rows.c")
"""What the first is made of, and, in test_mutation_families, the functions that are none of one number."""

pytestmark = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")


class Mutant(NamedTuple):
    """One change in one C function."""

    file: str
    function: str
    start: int
    stop: int
    text: str


def broken(token: str) -> str:
    swaps = {"+": "-", "-": "+", "*": "/", "/": "*", "0": "1e-7"}
    return swaps.get(token, f"({token} * (REAL)1.0000001L)")


def mutants(path: Path) -> Iterator[Mutant]:
    """Every constant and arithmetic operator of every function; the result itself of those that have neither."""
    source = path.read_text()
    for function in (*MACRO.finditer(source), *FUNCTION.finditer(source)):
        found = False
        for token in re.compile(f"{CONSTANT}|{OPERATOR}").finditer(source, *function.span()):
            start, stop = source.rfind("\n", 0, token.start()) + 1, source.find("\n", token.end())
            if not SILENT.search(f"{source[start : token.end()]}¦{source[token.end() : stop]}"):
                found = True
                yield Mutant(path.name, function[1], *token.span(), broken(token[0]))
        if not found:
            start = source.index("return", *function.span()) + len("return")
            yield Mutant(path.name, function[1], start, start, " (REAL)1.0000001L *")


def build(folder: Path, mutant: Mutant | None = None) -> ctypes.CDLL:
    """The double half of the reference, with one change; `folder` has a copy of the sources."""
    source = (KERNELS / "reference.c").read_text()
    (folder / "double.c").write_text(source[: source.index("#undef REAL")])
    if mutant:
        text = (KERNELS / mutant.file).read_text()
        (folder / mutant.file).write_text(text[: mutant.start] + mutant.text + text[mutant.stop :])
    library = folder / f"{mutant.start if mutant else 'whole'}.so"
    assert COMPILER
    command = [COMPILER, "-O0", "-std=gnu99", "-ffp-contract=off", "-fPIC", "-shared", "-o", str(library), str(folder / "double.c"), "-lm"]
    subprocess.run(command, check=True, capture_output=True)
    return ctypes.CDLL(str(library))


class Check(NamedTuple):
    """One function or derivative with one set of parameters, and where it is tried."""

    name: str
    order: int
    params: tuple[float, ...]
    x: Any

    def values(self, library: ctypes.CDLL) -> Any:
        y, p, q = np.empty_like(self.x), *(np.array(v) for v in (*self.params, 0.0, 0.0)[:2])
        loop = getattr(library, f"fastact_{self.name}" + (f"_d{self.order - 1}" if self.order else ""))
        loop(
            ctypes.c_size_t(y.size),
            *(ctypes.c_void_p(a.ctypes.data) for a in (self.x, p, q)),
            ctypes.c_size_t(0),
            ctypes.c_void_p(y.ctypes.data),
        )
        return y


@functools.cache
def checks(family: str) -> tuple[Check, ...]:
    loops = re.findall(rf"LOOP\(({NAMES})(?:_d(\d))?\)", (KERNELS / family).read_text())
    tried = ((a, p) for a in fastact.ACTIVATIONS for p in parameters(a))
    cases = [(a.name, p, np.array([*judge.points(5, 64, p), -np.inf, np.inf])) for a, p in tried]
    cases += [(name, p, judge.points(5, 64, p)) for name, p in FACTORS]
    return tuple(Check(name, int(d or -1) + 1, p, x) for n, d in loops for name, p, x in cases if name == n)


def wrong(check: Check, x: float, y: float) -> bool:
    """Whether the checks of the reference reject `y`: the limit at infinity, elsewhere the error against the oracle."""
    if np.isfinite(x):
        truth = oracle.evaluate(DEFINITIONS[check.name][check.order], x, check.params)
        size = judge.least(check.name, check.order, x, check.params) if check.name in oracle.DEFINITIONS else 0
        return not judge.ulps(y, truth, size) <= BOUND
    record = getattr(fastact, check.name).record
    limits = (record.limits, record.derivative_limits)[min(check.order, 1)]
    limit = at(limits.at_minus_inf if x < 0 else limits.at_plus_inf, *check.params)
    if check.order > 1 or np.isnan(limit):
        return bool(np.isnan(y) != np.isnan(limit))
    return bool(y != limit or np.signbit(y) != np.signbit(limit))


def noticed(family: str, library: ctypes.CDLL, whole: ctypes.CDLL) -> bool:
    """Whether any value that changed is out of bounds."""
    for check in checks(family):
        before, after = check.values(whole), check.values(library)
        changed = (before != after) | (np.signbit(before) != np.signbit(after))
        if any(wrong(check, x, y) for x, y in zip(check.x[changed], after[changed], strict=True)):
            return True
    return False


@pytest.mark.parametrize("family", sorted(path.name for path in KERNELS.glob("*.c") if path.name not in ELSEWHERE))
def test_every_broken_constant_of_the_reference_is_noticed(family: str, tmp_path: Path) -> None:
    shutil.copytree(KERNELS, tmp_path, dirs_exist_ok=True)
    whole = build(tmp_path)
    assert not any(wrong(c, x, y) for c in checks(family) for x, y in zip(c.x, c.values(whole), strict=True))
    tried = list(mutants(KERNELS / family))
    assert {m.function for m in tried} >= set(FUNCTION.findall((KERNELS / family).read_text())) - {"scaled"}
    unnoticed = [m for m in tried if not noticed(family, build(tmp_path, m), whole)]
    assert not unnoticed
