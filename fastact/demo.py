"""The main job: real digits through a small network, trained with forward and backward of one activation."""

from __future__ import annotations

import itertools
import time
import timeit
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastact.activation import Activation

HIDDEN, EPOCHS, BATCH, RATE = 128, 40, 64, 1e-3
ELEMENTS = 2**24


class MissingExtraError(ImportError):
    """A package of an extra is not installed."""


@dataclass(frozen=True)
class Outcome:
    """What the demo measured; throughputs are fractions of `np.copyto` and of `np.add` on as many elements."""

    accuracy: float
    seconds: float
    forward: float
    backward: float


def _digits() -> tuple[Any, Any, Any, Any]:
    """Training and test images (float32, standardized) and labels."""
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError as error:
        raise MissingExtraError("the demo needs scikit-learn: pip install 'fastact[demo]'") from error
    data = load_digits()
    images = ((data.data - data.data.mean(0)) / (data.data.std(0) + 1e-6)).astype(np.float32)
    train, test, train_labels, test_labels = train_test_split(images, data.target, test_size=0.25, random_state=0, stratify=data.target)
    return train, test, train_labels, test_labels


def _start(images: Any, activation: Activation, rng: np.random.Generator) -> list[Any]:
    """Normal weights, scaled so that a layer's outputs before the activation have unit root mean square on the images."""
    layers, value = [], images
    for inputs, outputs in itertools.pairwise((images.shape[1], HIDDEN, HIDDEN, 10)):
        weight = rng.standard_normal((inputs, outputs), np.float32)
        weight /= np.sqrt(np.mean(np.square(value @ weight)))
        layers.append((weight, np.zeros(outputs, np.float32)))
        value = activation(value @ weight, *activation.record.typical)
    return layers


def _scores(x: Any, layers: list[Any], activation: Activation) -> tuple[list[Any], Any]:
    """Pre-activations of the hidden layers, and the scores of the classes."""
    hidden, value = [], x
    for weight, bias in layers[:-1]:
        hidden.append(value @ weight + bias)
        value = activation(hidden[-1], *activation.record.typical)
    return hidden, value @ layers[-1][0] + layers[-1][1]


def _gradients(x: Any, labels: Any, layers: list[Any], activation: Activation) -> list[Any]:
    """Gradients of the mean cross-entropy by every weight and bias."""
    hidden, scores = _scores(x, layers, activation)
    shares = np.exp(scores - scores.max(1, keepdims=True))
    dy = shares / shares.sum(1, keepdims=True)
    dy[np.arange(len(labels)), labels] -= 1
    dy /= np.float32(len(labels))
    found = []
    for k in range(len(layers) - 1, -1, -1):
        value = activation(hidden[k - 1], *activation.record.typical) if k else x
        found.append((value.T @ dy, dy.sum(0)))
        if k:
            dy = activation.backward(dy @ layers[k][0].T, hidden[k - 1], *activation.record.typical, wrt="x")
    return found[::-1]


class _Adam:
    """Adam on one array, in place."""

    def __init__(self, weights: Any) -> None:
        self.weights, self.mean, self.square = weights, np.zeros_like(weights), np.zeros_like(weights)

    def step(self, gradient: Any, count: int) -> None:
        self.mean += np.float32(0.1) * (gradient - self.mean)
        self.square += np.float32(0.001) * (gradient * gradient - self.square)
        rate = np.float32(RATE * (1 - 0.999**count) ** 0.5 / (1 - 0.9**count))
        self.weights -= rate * self.mean / (np.sqrt(self.square) + np.float32(1e-8))


@np.errstate(over="ignore", invalid="ignore")
def train(activation: Activation) -> tuple[float, float]:
    """Test accuracy and seconds of training a 64-128-128-10 network by Adam; its small products are kept on one thread.

    The accuracy is NaN if the values overflow, as they do for `exp`.
    """
    images, test, labels, test_labels = _digits()
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(0)
    layers = _start(images, activation, rng)
    optimizers = [_Adam(weights) for layer in layers for weights in layer]
    start, count = time.perf_counter(), 0
    with threadpool_limits(1):
        for _ in range(EPOCHS):
            order = rng.permutation(len(images))
            for first in range(0, len(order), BATCH):
                count += 1
                chosen = order[first : first + BATCH]
                gradients = _gradients(images[chosen], labels[chosen], layers, activation)
                for optimizer, gradient in zip(optimizers, itertools.chain(*gradients), strict=True):
                    optimizer.step(gradient, count)
        scores = _scores(test, layers, activation)[1]
    accuracy = (scores.argmax(1) == test_labels).mean() if np.isfinite(scores).all() else np.nan
    return float(accuracy), time.perf_counter() - start


def throughput(activation: Activation, elements: int = ELEMENTS) -> tuple[float, float]:
    """Forward as a fraction of `np.copyto`, backward as a fraction of `np.add`: medians of interleaved runs, all threads."""
    x = np.random.default_rng(0).standard_normal(elements, np.float32)
    dy, y = x[::-1].copy(), np.empty_like(x)
    given = activation.record.typical
    runs = (
        lambda: np.copyto(y, x),
        lambda: activation(x, *given, out=y),
        lambda: np.add(x, dy, out=y),
        lambda: activation.backward(dy, x, *given, wrt="x", out=y),
    )
    for run in runs:
        run()
    times = np.median([[timeit.timeit(run, number=1) for run in runs] for _ in range(7)], axis=0)
    return float(times[0] / times[1]), float(times[2] / times[3])


def run(activation: Activation) -> Outcome:
    """Train, then measure."""
    accuracy, seconds = train(activation)
    return Outcome(accuracy, seconds, *throughput(activation))
