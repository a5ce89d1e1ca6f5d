"""Public names of the package that are rarely used: each is imported when it is first asked for."""

from __future__ import annotations

import importlib
from typing import Any

import fastact

PLACES = {
    "ActivationStats": "fastact.stats",
    "activation_stats": "fastact.stats",
    "crelu": "fastact.halves",
    "define": "fastact.own.definition",
    "maxout": "fastact.pieces",
}

MODULES = ("noise", "presets", "scalars", "testing", "ufuncs")
"""The public modules."""


def find(name: str) -> Any:
    """The attribute of the package."""
    if name in MODULES:
        return importlib.import_module(f"fastact.{name}")
    if name not in PLACES:
        raise AttributeError(f"module 'fastact' has no attribute {name!r}")
    found = getattr(importlib.import_module(PLACES[name]), name)
    setattr(fastact, name, found)
    return found


def names() -> list[str]:
    """The public names of the package, imported or not; inner modules are left out."""
    return sorted({*fastact.__all__, "__version__", *MODULES})
