"""Where and with what a file of results was made."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import fastact as fa
from bench.peers import NEEDS

PACKAGES = ("numpy", "numba", "ml_dtypes", *sorted({module for modules in NEEDS.values() for module in modules} - {"numpy"}))


def cpu() -> str:
    """Model of the CPU, as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def versions() -> dict[str, str]:
    """Python, fastact and every installed package that takes part."""
    found = {"python": platform.python_version(), "fastact": fa.__version__}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def header() -> dict[str, Any]:
    """Date, machine and versions."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return {"date": now, "cpu": cpu(), "cores": os.cpu_count(), "system": platform.system(), "versions": versions()}
