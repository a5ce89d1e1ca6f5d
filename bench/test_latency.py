"""Time of one call on 8 elements, and of the first calls in a fresh process."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastact as fa
from bench.cases import Arrays
from bench.fresh import STEPS, fresh

CALLS = {
    "np.exp": lambda a: np.exp(a.x, out=a.y),
    "ufunc": lambda a: fa.gelu.ufunc(a.x, out=a.y),
    "public": lambda a: fa.gelu(a.x, out=a.y),
    "backward": lambda a: fa.gelu.backward(a.dy, a.x, out=a.y),
    "value_and_grad": lambda a: fa.gelu.value_and_grad(a.x, out=(a.y, a.d)),
    "leaky_relu": lambda a: fa.leaky_relu(a.x, out=a.y),
}


@pytest.mark.parametrize("call", list(CALLS))
def test_latency(benchmark: Any, call: str) -> None:
    benchmark(CALLS[call], Arrays.make(8))


@pytest.mark.parametrize("step", list(STEPS))
def test_first_call(benchmark: Any, step: str) -> None:
    benchmark.extra_info["seconds"] = benchmark.pedantic(fresh, rounds=1)[step]
