"""Activation functions for NumPy arrays: forward, backward, and value with gradient, each in one pass."""

from __future__ import annotations

import typing

from fastact import noise as noise
from fastact import presets as presets
from fastact import scalars as scalars
from fastact import ufuncs as ufuncs
from fastact.activation import Activation
from fastact.activations import algebraic, clipped, exponential, gaussian, hyperbolic, logistic, periodic, piecewise
from fastact.activations import gated as _gated
from fastact.activations import gates as _gates
from fastact.cpu.parallel import get_num_threads, set_num_threads
from fastact.errors import CudaUnavailableError
from fastact.gains import gain
from fastact.gates import Gate, gated
from fastact.headers import get_include
from fastact.noise.after import dropout_after
from fastact.noise.categorical import GumbelSoftmax
from fastact.noise.unit import Noisy
from fastact.noise.units import (
    NOISY,
    alpha_dropout,
    dropout,
    input_noise_hard_sigmoid,
    input_noise_hard_tanh,
    learned_noise_hard_sigmoid,
    learned_noise_hard_tanh,
    noisy_hard_sigmoid,
    noisy_hard_sigmoid_half,
    noisy_hard_tanh,
    noisy_hard_tanh_half,
    noisy_relu,
    rrelu,
    saturated_noise_hard_sigmoid,
    saturated_noise_hard_tanh,
)
from fastact.rows.members import (
    ROWS,
    hardmax,
    log_softmax,
    logsumexp,
    sigmoid_cross_entropy,
    softmax,
    softmax_cross_entropy,
    softmin,
    sparsemax,
)

if typing.TYPE_CHECKING:
    from fastact import testing as testing
    from fastact.halves import crelu
    from fastact.own.definition import define
    from fastact.pieces import maxout
    from fastact.stats import ActivationStats, activation_stats
else:
    from fastact import later

    __getattr__, __dir__ = later.find, later.names

identity = Activation(piecewise.identity)
relu = Activation(piecewise.relu)
relu6 = Activation(clipped.relu6)
leaky_relu = Activation(piecewise.leaky_relu)
prelu = Activation(piecewise.prelu)
threshold = Activation(piecewise.threshold)
thresholded_relu = Activation(piecewise.thresholded_relu)
hard_tanh = Activation(clipped.hard_tanh)
hard_sigmoid = Activation(clipped.hard_sigmoid)
hard_swish = Activation(clipped.hard_swish)
hard_shrink = Activation(clipped.hard_shrink)
soft_shrink = Activation(clipped.soft_shrink)
relu_squared = Activation(piecewise.relu_squared)
sigmoid = Activation(logistic.sigmoid)
log_sigmoid = Activation(logistic.log_sigmoid)
tanh = Activation(hyperbolic.tanh)
tanh_shrink = Activation(hyperbolic.tanh_shrink)
softplus = Activation(logistic.softplus)
softsign = Activation(algebraic.softsign)
elu = Activation(exponential.elu)
celu = Activation(exponential.celu)
selu = Activation(exponential.selu)
silu = Activation(_gated.silu)
swish = Activation(_gated.swish)
gelu = Activation(gaussian.gelu)
gelu_tanh = Activation(_gated.gelu_tanh)
quick_gelu = Activation(_gated.quick_gelu)
mish = Activation(_gated.mish)
squareplus = Activation(algebraic.squareplus)
lisht = Activation(hyperbolic.lisht)
snake = Activation(periodic.snake)
dish = Activation(algebraic.dish)
sparse_plus = Activation(clipped.sparse_plus)
sparse_sigmoid = Activation(clipped.sparse_sigmoid)
exp = Activation(exponential.exp)
step = Activation(piecewise.step)
glu = Gate(_gates.glu)
bilinear = Gate(_gates.bilinear)
reglu = Gate(_gates.reglu)
sreglu = Gate(_gates.sreglu)
geglu = Gate(_gates.geglu)
geglu_tanh = Gate(_gates.geglu_tanh)
quick_geglu = Gate(_gates.quick_geglu)
swiglu = Gate(_gates.swiglu)
clamped_swiglu = Gate(_gates.clamped_swiglu)

ACTIVATIONS: tuple[Activation, ...] = (
    identity,
    relu,
    relu6,
    leaky_relu,
    prelu,
    threshold,
    thresholded_relu,
    hard_tanh,
    hard_sigmoid,
    hard_swish,
    hard_shrink,
    soft_shrink,
    relu_squared,
    sigmoid,
    log_sigmoid,
    tanh,
    tanh_shrink,
    softplus,
    softsign,
    elu,
    celu,
    selu,
    silu,
    swish,
    gelu,
    gelu_tanh,
    quick_gelu,
    mish,
    squareplus,
    lisht,
    snake,
    dish,
    sparse_plus,
    sparse_sigmoid,
    exp,
    step,
)
"""Every activation, in the order of the documentation."""

GATES: tuple[Gate, ...] = (glu, bilinear, reglu, sreglu, geglu, geglu_tanh, quick_geglu, swiglu, clamped_swiglu)
"""Every gated unit that has a name."""

gumbel_softmax = GumbelSoftmax()


__version__ = "0.1.0"
__all__ = [
    "ACTIVATIONS",
    "GATES",
    "NOISY",
    "ROWS",
    "Activation",
    "ActivationStats",
    "CudaUnavailableError",
    "Gate",
    "GumbelSoftmax",
    "Noisy",
    "activation_stats",
    "alpha_dropout",
    "bilinear",
    "celu",
    "clamped_swiglu",
    "crelu",
    "define",
    "dish",
    "dropout",
    "dropout_after",
    "elu",
    "exp",
    "gain",
    "gated",
    "geglu",
    "geglu_tanh",
    "gelu",
    "gelu_tanh",
    "get_include",
    "get_num_threads",
    "glu",
    "gumbel_softmax",
    "hard_shrink",
    "hard_sigmoid",
    "hard_swish",
    "hard_tanh",
    "hardmax",
    "identity",
    "input_noise_hard_sigmoid",
    "input_noise_hard_tanh",
    "leaky_relu",
    "learned_noise_hard_sigmoid",
    "learned_noise_hard_tanh",
    "lisht",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "maxout",
    "mish",
    "noisy_hard_sigmoid",
    "noisy_hard_sigmoid_half",
    "noisy_hard_tanh",
    "noisy_hard_tanh_half",
    "noisy_relu",
    "prelu",
    "quick_geglu",
    "quick_gelu",
    "reglu",
    "relu",
    "relu6",
    "relu_squared",
    "rrelu",
    "saturated_noise_hard_sigmoid",
    "saturated_noise_hard_tanh",
    "selu",
    "set_num_threads",
    "sigmoid",
    "sigmoid_cross_entropy",
    "silu",
    "snake",
    "soft_shrink",
    "softmax",
    "softmax_cross_entropy",
    "softmin",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "sreglu",
    "step",
    "swiglu",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
    "thresholded_relu",
]
