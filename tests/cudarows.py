"""Rows by the device's kernels, run by the interpreter of PTX: what `rows.launch.execute` does on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
from ptx import Counts, Memory, run

from fastact.cuda.plan import Plan
from fastact.cuda.rows import planned
from fastact.rows import entropy, family, quick
from fastact.rows.launch import Call, Spec

WRITTEN = ("y", "dx", "loss")


def spec_of(call: Call) -> Spec:
    """What the plan is made of."""
    elements = [(k, a.dtype.name, a.shape, a.strides, False) for k, a in call.elements.items()]
    return (*elements, *[(k, a.dtype.name, a.shape, a.strides, True) for k, a in call.per_row.items()])


def whole(array: Any) -> Any:
    """The array that an array is a view of, as rows of its memory."""
    while array.base is not None and isinstance(array.base, np.ndarray):
        array = array.base
    return array.transpose(sorted(range(array.ndim), key=lambda d: -array.strides[d]))


def start(array: Any) -> int:
    """Its address."""
    return int(array.__array_interface__["data"][0])


def plan_of(call: Call, **options: Any) -> Plan:
    """The plan of a call."""
    if call.causal:
        queries, keys = call.elements["x" if "x" in call.elements else "y"].shape[-2:]
        options |= {"limits": (keys - queries + 1, 1), "ordered": True}
    return planned(call.program, spec_of(call), call.numbers, scaled=call.scaled, smooth=call.smooth, **options)


def execute(call: Call, **options: Any) -> Counts:
    """Run a call. Nothing outside its arrays is touched, and inputs are not written."""
    arrays = {**call.elements, **call.per_row}
    memory = Memory()
    seen: set[int] = set()
    last = "dx" if "dx" in arrays else "y"
    stored = {start(whole(a)) for name, a in arrays.items() if name in (last, "loss")}
    known = {start(whole(a)) for name, a in arrays.items() if name not in (last, "loss")}
    for name, a in arrays.items():
        base = whole(a)
        if start(base) not in seen:
            seen.add(memory.add(base, name, writable=start(base) in stored, written=start(base) in known))
    plan = plan_of(call, **options)
    addresses = [start(a) for a in arrays.values()]
    counts = Counts()
    for step in plan.steps:
        given: list[Any] = []
        for address, words in zip(addresses, step.words or (), strict=True):
            given += [address, *words]
        counts = run(step.program.ptx, step.program.name, step.grid, step.block, [*given, *step.tail], memory)
    return counts


def on_device(monkeypatch: Any) -> None:
    """Let the public functions of rows run by the device's kernels."""
    for module in (family, entropy):
        monkeypatch.setattr(module, "execute", execute)
    monkeypatch.setattr(quick, "call", lambda *_: None)
