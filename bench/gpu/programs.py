"""Steps that are programs of their own: the tests, and NVIDIA's memory checker."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CHECKED = "^(relu|gelu|prelu|softplus|swiglu) "
"""The cases that are run under the memory checker, which is slow."""

LINES = 200
"""Of what a program has said, the last so many are kept."""


def _run(command: list[str], seconds: float) -> dict[str, Any]:
    """Run a program in the repository; what it said is told also where it takes too long and is ended."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}
    ended = {}
    with tempfile.TemporaryFile("w+", errors="replace") as file:
        try:
            status = subprocess.run(
                command, stdout=file, stderr=subprocess.STDOUT, timeout=seconds, check=False, cwd=ROOT, env=environment
            ).returncode
        except subprocess.TimeoutExpired:
            status, ended = 1, {"error": "the time was up"}
        file.seek(0)
        return {"status": status, "output": file.read().splitlines()[-LINES:]} | ended


def tests(seconds: float) -> dict[str, Any]:
    """pytest on the tests of the GPU, in several processes where pytest-xdist is installed."""
    chosen = map(str, sorted((ROOT / "tests").glob("test_gpu_*.py")))
    several = ["-n", "8"] if importlib.util.find_spec("xdist") else []
    return _run([sys.executable, "-m", "pytest", "-v", "-m", "gpu", "-p", "no:cacheprovider", *several, *chosen], seconds)


def sanitizer(bundle: Path | None, seconds: float) -> dict[str, Any]:
    """The step `bits` with few cases under compute-sanitizer's memcheck."""
    checker = shutil.which("compute-sanitizer")
    if checker is None:
        return {"not_run": "compute-sanitizer is not on the PATH"}
    with tempfile.TemporaryDirectory() as folder:
        ours = [sys.executable, "-m", "bench.gpu", "--few", "--steps", "bits", "--only", CHECKED, "--out", folder]
        ours += ["--bundle", str(bundle.resolve())] if bundle else []
        return _run([checker, "--tool", "memcheck", "--error-exitcode", "9", *ours], seconds)
