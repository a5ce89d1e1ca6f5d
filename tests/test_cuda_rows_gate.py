"""What the row kernels become, without a device: registers, spills, and the arithmetic of their PTX."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("cuda.bindings.nvjitlink", reason="needs cuda-bindings and nvidia-nvjitlink")

from sass import link

from fastact.cuda.plan import Step
from fastact.cuda.rows import planned
from fastact.rows.kernel import PROGRAMS
from fastact.rows.launch import Spec

SIZES = {"float32": 4, "bfloat16": 2, "float64": 8, "int64": 8}
SHAPES = {"short": (1000, 100), "long": (1000, 20000), "columns": (1000, 5000)}
NAMES = {
    "logsumexp": ["x", "row y"],
    "logsumexp_backward": ["x", "y", "row dy"],
    "logsumexp_jvp": ["x", "dy", "row y"],
    "log_softmax_jvp": ["x", "dy", "dx"],
    "cross_entropy_jvp": ["x", "dy", "row labels", "row loss"],
    "cross_entropy": ["x", "dx", "row labels", "row loss"],
    "sigmoid_cross_entropy": ["x", "t", "y"],
}


def spec(program: str, dtype: str, layout: str) -> Spec:
    """Dense operands; of columns a row is an axis that is not the last."""
    usual = ["dy", "y", "dx"] if program.endswith("_from_output") else ["x", "dy", "dx"] if program.endswith("_backward") else ["x", "y"]
    rows, n = SHAPES[layout]
    made = []
    for name in NAMES.get(program, usual):
        kind = "int64" if name.endswith("labels") else dtype
        size = SIZES[kind]
        if name.startswith("row "):
            made.append((name[4:], kind, (rows,), (size,), True))
        else:
            made.append((name, kind, (rows, n), (size, rows * size) if layout == "columns" else (n * size, size), False))
    return tuple(made)


def step(program: str, dtype: str, layout: str) -> Step:
    return planned(program, spec(program, dtype, layout)).steps[0]


CASES = [(p, "float32", layout) for p in PROGRAMS for layout in SHAPES] + [(p, "float64", "short") for p in PROGRAMS]
CASES += [("softmax", "bfloat16", layout) for layout in SHAPES]


@pytest.fixture(scope="module")
def resources() -> dict[str, link.Resources]:
    """Of all kernels, on one architecture."""
    return link.link({step(*case).program.name: step(*case).program.ptx for case in CASES}.values(), "sm_90")[1]


@pytest.mark.parametrize(("program", "dtype", "layout"), CASES)
def test_resources(resources: dict[str, link.Resources], program: str, dtype: str, layout: str) -> None:
    """Nothing is spilled, and at least 512 threads fit in a multiprocessor."""
    found = resources[step(program, dtype, layout).program.name]
    assert (found.spilled, found.stack) == (0, 0)
    assert found.registers * 512 <= 65536
    assert found.shared <= 48 * 1024


@pytest.mark.parametrize("program", PROGRAMS)
def test_arithmetic(program: str) -> None:
    """Nothing can be contracted, nothing is approximate or flushed; an element of a short row is loaded once."""
    ptx = step(program, "float32", "short").program.ptx
    assert not re.findall(r"\b(?:add|sub|mul|mad)\.f(?:32|64)\b|\.approx|\.ftz|\bcall\b", ptx)
    assert ("bar.warp.sync" in ptx) == (program == "cross_entropy")  # all threads have an element of x before one of them writes there
    loads = len(re.findall(r"\bld\.global\.b32\b", ptx))
    if not program.startswith("sparsemax"):
        inputs = sum(name in ("x", "dy", "y", "t") for name, *_ in spec(program, "float32", "short")[:-1])
        assert loads <= 8 * inputs + 1
