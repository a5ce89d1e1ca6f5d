"""Kernels over strides and kernels that sum, assembled: nothing is spilled or lies in local memory, registers leave two blocks room."""

from __future__ import annotations

import math
from typing import Any

import pytest

pytest.importorskip("cuda.bindings.nvjitlink", reason="needs cuda-bindings and nvidia-nvjitlink")

from sass import link, rules

import fastact as fa
from fastact.affine import shifted
from fastact.cuda.strided import strided
from fastact.cuda.sums import summed
from fastact.cuda.target import BLOCK, Program
from fastact.directions import STORAGE, Direction
from fastact.record import Record

REGISTERS = 65536
"""Of a multiprocessor."""

RECORDS = {
    "slope": fa.leaky_relu.record,
    "gelu, bias": shifted(fa.gelu.record, scale=False, bias=True),
    "silu, scale and bias": shifted(fa.silu.record, scale=True, bias=True),
}
PATTERNS = {
    "number": ((4096, 4096), ()),
    "columns": ((4096, 4096), (4096,)),
    "channels": ((64, 64, 512), (64, 1)),
    "channels, odd": ((64, 64, 7, 7), (64, 1, 1)),
}
SUMS: dict[Direction, int] = {"backward_params": 3, "accumulate_params": 4}
"""Data operands of the directions with gradients of parameters."""


def dense(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    return tuple(size * math.prod(shape[k + 1 :]) for k in range(len(shape)))


def broadcast(shape: tuple[int, ...], over: tuple[int, ...], size: int) -> tuple[int, ...]:
    own = dense(shape, size)
    return (0,) * (len(over) - len(shape)) + tuple(0 if n == 1 else s for n, s in zip(shape, own, strict=True))


def programs(record: Record, dtype: str) -> dict[str, Program]:
    found: dict[str, Program] = {}
    count, size, width = len(record.params), STORAGE[dtype].size, STORAGE[dtype].computed.size
    for name, (shape, own) in PATTERNS.items():
        x, params = dense(shape, size), (broadcast(own, shape, width),) * count
        for aligned in (True, False):
            for direction, data in SUMS.items():
                layout: Any = (*[x] * data, *[None] * count, *params)
                plan = summed(record, direction, dtype, "a" * count, (True,) * count, shape, layout, (own,) * count, aligned=aligned)
                found |= {f"{name}, sum {k} of {direction}, {aligned}": step.program for k, step in enumerate(plan.steps)}
            (step,) = strided(record, "backward", dtype, "a" * count, shape, (x, x, x, *params), aligned)
            found[f"{name}, {aligned}"] = step.program
    return found


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
@pytest.mark.parametrize("record", RECORDS)
def test_kernels_keep_to_registers(record: str, dtype: str) -> None:
    for label, program in programs(RECORDS[record], dtype).items():
        _, found = link.link([program.ptx], "sm_90")
        own = found[program.name]
        assert (own.stack, own.spilled) == (0, 0), label
        assert own.registers * BLOCK * 2 <= REGISTERS, f"{label}: {own.registers} registers"


@pytest.mark.parametrize("record", RECORDS)
def test_sums_alone_are_in_float64(record: str) -> None:
    """What a float32 kernel does in float64 is to widen terms, add and choose them, and round sums."""
    for label, program in programs(RECORDS[record], "float32").items():
        wide = {name for name in rules.operations(program.ptx) if "f64" in name}
        assert wide <= ({"cvt.f64.f32", "add.rn.f64", "selp.f64", "cvt.rn.f32.f64"} if "sum" in label else set()), label
