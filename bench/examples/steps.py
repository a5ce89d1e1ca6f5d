"""Steps that bring an output from 0.9 down to 0.5: 67 for a sigmoid, 2 for a rectified linear unit.

There is no network and no loss: the output itself is descended by moving its input, z <- z - rate f'(z). A function that
saturates has a small slope where its output is near 1, and crawls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import fastact as fa
from bench.examples.printed import table

START, GOAL, RATE = 0.9, 0.5, 0.2
FUNCTIONS: dict[str, tuple[fa.Activation, dict[str, float]]] = {
    "sigmoid": (fa.sigmoid, {}),
    "hard_sigmoid, slope 1/4": (fa.hard_sigmoid, {"slope": 0.25}),
    "tanh": (fa.tanh, {}),
    "softplus": (fa.softplus, {}),
    "silu": (fa.silu, {}),
    "gelu": (fa.gelu, {}),
    "selu": (fa.selu, {}),
    "elu": (fa.elu, {}),
    "leaky_relu": (fa.leaky_relu, {}),
    "hard_tanh": (fa.hard_tanh, {}),
    "relu": (fa.relu, {}),
}


class Descent(NamedTuple):
    """Where it starts, how many steps it takes, and the output that is reached."""

    start: float
    steps: int
    output: float


def inverse(f: Callable[[Any], Any], y: float) -> float:
    """The z between -4 and 4 with f(z) = y, for a growing f, by halving."""
    low, high = -4.0, 4.0
    while low < (middle := (low + high) / 2) < high:
        low, high = (low, middle) if f(middle) >= y else (middle, high)
    return high


def descend(f: fa.Activation, dtype: Any = np.float64, **params: float) -> Descent:
    """Follow the slope from output 0.9 until it is at most 0.5."""
    start = inverse(partial(f, **params), START)
    z, rate, steps = dtype(start), dtype(RATE), 0
    y, slope = f.value_and_grad(z, **params)
    while y > GOAL:
        z = z - rate * slope
        y, slope = f.value_and_grad(z, **params)
        steps += 1
    return Descent(start, steps, float(y))


def main() -> None:
    """Print the table, in float64 and float32."""
    rows = []
    for name, (f, params) in FUNCTIONS.items():
        wide, narrow = descend(f, **params), descend(f, np.float32, **params)
        rows.append((name, f"{wide.start:.11f}", str(wide.steps), str(narrow.steps), f"{wide.output:.12f}"))
    head = ("function", "z where f(z) = 0.9", "steps", "in float32", "output reached")
    table(f"Steps of rate {RATE} from output {START} to {GOAL}", head, rows)


if __name__ == "__main__":
    main()
