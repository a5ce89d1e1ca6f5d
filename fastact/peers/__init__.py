"""The competitors: each module maps a function and direction to a call with our parameters, or to None."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable

import fastact as fa
from fastact.peers import jax_peer, numexpr_peer, numpy_peer, onnx_peer, scipy_peer, torch_peer
from fastact.peers.arrays import Arrays, Run

Make = Callable[[str, str, Arrays, tuple[float, ...]], Run | None]

PEERS: dict[str, Make] = {
    "numpy": numpy_peer.make,
    "scipy": scipy_peer.make,
    "numexpr": numexpr_peer.make,
    "torch": torch_peer.make,
    "jax": jax_peer.make,
    "onnx": onnx_peer.make,
}
NEEDS = {peer: (peer,) for peer in PEERS} | {"onnx": ("onnx", "onnxruntime")}
DTYPES = ("float32", "float64")


@functools.cache
def installed(peer: str) -> bool:
    """Whether all that the peer needs can be imported."""
    return all(importlib.util.find_spec(module) is not None for module in NEEDS[peer])


def peers(activation: fa.Activation, direction: str, a: Arrays) -> dict[str, Run]:
    """Every installed competitor that has this case."""
    if a.x.dtype.name not in DTYPES or direction == "value_and_grad":
        return {}
    found = {peer: make(activation.name, direction, a, activation.record.typical) for peer, make in PEERS.items() if installed(peer)}
    return {peer: run for peer, run in found.items() if run is not None}
