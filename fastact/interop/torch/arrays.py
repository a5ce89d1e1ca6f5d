"""Tensors as what fastact computes on, and back, without copies: on the host NumPy arrays of the same memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

WIDTHS = {torch.float16: torch.float32, torch.bfloat16: torch.float32, torch.float32: torch.float32, torch.float64: torch.float64}
"""The dtypes that are computed with, and those of their parameters."""

PLAIN = frozenset({torch.float16, torch.float32, torch.float64})
"""Those that NumPy has."""


def check(call: str, *tensors: Tensor) -> None:
    """Refuse the dtypes that are not computed with, and tensors on several devices."""
    for t in tensors:
        if t.dtype not in WIDTHS:
            told = "float16, bfloat16, float32 and float64"
            raise TypeError(f"fastact.interop.torch.{call}: a tensor is of {t.dtype}; accepted are {told}")
        if t.device != tensors[0].device:
            told = f"tensors are on {tensors[0].device} and {t.device}"
            raise ValueError(f"fastact.interop.torch.{call}: {told}; accepted are tensors on one device")


def are_tensors(call: str, **given: Any) -> None:
    """Refuse operands that are no tensors."""
    for name, a in given.items():
        if not isinstance(a, Tensor):
            raise TypeError(f"fastact.interop.torch.{call}: {name} is of type {type(a).__name__}; accepted are tensors")


def number(call: str, name: str, value: Any) -> float:
    """A parameter that has no gradient."""
    if isinstance(value, Tensor):
        told = f"{name} is a tensor, by which there is no gradient; accepted are numbers, as of float({name})"
        raise TypeError(f"fastact.interop.torch.{call}: {told}")
    if isinstance(value, list | tuple | dict | str) or (isinstance(value, np.ndarray) and value.ndim):
        raise TypeError(f"fastact.interop.torch.{call}: {name} is of type {type(value).__name__}; accepted are numbers, and tensors")
    return float(value)


def view(t: Tensor) -> Any:
    """A NumPy array of the memory of a tensor on the host; any other tensor as it is."""
    if t.requires_grad:
        t = t.detach()
    if not t.is_cpu:
        return t
    if t.dtype is not torch.bfloat16:
        return t.numpy()
    from ml_dtypes import bfloat16

    return t.view(torch.int16).numpy().view(bfloat16)


def tensor(a: Any) -> Tensor:
    """The tensor of the memory of an array; a tensor as it is."""
    if isinstance(a, Tensor):
        return a
    a = np.asarray(a)  # of one element, fastact returns a scalar
    return torch.from_numpy(a) if a.dtype.kind != "V" else torch.from_numpy(a.view(np.int16)).view(torch.bfloat16)


def run(call: str, method: Callable[..., Any], tensors: Sequence[Tensor], params: Sequence[Any], results: int = 1) -> Any:
    """Call a method of fastact on tensors of one shape: one result, or a tuple of several, each as `torch.empty_like` of the last.

    Large results are new arrays of NumPy where that comes to the same: their memory comes in large pages.
    """
    last = tensors[-1]
    kind = last.dtype
    if len(tensors) == 1 and kind in PLAIN and last.is_cpu and last.numel() and last.ndim and last.is_contiguous():
        made = method(last.detach().numpy() if last.requires_grad else last.numpy(), *params)
        return torch.from_numpy(made)
    check(call, *tensors)
    shape = last.shape
    if last.numel() and all(t.is_contiguous() and t.dtype is kind and t.shape == shape for t in tensors):
        made = method(*map(view, tensors), *params)
        return tensor(made) if results == 1 else tuple([tensor(m) for m in made])
    given = tuple([torch.empty_like(last) for _ in range(results)])
    out = tuple([view(g) for g in given])
    method(*map(view, tensors), *params, out=out if results > 1 else out[0])
    return given if results > 1 else given[0]
