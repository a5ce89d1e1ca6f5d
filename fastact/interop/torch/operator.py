"""Operators of `torch.library` that behave as those of ATen do: one node of the graph for reverse and forward mode, below it the kernels.

A kernel at the dispatcher's Autograd key records one node of its own level and goes on below, so that `torch.func` may nest
transformations around it, as it does around ATen's. `torch.library.register_autograd` knows no forward mode, and would drop tangents.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import torch
from torch import Tensor, _C
from torch._functorch.utils import enable_single_level_autograd_function
from torch.autograd import forward_ad
from torch.autograd.function import _SingleLevelFunction

LIBRARY = torch.library.Library("fastact", "FRAGMENT")
"""The operators, kept for as long as this module is loaded."""


def _recorded(args: Sequence[Any]) -> bool:
    """Whether a call may have to be recorded, in forward or reverse mode."""
    if forward_ad._current_level >= 0 or _C._are_functorch_transforms_active():
        return True
    return torch.is_grad_enabled() and _C._any_requires_grad(*args)


def define(
    schema: str,
    *,
    kernel: Callable[..., Any],
    fake: Callable[..., Any],
    keep: Callable[[tuple[Any, ...], Any], tuple[Any, ...]],
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
        ``(arguments, result) -> kept``: what the derivatives need.
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
    name, overload = schema.partition("(")[0], "default"
    base, _, given = name.partition(".")
    LIBRARY.define(schema, tags=(torch.Tag.pt2_compliant_tag,))
    operator = getattr(getattr(torch.ops.fastact, base), given or overload)

    def below(keyset: Any, args: tuple[Any, ...]) -> Any:
        with _C._AutoDispatchBelowAutograd():
            return operator.redispatch(keyset & _C._after_autograd_keyset, *args)

    def forward(ctx: Any, keyset: Any, *args: Any) -> Any:
        ctx.set_materialize_grads(False)
        with _outer():
            result = below(keyset, args)
        kept = keep(args, result)
        tensors = [k for k in kept if isinstance(k, Tensor)]
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)
        ctx.kept = [None if isinstance(k, Tensor) else k for k in kept]
        ctx.places = [n for n, k in enumerate(kept) if isinstance(k, Tensor)]
        return result

    def restored(ctx: Any) -> tuple[Any, ...]:
        kept = list(ctx.kept)
        for place, t in zip(ctx.places, ctx.saved_tensors, strict=True):
            kept[place] = t
        return tuple(kept)

    def backward(ctx: Any, *cotangents: Any) -> Any:
        needed = ctx.needs_input_grad[1:]
        if all(c is None for c in cotangents):
            return (None,) * (1 + len(needed))
        return (None, *vjp(needed, restored(ctx), cotangents))

    def pushed(ctx: Any, _: Any, *tangents: Any) -> Any:
        return jvp(tangents, restored(ctx))

    methods = {"forward": forward, "backward": backward, "jvp": pushed}
    node = type(f"fastact_{base}", (_SingleLevelFunction,), {k: staticmethod(m) for k, m in methods.items()})

    def autograd(keyset: Any, *args: Any) -> Any:
        if not _recorded(args):
            return below(keyset, args)
        if _C._are_functorch_transforms_active():
            with enable_single_level_autograd_function():
                return node.apply(keyset, *args)
        return node.apply(keyset, *args)

    def batched(info: Any, in_dims: tuple[Any, ...], *args: Any) -> Any:
        results = batch(operator, info.batch_size, in_dims, args)
        return results, (0,) * len(results) if isinstance(results, tuple | list) else 0

    for key in ("CPU", "CUDA"):
        LIBRARY.impl(name, kernel, key)
    torch.library.register_fake(f"fastact::{name}", fake, lib=LIBRARY)
    LIBRARY.impl(name, autograd, "Autograd", with_keyset=True)
    torch.library.register_vmap(f"fastact::{name}", batched, lib=LIBRARY)
    return operator


@contextlib.contextmanager
def _outer() -> Any:
    """Recording as outside of the node, for the levels of `torch.func` around this one."""
    if not _C._are_functorch_transforms_active():
        yield
        return
    with torch.enable_grad(), forward_ad._set_fwd_grad_enabled(True):
        yield


def front(operator: Any, size: int, in_dims: tuple[Any, ...], args: tuple[Any, ...], dim_at: int | None = None) -> Any:
    """Run on tensors with the batch first, which is one more dimension to an operator of elements; `dim_at` is where an axis stands."""
    moved = [lead(a, d, size) if isinstance(a, Tensor) else a for a, d in zip(args, in_dims, strict=True)]
    if dim_at is not None and moved[dim_at] >= 0:
        moved[dim_at] += 1
    return operator(*moved)


def lead(t: Tensor, dim: int | None, size: int) -> Tensor:
    """The tensor with its batch dimension first; one without is repeated, which copies nothing."""
    return t.expand(size, *t.shape) if dim is None else t.movedim(dim, 0)


def pair(
    name: str,
    arguments: str,
    *,
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    like: Callable[..., Any] = torch.empty_like,
    grads: Callable[..., Any] | None = None,
    kept: str = "",
    keep: Callable[[tuple[Any, ...], Any], tuple[Any, ...]] = lambda args, result: args,
    push: Callable[..., Any] | None = None,
    operands: int = 1,
    overload: str = "",
    linear: bool = False,
    batch: Callable[..., Any] = front,
    batch_backward: Callable[..., Any] | None = None,
) -> tuple[Any, Any]:
    """Define a function of tensors and its backward: two operators, each the other's derivative in what it is linear in.

    Parameters
    ----------
    name, arguments : str
        The schema of the function: ``name(arguments) -> Tensor``.
    forward, backward : callable
        The kernels; backward takes dy before what is kept and returns a gradient for each operand.
    like, grads : callable
        The fakes of these: forms of the results. By default those of the first argument, and of what is kept first.
    kept : str
        The schema of what is kept; by default the arguments.
    keep : callable
        ``(arguments, result) -> kept``.
    push : callable
        ``(tangents of the operands, kept) -> tangent``; by default backward, which is its own transpose for a function of one tensor.
    operands : int
        How many of the first arguments have a gradient.
    overload : str
        Name of the overload.
    linear : bool
        Whether the second derivative is 0 wherever it exists.
    batch, batch_backward : callable
        As for `define`.
    """
    suffix = f".{overload}" if overload else ""
    names = [a.split()[-1] for a in (kept or arguments).split(", ")]
    grads = grads or (lambda dy, *given: torch.empty_like(given[0]) if operands == 1 else tuple(torch.empty_like(g) for g in given[:operands]))

    def pushed(tangents: Sequence[Any], given: tuple[Any, ...]) -> Any:
        if push is not None:
            return push(tangents[:operands], given)
        return None if tangents[0] is None else back(tangents[0], *given)

    def pulled(needed: Sequence[bool], given: tuple[Any, ...], cotangents: Sequence[Any]) -> list[Any]:
        for position in range(operands, len(needed)):
            if needed[position]:
                refuse(f"fastact::{name}: there is no gradient by {arguments.split(', ')[position].split()[-1]}, which is a constant here")
        found = back(cotangents[0], *given)
        return [*((found,) if operands == 1 else found), *[None] * (len(needed) - operands)]

    def known(position: int, given: tuple[Any, ...]) -> Any:
        if linear:
            return torch.zeros_like(given[position])
        refuse(
            f"fastact::{name}: the gradient cannot be differentiated by {names[position]}, for there are no second derivatives; "
            "accepted is its derivative by dy"
        )

    def pulled_back(needed: Sequence[bool], given: tuple[Any, ...], cotangents: Sequence[Any]) -> list[Any]:
        rest = [known(position, given[1:]) if n else None for position, n in enumerate(needed[1:])]
        return [pushed(cotangents, given[1:]) if needed[0] else None, *rest]

    def pushed_back(tangents: Sequence[Any], given: tuple[Any, ...]) -> Any:
        for position, t in enumerate(tangents[1:]):
            if t is not None:
                known(position, given[1:])
        return back(torch.zeros_like(given[0]) if tangents[0] is None else tangents[0], *given[1:])

    outputs = "Tensor" if operands == 1 else f"({', '.join(['Tensor'] * operands)})"
    back = define(
        f"{name}_backward{suffix}(Tensor dy, {kept or arguments}) -> {outputs}",
        kernel=backward,
        fake=grads,
        keep=lambda args, result: args,
        vjp=pulled_back,
        jvp=pushed_back,
        batch=batch_backward or batch,
    )
    fore = define(
        f"{name}{suffix}({arguments}) -> Tensor",
        kernel=forward,
        fake=like,
        keep=keep,
        vjp=pulled,
        jvp=pushed,
        batch=batch,
    )
    return fore, back


def refuse(message: str) -> NoReturn:
    """Say which derivative there is none of."""
    raise RuntimeError(message)
