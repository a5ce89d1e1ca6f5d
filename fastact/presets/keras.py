"""Keras's defaults and kinks (3.15), as on its TensorFlow backend: on another backend kinks are those of that library.

Names in capitals are layers, where these have other defaults; ``ops_gelu`` is ``keras.ops.gelu``, whose default is not that of
``keras.activations.gelu``; ``hard_sigmoid_v2`` is that of Keras 2.
"""

from __future__ import annotations

import fastact as fa
from fastact import (
    elu,
    exp,
    gelu,
    gelu_tanh,
    hard_sigmoid,
    hard_swish,
    identity,
    log_sigmoid,
    log_softmax,
    mish,
    relu,
    relu6,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
)
from fastact.presets import kinks
from fastact.presets.derive import Row, preset
from fastact.presets.glu import glu
from fastact.record import Kink

leaky_relu = preset("keras.leaky_relu", fa.leaky_relu, {"negative_slope": 0.2})
LeakyReLU = preset("keras.LeakyReLU", fa.leaky_relu, {"negative_slope": 0.3})
prelu = preset("keras.prelu", fa.prelu, {"alpha": 0.0}, scalar=kinks.prelu_blocked, derivatives=(0.0,))
threshold = preset("keras.threshold", fa.threshold, {"threshold": None, "default_value": None})
hard_tanh = preset("keras.hard_tanh", fa.hard_tanh, scalar=kinks.clip_passing, derivatives=(1.0, 1.0))
clip = preset("keras.clip", fa.hard_tanh, {"x_min": None, "x_max": None}, scalar=kinks.clip_passing, derivatives=(1.0, 1.0), odd=False)
hard_sigmoid_v2 = preset("keras.hard_sigmoid_v2", fa.hard_sigmoid, {"slope": 0.2, "offset": 0.5})
hard_shrink = preset("keras.hard_shrink", fa.hard_shrink, {"threshold": 0.5})
soft_shrink = preset("keras.soft_shrink", fa.soft_shrink, {"threshold": 0.5})
celu = preset("keras.celu", fa.celu, scalar=kinks.celu_doubled, kinks=(Kink(at=0.0, derivative=2.0),))
selu = preset("keras.selu", fa.selu, scalar=kinks.selu_scaled, derivatives=(1.0507009873554805,))
ops_gelu = fa.gelu_tanh

linear = identity
PReLU = prelu
hard_silu = hard_swish
swish = silu
exponential = exp

TABLE: tuple[Row, ...] = (
    ("identity", "keras.activations.linear(x)", "identity", ""),
    ("relu", "keras.activations.relu(x, negative_slope=0.0, max_value=None, threshold=0.0)", "relu", ""),
    ("relu6", "keras.activations.relu6(x)", "relu6", ""),
    ("leaky_relu", "keras.activations.leaky_relu(x, negative_slope=0.2)", "leaky_relu", "slope 0.2, named negative_slope"),
    ("LeakyReLU", "keras.layers.LeakyReLU(negative_slope=0.3)(x)", "leaky_relu", "slope 0.3, named negative_slope"),
    ("prelu", "keras.layers.PReLU()(x)", "prelu", "slope 0 at first, named alpha; derivative 0 at 0"),
    ("threshold", "keras.activations.threshold(x, threshold, default_value)", "threshold", "its value is default_value"),
    ("hard_tanh", "keras.activations.hard_tanh(x)", "hard_tanh", "derivative 1 at both ends"),
    ("clip", "keras.ops.clip(x, x_min, x_max)", "hard_tanh", "derivative 1 at both ends; x_min and x_max must be given"),
    ("hard_sigmoid", "keras.activations.hard_sigmoid(x)", "hard_sigmoid", ""),
    ("hard_sigmoid_v2", "keras.activations.hard_sigmoid(x) of Keras 2", "hard_sigmoid", "slope 0.2"),
    ("hard_swish", "keras.activations.hard_swish(x)", "hard_swish", ""),
    ("hard_shrink", "keras.activations.hard_shrink(x, threshold=0.5)", "hard_shrink", "its lambd is threshold"),
    ("soft_shrink", "keras.activations.soft_shrink(x, threshold=0.5)", "soft_shrink", "its lambd is threshold"),
    ("sigmoid", "keras.activations.sigmoid(x)", "sigmoid", ""),
    ("log_sigmoid", "keras.activations.log_sigmoid(x)", "log_sigmoid", ""),
    ("tanh", "keras.activations.tanh(x)", "tanh", ""),
    ("tanh_shrink", "keras.activations.tanh_shrink(x)", "tanh_shrink", ""),
    ("softplus", "keras.activations.softplus(x)", "softplus", ""),
    ("softsign", "keras.activations.softsign(x)", "softsign", ""),
    ("elu", "keras.activations.elu(x, alpha=1.0)", "elu", ""),
    ("celu", "keras.activations.celu(x, alpha=1.0)", "celu", "derivative 2 at 0"),
    ("selu", "keras.activations.selu(x)", "selu", "derivative λ at 0"),
    ("silu", "keras.activations.silu(x)", "silu", ""),
    ("gelu", "keras.activations.gelu(x, approximate=False)", "gelu", ""),
    ("gelu_tanh", "keras.activations.gelu(x, approximate=True)", "gelu_tanh", ""),
    ("ops_gelu", "keras.ops.gelu(x, approximate=True)", "gelu_tanh", ""),
    ("mish", "keras.activations.mish(x)", "mish", ""),
    ("squareplus", "keras.activations.squareplus(x, b=4)", "squareplus", ""),
    ("sparse_plus", "keras.activations.sparse_plus(x)", "sparse_plus", ""),
    ("sparse_sigmoid", "keras.activations.sparse_sigmoid(x)", "sparse_sigmoid", ""),
    ("exp", "keras.activations.exponential(x)", "exp", ""),
    ("glu", "keras.activations.glu(x, axis=-1)", "glu", "one array, whose second half is the gate"),
    ("softmax", "keras.activations.softmax(x, axis=-1)", "softmax", ""),
    ("log_softmax", "keras.activations.log_softmax(x, axis=-1)", "log_softmax", ""),
    ("sparsemax", "keras.activations.sparsemax(x, axis=-1)", "sparsemax", ""),
)
"""Names, the calls with their defaults, the functions of fastact, and what differs."""

__all__ = [
    "LeakyReLU",
    "PReLU",
    "celu",
    "clip",
    "elu",
    "exp",
    "exponential",
    "gelu",
    "gelu_tanh",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_sigmoid_v2",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "identity",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "ops_gelu",
    "prelu",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]
