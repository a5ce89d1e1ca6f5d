"""The softmax family and the cross entropies as operators."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

import fastact
from fastact.interop.torch.arrays import are_tensors, check, run, tensor, view
from fastact.interop.torch.operator import front
from fastact.interop.torch.pair import Pair, define_pair
from fastact.rows.family import RowFunction

Function = Callable[..., Tensor]


def _without(x: Tensor, dim: int, dtype: torch.dtype | None = None) -> Tensor:
    """A new tensor of the shape of `x` without one dimension."""
    shape = list(x.shape)
    del shape[dim]
    return torch.empty(shape, dtype=dtype or x.dtype, device=x.device)


def of_rows(f: RowFunction) -> Function:
    """The operator of a function of rows, ``f(x, dim=-1)``; its gradient is told from y, or of logsumexp from x."""
    reduces = f.record.reduces
    inverse = f.backward if reduces else f.backward_from_output

    def forward(x: Tensor, dim: int) -> Any:
        check(f.name, x)
        return tensor(f(view(x), dim)) if reduces else run(f.name, f, (x,), (dim,))

    def backward(dy: Tensor, kept: Tensor, dim: int) -> Any:
        check(f"{f.name}_backward", dy, kept)
        if not reduces:
            return run(f"{f.name}_backward", inverse, (dy, kept), (dim,))
        dx = torch.empty_like(kept)
        inverse(view(dy), view(kept), dim, out=view(dx))
        return dx

    def like(x: Tensor, dim: int) -> Tensor:
        check(f.name, x)
        return _without(x, dim) if reduces else torch.empty_like(x)

    def push(tangents: Sequence[Tensor | None], given: tuple[Any, ...]) -> Any:
        """The transpose of backward: those of functions that are gradients themselves are symmetric."""
        (v,), (kept, dim) = tangents, given
        if v is None:
            return None
        if reduces:
            return (v * rules.back(torch.ones_like(_without(kept, dim)), kept, dim)).sum(dim)
        if f.name == "log_softmax":
            return v - (kept.exp() * v).sum(dim, keepdim=True)
        return rules.back(v, kept, dim)

    kept = "Tensor x, int dim" if reduces else "Tensor y, int dim"
    rules = Pair(f.name, "Tensor x, int dim", kept, push=push, linear=f.record.flat)
    operator = define_pair(
        rules,
        forward=forward,
        backward=backward,
        like=like,
        grads=lambda dy, kept, dim: torch.empty_like(kept),
        keep=None if reduces else (lambda args, y: (y, args[1])),
        batch=functools.partial(front, dim_at=-1),
    )

    def function(x: Tensor, dim: int = -1) -> Tensor:
        return operator(x, dim)

    function.__name__ = function.__qualname__ = f.name
    function.__doc__ = f"{f.record.summary} Of rows along `dim`."
    return function


def _softmax_cross_entropy() -> Function:
    f = fastact.softmax_cross_entropy

    def forward(logits: Tensor, labels: Tensor, dim: int, ignore_index: int | None, label_smoothing: float) -> Any:
        check(f.name, logits)
        return tensor(f(view(logits), view(labels), dim, ignore_index=ignore_index, label_smoothing=label_smoothing))

    def backward(dy: Tensor, logits: Tensor, labels: Tensor, dim: int, ignore_index: int | None, label_smoothing: float) -> Any:
        check(f"{f.name}_backward", dy, logits)
        dx = torch.empty_like(logits)
        f.backward(view(dy), view(logits), view(labels), dim, ignore_index=ignore_index, label_smoothing=label_smoothing, out=view(dx))
        return dx

    def like(logits: Tensor, labels: Tensor, dim: int, *_: Any) -> Tensor:
        check(f.name, logits)
        return _without(logits, dim)

    def push(tangents: Sequence[Tensor | None], given: tuple[Any, ...]) -> Any:
        (v,), (logits, _, dim, *_) = tangents, given
        return None if v is None else (v * rules.back(torch.ones_like(_without(logits, dim)), *given)).sum(dim)

    arguments = "Tensor logits, Tensor labels, int dim, int? ignore_index, float label_smoothing"
    rules = Pair(f.name, arguments, arguments, push=push)
    operator = define_pair(
        rules,
        forward=forward,
        backward=backward,
        like=like,
        grads=lambda dy, logits, *_: torch.empty_like(logits),
        batch=functools.partial(front, dim_at=-3),
    )

    def function(logits: Tensor, labels: Tensor, dim: int = -1, *, ignore_index: int | None = None, label_smoothing: float = 0.0) -> Tensor:
        return operator(logits, labels, dim, ignore_index, label_smoothing)

    function.__name__ = function.__qualname__ = f.name
    function.__doc__ = f"{(f.__doc__ or '').splitlines()[0]} Classes are along `dim`; labels are constants, and losses are not averaged."
    return function


def _sigmoid_cross_entropy() -> Function:
    f = fastact.sigmoid_cross_entropy

    def forward(logits: Tensor, targets: Tensor) -> Any:
        return run(f.name, lambda t, x, **out: f(x, t, **out), (targets, logits), ())

    def backward(dy: Tensor, logits: Tensor, targets: Tensor) -> Any:
        return run(f"{f.name}_backward", lambda dy, t, x, **out: f.backward(dy, x, t, **out), (dy, targets, logits), ())

    def like(logits: Tensor, targets: Tensor) -> Tensor:
        check(f.name, logits, targets)
        return torch.empty_like(logits)

    arguments = "Tensor logits, Tensor targets"
    operator = define_pair(
        Pair(f.name, arguments, arguments),
        forward=forward,
        backward=backward,
        like=like,
        grads=lambda dy, logits, targets: torch.empty_like(logits),
    )

    def function(logits: Tensor, targets: Tensor) -> Tensor:
        are_tensors(f.name, logits=logits, targets=targets)
        if logits.shape != targets.shape:
            logits, targets = torch.broadcast_tensors(logits, targets)
        return operator(logits, targets.to(logits.dtype))

    function.__name__ = function.__qualname__ = f.name
    function.__doc__ = f"{(f.__doc__ or '').splitlines()[0]} Targets are constants, and losses are not averaged."
    return function


softmax_cross_entropy = _softmax_cross_entropy()
sigmoid_cross_entropy = _sigmoid_cross_entropy()
