"""Functions with noise beside PyTorch's and NumPy's, which keep the noise or the mask in memory; bare generation beside theirs."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastact as fa
from fastact.peers.arrays import Arrays


def _torch() -> Any:
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    torch.set_num_threads(fa.get_num_threads())
    return torch


def cases(name: str, a: Arrays) -> dict[str, Callable[[], Any]]:
    """Ours, and the peers that have it."""
    torch, rng = _torch(), np.random.default_rng(0)
    given = fa.noise.normal(1, a.x.shape)
    ours: dict[str, dict[str, Callable[[], Any]]] = {
        "uniform": {
            "fastact": lambda: fa.noise.uniform(1, a.x.shape),
            "numpy": lambda: rng.random(out=a.y, dtype=np.float32),
        },
        "normal": {
            "fastact": lambda: fa.noise.normal(1, a.x.shape),
            "numpy": lambda: rng.standard_normal(out=a.y, dtype=np.float32),
        },
        "dropout": {
            "fastact": lambda: fa.dropout(a.x, rng=1, out=a.y),
            "numpy": lambda: np.multiply(a.x, (rng.random(a.x.shape, np.float32) >= 0.5) * np.float32(2), out=a.y),
        },
        "dropout.backward": {"fastact": lambda: fa.dropout.backward(a.dy, a.x, rng=1, out=a.y)},
        "gelu, dropout": {"fastact": lambda: fa.dropout_after(fa.gelu)(a.x, rng=1, out=a.y)},
        "rrelu": {"fastact": lambda: fa.rrelu(a.x, rng=1, out=a.y)},
        "alpha_dropout": {"fastact": lambda: fa.alpha_dropout(a.x, rng=1, out=a.y)},
        "noisy_hard_tanh": {
            "fastact": lambda: fa.noisy_hard_tanh(a.x, rng=1, out=a.y),
            "fastact, noise given": lambda: fa.noisy_hard_tanh(a.x, given, out=a.y),
        },
        "noisy_hard_tanh.backward": {
            "fastact": lambda: fa.noisy_hard_tanh.backward(a.dy, a.x, rng=1, out=(a.y, None)),
            "fastact, noise given": lambda: fa.noisy_hard_tanh.backward(a.dy, a.x, given, out=(a.y, None)),
        },
        "gumbel_softmax": {"fastact": lambda: fa.gumbel_softmax(a.x.reshape(-1, 64), rng=1)},
    }
    if torch is not None:
        t, o = torch.from_numpy(a.x), torch.from_numpy(a.y)
        nn = torch.nn.functional
        peers: dict[str, Callable[[], Any]] = {
            "uniform": o.uniform_,
            "normal": o.normal_,
            "dropout": lambda: nn.dropout(t, 0.5, True),
            "gelu, dropout": lambda: nn.dropout(nn.gelu(t), 0.5, True),
            "rrelu": lambda: nn.rrelu(t, training=True),
            "alpha_dropout": lambda: nn.alpha_dropout(t, 0.5, True),
            "gumbel_softmax": lambda: nn.gumbel_softmax(t.reshape(-1, 64)),
        }
        for key, run in peers.items():
            ours[key]["torch"] = run
    return ours[name]


NAMES = (
    *("uniform", "normal", "dropout", "dropout.backward", "gelu, dropout", "rrelu", "alpha_dropout"),
    *("noisy_hard_tanh", "noisy_hard_tanh.backward", "gumbel_softmax"),
)
WHO = ("fastact", "fastact, noise given", "torch", "numpy")


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", NAMES)
def test_noise(benchmark: Any, name: str, size: int, who: str) -> None:
    run = cases(name, Arrays.make(size)).get(who)
    if run is None:
        pytest.skip(f"{who} has no {name}")
    benchmark.group = f"{name} {size}"
    benchmark(run)
