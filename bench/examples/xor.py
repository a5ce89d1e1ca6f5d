"""Exclusive or, learnt by a network with hidden layers of 10 and 5 units, from many starts at once.

Four tips for rectified linear units show: a bias of 0.1 rather than 1, weights scaled by the gain, a slope on the left
against dead units, and patience with sigmoids. The plain settings fail from four starts in ten.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

import fastact as fa
from bench.examples.printed import table

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float64)
LABELS = np.array([[0], [1], [1], [0]], np.float64)
LAYERS = (2, 10, 5, 1)
RATE = 0.05


@dataclass(frozen=True)
class Setting:
    """Hidden activation, its parameters, whether weights are scaled by gain/sqrt(fan_in) (else 1), and the first bias."""

    f: fa.Activation
    params: tuple[float, ...] = ()
    scaled: bool = False
    bias: float = 0.1

    @property
    def name(self) -> str:
        """For the table."""
        weights = "gain/√fan" if self.scaled else "N(0, 1)"
        return f"{' '.join([self.f.name, *map(str, self.params)])}, {weights}, bias {self.bias:g}"


SETTINGS = (
    Setting(fa.relu),
    Setting(fa.relu, bias=0.0),
    Setting(fa.relu, bias=1.0),
    Setting(fa.relu, scaled=True),
    Setting(fa.relu, scaled=True, bias=0.0),
    Setting(fa.leaky_relu, (0.1,), scaled=True),
    Setting(fa.tanh),
    Setting(fa.sigmoid),
)


@dataclass(frozen=True)
class Outcome:
    """The four outputs of every start, the mean loss, and the fraction of dead units in both hidden layers."""

    outputs: Any
    loss: Any
    dead: tuple[float, float]

    @property
    def success(self) -> float:
        """Fraction of starts from which all four outputs come within 0.5 of their labels."""
        return float(np.mean(np.all(abs(self.outputs - LABELS) < 0.5, axis=(1, 2))))


def start(setting: Setting, starts: int, seed: int) -> list[tuple[Any, Any]]:
    """Weights and biases of every layer; the first axis runs over the starts."""
    rng = np.random.default_rng(seed)
    scale = fa.gain(setting.f, *setting.params) if setting.scaled else 0.0
    layers = []
    for inputs, outputs in itertools.pairwise(LAYERS):
        weight = rng.standard_normal((starts, inputs, outputs)) * (scale / np.sqrt(inputs) if setting.scaled else 1.0)
        layers.append((weight, np.full((starts, 1, outputs), setting.bias)))
    return layers


@np.errstate(all="ignore")  # a few starts diverge; they count as failures
def train(setting: Setting, *, starts: int, steps: int = 100, seed: int = 0) -> Outcome:
    """Plain gradient descent on all four cases, of the mean square error."""
    f, params, layers = setting.f, setting.params, start(setting, starts, seed)
    for step in range(steps + 1):
        values, sums = [np.broadcast_to(INPUTS, (starts, 4, 2))], []
        for weight, bias in layers:
            sums.append(values[-1] @ weight + bias)
            values.append(f(sums[-1], *params) if len(sums) < len(layers) else sums[-1])
        if step == steps:
            break
        dy = 2 * (values[-1] - LABELS) / len(LABELS)
        for k in reversed(range(len(layers))):
            weight, bias = layers[k]
            down = dy @ weight.transpose(0, 2, 1)
            weight -= RATE * (values[k].transpose(0, 2, 1) @ dy)
            bias -= RATE * dy.sum(1, keepdims=True)
            dy = f.backward(down, sums[k - 1], *params) if k else dy
    first, second = (float(np.mean(np.all(z <= 0, axis=1))) for z in sums[:2])
    return Outcome(values[-1], np.mean((values[-1] - LABELS) ** 2, axis=(1, 2)), (first, second))


def main(starts: int = 500) -> None:
    """Print one network's outputs, then how often each setting succeeds."""
    one = train(Setting(fa.relu, scaled=True), starts=1, steps=1000, seed=3)
    rows = [(f"{a:g} xor {b:g}", f"{y:.4f}") for (a, b), (y,) in zip(INPUTS, one.outputs[0], strict=True)]
    table(f"One start, 1000 steps: mean square error {one.loss[0]:.2g}", ("case", "output"), rows)
    rows = []
    for setting in SETTINGS:
        found = train(setting, starts=starts)
        dead = [f"{d:.0%}" for d in found.dead] if "relu" in setting.f.name else ["–", "–"]
        rows.append((setting.name, f"{found.success:.1%}", *dead))
    table(f"{starts} starts, 100 steps", ("hidden layers", "success", "dead in the first", "in the second"), rows)


if __name__ == "__main__":
    main()
