"""The bare `numpy.ufunc` objects: `gelu`, `gelu_backward`, `gelu_derivative`, `gelu_value_and_grad`, and so for all.

They are made when they are first asked for; pickle finds them here by name.
"""

from __future__ import annotations

import numpy as np

import fastact
from fastact.cpu.loops import Direction
from fastact.cpu.ufunc import make_ufunc

_DIRECTIONS: tuple[Direction, ...] = ("forward", "backward", "derivative", "value_and_grad")


def __dir__() -> list[str]:
    return [a.name if d == "forward" else f"{a.name}_{d}" for a in fastact.ACTIVATIONS for d in _DIRECTIONS]


def __getattr__(name: str) -> np.ufunc:
    for activation in fastact.ACTIVATIONS:
        for direction in _DIRECTIONS:
            if name == (activation.name if direction == "forward" else f"{activation.name}_{direction}"):
                ufunc = globals()[name] = make_ufunc(activation.record, direction)  # found without this function from now on
                return ufunc
    raise AttributeError(f"module 'fastact.ufuncs' has no attribute {name!r}; it has {', '.join(__dir__())}")
