"""Puts the CUDA kernels into the package that is built, if FASTACT_PACK_PTX=1 is in the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from setuptools.command.build_py import build_py
from setuptools.errors import ExecError

ARCHIVE = "fastact/cuda/kernels.pack"
NO_COMPILER = """FASTACT_PACK_PTX is set, but the CUDA kernels could not be compiled by {python}.
It must hold what fastact needs to run: install numpy, numba, setuptools and cffi there and build with
`pip wheel --no-build-isolation .`, or unset FASTACT_PACK_PTX; the kernels are then compiled on first use."""


class BuildPack(build_py):  # type: ignore[misc]
    """`build_py` that then lets the package, as it was built, compile its kernels. An archive of an earlier build is removed."""

    def run(self) -> None:
        """Copy the modules, then make the archive beside them."""
        super().run()
        if self.editable_mode:
            return
        package = Path(self.build_lib).resolve()
        archive = package / ARCHIVE
        archive.unlink(missing_ok=True)
        if os.environ.get("FASTACT_PACK_PTX", "") in ("", "0"):
            return
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])}
        command = [sys.executable, "-m", "fastact.cuda.pack", str(archive)]
        if subprocess.run(command, env=environment, cwd=package, check=False).returncode:  # noqa: S603
            raise ExecError(NO_COMPILER.format(python=sys.executable))
