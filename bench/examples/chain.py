"""The gradient through an activation that is applied again and again: what vanishes with depth, and what does not.

Without weights this illustrates the claim; it says nothing of trained networks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import fastact as fa
from bench.examples.printed import table

DEPTHS = (1, 2, 5, 10, 20)
FUNCTIONS: dict[str, tuple[fa.Activation, dict[str, float]]] = {
    "sigmoid": (fa.sigmoid, {}),
    "hard_sigmoid, slope 1/4": (fa.hard_sigmoid, {"slope": 0.25}),
    "tanh": (fa.tanh, {}),
    "softplus": (fa.softplus, {}),
    "silu": (fa.silu, {}),
    "gelu": (fa.gelu, {}),
    "relu": (fa.relu, {}),
    "leaky_relu": (fa.leaky_relu, {}),
    "elu": (fa.elu, {}),
}


def gradients(f: fa.Activation, start: float = 1.0, depths: Sequence[int] = DEPTHS, **params: float) -> list[float]:
    """d/dx of f applied n times, at `start`, for every n of `depths`, by backward through the layers."""
    inputs = [np.float64(start)]
    for _ in range(max(depths) - 1):
        inputs.append(f(inputs[-1], **params))
    found = []
    for depth in depths:
        dy = np.float64(1)
        for x in reversed(inputs[:depth]):
            dy = f.backward(dy, x, **params)
        found.append(float(dy))
    return found


def main() -> None:
    """Print the table."""
    rows = [(name, *(f"{g:.6g}" for g in gradients(f, **params))) for name, (f, params) in FUNCTIONS.items()]
    table("Gradient through n applications, from x = 1", ("function", *(f"n = {n}" for n in DEPTHS)), rows)


if __name__ == "__main__":
    main()
