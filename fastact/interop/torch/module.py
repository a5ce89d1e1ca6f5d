"""A module of `torch.nn` for any activation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from fastact.activation import Activation
from fastact.binding import bind
from fastact.interop.torch.arrays import number
from fastact.interop.torch.elementwise import of_activation


class Module(torch.nn.Module):
    """An activation as a module, with parameters that are learned if asked for.

    Parameters
    ----------
    activation : Activation
        The function.
    *params, **named
        Its parameters; a tensor of several values broadcasts against the input.
    trainable : bool, str or sequence of str
        The parameters to learn, by name; True is all of them. Learned ones are `torch.nn.Parameter` of float32, or of the dtype given.

    Raises
    ------
    TypeError, ValueError
        If a parameter is unknown, or missing.
    """

    def __init__(self, activation: Activation, /, *params: Any, trainable: bool | str | Sequence[str] = False, **named: Any) -> None:
        super().__init__()
        names = tuple(p.name for p in activation.params)
        values = bind(activation.record, "", params, named)
        learned = names if trainable is True else (trainable,) if isinstance(trainable, str) else tuple(trainable or ())
        for name in (*named, *learned):
            if name not in names or name in named:
                told = ", ".join(names) or "none"
                raise ValueError(f"fastact.interop.torch.Module: {activation.name} has no parameter {name!r}; accepted are {told}")
        self.activation, self._function = activation, of_activation(activation)
        for name, value in zip(names, values, strict=True):
            if name in learned:
                given = value if isinstance(value, Tensor) else torch.tensor(value, dtype=torch.float32)
                self.register_parameter(name, torch.nn.Parameter(given.detach().clone()))
            elif isinstance(value, Tensor):
                self.register_buffer(name, value)
            else:
                setattr(self, name, number("Module", name, value))

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_function"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._function = of_activation(self.activation)

    def forward(self, x: Tensor) -> Tensor:
        """f(x), of the dtype of `x`."""
        return self._function(x, *[getattr(self, p.name) for p in self.activation.params])

    def extra_repr(self) -> str:
        """The function, and the parameters that are numbers."""
        fixed = [f"{p.name}={getattr(self, p.name):g}" for p in self.activation.params if isinstance(getattr(self, p.name), float)]
        return ", ".join([self.activation.name, *fixed])
