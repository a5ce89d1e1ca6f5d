"""ONNX's defaults (opset 28), where attributes are float32: 0.01 is 0.009999999776482582.

ONNX has no gradients: kinks are fastact's. `Shrink` without a bias is the hard one; with bias = lambd it is `soft_shrink`.
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
    hard_swish,
    hardmax,
    identity,
    log_softmax,
    mish,
    relu,
    sigmoid,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    swiglu,
    tanh,
    thresholded_relu,
)
from fastact.presets import kinks
from fastact.presets.derive import Row, preset
from fastact.record import Budget, Interval, Kink, Limits, Param, Ulp

leaky_relu = preset("onnx.leaky_relu", fa.leaky_relu, {"alpha": 0.009999999776482582})
prelu = preset("onnx.prelu", fa.prelu, {"slope": None})
clip = preset("onnx.clip", fa.hard_tanh, {"min": None, "max": None}, odd=False)
hard_sigmoid = preset("onnx.hard_sigmoid", fa.hard_sigmoid, {"alpha": 0.20000000298023224, "beta": 0.5})
selu = preset(
    "onnx.selu",
    fa.selu,
    scalar=kinks.selu_given,
    formula=r"\gamma\,(x > 0\,?\;x : \alpha\,(e^x - 1))",
    derivative=r"\gamma\,(x > 0\,?\;1 : \alpha\,e^x)",
    params=(
        Param("alpha", 1.6732631921768188, samples=(1.6732631921768188, 1.0)),
        Param("gamma", 1.0507010221481323, samples=(1.0507010221481323, 2.0)),
    ),
    range=Interval(lambda alpha, gamma: -alpha * gamma, math.inf),
    limits=Limits(lambda alpha, gamma: -alpha * gamma, math.inf),
    derivative_limits=Limits(0.0, lambda alpha, gamma: gamma),
    kinks=(Kink(at=0.0, derivative=lambda alpha, gamma: alpha * gamma),),
    monotone=False,
    budget=Budget(forward=Ulp(2.5, 2.3), derivative=Ulp(1.6, 1.6), params=Ulp(2.1, 1.8)),
)
swish = preset("onnx.swish", fa.swish, {"alpha": 1.0})

Identity = identity
Relu = relu
LeakyRelu = leaky_relu
PRelu = prelu
ThresholdedRelu = thresholded_relu
Clip = clip
HardSigmoid = hard_sigmoid
HardSwish = hard_swish
Sigmoid = sigmoid
Tanh = tanh
Softplus = softplus
Softsign = softsign
Elu = elu
Celu = celu
Selu = selu
Swish = swish
Gelu = gelu
Mish = mish
Exp = exp
SwiGLU = swiglu
Softmax = softmax
LogSoftmax = log_softmax
Hardmax = hardmax

TABLE: tuple[Row, ...] = (
    ("identity", "Identity(x)", "identity", ""),
    ("relu", "Relu(x)", "relu", ""),
    ("leaky_relu", "LeakyRelu(x, alpha=0.01)", "leaky_relu", "its slope is alpha, a float32"),
    ("prelu", "PRelu(x, slope)", "prelu", "slope must be given"),
    ("thresholded_relu", "ThresholdedRelu(x, alpha=1.0)", "thresholded_relu", ""),
    ("clip", "Clip(x, min, max)", "hard_tanh", "min and max must be given"),
    ("hard_sigmoid", "HardSigmoid(x, alpha=0.2, beta=0.5)", "hard_sigmoid", "slope 0.2 of float32, named alpha; offset named beta"),
    ("hard_swish", "HardSwish(x)", "hard_swish", ""),
    ("hard_shrink", "Shrink(x, lambd=0.5, bias=0.0)", "hard_shrink", ""),
    ("soft_shrink", "Shrink(x, lambd=0.5, bias=0.5)", "soft_shrink", ""),
    ("sigmoid", "Sigmoid(x)", "sigmoid", ""),
    ("tanh", "Tanh(x)", "tanh", ""),
    ("softplus", "Softplus(x)", "softplus", ""),
    ("softsign", "Softsign(x)", "softsign", ""),
    ("elu", "Elu(x, alpha=1.0)", "elu", ""),
    ("celu", "Celu(x, alpha=1.0)", "celu", ""),
    ("selu", "Selu(x, alpha=1.6732632, gamma=1.050701)", "selu", "alpha and gamma are parameters, by default as float32 has them"),
    ("swish", "Swish(x, alpha=1.0)", "swish", "its beta is alpha"),
    ("gelu", "Gelu(x, approximate='none')", "gelu", ""),
    ("gelu_tanh", "Gelu(x, approximate='tanh')", "gelu_tanh", ""),
    ("mish", "Mish(x)", "mish", ""),
    ("exp", "Exp(x)", "exp", ""),
    ("swiglu", "SwiGLU(a, b, alpha=1.0)", "swiglu", ""),
    ("softmax", "Softmax(x, axis=-1)", "softmax", ""),
    ("log_softmax", "LogSoftmax(x, axis=-1)", "log_softmax", ""),
    ("hardmax", "Hardmax(x, axis=-1)", "hardmax", ""),
)
"""Names, the calls with their defaults, the functions of fastact, and what differs."""

__all__ = [
    "Celu",
    "Clip",
    "Elu",
    "Exp",
    "Gelu",
    "HardSigmoid",
    "HardSwish",
    "Hardmax",
    "Identity",
    "LeakyRelu",
    "LogSoftmax",
    "Mish",
    "PRelu",
    "Relu",
    "Selu",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "SwiGLU",
    "Swish",
    "Tanh",
    "ThresholdedRelu",
    "celu",
    "clip",
    "elu",
    "exp",
    "gelu",
    "gelu_tanh",
    "hard_shrink",
    "hard_sigmoid",
    "hard_swish",
    "hardmax",
    "identity",
    "leaky_relu",
    "log_softmax",
    "mish",
    "prelu",
    "relu",
    "selu",
    "sigmoid",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "swiglu",
    "swish",
    "tanh",
    "thresholded_relu",
]
