"""What is told where the package, the driver or the device for CUDA arrays is missing."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import numpy as np
import pytest
from stub import scene
from stub.device import Described, Stub

import fastact as fa


def pair(stub: Stub) -> tuple[Described, Described]:
    return Described(stub.filled(np.ones(8, "f4"))), Described(stub.empty(8, "f4"))


@scene(STUB_DEVICES="0")
def test_no_device(stub: Stub) -> None:
    with pytest.raises(fa.CudaUnavailableError, match="found none"):
        fa.gelu(pair(stub)[0])


@scene(STUB_BROKEN="100")
def test_no_device_at_start(stub: Stub) -> None:
    with pytest.raises(fa.CudaUnavailableError, match="found none"):
        fa.gelu(pair(stub)[0])


@scene(STUB_BROKEN="803")
def test_a_driver_that_does_not_start(stub: Stub) -> None:
    with pytest.raises(fa.CudaUnavailableError, match="does not start: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"):
        fa.gelu(pair(stub)[0])


@scene(STUB_REFUSES_PTX="1", STUB_VERSION="10020")
def test_a_driver_that_is_too_old(stub: Stub) -> None:
    x, y = pair(stub)
    with pytest.raises(fa.CudaUnavailableError, match=r"CUDA 10\.2, .* update the driver"):
        fa.gelu(x, out=y)
    assert (y.host.view("u1") == 0xEE).all()


@pytest.mark.parametrize("current", [True, False])
@scene(STUB_CAPABILITY="75")
def test_a_device_that_is_too_old(stub: Stub, *, current: bool) -> None:
    x, y = pair(stub)
    if current:
        stub.lib.cuCtxSetCurrent(ctypes.c_void_p(stub.lib.stub_context(0)))
    with pytest.raises(fa.CudaUnavailableError, match=r"compute capability 7\.5; accepted are 8\.0"):
        fa.gelu(x, out=y)
    assert not stub.launches


CODE = """
import sys
import numpy as np
import fastact as fa
assert not [m for m in sys.modules if m.partition(".")[0] in ("cuda", "torch", "cupy") or m.startswith(("fastact.cuda", "numba.cuda."))]
fa.gelu(np.ones(3))
assert not [m for m in sys.modules if m.startswith("fastact.cuda")]
class Array:
    __cuda_array_interface__ = {"shape": (3,), "typestr": "<f4", "data": (4096, False), "version": 3, "strides": None, "stream": None}
%s
try:
    fa.gelu(Array())
except fa.CudaUnavailableError as error:
    assert isinstance(error, RuntimeError)
    print(error)
"""


def told(prepare: str) -> str:
    done = subprocess.run([sys.executable, "-c", CODE % prepare], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_cuda_core_the_error_says_what_to_install() -> None:
    assert 'pip install "fastact[cuda]"' in told("sys.modules['cuda'] = None")


def test_without_a_driver_the_error_says_so() -> None:
    pytest.importorskip("cuda.core")
    hide = """
import cuda.bindings.driver as driver
def missing(flags):
    raise RuntimeError("libcuda.so.1 is not there")
driver.cuInit = missing
"""
    assert "libcuda.so.1" in told(hide)
