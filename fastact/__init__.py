"""Activation functions for NumPy arrays: forward, backward, and value with gradient, each in one pass."""

from __future__ import annotations

from fastact.activation import Activation
from fastact.activations import exponential, gaussian, hyperbolic, logistic, piecewise
from fastact.cpu.parallel import get_num_threads, set_num_threads

relu = Activation(piecewise.relu)
leaky_relu = Activation(piecewise.leaky_relu)
prelu = Activation(piecewise.prelu)
hard_tanh = Activation(piecewise.hard_tanh)
sigmoid = Activation(logistic.sigmoid)
tanh = Activation(hyperbolic.tanh)
softplus = Activation(logistic.softplus)
silu = Activation(logistic.silu)
gelu = Activation(gaussian.gelu)
elu = Activation(exponential.elu)

ACTIVATIONS: tuple[Activation, ...] = (relu, leaky_relu, prelu, hard_tanh, sigmoid, tanh, softplus, silu, gelu, elu)
"""Every activation, in the order of the documentation."""

__version__ = "0.1.0"
__all__ = [
    "ACTIVATIONS",
    "Activation",
    "elu",
    "gelu",
    "get_num_threads",
    "hard_tanh",
    "leaky_relu",
    "prelu",
    "relu",
    "set_num_threads",
    "sigmoid",
    "silu",
    "softplus",
    "tanh",
]
