"""What the kernels of noise and masks become, assembled for three architectures: no spills, no calls, wide accesses, no float64."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("cuda.bindings.nvjitlink", reason="needs cuda-bindings and nvidia-nvjitlink")

from sass import link, paths, read, rules
from sass.survey import assembled

try:
    read.disassembler()
except FileNotFoundError as missing:
    pytest.skip(str(missing), allow_module_level=True)


import fastact as fa
from fastact.cuda.elementwise import flat
from fastact.cuda.masks import backward_from_mask, with_mask
from fastact.cuda.noise import fill
from fastact.masks import MASKED
from fastact.noise import draws

MOST_REGISTERS = 96
UNITS = {
    "float16": (fa.noisy_hard_tanh, fa.dropout),
    "bfloat16": (fa.dropout,),
    "float32": (fa.noisy_hard_tanh_half, fa.learned_noise_hard_sigmoid, fa.noisy_relu, fa.rrelu, fa.dropout, fa.alpha_dropout),
    "float64": (fa.dropout,),
}


def programs() -> dict[str, Any]:
    """Dtype and kernel, by name."""
    found: dict[str, Any] = {}
    for dtype, units in UNITS.items():
        for unit in units:
            for direction in ("forward", "backward"):
                made = flat(unit.record, direction, dtype, "d" + "v" * (len(unit.params) - 1), None, unit.draw)
                found[made.name] = (dtype, made)
        for f in (fa.relu, fa.hard_sigmoid):
            told = MASKED[f.record]
            for made in (
                with_mask(told.forward, dtype, "v" * len(f.record.params)),
                backward_from_mask(told.backward, dtype, "v" * len(told.backward.params), told.points),
            ):
                found[made.name] = (dtype, made)
    for draw in (draws.uniform, draws.normal, draws.gumbel):
        for dtype in ("float32", "float64"):
            made = fill(draw, dtype)
            found[made.name] = (dtype, made)
    return found


@pytest.fixture(scope="module")
def kernels() -> dict[str, Any]:
    return programs()


def test_ptx_keeps_the_rules_of_arithmetic(kernels: dict[str, Any]) -> None:
    assert {name: found for name, (dtype, made) in kernels.items() if (found := sorted(set(rules.faults(made.ptx, dtype))))} == {}


@pytest.mark.parametrize("architecture", link.ARCHITECTURES)
def test_assembled_kernels(kernels: dict[str, Any], architecture: str) -> None:
    codes = assembled([made for _, made in kernels.values()], architecture)
    for name, code in codes.items():
        dtype, used = kernels[name][0], code.resources
        assert (used.spilled, used.stack, used.shared) == (0, 0, 0), name
        assert used.registers <= MOST_REGISTERS, (name, used.registers)
        assert dtype == "float64" or not paths.calls(code.hot), name  # exchanges after quotients of float64, on sm_80
        narrow = [str(i).split()[0] for i in paths.narrow(code.hot)]
        assert len(narrow) <= ("mask" in name), (name, narrow)
