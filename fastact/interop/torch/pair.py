"""A function of tensors and its backward as two operators, each the other's derivative in what it is linear in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from fastact.interop.torch.operator import define, front


@dataclass(slots=True)
class Pair:
    """The rules of both.

    Parameters
    ----------
    name : str
        Name of the function.
    arguments, kept : str
        The schemas of its arguments, and of what is kept of a call for its gradient.
    operands : int
        How many of the first arguments have a gradient.
    push : callable, optional
        ``(tangents of the operands, kept) -> tangent``; by default backward, which is its own transpose for a function of one tensor.
    linear : bool
        Whether the second derivative is 0 wherever it exists.
    """

    name: str
    arguments: str
    kept: str
    operands: int = 1
    push: Callable[..., Any] | None = None
    linear: bool = False
    back: Any = None

    def pushed(self, tangents: Sequence[Any], kept: tuple[Any, ...]) -> Any:
        """Tangent of the result."""
        if self.push is not None:
            return self.push(tangents[: self.operands], kept)
        return None if tangents[0] is None else self.back(tangents[0], *kept)

    def pulled(self, needed: Sequence[bool], kept: tuple[Any, ...], cotangents: Sequence[Any]) -> list[Any]:
        """Gradients by the arguments."""
        for position in range(self.operands, len(needed)):
            if needed[position]:
                what = _names(self.arguments)[position]
                raise RuntimeError(f"fastact::{self.name}: there is no gradient by {what}, which is a constant here")
        found = self.back(cotangents[0], *kept)
        return [*((found,) if self.operands == 1 else found), *[None] * (len(needed) - self.operands)]

    def _second(self, position: int, kept: tuple[Any, ...]) -> Any:
        if self.linear:
            return torch.zeros_like(kept[position])
        what = f"fastact::{self.name}: the gradient cannot be differentiated by {_names(self.kept)[position]}"
        raise RuntimeError(f"{what}, for there are no second derivatives; accepted is its derivative by dy")

    def pulled_back(self, needed: Sequence[bool], given: tuple[Any, ...], cotangents: Sequence[Any]) -> list[Any]:
        """Gradients of backward by dy and by what is kept."""
        rest = [self._second(position, given[1:]) if n else None for position, n in enumerate(needed[1:])]
        return [self.pushed(cotangents, given[1:]) if needed[0] else None, *rest]

    def pushed_back(self, tangents: Sequence[Any], given: tuple[Any, ...]) -> Any:
        """Tangents of the results of backward."""
        for position, t in enumerate(tangents[1:]):
            if t is not None:
                self._second(position, given[1:])
        return self.back(torch.zeros_like(given[0]) if tangents[0] is None else tangents[0], *given[1:])


def _names(schema: str) -> list[str]:
    return [argument.rpartition(" ")[2] for argument in schema.split(", ")]


def define_pair(
    rules: Pair,
    *,
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    like: Callable[..., Any],
    grads: Callable[..., Any],
    keep: Callable[[tuple[Any, ...], Any], tuple[Any, ...]] | None = None,
    overload: str = "",
    batch: Callable[..., Any] = front,
) -> Any:
    """Define both operators.

    Parameters
    ----------
    rules : Pair
        The rules, which are told the operator of backward here.
    forward, backward : callable
        The kernels; backward takes dy before what is kept and returns a gradient for each operand.
    like, grads : callable
        The forms of the results of these.
    keep : callable, optional
        ``(arguments, result) -> kept``; by default the arguments.
    overload : str
        Name of the overload.
    batch : callable
        As for `define`.

    Returns
    -------
    OpOverload
        The operator of the function.
    """
    suffix = f".{overload}" if overload else ""
    outputs = "Tensor" if rules.operands == 1 else f"({', '.join(['Tensor'] * rules.operands)})"
    rules.back = define(
        f"{rules.name}_backward{suffix}(Tensor dy, {rules.kept}) -> {outputs}",
        kernel=backward,
        fake=grads,
        keep=None,
        vjp=rules.pulled_back,
        jvp=rules.pushed_back,
        batch=batch,
    )
    return define(
        f"{rules.name}{suffix}({rules.arguments}) -> Tensor",
        kernel=forward,
        fake=like,
        keep=keep,
        vjp=rules.pulled,
        jvp=rules.pushed,
        batch=batch,
    )
