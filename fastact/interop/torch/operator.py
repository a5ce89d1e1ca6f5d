"""Operators of `torch.library` that behave as those of ATen do: one node of the graph for reverse and forward mode, below it the kernels.

A kernel at the dispatcher's Autograd key records one node of its own level and goes on below, so that `torch.func` may nest
transformations around it, as it does around ATen's. `torch.library.register_autograd` knows no forward mode, and would drop tangents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import _C, Tensor
from torch._functorch.utils import enable_single_level_autograd_function
from torch.autograd import forward_ad
from torch.autograd.function import _SingleLevelFunction

LIBRARY = torch.library.Library("fastact", "FRAGMENT")
"""The operators, kept for as long as this module is loaded."""


def define(
    schema: str,
    *,
    kernel: Callable[..., Any],
    fake: Callable[..., Any],
    keep: Callable[[tuple[Any, ...], Any], tuple[Any, ...]] | None,
    vjp: Callable[..., Sequence[Any]],
    jvp: Callable[..., Any],
    batch: Callable[..., Any],
) -> Any:
    """Define one operator.

    Parameters
    ----------
    schema : str
        Name, arguments and results as `torch.library` writes them; no argument has a default.
    kernel : callable
        Computes the results from tensors on the host, or all on one CUDA device.
    fake : callable
        Makes results of the right form alone.
    keep : callable
        ``(arguments, result) -> kept``: what the derivatives need, tensors first; None for the arguments.
    vjp : callable
        ``(needed, kept, cotangents) -> gradients``, one or None for each argument.
    jvp : callable
        ``(tangents, kept) -> tangents of the results``.
    batch : callable
        ``(operator, batch_size, batch dimensions, arguments) -> results``, with the batch dimension first in every result.

    Returns
    -------
    OpOverload
        The operator.
    """
    name, _, rest = schema.partition("(")
    base, _, overload = name.partition(".")
    LIBRARY.define(schema, tags=(torch.Tag.pt2_compliant_tag,))
    operator = getattr(getattr(torch.ops.fastact, base), overload or "default")

    def batched(info: Any, in_dims: tuple[Any, ...], *args: Any) -> Any:
        results = batch(operator, info.batch_size, in_dims, args)
        return results, (0,) * len(results) if isinstance(results, tuple | list) else 0

    for key in ("CPU", "CUDA"):
        LIBRARY.impl(name, kernel, key)
    torch.library.register_fake(f"fastact::{name}", fake, lib=LIBRARY)
    node = _node(f"fastact_{base}", operator, rest.partition(")")[0].count("Tensor "), keep, vjp, jvp)
    LIBRARY.impl(name, _recording(operator, node), "Autograd", with_keyset=True)
    torch.library.register_vmap(f"fastact::{name}", batched, lib=LIBRARY)
    return operator


def _below(operator: Any, keyset: Any, args: tuple[Any, ...]) -> Any:
    with _C._AutoDispatchBelowAutograd():
        return operator.redispatch(keyset & _C._after_autograd_keyset, *args)


def _node(name: str, operator: Any, tensors: int, keep: Any, vjp: Any, jvp: Any) -> Any:
    """The node of an operator, for one level; the first `tensors` of what is kept are tensors."""

    def forward(ctx: Any, keyset: Any, nested: bool, *args: Any) -> Any:
        ctx.set_materialize_grads(False)
        if nested:
            with torch.enable_grad(), forward_ad._set_fwd_grad_enabled(True):
                result = _below(operator, keyset, args)
        else:
            result = _below(operator, keyset, args)
        kept = args if keep is None else keep(args, result)
        ctx.constants = kept[tensors:]
        ctx.save_for_backward(*kept[:tensors])
        if nested or forward_ad._current_level >= 0:
            ctx.save_for_forward(*kept[:tensors])
        return result

    def backward(ctx: Any, *cotangents: Any) -> Any:
        needed = ctx.needs_input_grad[2:]
        if not any(c is not None for c in cotangents):
            return (None,) * (2 + len(needed))
        return (None, None, *vjp(needed, (*ctx.saved_tensors, *ctx.constants), cotangents))

    def pushed(ctx: Any, _keyset: Any, _nested: Any, *tangents: Any) -> Any:
        return jvp(tangents, (*ctx.saved_tensors, *ctx.constants))

    methods = {"forward": forward, "backward": backward, "jvp": pushed}
    return type(name, (_SingleLevelFunction,), {k: staticmethod(m) for k, m in methods.items()})


def _recording(operator: Any, node: Any) -> Callable[..., Any]:
    """The kernel that records a node where a level of `torch.func`, forward mode or a tensor that requires grad may need it."""

    def autograd(keyset: Any, *args: Any) -> Any:
        if _C._are_functorch_transforms_active():
            with enable_single_level_autograd_function():
                return node.apply(keyset, True, *args)
        if forward_ad._current_level >= 0 or (torch.is_grad_enabled() and _C._any_requires_grad(*args)):
            return node.apply(keyset, False, *args)
        return _below(operator, keyset, args)

    return autograd


def front(operator: Any, size: int, in_dims: tuple[Any, ...], args: tuple[Any, ...], dim_at: int | None = None) -> Any:
    """Run on tensors with the batch first, which is one more dimension to an operator of elements; `dim_at` is where an axis stands."""
    moved = [lead(a, d, size) if isinstance(a, Tensor) else a for a, d in zip(args, in_dims, strict=True)]
    if dim_at is not None and moved[dim_at] >= 0:
        moved[dim_at] += 1
    return operator(*moved)


def lead(t: Tensor, dim: int | None, size: int) -> Tensor:
    """The tensor with its batch dimension first; one without is repeated, which copies nothing."""
    return t.expand(size, *t.shape) if dim is None else t.movedim(dim, 0)
