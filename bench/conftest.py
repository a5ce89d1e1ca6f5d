"""Options of the benches: `--toy` runs one small round of everything, to see that nothing has rotted."""

from __future__ import annotations

from typing import Any

import pytest

import fastact as fa
from bench.cases import DIRECTIONS

SIZES = (2**10, 2**14, 2**18, 2**24)


def pytest_addoption(parser: Any) -> None:
    parser.addoption("--toy", action="store_true", help="one small round of every bench")


def pytest_configure(config: Any) -> None:
    if config.getoption("--toy"):
        config.option.benchmark_min_rounds = 1
        config.option.benchmark_max_time = 0.001
        config.option.benchmark_warmup = False


def pytest_generate_tests(metafunc: Any) -> None:
    sizes = SIZES[:1] if metafunc.config.getoption("--toy") else SIZES
    for name, values in (("size", sizes), ("direction", DIRECTIONS), ("activation", fa.ACTIVATIONS)):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, values, ids=[getattr(v, "name", str(v)) for v in values])


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = fa.get_num_threads()
    fa.set_num_threads(1)
    yield
    fa.set_num_threads(before)
