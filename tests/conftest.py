"""Fixtures over the table of activations; what is compiled is kept for the session, its workers and its subprocesses, and no longer."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from collections.abc import Iterator

os.environ["NUMBA_CACHE_DIR"] = os.devnull
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["FASTACT_CACHE_DIR"] = tempfile.mkdtemp(prefix="fastact-tests-")
    atexit.register(shutil.rmtree, os.environ["FASTACT_CACHE_DIR"], ignore_errors=True)
os.environ.setdefault("NUMBA_NUM_THREADS", "2")

import numpy as np
import pytest
from cases import DIRECTIONS, DTYPES

import fastact
import fastact.ufuncs


@pytest.fixture(params=fastact.ACTIVATIONS, ids=lambda a: a.name)
def activation(request: pytest.FixtureRequest) -> fastact.Activation:
    return request.param


@pytest.fixture(params=DTYPES)
def dtype(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=DIRECTIONS)
def direction(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=[1, 2], ids=["serial", "threaded"])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """One thread, or two where the machine has them."""
    before = fastact.get_num_threads()
    fastact.set_num_threads(request.param)
    yield request.param
    fastact.set_num_threads(before)


@pytest.fixture
def raising() -> Iterator[None]:
    """Floating-point warnings of NumPy are errors."""
    with np.errstate(all="raise"):
        yield


@functools.cache
def without_gpu() -> str:
    """Why there is no GPU here, if there is none."""
    try:
        from fastact.cuda import launch

        launch.start()
    except fastact.CudaUnavailableError as error:
        return str(error)
    return ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu") and without_gpu():
        pytest.skip(without_gpu())


@pytest.fixture
def nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns without colours of its own."""
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
