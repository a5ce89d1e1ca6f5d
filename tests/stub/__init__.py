"""A driver without a GPU: tests marked as scenes run in a process of their own, in which libcuda.so.1 is the stub of driver.c.

A scene is a function of `stub` (a `device.Stub`) and of what pytest parametrizes. A worker process has imported fastact and forks for
each of them, so that every scene finds a driver that nobody has used yet.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import inspect
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@functools.cache
def _library() -> Path:
    """The driver, built by the system's compiler."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("the stub of the driver needs a C compiler on Linux")
    if importlib.util.find_spec("cuda") is None or importlib.util.find_spec("cuda.core") is None:
        pytest.skip("the stub of the driver needs cuda-core")
    folder = Path(tempfile.mkdtemp(prefix="fastact-stub-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "libcuda.so.1"
    flags = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-Wl,-soname,libcuda.so.1"]
    subprocess.run([compiler, *flags, "-o", path, HERE / "driver.c", "-lpthread"], check=True)
    return path


@functools.cache
def _worker() -> subprocess.Popen[bytes]:
    library = _library()
    environment = {**os.environ, "STUB_LIBRARY": str(library), "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-m", "stub.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    atexit.register(_stop, process)
    return process


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.communicate()


def scene(function: Callable[..., None] | None = None, **environment: str) -> Any:
    """Run a test function in the worker, with `environment` set."""
    if function is None:
        return functools.partial(scene, **environment)

    @functools.wraps(function)
    def test(**given: Any) -> None:
        process = _worker()
        assert process.stdin is not None
        assert process.stdout is not None
        pickle.dump((function.__module__, function.__name__, given, environment), process.stdin)
        process.stdin.flush()
        failure = pickle.load(process.stdout)
        if failure:
            pytest.fail(failure, pytrace=False)

    signature = inspect.signature(function)
    kept = [p for p in signature.parameters.values() if p.name != "stub"]
    test.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    return test
