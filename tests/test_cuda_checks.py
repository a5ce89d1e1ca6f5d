"""The checks that a GPU will be put to, over the stub of the driver and the interpreter, on small arrays."""

from collections.abc import Callable
from typing import Any

import gpuchecks
import gpufamilies
import numpy as np
import pytest
from gpufamilies import FAMILIES
from stub import scene
from stub.device import Described, Stub

import fastact as fa


class Side:
    """Arrays in the stub's memory, which tell of themselves by the CUDA array interface."""

    size = 600

    def __init__(self, stub: Stub) -> None:
        self.stub = stub

    def put(self, values: Any) -> Described:
        return Described(self.stub.filled(np.asarray(values)))

    def get(self, array: Described) -> Any:
        return array.host

    def empty(self, shape: Any, dtype: Any) -> Described:
        return Described(self.stub.empty(shape, dtype))

    def view(self, array: Described, turn: Callable[[Any], Any]) -> Described:
        return Described(turn(array.host))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@scene
def test_halves(stub: Stub, dtype: str) -> None:
    gpuchecks.every_half(Side(stub), fa.sigmoid, dtype, 17)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@scene
def test_spread(stub: Stub, dtype: str) -> None:
    for activation in (fa.mish, fa.prelu, fa.exp):
        gpuchecks.spread(Side(stub), activation, dtype)


@scene
def test_lengths(stub: Stub) -> None:
    gpuchecks.every_length(Side(stub), (0, 1, 5, 2047, 2048, 2049, 5000))


@scene
def test_in_place(stub: Stub) -> None:
    gpuchecks.in_place(Side(stub))


@pytest.mark.parametrize("name", gpuchecks.LAYOUTS)
@scene
def test_layouts(stub: Stub, name: str) -> None:
    for dtype in ("float16", "float32", "float64"):
        gpuchecks.layout(Side(stub), name, dtype)


@scene
def test_channels(stub: Stub) -> None:
    for dtype in ("float32", "bfloat16", "float64"):
        gpuchecks.channels(Side(stub), dtype)


@pytest.mark.parametrize(
    "name",
    [
        "gate backward",
        "scale and bias",
        "bias backward",
        "slopes of channels",
        "one slope",
        "from output",
        "softmax",
        "softmax along columns",
        "log_softmax backward",
        "maxout",
        "crelu",
        "dropout",
        "rrelu backward",
    ],
)
@scene
def test_families(stub: Stub, name: str) -> None:
    gpufamilies.check(Side(stub), FAMILIES[name], "float32")
