"""Tensors of PyTorch on the host, and what has DLPack alone: computed on where they lie; the results of tensors are tensors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from fastact.containers import Operands, family


def view(label: str, a: Any) -> Any:
    """An array of the same memory; anything else as it is."""
    if family(type(a)) != "lent":
        return a
    if not _is_tensor(a):
        try:
            return np.from_dlpack(a)
        except (BufferError, RuntimeError, TypeError) as error:
            raise TypeError(f"{label}: {error}; accepted are arrays of numbers that NumPy has, in the memory of the host") from error
    torch = sys.modules["torch"]
    if a.requires_grad and torch.is_grad_enabled():
        told = f"accepted are {label.rpartition(' ')[2]}.detach(), calls under torch.no_grad(), and the functions of fastact.interop.torch"
        raise TypeError(f"{label} requires grad, which is not recorded here; {told}")
    a = a.detach()
    if a.dtype is not torch.bfloat16:
        return a.numpy()
    from ml_dtypes import bfloat16

    return a.view(torch.int16).numpy().view(bfloat16)


def _is_tensor(a: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(a, torch.Tensor)


def _tensor(result: Any) -> Any:
    torch, array = sys.modules["torch"], np.asarray(result)
    if array.dtype.kind == "V":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def _written(target: Any) -> None:
    """Tell a tensor's count of changes, by which autograd knows that what it kept is no longer there."""
    if _is_tensor(target) and not target.is_inference():
        sys.modules["torch"].autograd.graph.increment_version(target)


def call(function: Callable[..., Any], name: str, operands: Operands, out: Any, options: dict[str, Any]) -> Any:
    """`function(*operands, out=out, **options)` on views; the results are those in `out`, or of the caller's kind."""
    views = [view(f"{name}: {label}", a) for label, a in operands.items()]
    others = {label: view(f"{name}: {label}", a) for label, a in options.items()}
    tensors = any(map(_is_tensor, operands.values()))
    if out is None:
        results = function(*views, **others)
        if not tensors:
            return results
        return tuple(map(_tensor, results)) if isinstance(results, tuple) else _tensor(results)
    targets = out if isinstance(out, tuple) else (out,)
    given = tuple([view(f"{name}: out", t) for t in targets])
    results = function(*views, out=given if isinstance(out, tuple) else given[0], **others)
    for t in targets:
        _written(t)
    if not isinstance(results, tuple):
        return targets[0] if targets[0] is not None else _tensor(results)
    made = [*targets, *[None] * (len(results) - len(targets))]
    return tuple(r if t is None and not tensors else (_tensor(r) if t is None else t) for t, r in zip(made, results, strict=True))


def rows(function: Callable[..., Any], name: str, primary: str, operands: Operands, axis: Any, options: dict[str, Any]) -> Any:
    """`function` of rows on views."""
    out = options.get("out")
    rest = {k: v for k, v in options.items() if k != "out"}
    return call(lambda *arrays, **told: function(*arrays, axis, **told), name, operands, out, rest)


def carry(function: Callable[..., Any], name: str, primary: str, operands: Operands) -> Any:
    """`function(**operands)` on views."""
    found = function(**{label: view(f"{name}: {label}", a) for label, a in operands.items()})
    return {k: _tensor(r) for k, r in found.items()} if any(map(_is_tensor, operands.values())) else found
