"""Elements a second of every function and direction beside the limit of the memory and every installed peer."""

from __future__ import annotations

from typing import Any

import pytest

import fastact as fa
from bench.cases import PEERS, Arrays, layouts, limit, ours, peers


@pytest.mark.parametrize("who", ["fastact", "limit", *PEERS])
def test_throughput(benchmark: Any, activation: fa.Activation, direction: str, size: int, who: str) -> None:
    arrays = Arrays.make(size)
    if who in PEERS:
        run = peers(activation, direction, arrays).get(who)
        if run is None:
            pytest.skip(f"{who} is not installed or has no {activation.name} {direction}")
    else:
        run = limit(direction, arrays) if who == "limit" else ours(activation, direction, arrays)
    benchmark.group = f"{activation.name} {direction} {size}"
    benchmark(run)


def test_layouts(benchmark: Any, activation: fa.Activation, size: int, layout: str) -> None:
    run, _ = layouts(activation, size)[layout]
    benchmark.group = f"{activation.name} layouts {size}"
    benchmark(run)


def pytest_generate_tests(metafunc: Any) -> None:
    if "layout" in metafunc.fixturenames:
        metafunc.parametrize("layout", list(layouts(fa.silu, 1024)))
