"""What the device kernels become, without a device: every elementwise kernel over dense arrays, assembled for three architectures.

All 36 × 4 directions × 4 dtypes are looked at on every architecture, and a few that accumulate.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("cuda.bindings.nvjitlink", reason="needs cuda-bindings and nvidia-nvjitlink")

from sass import link, paths, read, record, rules
from sass.survey import Code, Kernel, assembled, survey, versions

import fastact as fa
from fastact.cuda.elementwise import flat
from fastact.cuda.target import BLOCK

try:
    read.disassembler()
except FileNotFoundError as missing:
    pytest.skip(str(missing), allow_module_level=True)

Surveys = dict[str, dict[Kernel, Code]]


@pytest.fixture(scope="module")
def surveys() -> Surveys:
    return survey()


@pytest.fixture(params=link.ARCHITECTURES)
def architecture(request: pytest.FixtureRequest) -> str:
    return request.param


def broken(codes: dict[Kernel, Code], look: Callable[[Kernel, Code], Any]) -> dict[str, Any]:
    """What `look` finds, by kernel."""
    found = {kernel.label: look(kernel, code) for kernel, code in codes.items()}
    return {label: what for label, what in found.items() if what}


def test_ptx_keeps_the_rules_of_arithmetic(surveys: Surveys) -> None:
    first = next(iter(surveys.values()))
    assert broken(first, lambda kernel, _: sorted(set(rules.faults(kernel.program.ptx, kernel.dtype)))) == {}


def test_nothing_is_spilled(surveys: Surveys, architecture: str) -> None:
    assert (
        broken(surveys[architecture], lambda _, code: (code.resources.spilled, code.resources.stack, code.resources.shared) != (0, 0, 0))
        == {}
    )


def test_hot_path_calls_nothing(surveys: Surveys, architecture: str) -> None:
    """Those of float64 may, for a quotient out of the ordinary, branch to the assembler's subroutine: that is off the path."""
    assert broken(surveys[architecture], lambda _, code: paths.calls(code.hot)) == {}


def test_hot_path_branches_only_for_doubt(surveys: Surveys, architecture: str) -> None:
    """Once for the last block, once for each vector, once at the end; float64 also for each quotient."""

    def look(kernel: Kernel, code: Code) -> int:
        vectors = kernel.accesses[1]
        branches = sum(paths.conditional(i) for i in code.hot if i.target is not None)
        return branches if kernel.dtype != "float64" and branches > 2 + vectors else 0

    assert broken(surveys[architecture], look) == {}


def test_accesses_have_16_bytes(surveys: Surveys, architecture: str) -> None:
    def look(kernel: Kernel, code: Code) -> Any:
        kinds = paths.kinds(code.hot)
        found = kinds["LDG"], kinds["STG"]
        return paths.narrow(code.hot) or (found if found != kernel.accesses else None)

    assert broken(surveys[architecture], look) == {}


def test_halves_are_rounded_in_pairs(surveys: Surveys, architecture: str) -> None:
    """One F2FP for two elements, and no conversion one by one; that of float16 to float32 is an HADD2."""

    def look(kernel: Kernel, code: Code) -> Any:
        kinds = paths.kinds(code.hot)
        if kernel.dtype in ("float32", "float64"):
            return kinds["F2F"] + kinds["F2FP"]
        outputs = kernel.accesses[1] // max(kernel.lanes // 8, 1)
        return kinds["F2F"] or kinds["F2FP"] > outputs * kernel.lanes // 2

    assert broken(surveys[architecture], look) == {}


def test_what_no_result_needs_is_not_computed() -> None:
    """The quotient of the derivative alone, with the tests whether it is right, is not in the forward kernel."""
    both = dataclasses.replace(fa.sigmoid.record, scalar=lambda x: (x / (x * x + 3), 1 / (x * x + 5)), label="two_quotients")
    for direction, quotients in (("forward", 1), ("derivative", 1), ("value_and_grad", 2)):
        program = flat(both, direction, "float32")
        hot = assembled([program], "sm_90")[program.name].hot
        assert paths.kinds(hot)["MUFU"] == quotients * program.span // BLOCK


def test_no_kernel_grows(surveys: Surveys) -> None:
    """Neither in registers beyond full occupancy nor in instructions; `sass.record` tells how the data are renewed."""
    data = record.read()
    assert record.grown(record.measured(surveys), data["kernels"], 1.0 if data["versions"] == versions() else record.OTHER_TOOLS) == []
