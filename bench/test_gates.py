"""Gated units beside the limit of the memory and PyTorch, which needs several passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastact as fa
from bench.gates import FORMS, Halves, limit, ours, torch_peer

DIRECTIONS = ("forward", "backward")


@pytest.mark.parametrize("who", ["fastact", "limit", "torch"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", DIRECTIONS)
@pytest.mark.parametrize("gate", fa.GATES, ids=lambda g: g.name)
def test_gates(benchmark: Any, gate: fa.Gate, way: str, form: str, size: int, who: str) -> None:
    halves = Halves.make(size)
    run = limit(way, halves) if who == "limit" else (ours if who == "fastact" else torch_peer)(gate, way, form, halves)
    if run is None:
        pytest.skip(f"torch is not installed or has no {gate.name}")
    benchmark.group = f"{gate.name} {form} {way} {size}"
    benchmark(run)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", DIRECTIONS)
@pytest.mark.parametrize("gate", fa.GATES, ids=lambda g: g.name)
def test_same_function(gate: fa.Gate, way: str, form: str) -> None:
    h = Halves.make(4096)
    peer = torch_peer(gate, way, form, h)
    if peer is None:
        pytest.skip(f"torch is not installed or has no {gate.name}")
    outputs = [h.y] if way == "forward" else [h.da, h.db] if form == "two arrays" else [h.dx]
    peer()
    expected = [o.copy() for o in outputs]
    for o in outputs:
        o.fill(np.nan)
    if form == "packed" and gate.name == "glu":
        named = {"gate": "second", "out": outputs[0]}
        fa.glu.packed(h.packed, **named) if way == "forward" else fa.glu.packed.backward(h.dy, h.packed, **named)
    else:
        ours(gate, way, form, h)()
    for o, e in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(o, e, rtol=2e-3, atol=2e-3)
