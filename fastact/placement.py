"""Whether an object is an array on a CUDA device: told by its type, without importing anything."""

from __future__ import annotations

import functools
import importlib
import operator
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

_HOST = (np.ndarray, np.generic, int, float, complex, list, tuple, str, bytes, type(None))
CUDA = (2, 13)
"""DLPack's kDLCUDA and kDLCUDAManaged."""


def _tester(kind: type) -> Callable[[Any], bool] | None:
    """What tells whether an object of a type is on a CUDA device; None if none of them is."""
    if issubclass(kind, _HOST):
        return None
    root = kind.__module__.partition(".")[0]
    torch = sys.modules.get("torch")
    if torch is not None and issubclass(kind, torch.Tensor):
        return operator.attrgetter("is_cuda")
    if root == "cupy" and hasattr(kind, "__cuda_array_interface__"):
        return lambda a: True
    if hasattr(kind, "__dlpack_device__"):
        return lambda a: a.__dlpack_device__()[0] in CUDA
    return lambda a: hasattr(a, "__cuda_array_interface__")


_test: Callable[[type], Callable[[Any], bool] | None] = functools.lru_cache(1024)(_tester)


def shape_of(a: Any) -> tuple[int, ...]:
    """The shape of an array anywhere, or of what NumPy makes an array of."""
    if on_device(a):
        return tuple(a.shape if hasattr(a, "shape") else a.__cuda_array_interface__["shape"])
    return np.shape(a)


def on_device(a: Any) -> bool:
    """Whether `a` is an array on a CUDA device."""
    test = _test(type(a))
    return test is not None and test(a)


@functools.cache
def device(module: str) -> ModuleType:
    """A module of the CUDA half, of which nothing is imported before there is an array on a device."""
    return importlib.import_module(f"fastact.cuda.{module}")
