"""The bare `numpy.ufunc` objects: `gelu`, `gelu_backward`, `gelu_derivative`, `gelu_value_and_grad`; of gates also `swiglu_jvp`.

They are made when they are first asked for; pickle finds them here by name.
"""

from __future__ import annotations

import numpy as np

import fastact
from fastact.cpu.ufunc import make_ufunc
from fastact.directions import Direction
from fastact.record import Record

_DIRECTIONS: tuple[Direction, ...] = ("forward", "backward", "derivative", "value_and_grad")


def _all() -> dict[str, tuple[Record, Direction]]:
    records = [a.record for a in fastact.ACTIVATIONS] + [g.record for g in fastact.GATES]
    products: dict[str, tuple[Record, Direction]] = {f"{g.name}_jvp": (g.record, "jvp") for g in fastact.GATES}
    return {r.name if d == "forward" else f"{r.name}_{d}": (r, d) for r in records for d in _DIRECTIONS} | products


def __dir__() -> list[str]:
    return list(_all())


def __getattr__(name: str) -> np.ufunc:
    found = _all().get(name)
    if found is None:
        raise AttributeError(f"module 'fastact.ufuncs' has no attribute {name!r}; it has {', '.join(__dir__())}")
    ufunc = globals()[name] = make_ufunc(*found)  # found without this function from now on
    return ufunc
