"""TensorFlow's defaults and kinks (``tf.nn`` of 2.21)."""

from __future__ import annotations

import fastact as fa
from fastact import (
    crelu,
    elu,
    exp,
    gelu,
    gelu_tanh,
    identity,
    log_sigmoid,
    log_softmax,
    logsumexp,
    relu,
    relu6,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    swish,
    tanh,
)
from fastact.presets import kinks
from fastact.presets.derive import Row, preset

leaky_relu = preset("tensorflow.leaky_relu", fa.leaky_relu, {"alpha": 0.2})
clip_by_value = preset(
    "tensorflow.clip_by_value",
    fa.hard_tanh,
    {"clip_value_min": None, "clip_value_max": None},
    scalar=kinks.clip_passing,
    derivatives=(1.0, 1.0),
    odd=False,
)
selu = preset("tensorflow.selu", fa.selu, scalar=kinks.selu_scaled, derivatives=(1.0507009873554805,))

TABLE: tuple[Row, ...] = (
    ("identity", "tf.identity(x)", "identity", ""),
    ("relu", "tf.nn.relu(x)", "relu", ""),
    ("relu6", "tf.nn.relu6(x)", "relu6", ""),
    ("crelu", "tf.nn.crelu(x, axis=-1)", "crelu", ""),
    ("leaky_relu", "tf.nn.leaky_relu(x, alpha=0.2)", "leaky_relu", "slope 0.2, named alpha"),
    ("clip_by_value", "tf.clip_by_value(x, clip_value_min, clip_value_max)", "hard_tanh", "derivative 1 at both ends, which must be given"),
    ("sigmoid", "tf.nn.sigmoid(x)", "sigmoid", ""),
    ("log_sigmoid", "tf.math.log_sigmoid(x)", "log_sigmoid", ""),
    ("tanh", "tf.nn.tanh(x)", "tanh", ""),
    ("softplus", "tf.nn.softplus(x)", "softplus", ""),
    ("softsign", "tf.nn.softsign(x)", "softsign", ""),
    ("elu", "tf.nn.elu(x)", "elu", ""),
    ("selu", "tf.nn.selu(x)", "selu", "derivative λ at 0"),
    ("silu", "tf.nn.silu(x)", "silu", ""),
    ("swish", "tf.nn.silu(x, beta=1.0)", "swish", ""),
    ("gelu", "tf.nn.gelu(x, approximate=False)", "gelu", ""),
    ("gelu_tanh", "tf.nn.gelu(x, approximate=True)", "gelu_tanh", ""),
    ("exp", "tf.exp(x)", "exp", ""),
    ("softmax", "tf.nn.softmax(x, axis=-1)", "softmax", ""),
    ("log_softmax", "tf.nn.log_softmax(x, axis=-1)", "log_softmax", ""),
    ("logsumexp", "tf.reduce_logsumexp(x, -1)", "logsumexp", ""),
)
"""Names, the calls with their defaults, the functions of fastact, and what differs."""

__all__ = [
    "clip_by_value",
    "crelu",
    "elu",
    "exp",
    "gelu",
    "gelu_tanh",
    "identity",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]
