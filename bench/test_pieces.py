"""maxout, crelu, masks and statistics beside what NumPy and PyTorch users write for them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastact as fa

Runs = dict[str, Callable[[], Any]]


def _maxout(size: int) -> Runs:
    """Two pieces side by side on the last axis, with the winners."""
    x = np.random.default_rng(0).standard_normal((size // 128, 128), np.float32)
    y, index = fa.maxout.with_index(x, 2)
    pairs = x.reshape(-1, 64, 2)
    runs: Runs = {"fastact": lambda: fa.maxout.with_index(x, 2, out=(y, index)), "numpy": lambda: (pairs.max(-1), pairs.argmax(-1))}
    if importlib.util.find_spec("torch") is not None:
        import torch

        torch.set_num_threads(fa.get_num_threads())
        tensor = torch.from_numpy(pairs)
        runs["torch"] = lambda: torch.max(tensor, -1)
    return runs


def _crelu(size: int) -> Runs:
    x = np.random.default_rng(0).standard_normal((size // 64, 64), np.float32)
    y = np.empty((size // 64, 128), np.float32)
    runs: Runs = {
        "fastact": lambda: fa.crelu(x, out=y),
        "numpy": lambda: np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], -1, out=y),
    }
    if importlib.util.find_spec("torch") is not None:
        import torch

        torch.set_num_threads(fa.get_num_threads())
        tensor, out = torch.from_numpy(x), torch.from_numpy(y)
        runs["torch"] = lambda: torch.cat([torch.relu(tensor), torch.relu(-tensor)], -1, out=out)
    return runs


def _mask(size: int) -> Runs:
    x = np.random.default_rng(0).standard_normal(size, np.float32)
    y, mask = fa.relu.with_mask(x)
    return {
        "fastact": lambda: fa.relu.with_mask(x, out=(y, mask)),
        "numpy": lambda: (np.maximum(x, 0, out=y), np.packbits(x > 0, bitorder="little")),
    }


def _unmask(size: int) -> Runs:
    x = np.random.default_rng(0).standard_normal(size, np.float32)
    y, mask = fa.relu.with_mask(x)
    return {
        "fastact": lambda: fa.relu.backward_from_mask(x, mask, out=y),
        "numpy": lambda: np.multiply(x, np.unpackbits(mask, count=size, bitorder="little"), out=y),
    }


def _stats(size: int) -> Runs:
    x = np.random.default_rng(0).standard_normal((size // 64, 64), np.float32)

    def numpy() -> Any:
        y = np.tanh(x)
        d = 1 - y * y
        moments = y.mean(0, np.float64), y.var(0, np.float64), y.min(0), y.max(0)
        return *moments, (y == 0).mean(0), (abs(d) < 0.01).mean(0), (d == 0).all(0), (~np.isfinite(y)).sum(0)

    return {"fastact": lambda: fa.activation_stats(x, fa.tanh, axis=1), "numpy": numpy}


CASES = {"maxout": _maxout, "crelu": _crelu, "with_mask": _mask, "backward_from_mask": _unmask, "activation_stats": _stats}


@pytest.mark.parametrize("who", ["fastact", "numpy", "torch"])
@pytest.mark.parametrize("case", CASES)
def test_pieces(benchmark: Any, case: str, size: int, who: str) -> None:
    run = CASES[case](size).get(who)
    if run is None:
        pytest.skip(f"{who} is not installed or has no {case}")
    benchmark.group = f"{case} {size}"
    benchmark(run)
