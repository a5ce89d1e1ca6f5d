"""What runs here: processor, threads, GPU and versions. Nothing is imported that is not needed, and nothing fails."""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import importlib.util
import os
import platform
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numba
import numpy as np

from fastact.cpu import parallel
from fastact.cpu.features import features

REQUIRED = ("numpy", "numba", "llvmlite", "cffi")
OPTIONAL = ("ml_dtypes", "mpmath", "rich", "matplotlib", "cuda-core", "cuda-bindings", "numba-cuda", "torch", "jax", "scipy", "dask")
PEERS = ("torch", "jax", "scipy", "numexpr", "onnxruntime")
_DRIVERS = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}
_MAJOR, _MINOR = 75, 76
"""Attributes of a CUDA device: its compute capability."""


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of what is installed, told without importing it."""
    found = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def model() -> str:
    """Model of the processor, as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def processor() -> dict[str, Any]:
    """Model, the name by which code is compiled for it, and what it has that the loops use."""
    found = features()
    used = {"vectors": found.vectors, "fma": found.fma, "float16": found.half}
    return {"model": model(), "llvm_name": found.cpu, "cores": os.cpu_count(), **used, "missing": list(found.meaning())}


def threads() -> dict[str, Any]:
    """How many a large call uses, how many it may use, and the layer of Numba that runs them."""
    parallel.start()
    try:
        layer = str(numba.threading_layer())
    except ValueError:  # one thread needs none
        layer = "none"
    return {"count": parallel.get_num_threads(), "most": int(numba.config.NUMBA_NUM_THREADS), "layer": layer}


def python() -> dict[str, Any]:
    """Version and build of Python."""
    enabled = getattr(sys, "_is_gil_enabled", lambda: True)
    free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    return {
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "free_threaded": free,
        "gil": bool(enabled()),
    }


def gpu() -> dict[str, Any]:
    """Driver and devices, or why there are none; the driver itself is asked."""
    found: dict[str, Any] = {"usable": False, "reason": "", "driver": None, "devices": []}
    library = _DRIVERS.get(sys.platform)
    try:
        driver = ctypes.CDLL(library) if library else None
    except OSError:
        driver = None
    if driver is None:
        return found | {"reason": f"no NVIDIA driver ({library or 'none for this system'})"}
    status = driver.cuInit(0)
    if status:
        return found | {"reason": f"the NVIDIA driver does not start or finds no device (error {status} of cuInit)"}
    number = ctypes.c_int()
    driver.cuDriverGetVersion(ctypes.byref(number))
    found["driver"] = f"CUDA {number.value // 1000}.{number.value % 1000 // 10}"
    driver.cuDeviceGetCount(ctypes.byref(number))
    found["devices"] = [_device(driver, k) for k in range(number.value)]
    if not found["devices"]:
        return found | {"reason": "the NVIDIA driver has found no device"}
    if not versions(["cuda-core"]):
        return found | {"reason": "cuda-core is not installed: pip install 'fastact[cuda]'"}
    return found | {"usable": True}


def _device(driver: Any, index: int) -> dict[str, Any]:
    device, name, size = ctypes.c_int(), ctypes.create_string_buffer(256), ctypes.c_size_t()
    driver.cuDeviceGet(ctypes.byref(device), index)
    driver.cuDeviceGetName(name, len(name), device)
    driver.cuDeviceTotalMem_v2(ctypes.byref(size), device)
    capability = []
    for attribute in (_MAJOR, _MINOR):
        part = ctypes.c_int()
        driver.cuDeviceGetAttribute(ctypes.byref(part), attribute, device)
        capability.append(part.value)
    return {"name": name.value.decode(), "capability": "{}.{}".format(*capability), "bytes": size.value}


def reference() -> dict[str, Any]:
    """Where the C reference is, and how many digits its long double has."""
    spec = importlib.util.find_spec("fastact._reference")
    return {"path": spec.origin if spec else None, "long_double_bits": int(np.finfo(np.longdouble).nmant) + 1}
