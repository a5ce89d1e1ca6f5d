"""f(x + bias) in one pass beside PyTorch, which needs two, and the limit of the memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastact as fa
from bench.biased import FORMS, FUNCTIONS, Layer, ours, torch_peer

DIRECTIONS = ("forward", "backward")


@pytest.mark.parametrize("who", ["fastact", "limit", "torch"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", DIRECTIONS)
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_biased(benchmark: Any, f: fa.Activation, way: str, form: str, size: int, who: str) -> None:
    layer = Layer.make(form, size)
    if who == "limit":
        run = (lambda: np.copyto(layer.y, layer.x)) if way == "forward" else (lambda: np.add(layer.x, layer.dy, out=layer.y))
    else:
        run = (ours if who == "fastact" else torch_peer)(f, way, layer)
    if run is None:
        pytest.skip("torch is not installed")
    benchmark.group = f"{f.name} + bias {form} {way} {size}"
    benchmark(run)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", DIRECTIONS)
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_same_function(f: fa.Activation, way: str, form: str) -> None:
    layer = Layer.make(form, 1 << 16)
    peer = torch_peer(f, way, layer)
    if peer is None:
        pytest.skip("torch is not installed")
    outputs = [layer.y] if way == "forward" else [layer.y, layer.dbias]
    peer()
    expected = [o.copy() for o in outputs]
    for o in outputs:
        o.fill(np.nan)
    ours(f, way, layer)()
    for o, e in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(o, e, rtol=2e-4, atol=2e-4)
