"""PyTorch's own kernels with `out=`, outside autograd."""

from __future__ import annotations

from functools import partial

import fastact as fa
from fastact.peers.arrays import Arrays, Run
from fastact.peers.torch_table import tables


def make(name: str, direction: str, a: Arrays, params: tuple[float, ...]) -> Run | None:
    """One kernel, or the line of `torch.nn.functional` or of the models where there is none."""
    import torch

    torch.set_num_threads(fa.get_num_threads())
    t, g, o = torch.from_numpy(a.x), torch.from_numpy(a.dy), torch.from_numpy(a.y)
    forward, backward = (table.get(name) for table in tables(torch))
    if direction == "forward":
        return forward and partial(forward, t, o, *params)
    if backward is None or (name == "swish" and params != (1,)):
        return None
    if name in ("sigmoid", "tanh", "exp"):
        t = getattr(torch, name)(t)
    buffer = (torch.ops.aten.log_sigmoid_forward(t)[1],) if name == "log_sigmoid" else ()
    return partial(backward, g, t, o, *buffer, *params)
