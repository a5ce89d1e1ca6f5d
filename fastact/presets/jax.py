"""JAX's defaults and kinks (``jax.nn`` of 0.10): `gelu` is the form by tanh, and clips differ at their ends.

``gelu_exact`` is ``jax.nn.gelu`` with ``approximate=False``.
"""

from __future__ import annotations

import fastact as fa
from fastact import (
    celu,
    elu,
    exp,
    hard_sigmoid,
    hard_swish,
    identity,
    log_sigmoid,
    log_softmax,
    logsumexp,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    squareplus,
    tanh,
)
from fastact.presets import kinks
from fastact.presets.derive import Row, preset
from fastact.presets.glu import glu

leaky_relu = preset("jax.leaky_relu", fa.leaky_relu, {"negative_slope": 0.01}, scalar=kinks.leaky_passing, derivatives=(1.0,))
hard_tanh = preset("jax.hard_tanh", fa.hard_tanh, scalar=kinks.clip_passing, derivatives=(1.0, 1.0))
clip = preset("jax.clip", fa.hard_tanh, {"min": None, "max": None}, scalar=kinks.clip_halved, derivatives=(0.5, 0.5), odd=False)
gelu = fa.gelu_tanh
gelu_exact = fa.gelu
sparse_sigmoid = preset("jax.sparse_sigmoid", fa.sparse_sigmoid, scalar=kinks.sparse_sigmoid_halved, derivatives=(0.25, 0.25))

hard_silu = hard_swish
soft_sign = softsign
swish = silu

TABLE: tuple[Row, ...] = (
    ("identity", "jax.nn.identity(x)", "identity", ""),
    ("relu", "jax.nn.relu(x)", "relu", ""),
    ("relu6", "jax.nn.relu6(x)", "relu6", ""),
    ("leaky_relu", "jax.nn.leaky_relu(x, negative_slope=0.01)", "leaky_relu", "derivative 1 at 0; its slope is negative_slope"),
    ("hard_tanh", "jax.nn.hard_tanh(x)", "hard_tanh", "derivative 1 at both ends"),
    ("clip", "jax.numpy.clip(x, min, max)", "hard_tanh", "derivative 1/2 at both ends; min and max must be given"),
    ("hard_sigmoid", "jax.nn.hard_sigmoid(x)", "hard_sigmoid", ""),
    ("hard_swish", "jax.nn.hard_swish(x)", "hard_swish", ""),
    ("sigmoid", "jax.nn.sigmoid(x)", "sigmoid", ""),
    ("log_sigmoid", "jax.nn.log_sigmoid(x)", "log_sigmoid", ""),
    ("tanh", "jax.nn.tanh(x)", "tanh", ""),
    ("softplus", "jax.nn.softplus(x)", "softplus", ""),
    ("softsign", "jax.nn.soft_sign(x)", "softsign", ""),
    ("elu", "jax.nn.elu(x, alpha=1.0)", "elu", ""),
    ("celu", "jax.nn.celu(x, alpha=1.0)", "celu", ""),
    ("selu", "jax.nn.selu(x)", "selu", ""),
    ("silu", "jax.nn.silu(x)", "silu", ""),
    ("gelu", "jax.nn.gelu(x, approximate=True)", "gelu_tanh", ""),
    ("gelu_exact", "jax.nn.gelu(x, approximate=False)", "gelu", ""),
    ("mish", "jax.nn.mish(x)", "mish", ""),
    ("squareplus", "jax.nn.squareplus(x, b=4)", "squareplus", ""),
    ("sparse_plus", "jax.nn.sparse_plus(x)", "sparse_plus", ""),
    ("sparse_sigmoid", "jax.nn.sparse_sigmoid(x)", "sparse_sigmoid", "derivative 1/4 at both ends"),
    ("exp", "jax.numpy.exp(x)", "exp", ""),
    ("glu", "jax.nn.glu(x, axis=-1)", "glu", "one array, whose second half is the gate"),
    ("softmax", "jax.nn.softmax(x, axis=-1)", "softmax", ""),
    ("log_softmax", "jax.nn.log_softmax(x, axis=-1)", "log_softmax", ""),
    ("logsumexp", "jax.nn.logsumexp(x, -1)", "logsumexp", ""),
)
"""Names, the calls with their defaults, the functions of fastact, and what differs."""

__all__ = [
    "celu",
    "clip",
    "elu",
    "exp",
    "gelu",
    "gelu_exact",
    "glu",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "identity",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_sign",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "swish",
    "tanh",
]
