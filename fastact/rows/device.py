"""The calls of the row family on CUDA arrays; nothing of them is imported before there are any."""

from __future__ import annotations

import functools
import importlib
from types import ModuleType


@functools.cache
def calls() -> ModuleType:
    """Those of functions of rows."""
    return importlib.import_module("fastact.cuda.rowcalls")


@functools.cache
def losses() -> ModuleType:
    """Those of the cross entropies."""
    return importlib.import_module("fastact.cuda.rowlosses")
