"""The one table of cases: every activation and direction, with the peers that have it, and the layouts that users have."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import fastact as fa
from fastact import ufuncs

Run = Callable[[], Any]
DIRECTIONS = ("forward", "backward", "value_and_grad")


@dataclass(frozen=True)
class Arrays:
    """Operands of one measurement, made once and shared by all competitors."""

    x: Any
    dy: Any
    y: Any
    d: Any

    @classmethod
    def make(cls, size: int, dtype: Any = np.float32) -> Arrays:
        """Standard normal input."""
        rng = np.random.default_rng(0)
        x, dy = (rng.standard_normal(size, np.float32).astype(dtype) for _ in range(2))
        return cls(x, dy, np.empty_like(x), np.empty_like(x))


def limit(direction: str, a: Arrays) -> Run:
    """What moves the same bytes: a copy for one stream in and one out, a sum for three streams."""
    if direction == "forward":
        return lambda: np.copyto(a.y, a.x)
    return lambda: np.add(a.x, a.dy, out=a.y)


def ours(activation: fa.Activation, direction: str, a: Arrays) -> Run:
    """The public call with `out=`."""
    if direction == "forward":
        return lambda: activation(a.x, out=a.y)
    if direction == "value_and_grad":
        return lambda: activation.value_and_grad(a.x, out=(a.y, a.d))
    if any(p.trainable for p in activation.params):
        backward, params = getattr(ufuncs, f"{activation.name}_backward"), [p.default for p in activation.params]
        return lambda: backward(a.dy, a.x, *params, out=a.y)
    return lambda: activation.backward(a.dy, a.x, out=a.y)


def numpy_peer(name: str, direction: str, a: Arrays) -> Run | None:
    """The expression that a NumPy user writes."""
    x, dy, one = a.x, a.dy, a.x.dtype.type(1)
    forward: dict[str, Run] = {
        "relu": lambda: np.maximum(x, 0, out=a.y),
        "leaky_relu": lambda: np.where(x > 0, x, 0.01 * x),
        "prelu": lambda: np.where(x > 0, x, 0.25 * x),
        "hard_tanh": lambda: np.clip(x, -1, 1, out=a.y),
        "sigmoid": lambda: one / (one + np.exp(-x)),
        "tanh": lambda: np.tanh(x, out=a.y),
        "softplus": lambda: np.logaddexp(x, 0, out=a.y),
        "silu": lambda: x / (one + np.exp(-x)),
        "elu": lambda: np.where(x > 0, x, np.expm1(x)),
    }
    backward: dict[str, Run] = {
        "relu": lambda: dy * (x > 0),
        "sigmoid": lambda: dy * (s := one / (one + np.exp(-x))) * (one - s),
        "tanh": lambda: dy * (one - np.tanh(x) ** 2),
        "silu": lambda: dy * (s := one / (one + np.exp(-x))) * (one + x * (one - s)),
        "elu": lambda: dy * np.where(x > 0, one, np.exp(x)),
    }
    return {"forward": forward, "backward": backward}.get(direction, {}).get(name)


def numexpr_peer(name: str, direction: str, a: Arrays) -> Run | None:
    """The same as one numexpr expression."""
    if direction != "forward" or importlib.util.find_spec("numexpr") is None:
        return None
    import numexpr

    numexpr.set_num_threads(fa.get_num_threads())
    text = {
        "sigmoid": "1/(1+exp(-x))",
        "tanh": "tanh(x)",
        "silu": "x/(1+exp(-x))",
        "softplus": "log1p(exp(x))",
        "relu": "where(x>0,x,0)",
    }.get(name)
    local = {"x": a.x}
    return None if text is None else lambda: numexpr.evaluate(text, local_dict=local, out=a.y, casting="same_kind")


def torch_peer(name: str, direction: str, a: Arrays) -> Run | None:
    """PyTorch's own kernels with `out=`. Its backward of sigmoid and tanh starts from the saved output, which spares the exponential."""
    if importlib.util.find_spec("torch") is None or direction == "value_and_grad":
        return None
    import torch

    torch.set_num_threads(fa.get_num_threads())
    t, g, o = torch.from_numpy(a.x), torch.from_numpy(a.dy), torch.from_numpy(a.y)
    aten = torch.ops.aten
    if direction == "forward":
        forward: dict[str, Run] = {
            "relu": lambda: torch.clamp_min(t, 0, out=o),
            "leaky_relu": lambda: aten.leaky_relu.out(t, 0.01, out=o),
            "prelu": lambda: aten.leaky_relu.out(t, 0.25, out=o),
            "hard_tanh": lambda: aten.hardtanh.out(t, -1, 1, out=o),
            "sigmoid": lambda: torch.sigmoid(t, out=o),
            "tanh": lambda: torch.tanh(t, out=o),
            "softplus": lambda: aten.softplus.out(t, 1, 20, out=o),
            "silu": lambda: aten.silu.out(t, out=o),
            "gelu": lambda: aten.gelu.out(t, out=o),
            "elu": lambda: aten.elu.out(t, 1, 1, 1, out=o),
        }
        return forward.get(name)
    s, h = torch.sigmoid(t), torch.tanh(t)
    backward: dict[str, Run] = {
        "relu": lambda: aten.threshold_backward.grad_input(g, t, 0, grad_input=o),
        "leaky_relu": lambda: aten.leaky_relu_backward.grad_input(g, t, 0.01, False, grad_input=o),
        "prelu": lambda: aten.leaky_relu_backward.grad_input(g, t, 0.25, False, grad_input=o),
        "hard_tanh": lambda: aten.hardtanh_backward.grad_input(g, t, -1, 1, grad_input=o),
        "sigmoid": lambda: aten.sigmoid_backward.grad_input(g, s, grad_input=o),
        "tanh": lambda: aten.tanh_backward.grad_input(g, h, grad_input=o),
        "softplus": lambda: aten.softplus_backward.grad_input(g, t, 1, 20, grad_input=o),
        "silu": lambda: aten.silu_backward.grad_input(g, t, grad_input=o),
        "gelu": lambda: aten.gelu_backward.grad_input(g, t, grad_input=o),
        "elu": lambda: aten.elu_backward.grad_input(g, 1, 1, 1, False, t, grad_input=o),
    }
    return backward.get(name)


def jax_peer(name: str, direction: str, a: Arrays) -> Run | None:
    """JAX under jit, its result waited for; it chooses its own threads."""
    if importlib.util.find_spec("jax") is None or direction == "value_and_grad":
        return None
    import jax
    from jax import nn
    from jax import numpy as jnp

    named = {
        "hard_tanh": nn.hard_tanh,
        "gelu": lambda x: nn.gelu(x, approximate=False),
        "tanh": jnp.tanh,
        "prelu": lambda x: nn.leaky_relu(x, 0.25),
    }
    function = named.get(name) or getattr(nn, name)
    x, dy = jnp.asarray(a.x), jnp.asarray(a.dy)
    if direction == "forward":
        forward = jax.jit(function)
        return lambda: forward(x).block_until_ready()
    backward = jax.jit(lambda dy, x: jax.vjp(function, x)[1](dy)[0])
    return lambda: backward(dy, x).block_until_ready()


PEERS = {"numpy": numpy_peer, "numexpr": numexpr_peer, "torch": torch_peer, "jax": jax_peer}


def peers(name: str, direction: str, a: Arrays) -> dict[str, Run]:
    """Every installed competitor that has this case."""
    found = {peer: make(name, direction, a) for peer, make in PEERS.items()}
    return {peer: run for peer, run in found.items() if run is not None}


def layouts(activation: fa.Activation, size: int) -> dict[str, tuple[Run, int]]:
    """Calls on other layouts and dtypes, each with its number of elements."""
    a, twice = Arrays.make(size), Arrays.make(2 * size).x
    bounded = np.clip(a.x, 0.5, 2)
    cases: dict[str, tuple[Run, int]] = {
        "float32": (lambda: activation(a.x, out=a.y), size),
        "float32, after a copy": (lambda: (np.copyto(a.d, bounded), activation(a.d, out=a.y)), size),
        "in place, after a copy": (lambda: (np.copyto(a.d, bounded), activation(a.d, out=a.d)), size),
        "strided by 2": (lambda: activation(twice[::2], out=a.y), size),
        "where": (lambda: activation(a.x, out=a.y, where=mask), size),
    }
    mask = np.random.default_rng(1).random(size) > 0.5
    kinds: list[tuple[str, Any]] = [("float16", np.float16)]
    if importlib.util.find_spec("ml_dtypes") is not None:
        import ml_dtypes

        kinds.append(("bfloat16", ml_dtypes.bfloat16))
    for label, dtype in kinds:
        b = Arrays.make(size, dtype)
        cases[label] = (lambda b=b: activation(b.x, out=b.y), size)
    side = int(size**0.5)
    wide, square = twice[: side * 2 * side].reshape(side, 2 * side), a.x[: side * side].reshape(side, side)
    half, turned = np.empty((side, side), np.float32), np.empty((side, side), np.float32, order="F")
    cases["column slice"] = (lambda: activation(wide[:, :side], out=half), side * side)
    cases["C to F"] = (lambda: activation(square, out=turned), side * side)
    image = a.x[: size // 256 * 256].reshape(4, 64, -1)
    slope, result = np.linspace(0.1, 0.4, 64, dtype=np.float32)[:, None], np.empty_like(image)
    cases["leaky_relu, slope per channel"] = (lambda: fa.leaky_relu(image, slope, out=result), image.size)
    cases["leaky_relu"] = (lambda: fa.leaky_relu(image, out=result), image.size)
    return cases
