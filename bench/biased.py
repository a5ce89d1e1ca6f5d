"""Cases of f(x + bias) and its backward with the bias' gradient, beside PyTorch's passes for it."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any

import numpy as np

import fastact as fa
from fastact.peers.arrays import Run

FORMS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "rows of 1024": ((1024,), (1024,)),
    "rows of 64": ((64,), (64,)),
    "channels": ((64, 16, 16), (64, 1, 1)),
}
"""The shape without its first axis, which makes up the size, and that of the bias."""
FUNCTIONS = (fa.relu, fa.silu, fa.gelu, fa.tanh)


@dataclass(frozen=True)
class Layer:
    """Operands of one measurement, with room for results."""

    x: Any
    dy: Any
    bias: Any
    y: Any
    dbias: Any

    @classmethod
    def make(cls, form: str, size: int) -> Layer:
        """Standard normal float32 of about `size` elements."""
        rest, own = FORMS[form]
        rng, shape = np.random.default_rng(0), (max(1, size // int(np.prod(rest))), *rest)
        x, dy, bias = (rng.standard_normal(s, np.float32) for s in (shape, shape, own))
        return cls(x, dy, bias, np.empty_like(x), np.empty_like(bias))

    @property
    def axes(self) -> tuple[int, ...]:
        """Along which the bias is repeated."""
        return tuple(d for d, n in enumerate((1,) * (self.x.ndim - self.bias.ndim) + self.bias.shape) if n == 1)


def ours(f: fa.Activation, direction: str, layer: Layer) -> Run:
    """The public call with `out=`."""
    if direction == "forward":
        return lambda: f(layer.x, bias=layer.bias, out=layer.y)
    return lambda: f.backward(layer.dy, layer.x, bias=layer.bias, out=(layer.y, layer.dbias))


def torch_peer(f: fa.Activation, direction: str, layer: Layer) -> Run | None:
    """PyTorch: the sum and the function; backward from the kept sum, and the sum of the gradient. All with `out=`."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    torch.set_num_threads(fa.get_num_threads())
    aten = torch.ops.aten
    x, dy, bias, y, dbias = (torch.from_numpy(v) for v in (layer.x, layer.dy, layer.bias, layer.y, layer.dbias))
    total, u = torch.empty_like(x), x + bias
    forwards = {"relu": lambda: torch.clamp_min(total, 0, out=y), "tanh": lambda: torch.tanh(total, out=y)}
    forwards |= {"silu": lambda: aten.silu.out(total, out=y), "gelu": lambda: aten.gelu.out(total, out=y)}
    t = torch.tanh(u)
    backwards = {
        "relu": lambda: aten.threshold_backward.grad_input(dy, u, 0, grad_input=y),
        "silu": lambda: aten.silu_backward.grad_input(dy, u, grad_input=y),
        "gelu": lambda: aten.gelu_backward.grad_input(dy, u, grad_input=y),
        "tanh": lambda: aten.tanh_backward.grad_input(dy, t, grad_input=y),
    }
    if direction == "forward":
        return lambda: (torch.add(x, bias, out=total), forwards[f.name]())
    return lambda: (
        backwards[f.name](),
        torch.sum(y, layer.axes, keepdim=bias.ndim > 1, out=dbias.unsqueeze(0) if bias.ndim > 1 else dbias),
    )
