"""PyTorch's defaults and kinks (2.13): those of fastact, but for names, `softplus`' threshold and `clamp`.

``gelu`` has a string for an argument there: `gelu` is its default, `gelu_tanh` the other. Rows take ``axis`` for its ``dim``.
Before 2.7 the derivative of ``hardswish`` was -1/2 at -3 and 3/2 at 3.
"""

from __future__ import annotations

import math

import fastact as fa
from fastact import (
    celu,
    elu,
    exp,
    gelu,
    gelu_tanh,
    hard_shrink,
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
    soft_shrink,
    softmax,
    softmin,
    softsign,
    tanh,
    tanh_shrink,
    threshold,
)
from fastact.presets import kinks
from fastact.presets.derive import Row, preset
from fastact.presets.glu import glu
from fastact.record import Interval, Kink, Param

leaky_relu = preset("torch.leaky_relu", fa.leaky_relu, {"negative_slope": 0.01})
prelu = preset("torch.prelu", fa.prelu, {"weight": 0.25})
hard_tanh = preset("torch.hard_tanh", fa.hard_tanh, {"min_val": -1.0, "max_val": 1.0})
clamp = preset("torch.clamp", fa.hard_tanh, {"min": None, "max": None}, scalar=kinks.clip_passing, derivatives=(1.0, 1.0), odd=False)
softplus = preset(
    "torch.softplus",
    fa.softplus,
    scalar=kinks.softplus_cut,
    formula=r"\beta x > \mathrm{threshold}\,?\;x : \frac{1}{\beta}\,\ln(1 + e^{\beta x})",
    derivative=r"\beta x > \mathrm{threshold}\,?\;1 : \sigma(\beta x)",
    params=(Param("beta", 1.0, samples=(1.0, 0.3, 2.0, 7.3)), Param("threshold", 20.0, samples=(20.0, 20.0, 5.0, 30.0))),
    range=Interval(0.0, math.inf),
    kinks=(Kink(at=lambda beta, threshold: threshold / beta, derivative=lambda beta, threshold: 1 / (1 + math.exp(-threshold))),),
    monotone=False,
)

hardtanh = hard_tanh
hardsigmoid = hard_sigmoid
hardswish = hard_swish
hardshrink = hard_shrink
softshrink = soft_shrink
logsigmoid = log_sigmoid
tanhshrink = tanh_shrink

TABLE: tuple[Row, ...] = (
    ("identity", "torch.nn.Identity()(x)", "identity", ""),
    ("relu", "torch.nn.functional.relu(x)", "relu", ""),
    ("relu6", "torch.nn.functional.relu6(x)", "relu6", ""),
    ("leaky_relu", "torch.nn.functional.leaky_relu(x, negative_slope=0.01)", "leaky_relu", "its slope is negative_slope"),
    ("prelu", "torch.nn.PReLU(num_parameters=1, init=0.25)(x)", "prelu", "its slope is weight"),
    ("threshold", "torch.nn.functional.threshold(x, threshold, value)", "threshold", ""),
    ("hard_tanh", "torch.nn.functional.hardtanh(x, min_val=-1.0, max_val=1.0)", "hard_tanh", "its bounds are min_val and max_val"),
    ("clamp", "torch.clamp(x, min, max)", "hard_tanh", "derivative 1 at both ends; min and max must be given"),
    ("hard_sigmoid", "torch.nn.functional.hardsigmoid(x)", "hard_sigmoid", ""),
    ("hard_swish", "torch.nn.functional.hardswish(x)", "hard_swish", ""),
    ("hard_shrink", "torch.nn.functional.hardshrink(x, lambd=0.5)", "hard_shrink", ""),
    ("soft_shrink", "torch.nn.functional.softshrink(x, lambd=0.5)", "soft_shrink", ""),
    ("sigmoid", "torch.nn.functional.sigmoid(x)", "sigmoid", ""),
    ("log_sigmoid", "torch.nn.functional.logsigmoid(x)", "log_sigmoid", ""),
    ("tanh", "torch.nn.functional.tanh(x)", "tanh", ""),
    ("tanh_shrink", "torch.nn.functional.tanhshrink(x)", "tanh_shrink", ""),
    ("softplus", "torch.nn.functional.softplus(x, beta=1.0, threshold=20.0)", "softplus", "x itself where beta·x > threshold"),
    ("softsign", "torch.nn.functional.softsign(x)", "softsign", ""),
    ("elu", "torch.nn.functional.elu(x, alpha=1.0)", "elu", ""),
    ("celu", "torch.nn.functional.celu(x, alpha=1.0)", "celu", ""),
    ("selu", "torch.nn.functional.selu(x)", "selu", ""),
    ("silu", "torch.nn.functional.silu(x)", "silu", ""),
    ("gelu", "torch.nn.functional.gelu(x, approximate='none')", "gelu", ""),
    ("gelu_tanh", "torch.nn.functional.gelu(x, approximate='tanh')", "gelu_tanh", ""),
    ("mish", "torch.nn.functional.mish(x)", "mish", ""),
    ("exp", "torch.exp(x)", "exp", ""),
    ("glu", "torch.nn.functional.glu(x, dim=-1)", "glu", "one array, whose second half is the gate"),
    ("softmax", "torch.nn.functional.softmax(x, dim)", "softmax", ""),
    ("log_softmax", "torch.nn.functional.log_softmax(x, dim)", "log_softmax", ""),
    ("softmin", "torch.nn.functional.softmin(x, dim)", "softmin", ""),
    ("logsumexp", "torch.logsumexp(x, dim)", "logsumexp", ""),
)
"""Names, the calls with their defaults, the functions of fastact, and what differs."""

__all__ = [
    "celu",
    "clamp",
    "elu",
    "exp",
    "gelu",
    "gelu_tanh",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_swish",
    "hard_tanh",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "identity",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "logsigmoid",
    "logsumexp",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanh_shrink",
    "tanhshrink",
    "threshold",
]
