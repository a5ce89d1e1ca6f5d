"""A recurrent memory whose gate starts saturated: hard gates stall, noisy ones come loose.

Each step writes x into a memory h as far as a gate is open: h <- h + g (x - h) with g = gate(w flag + b). The first x is to be
kept to the end, so the gate must be open where the flag is up, at the first step, and closed at all others. It starts open
everywhere, in the flat part of the hard sigmoid, whose gradient there is 0 for good.

The noisy unit differs from the hard one in the flat part by noise and, for alpha other than 1, by a slope. On this small task
the slope is what frees the gate: it does so without noise too, while noise alone, of strong amplitude, moves it slowly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import fastact as fa
from bench.examples.printed import table

LENGTH, BATCH, STEPS, RATE = 6, 32, 1500, 0.2
START = 3.0
"""The bias; the line of the gate ends at 2."""

Gate = Callable[[Any, int], tuple[Any, Any]]
"""From the sums and the number of the step to the gate and its derivative."""


def plain(a: Any, step: int) -> tuple[Any, Any]:
    """Hard sigmoid of slope 1/4."""
    g, d = fa.hard_sigmoid.value_and_grad(a, slope=0.25)
    return g, d


def noisy(a: Any, step: int, alpha: float = 0.9, c: float = 0.15) -> tuple[Any, Any]:
    """The same line, where it is flat with a slope of 1 - alpha of the line's and noise in proportion to c."""
    g, d = fa.noisy_hard_sigmoid.value_and_grad(a, rng=(7, step), alpha=alpha, c=c)
    return g, d


@dataclass(frozen=True)
class Outcome:
    """The mean loss before and after, by the plain gate, and the weights that were learnt."""

    first: float
    last: float
    weights: tuple[float, float]


def _loss(weights: Any, x: Any, gate: Gate, step: int) -> tuple[float, Any]:
    """Mean square error of what is kept, and its gradient by w and b."""
    flags = np.zeros((LENGTH, BATCH))
    flags[0] = 1
    g, d = gate(weights[0] * flags + weights[1], step)
    kept = [np.zeros(BATCH)]
    for t in range(LENGTH):
        kept.append(kept[-1] + g[t] * (x[t] - kept[-1]))
    off = kept[-1] - x[0]
    dh, gradient = 2 * off / BATCH, np.zeros(2)
    for t in reversed(range(LENGTH)):
        da = dh * (x[t] - kept[t]) * d[t]
        gradient += (da @ flags[t], da.sum())
        dh = dh * (1 - g[t])
    return float(np.mean(off**2)), gradient


def train(gate: Gate, seed: int = 0) -> Outcome:
    """Gradient descent with the gate; the losses are those of the plain gate with its weights, on sequences of their own."""
    rng, weights = np.random.default_rng(seed), np.array([0.0, START])
    test = np.random.default_rng(1000 + seed).standard_normal((LENGTH, BATCH))
    first = _loss(weights, test, plain, 0)[0]
    for step in range(STEPS):
        weights -= RATE * _loss(weights, rng.standard_normal((LENGTH, BATCH)), gate, step)[1]
    return Outcome(first, _loss(weights, test, plain, 0)[0], (float(weights[0]), float(weights[1])))


GATES: dict[str, Gate] = {
    "hard": plain,
    "noisy, alpha 0.9, c 0.15": noisy,
    "slope alone, alpha 0.9, c 0": partial(noisy, c=0.0),
    "noise alone, alpha 1, c 30": partial(noisy, alpha=1.0, c=30.0),
}


def main() -> None:
    """Print how far each gate gets."""
    rows = []
    for name, gate in GATES.items():
        found = train(gate)
        w, b = found.weights
        rows.append((name, f"{found.first:.3f}", f"{found.last:.3f}", f"{w + b:.2f}", f"{b:.2f}"))
    head = ("gate", "error before", "error after", "sum where the flag is up", "elsewhere")
    table(f"{STEPS} steps; the hard gate is flat beyond ±2", head, rows)


if __name__ == "__main__":
    main()
