"""SciPy: the special functions that are activations, or nearly."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from fastact.peers.arrays import Arrays, Run, Table


def _forward(special: Any) -> Table:
    table: Table = {
        "sigmoid": lambda x, out: special.expit(x, out=out),
        "silu": lambda x, _: x * special.expit(x),
        "swish": lambda x, _, beta: x * special.expit(beta * x),
        "quick_gelu": lambda x, _: x * special.expit(1.702 * x),
        "gelu": lambda x, _: 0.5 * x * (1 + special.erf(x / math.sqrt(2))),
    }
    if hasattr(special, "log_expit"):
        table["log_sigmoid"] = lambda x, out: special.log_expit(x, out=out)
    if hasattr(special, "softplus"):
        table["softplus"] = lambda x, out, beta: special.softplus(x, out=out) if beta == 1 else special.softplus(beta * x) / beta
    return table


def _silu_backward(special: Any, dy: Any, x: Any, beta: float = 1) -> Any:
    s = special.expit(beta * x)
    return dy * s * (1 + beta * x * (1 - s))


def _gelu_backward(special: Any, dy: Any, x: Any) -> Any:
    import numpy as np

    return dy * (special.ndtr(x) + x * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi))


def _backward(special: Any) -> Table:
    return {
        "sigmoid": lambda dy, x: dy * (s := special.expit(x)) * (1 - s),
        "log_sigmoid": lambda dy, x: dy * special.expit(-x),
        "softplus": lambda dy, x, beta: dy * special.expit(beta * x),
        "silu": partial(_silu_backward, special),
        "swish": partial(_silu_backward, special),
        "quick_gelu": partial(_silu_backward, special, beta=1.702),
        "gelu": partial(_gelu_backward, special),
    }


def make(name: str, direction: str, a: Arrays, params: tuple[float, ...]) -> Run | None:
    """SciPy's ufuncs, with `out=` where one call does it."""
    from scipy import special

    if direction == "forward":
        forward = _forward(special).get(name)
        return forward and partial(forward, a.x, a.y, *params)
    backward = _backward(special).get(name)
    return backward and partial(backward, a.dy, a.x, *params)
