"""Where and with what a file of results was made."""

from __future__ import annotations

import datetime as dt
import os
import platform
from typing import Any

import fastact as fa
from fastact import machine
from fastact.peers import NEEDS

PACKAGES = ("numpy", "numba", "ml_dtypes", *sorted({module for modules in NEEDS.values() for module in modules} - {"numpy"}))


def versions() -> dict[str, str]:
    """Python, fastact and every installed package that takes part."""
    return {"python": platform.python_version(), "fastact": fa.__version__, **machine.versions(PACKAGES)}


def header() -> dict[str, Any]:
    """Date, machine and versions."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return {"date": now, "cpu": machine.model(), "cores": os.cpu_count(), "system": platform.system(), "versions": versions()}
