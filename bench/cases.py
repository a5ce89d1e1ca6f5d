"""The cases of the benches: every activation and direction, with the peers that have it, and the layouts that users have."""

from __future__ import annotations

import importlib.util
from functools import partial
from typing import Any

import numpy as np

import fastact as fa
from fastact.peers import PEERS, peers
from fastact.peers.arrays import DIRECTIONS, Arrays, Run, required
from fastact.peers.own import limit, ours

__all__ = ["DIRECTIONS", "PEERS", "Arrays", "Run", "layouts", "limit", "ours", "peers"]


def _call(activation: fa.Activation, params: tuple[float, ...], x: Any, **options: Any) -> Any:
    return activation(x, *params, **options)


def layouts(activation: fa.Activation, size: int) -> dict[str, tuple[Run, int]]:
    """Calls on other layouts and dtypes, each with its number of elements."""
    params = required(activation)
    call = partial(_call, activation, params) if params else activation
    a, twice = Arrays.make(size), Arrays.make(2 * size).x
    bounded = np.clip(a.x, 0.5, 2)
    cases: dict[str, tuple[Run, int]] = {
        "float32": (lambda: call(a.x, out=a.y), size),
        "float32, after a copy": (lambda: (np.copyto(a.d, bounded), call(a.d, out=a.y)), size),
        "in place, after a copy": (lambda: (np.copyto(a.d, bounded), call(a.d, out=a.d)), size),
        "strided by 2": (lambda: call(twice[::2], out=a.y), size),
        "where": (lambda: call(a.x, out=a.y, where=mask), size),
    }
    mask = np.random.default_rng(1).random(size) > 0.5
    kinds: list[tuple[str, Any]] = [("float16", np.float16)]
    if importlib.util.find_spec("ml_dtypes") is not None:
        import ml_dtypes

        kinds.append(("bfloat16", ml_dtypes.bfloat16))
    for label, dtype in kinds:
        b = Arrays.make(size, dtype)
        cases[label] = (lambda b=b: call(b.x, out=b.y), size)
    side = int(size**0.5)
    wide, square = twice[: side * 2 * side].reshape(side, 2 * side), a.x[: side * side].reshape(side, side)
    half, turned = np.empty((side, side), np.float32), np.empty((side, side), np.float32, order="F")
    cases["column slice"] = (lambda: call(wide[:, :side], out=half), side * side)
    cases["C to F"] = (lambda: call(square, out=turned), side * side)
    image = a.x[: size // 256 * 256].reshape(4, 64, -1)
    slope, result = np.linspace(0.1, 0.4, 64, dtype=np.float32)[:, None], np.empty_like(image)
    cases["leaky_relu, slope per channel"] = (lambda: fa.leaky_relu(image, slope, out=result), image.size)
    cases["leaky_relu"] = (lambda: fa.leaky_relu(image, out=result), image.size)
    return cases
