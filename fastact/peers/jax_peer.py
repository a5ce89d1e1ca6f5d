"""JAX under jit, its result waited for; a function without a name there is an expression that XLA fuses."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import fastact as fa
from fastact.peers.arrays import Arrays, Run, Table

_THREADS = "PJRT_NPROC"


def _start() -> Any:
    """JAX with 64-bit types, our number of threads and calls run by the caller; its client reads these but once, when it starts."""
    import jax
    from jax.extend import backend

    config: Any = jax.config
    restart: Any = backend.clear_backends
    config.update("jax_enable_x64", True)
    config.update("jax_cpu_enable_async_dispatch", False)  # handing a small call to another thread costs more than the call
    threads = str(fa.get_num_threads())
    if os.environ.get(_THREADS) != threads:
        os.environ[_THREADS] = threads
        restart()
    return jax


def _table(jax: Any) -> Table:
    nn, jnp = jax.nn, jax.numpy
    return {
        "leaky_relu": nn.leaky_relu,
        "prelu": nn.leaky_relu,
        "threshold": lambda x, threshold, value: jnp.where(x > threshold, x, value),
        "thresholded_relu": lambda x, alpha: jnp.where(x > alpha, x, 0),
        "hard_tanh": lambda x, *_: nn.hard_tanh(x),
        "hard_sigmoid": lambda x, *_: nn.hard_sigmoid(x),
        "hard_shrink": lambda x, lambd: jnp.where(jnp.abs(x) > lambd, x, 0),
        "soft_shrink": lambda x, lambd: jnp.sign(x) * jnp.maximum(jnp.abs(x) - lambd, 0),
        "relu_squared": lambda x: jnp.square(nn.relu(x)),
        "step": lambda x: jnp.heaviside(x, 0),
        "softplus": lambda x, beta: nn.softplus(x) if beta == 1 else nn.softplus(beta * x) / beta,
        "swish": lambda x, beta: nn.silu(x) if beta == 1 else x * nn.sigmoid(beta * x),
        "quick_gelu": lambda x: x * nn.sigmoid(1.702 * x),
        "gelu": partial(nn.gelu, approximate=False),
        "gelu_tanh": partial(nn.gelu, approximate=True),
        "exp": jnp.exp,
        "tanh": jnp.tanh,
        "tanh_shrink": lambda x: x - jnp.tanh(x),
        "lisht": lambda x: x * jnp.tanh(x),
        "softsign": nn.soft_sign,
        "dish": lambda x: x / 2 * (1 + x / jnp.sqrt(1 + x * x)),
        "snake": lambda x, alpha: x + jnp.sin(alpha * x) ** 2 / alpha,
    }


def _function(jax: Any, name: str, params: tuple[float, ...]) -> Callable[..., Any] | None:
    found = _table(jax).get(name) or getattr(jax.nn, name, None)
    return found and (lambda x: found(x, *params))


def make(name: str, direction: str, a: Arrays, params: tuple[float, ...]) -> Run | None:
    """The compiled call; backward is the vector-Jacobian product from the input."""
    jax = _start()
    function = _function(jax, name, params)
    if function is None:
        return None
    x, dy = jax.numpy.asarray(a.x), jax.numpy.asarray(a.dy)
    if direction == "forward":
        forward = jax.jit(function)
        return lambda: forward(x).block_until_ready()
    backward = jax.jit(lambda dy, x: jax.vjp(function, x)[1](dy)[0])
    return lambda: backward(dy, x).block_until_ready()
