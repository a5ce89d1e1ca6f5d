"""NumPy: the expressions that its users write, with `out=` where one call does it."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from fastact.peers.arrays import Arrays, Run, Table

SELU = (1.6732632423543772, 1.0507009873554805)
TANH_GELU = (math.sqrt(2 / math.pi), 0.044715)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _gelu_tanh_backward(dy: Any, x: Any, _: Any) -> Any:
    c, k = TANH_GELU
    t = np.tanh(c * (x + k * x * x * x))
    return dy * 0.5 * (1 + t + x * (1 - t * t) * c * (1 + 3 * k * x * x))


def _mish_backward(dy: Any, x: Any, _: Any) -> Any:
    t = np.tanh(np.log1p(np.exp(x)))
    return dy * (t + x * (1 - t * t) * _sigmoid(x))


def _swish_backward(dy: Any, x: Any, _: Any, beta: float = 1) -> Any:
    s = _sigmoid(beta * x)
    return dy * s * (1 + beta * x * (1 - s))


def _dish_backward(dy: Any, x: Any, _: Any) -> Any:
    u = x / np.sqrt(1 + x * x)
    return dy * 0.5 * (1 + 2 * u - u * u * u)


def _squareplus_backward(dy: Any, x: Any, _: Any, b: float) -> Any:
    return dy * 0.5 * (1 + x / np.sqrt(x * x + b))


FORWARD: Table = {
    "identity": lambda x, out: np.positive(x, out=out),
    "relu": lambda x, out: np.maximum(x, 0, out=out),
    "relu6": lambda x, out: np.clip(x, 0, 6, out=out),
    "leaky_relu": lambda x, _, slope: np.where(x > 0, x, slope * x),
    "prelu": lambda x, _, slope: np.where(x > 0, x, slope * x),
    "threshold": lambda x, _, threshold, value: np.where(x > threshold, x, value),
    "thresholded_relu": lambda x, _, alpha: np.where(x > alpha, x, 0),
    "hard_tanh": lambda x, out, low, high: np.clip(x, low, high, out=out),
    "hard_sigmoid": lambda x, out, slope, offset: np.clip(slope * x + offset, 0, 1, out=out),
    "hard_swish": lambda x, _: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_shrink": lambda x, _, lambd: np.where(np.abs(x) > lambd, x, 0),
    "soft_shrink": lambda x, _, lambd: np.sign(x) * np.maximum(np.abs(x) - lambd, 0),
    "relu_squared": lambda x, _: np.square(np.maximum(x, 0)),
    "sparse_sigmoid": lambda x, out: np.clip((x + 1) / 2, 0, 1, out=out),
    "sparse_plus": lambda x, _: np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4)),
    "step": lambda x, out: np.heaviside(x, 0, out=out),
    "sigmoid": lambda x, _: _sigmoid(x),
    "log_sigmoid": lambda x, _: -np.logaddexp(0, -x),
    "softplus": lambda x, out, beta: np.logaddexp(x, 0, out=out) if beta == 1 else np.logaddexp(beta * x, 0) / beta,
    "silu": lambda x, _: x / (1 + np.exp(-x)),
    "swish": lambda x, _, beta: x / (1 + np.exp(-beta * x)),
    "quick_gelu": lambda x, _: x / (1 + np.exp(-1.702 * x)),
    "gelu_tanh": lambda x, _: 0.5 * x * (1 + np.tanh(TANH_GELU[0] * (x + TANH_GELU[1] * x * x * x))),
    "mish": lambda x, _: x * np.tanh(np.log1p(np.exp(x))),
    "exp": lambda x, out: np.exp(x, out=out),
    "elu": lambda x, _, alpha: np.where(x > 0, x, alpha * np.expm1(x)),
    "celu": lambda x, _, alpha: np.where(x > 0, x, alpha * np.expm1(x / alpha)),
    "selu": lambda x, _: SELU[1] * np.where(x > 0, x, SELU[0] * np.expm1(x)),
    "tanh": lambda x, out: np.tanh(x, out=out),
    "tanh_shrink": lambda x, _: x - np.tanh(x),
    "lisht": lambda x, _: x * np.tanh(x),
    "softsign": lambda x, _: x / (1 + np.abs(x)),
    "squareplus": lambda x, _, b: (x + np.sqrt(x * x + b)) / 2,
    "dish": lambda x, _: x / 2 * (1 + x / np.sqrt(1 + x * x)),
    "snake": lambda x, _, alpha: x + np.sin(alpha * x) ** 2 / alpha,
}

BACKWARD: Table = {
    "identity": lambda dy, _, out: np.positive(dy, out=out),
    "relu": lambda dy, x, _: dy * (x > 0),
    "relu6": lambda dy, x, _: dy * ((x > 0) & (x < 6)),
    "leaky_relu": lambda dy, x, _, slope: np.where(x > 0, dy, slope * dy),
    "prelu": lambda dy, x, _, slope: np.where(x > 0, dy, slope * dy),
    "threshold": lambda dy, x, _, threshold, value: dy * (x > threshold),
    "thresholded_relu": lambda dy, x, _, alpha: dy * (x > alpha),
    "hard_tanh": lambda dy, x, _, low, high: dy * ((x > low) & (x < high)),
    "hard_sigmoid": lambda dy, x, _, slope, offset: np.where(np.abs(slope * x + offset - 0.5) < 0.5, slope * dy, 0),
    "hard_swish": lambda dy, x, _: dy * np.where(x <= -3, 0, np.where(x >= 3, 1, (2 * x + 3) / 6)),
    "hard_shrink": lambda dy, x, _, lambd: dy * (np.abs(x) > lambd),
    "soft_shrink": lambda dy, x, _, lambd: dy * (np.abs(x) > lambd),
    "relu_squared": lambda dy, x, _: dy * 2 * np.maximum(x, 0),
    "sparse_sigmoid": lambda dy, x, _: dy * 0.5 * (np.abs(x) < 1),
    "sparse_plus": lambda dy, x, _: dy * np.clip((x + 1) / 2, 0, 1),
    "sigmoid": lambda dy, x, _: dy * (s := _sigmoid(x)) * (1 - s),
    "log_sigmoid": lambda dy, x, _: dy / (1 + np.exp(x)),
    "softplus": lambda dy, x, _, beta: dy / (1 + np.exp(-beta * x)),
    "silu": _swish_backward,
    "swish": _swish_backward,
    "quick_gelu": partial(_swish_backward, beta=1.702),
    "gelu_tanh": _gelu_tanh_backward,
    "mish": _mish_backward,
    "exp": lambda dy, x, _: dy * np.exp(x),
    "elu": lambda dy, x, _, alpha: dy * np.where(x > 0, 1, alpha * np.exp(x)),
    "celu": lambda dy, x, _, alpha: dy * np.where(x > 0, 1, np.exp(x / alpha)),
    "selu": lambda dy, x, _: dy * SELU[1] * np.where(x > 0, 1, SELU[0] * np.exp(x)),
    "tanh": lambda dy, x, _: dy * (1 - np.tanh(x) ** 2),
    "tanh_shrink": lambda dy, x, _: dy * np.tanh(x) ** 2,
    "lisht": lambda dy, x, _: dy * ((t := np.tanh(x)) + x * (1 - t * t)),
    "softsign": lambda dy, x, _: dy / (1 + np.abs(x)) ** 2,
    "squareplus": _squareplus_backward,
    "dish": _dish_backward,
    "snake": lambda dy, x, _, alpha: dy * (1 + np.sin(2 * alpha * x)),
}


def make(name: str, direction: str, a: Arrays, params: tuple[float, ...]) -> Run | None:
    """The expression that a NumPy user writes."""
    if direction == "forward":
        return partial(FORWARD[name], a.x, a.y, *params) if name in FORWARD else None
    return partial(BACKWARD[name], a.dy, a.x, a.y, *params) if name in BACKWARD else None
