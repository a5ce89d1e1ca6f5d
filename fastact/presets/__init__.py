"""Activations with the defaults, parameter names and kink values of other libraries: `fastact.presets.torch.leaky_relu`.

A module for each peer, imported when it is first asked for; no peer is ever imported. In it are names as fastact spells
them, and the peer's own spelling beside. Where the peer's function is fastact's, parameters and all, the name is that very
object; else it is an `Activation` of its own. A parameter that the peer does not have keeps fastact's name and default.

Defaults and kinks are the peer's, and so is the derivative there; tails, NaN, infinities and rounding are fastact's, since
where peers differ from the mathematical value there it is by mistake.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastact.presets import jax, keras, onnx, tensorflow, torch

PEERS = ("torch", "jax", "keras", "tensorflow", "onnx")
"""The modules, in the order of the documentation."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One function of a peer, and how to get it.

    Attributes
    ----------
    peer : str
        The library, a name in `PEERS`.
    call : str
        The peer's own call with its defaults, as ``jax.nn.leaky_relu(x, negative_slope=0.01)``.
    preset : str
        What to type, as ``fa.presets.jax.leaky_relu``.
    function : str
        The function of fastact that it is, or is made of.
    difference : str
        In what it differs from that; empty where it is the same object.
    """

    peer: str
    call: str
    preset: str
    function: str
    difference: str


def entries(peer: str) -> tuple[Entry, ...]:
    """Every preset of one peer, a name in `PEERS`, in the order of the documentation.

    Raises
    ------
    ValueError
        If there is no such peer.
    """
    if peer not in PEERS:
        raise ValueError(f"presets.entries: peer is {peer!r}; accepted are {', '.join(PEERS)}")
    rows = importlib.import_module(f"{__name__}.{peer}").TABLE
    return tuple(Entry(peer, call, f"fa.presets.{peer}.{name}", function, difference) for name, call, function, difference in rows)


def of(function: str) -> tuple[Entry, ...]:
    """What the peers call one function of fastact, given by name; empty where none has it."""
    return tuple(entry for peer in PEERS for entry in entries(peer) if entry.function == function)


def __getattr__(name: str) -> ModuleType:
    if name in PEERS:
        return importlib.import_module(f"{__name__}.{name}")  # which puts it here
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; peers are {', '.join(PEERS)}")


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = ["PEERS", "Entry", "entries", "jax", "keras", "of", "onnx", "tensorflow", "torch"]
