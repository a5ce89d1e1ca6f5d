"""Activations and gated units as operators."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from fastact.activation import Activation
from fastact.binding import bind
from fastact.gates import Gate
from fastact.interop.pieces import straight
from fastact.interop.torch.arrays import WIDTHS, are_tensors, check, number, run, tensor, view
from fastact.interop.torch.operator import lead
from fastact.interop.torch.pair import Pair, define_pair

Function = Callable[..., Tensor]


def _free(name: str) -> str:
    """A name that no operator has yet: `name`, or that and a number."""
    name = name.replace(".", "_")
    taken = [name] + [f"{name}_{k}" for k in range(2, 1000)]
    return next(n for n in taken if not hasattr(torch.ops.fastact, n))


def _constants(function: Activation | Gate) -> str:
    return "".join(f", float {p.name}" for p in function.params)


def _numbers(function: Activation | Gate, params: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """One value for each parameter, in order."""
    bound = bind(function.record, "", params, named)
    if named:
        raise TypeError(f"fastact.interop.torch.{function.name}: no argument {next(iter(named))!r}; accepted are {_accepted(function)}")
    return bound


def _constant(function: Activation | Gate, values: Sequence[Any]) -> list[float]:
    return [number(function.name, p.name, v) for p, v in zip(function.params, values, strict=True)]


def _accepted(function: Activation | Gate) -> str:
    return ", ".join((*function.record.operands, *(p.name for p in function.params)))


@functools.cache
def of_activation(activation: Activation) -> Function:
    """The operator of an activation; see `fastact.interop.torch.function`."""
    name = _free(activation.name)
    trained = any(p.trainable for p in activation.params)
    one = functools.partial(activation.backward, wrt="x") if trained else activation.backward
    plain, backward_name = straight(activation), f"{activation.name}_backward"

    def forward(x: Tensor, *params: float) -> Any:
        return run(activation.name, activation, (x,), params)

    def backward(dy: Tensor, x: Tensor, *params: float) -> Any:
        return run(backward_name, one, (dy, x), params)

    def like(x: Tensor, *params: Any) -> Tensor:
        check(activation.name, x)
        return torch.empty_like(x)

    arguments = f"Tensor x{_constants(activation)}"
    constant = define_pair(
        Pair(name, arguments, arguments, linear=plain),
        forward=forward,
        backward=backward,
        like=like,
        grads=lambda dy, x, *params: torch.empty_like(x),
    )
    learned = _learned(activation, name) if activation.params else None

    def function(x: Tensor, *params: Any, **named: Any) -> Tensor:
        if not activation.params and not params and not named:
            return constant(x)
        values = _numbers(activation, params, named)
        if learned is None or not any(isinstance(v, Tensor) for v in values):
            return constant(x, *_constant(activation, values))
        are_tensors(activation.name, x=x)
        tensors = [
            v if isinstance(v, Tensor) else torch.tensor(number(activation.name, p.name, v), dtype=torch.float64, device=x.device)
            for p, v in zip(activation.params, values, strict=True)
        ]
        shape = torch.broadcast_shapes(x.shape, *[v.shape for v in tensors])
        return learned(x if x.shape == shape else x.expand(shape), *tensors)

    return _named(function, activation)


def _named(function: Function, of: Activation | Gate) -> Function:
    function.__name__ = function.__qualname__ = of.name
    function.__doc__ = of.__doc__
    return function


def _placed(call: str, x: Tensor, params: Sequence[Tensor]) -> None:
    """Refuse parameters on other devices than x, but for single numbers on the host."""
    check(call, x)
    for p in params:
        if p.device != x.device and (p.ndim or not p.is_cpu):
            told = f"x is on {x.device}, and a parameter on {p.device}"
            raise ValueError(f"fastact.interop.torch.{call}: {told}; accepted are those on the device of x, and single ones on the host")


def _values(x: Tensor, params: Sequence[Tensor]) -> list[Any]:
    """Parameters in the dtype that they are computed in, where x is."""
    return [view(p.to(device=x.device, dtype=WIDTHS[x.dtype])) for p in params]


def _learned(activation: Activation, name: str) -> Function:
    """The operator for parameters that are tensors, which have gradients."""
    arguments = "Tensor x" + "".join(f", Tensor {p.name}" for p in activation.params)
    operands = 1 + len(activation.params)
    every = ("x", *(p.name for p in activation.params))

    def like(x: Tensor, *params: Tensor) -> Tensor:
        _placed(activation.name, x, params)
        return torch.empty_like(x)

    def forward(x: Tensor, *params: Tensor) -> Any:
        _placed(activation.name, x, params)
        return run(activation.name, activation, (x,), _values(x, params))

    def backward(dy: Tensor, x: Tensor, *params: Tensor) -> Any:
        check(f"{activation.name}_backward", dy, x)
        dx = torch.empty_like(x)
        out = (view(dx), *[None] * len(params))
        _, *found = activation.backward(view(dy), view(x), *_values(x, params), wrt=every, out=out)
        return (dx, *[tensor(g).to(device=p.device, dtype=p.dtype) for g, p in zip(found, params, strict=True)])

    def grads(dy: Tensor, x: Tensor, *params: Tensor) -> Any:
        return (torch.empty_like(x), *[torch.empty(p.shape, dtype=p.dtype, device=p.device) for p in params])

    def push(tangents: Sequence[Tensor | None], given: tuple[Any, ...]) -> Any:
        x, *params = given
        slopes = rules.back(torch.ones_like(x), x, *[p.expand(x.shape) for p in params])
        return sum(s * t for s, t in zip(slopes, tangents, strict=True) if t is not None)

    def batch(operator: Any, size: int, in_dims: tuple[Any, ...], args: tuple[Any, ...]) -> Any:
        data = len(args) - len(activation.params)
        moved = [lead(a, d, size) for a, d in zip(args, in_dims, strict=True)]
        rank = moved[0].ndim
        params = [p.reshape(size, *[1] * (rank - p.ndim), *p.shape[1:]) for p in moved[data:]]
        results = operator(*moved[:data], *params)
        if data == 1:
            return results
        return (results[0], *[r.reshape(p.shape) for r, p in zip(results[1:], moved[data:], strict=True)])

    rules = Pair(name, arguments, arguments, operands, push)
    return define_pair(rules, forward=forward, backward=backward, like=like, grads=grads, overload="Tensor", batch=batch)  # type: ignore[no-any-return]


@functools.cache
def of_gate(gate: Gate) -> Function:
    """The operator of a gated unit; see `fastact.interop.torch.function`."""

    def forward(a: Tensor, b: Tensor, *params: float) -> Any:
        return run(gate.name, gate, (a, b), params)

    def backward(dy: Tensor, a: Tensor, b: Tensor, *params: float) -> Any:
        return run(f"{gate.name}_backward", gate.backward, (dy, a, b), params, 2)

    def like(a: Tensor, b: Tensor, *params: Any) -> Tensor:
        check(gate.name, a, b)
        return torch.empty_like(b)

    def grads(dy: Tensor, a: Tensor, b: Tensor, *params: Any) -> Any:
        return torch.empty_like(b), torch.empty_like(b)

    def push(tangents: Sequence[Tensor | None], given: tuple[Any, ...]) -> Any:
        parts = [rules.back(t, *given)[k] for k, t in enumerate(tangents) if t is not None]
        return functools.reduce(torch.add, parts) if parts else None

    arguments = f"Tensor a, Tensor b{_constants(gate)}"
    rules = Pair(_free(gate.name), arguments, arguments, 2, push)
    gated = define_pair(rules, forward=forward, backward=backward, like=like, grads=grads)

    def function(a: Tensor, b: Tensor, *params: Any, **named: Any) -> Tensor:
        values = _constant(gate, _numbers(gate, params, named))
        are_tensors(gate.name, a=a, b=b)
        if a.dtype != b.dtype:
            kind = torch.promote_types(a.dtype, b.dtype)
            a, b = a.to(kind), b.to(kind)
        if a.shape != b.shape:
            a, b = torch.broadcast_tensors(a, b)
        return gated(a, b, *values)

    return _named(function, gate)
