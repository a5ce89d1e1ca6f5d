"""On a GPU: the bits of the CPU, through the public calls on tensors of torch and arrays of CuPy."""

import gpuchecks
import gpufamilies
import pytest
from gpufamilies import FAMILIES
from gpusides import FOREIGN, Cupy, Torch

import fastact as fa

pytestmark = [pytest.mark.gpu, *FOREIGN]


@pytest.fixture(scope="module", params=[Torch, Cupy], ids=["torch", "cupy"])
def side(request: pytest.FixtureRequest) -> gpuchecks.Side:
    return request.param()


def _dtypes(side: gpuchecks.Side, *names: str) -> list[str]:
    return [name for name in names if name != "bfloat16" or isinstance(side, Torch)]


def test_every_half(side: gpuchecks.Side, activation: fa.Activation) -> None:
    for dtype in _dtypes(side, "float16", "bfloat16"):
        gpuchecks.every_half(side, activation, dtype)


def test_spread(side: gpuchecks.Side, activation: fa.Activation) -> None:
    for dtype in ("float32", "float64"):
        gpuchecks.spread(side, activation, dtype)


def test_lengths() -> None:
    gpuchecks.every_length(Torch(), (*range(40), 255, 256, 257, 2047, 2048, 2049, 4096, 65535, 1_000_003))


def test_in_place(side: gpuchecks.Side) -> None:
    gpuchecks.in_place(side)


@pytest.mark.parametrize("name", gpuchecks.LAYOUTS)
def test_layouts(side: gpuchecks.Side, name: str) -> None:
    for dtype in _dtypes(side, "float16", "bfloat16", "float32", "float64"):
        gpuchecks.layout(side, name, dtype)


def test_channels(side: gpuchecks.Side) -> None:
    for dtype in _dtypes(side, "float32", "bfloat16", "float64"):
        gpuchecks.channels(side, dtype)


@pytest.mark.parametrize("name", FAMILIES)
def test_families(side: gpuchecks.Side, name: str) -> None:
    for dtype in _dtypes(side, "float16", "bfloat16", "float32", "float64"):
        gpufamilies.check(side, FAMILIES[name], dtype)
