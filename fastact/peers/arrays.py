"""Operands of one measurement, and the parameters that every competitor gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import fastact as fa

Run = Callable[[], Any]
Table = dict[str, Callable[..., Any]]
DIRECTIONS = ("forward", "backward", "value_and_grad")


@dataclass(frozen=True)
class Arrays:
    """Operands of one measurement, made once and shared by all competitors."""

    x: Any
    dy: Any
    y: Any
    d: Any

    @classmethod
    def make(cls, size: int, dtype: Any = np.float32) -> Arrays:
        """Standard normal input."""
        rng = np.random.default_rng(0)
        x, dy = (rng.standard_normal(size, np.float32).astype(dtype) for _ in range(2))
        return cls(x, dy, np.empty_like(x), np.empty_like(x))


def required(activation: fa.Activation) -> tuple[float, ...]:
    """What a call must be given: nothing where every parameter has a default."""
    return activation.record.typical if any(p.default is None for p in activation.params) else ()
