"""PyTorch's kernels with `out=`, by the function's name, for the CPU and for a GPU. Needs nothing of fastact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Table = dict[str, Callable[..., Any]]
SELU = (1.6732632423543772, 1.0507009873554805)


def _forward(torch: Any) -> Table:
    aten, nn = torch.ops.aten, torch.nn.functional
    return {
        "identity": lambda t, o: o.copy_(t),
        "relu": lambda t, o: torch.clamp_min(t, 0, out=o),
        "relu6": lambda t, o: aten.hardtanh.out(t, 0, 6, out=o),
        "leaky_relu": lambda t, o, slope: aten.leaky_relu.out(t, slope, out=o),
        "prelu": lambda t, o, slope: aten.leaky_relu.out(t, slope, out=o),
        "threshold": lambda t, o, threshold, value: aten.threshold.out(t, threshold, value, out=o),
        "thresholded_relu": lambda t, o, alpha: aten.threshold.out(t, alpha, 0, out=o),
        "hard_tanh": lambda t, o, low, high: aten.hardtanh.out(t, low, high, out=o),
        "hard_sigmoid": lambda t, o, *_: aten.hardsigmoid.out(t, out=o),
        "hard_swish": lambda t, o: aten.hardswish.out(t, out=o),
        "hard_shrink": lambda t, o, lambd: aten.hardshrink.out(t, lambd, out=o),
        "soft_shrink": lambda t, o, lambd: aten.softshrink.out(t, lambd, out=o),
        "relu_squared": lambda t, _: nn.relu(t).square(),
        "step": lambda t, o: torch.heaviside(t, t.new_zeros(()), out=o),
        "sigmoid": lambda t, o: torch.sigmoid(t, out=o),
        "log_sigmoid": lambda t, o: aten.log_sigmoid.out(t, out=o),
        "softplus": lambda t, o, beta: aten.softplus.out(t, beta, 20, out=o),
        "silu": lambda t, o: aten.silu.out(t, out=o),
        "swish": lambda t, o, beta: aten.silu.out(t, out=o) if beta == 1 else t * torch.sigmoid(beta * t),
        "quick_gelu": lambda t, _: t * torch.sigmoid(1.702 * t),
        "gelu": lambda t, o: aten.gelu.out(t, out=o),
        "gelu_tanh": lambda t, o: aten.gelu.out(t, approximate="tanh", out=o),
        "mish": lambda t, o: aten.mish.out(t, out=o),
        "exp": lambda t, o: torch.exp(t, out=o),
        "elu": lambda t, o, alpha: aten.elu.out(t, alpha, 1, 1, out=o),
        "celu": lambda t, o, alpha: aten.elu.out(t, alpha, 1, 1 / alpha, out=o),
        "selu": lambda t, o: aten.elu.out(t, *SELU, 1, out=o),
        "tanh": lambda t, o: torch.tanh(t, out=o),
        "tanh_shrink": lambda t, _: nn.tanhshrink(t),
        "softsign": lambda t, _: nn.softsign(t),
    }


def _backward(torch: Any) -> Table:
    """From the input; sigmoid, tanh and exp (the last argument) from the saved output, as autograd does, which spares the exponential."""
    aten = torch.ops.aten
    return {
        "identity": lambda g, _, o: o.copy_(g),
        "relu": lambda g, t, o: aten.threshold_backward.grad_input(g, t, 0, grad_input=o),
        "relu6": lambda g, t, o: aten.hardtanh_backward.grad_input(g, t, 0, 6, grad_input=o),
        "leaky_relu": lambda g, t, o, slope: aten.leaky_relu_backward.grad_input(g, t, slope, False, grad_input=o),
        "prelu": lambda g, t, o, slope: aten.leaky_relu_backward.grad_input(g, t, slope, False, grad_input=o),
        "threshold": lambda g, t, o, threshold, _: aten.threshold_backward.grad_input(g, t, threshold, grad_input=o),
        "thresholded_relu": lambda g, t, o, alpha: aten.threshold_backward.grad_input(g, t, alpha, grad_input=o),
        "hard_tanh": lambda g, t, o, low, high: aten.hardtanh_backward.grad_input(g, t, low, high, grad_input=o),
        "hard_sigmoid": lambda g, t, o, *_: aten.hardsigmoid_backward.grad_input(g, t, grad_input=o),
        "hard_swish": lambda g, t, o: aten.hardswish_backward.out(g, t, out=o),
        "hard_shrink": lambda g, t, o, lambd: aten.hardshrink_backward.grad_input(g, t, lambd, grad_input=o),
        "soft_shrink": lambda g, t, o, lambd: aten.softshrink_backward.grad_input(g, t, lambd, grad_input=o),
        "sigmoid": lambda g, y, o: aten.sigmoid_backward.grad_input(g, y, grad_input=o),
        "log_sigmoid": lambda g, t, o, buffer: aten.log_sigmoid_backward.grad_input(g, t, buffer, grad_input=o),
        "softplus": lambda g, t, o, beta: aten.softplus_backward.grad_input(g, t, beta, 20, grad_input=o),
        "silu": lambda g, t, o: aten.silu_backward.grad_input(g, t, grad_input=o),
        "swish": lambda g, t, o, _: aten.silu_backward.grad_input(g, t, grad_input=o),
        "gelu": lambda g, t, o: aten.gelu_backward.grad_input(g, t, grad_input=o),
        "gelu_tanh": lambda g, t, o: aten.gelu_backward.grad_input(g, t, approximate="tanh", grad_input=o),
        "mish": lambda g, t, _: aten.mish_backward(g, t),
        "exp": lambda g, y, o: torch.mul(g, y, out=o),
        "elu": lambda g, t, o, alpha: aten.elu_backward.grad_input(g, alpha, 1, 1, False, t, grad_input=o),
        "celu": lambda g, t, o, alpha: aten.elu_backward.grad_input(g, alpha, 1, 1 / alpha, False, t, grad_input=o),
        "selu": lambda g, t, o: aten.elu_backward.grad_input(g, *SELU, 1, False, t, grad_input=o),
        "tanh": lambda g, y, o: aten.tanh_backward.grad_input(g, y, grad_input=o),
    }


def tables(torch: Any) -> tuple[Table, Table]:
    """Forward and backward kernels by the function's name."""
    return _forward(torch), _backward(torch)
