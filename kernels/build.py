"""Builds `fastact._reference`: the C reference behind cffi in API mode. setuptools runs it as its `build_ext`."""

from __future__ import annotations

from pathlib import Path

from cffi import FFI
from setuptools import Extension
from setuptools.command.build_ext import build_ext
from setuptools.errors import CCompilerError, CompileError, ExecError, PlatformError

KERNELS = Path(__file__).parent
MODULE = "fastact._reference"
NO_COMPILER = """fastact needs a C compiler to build its reference, and the one tried here did not work:
    {error}
Install one (Debian, Ubuntu: `apt install gcc libc6-dev`; Fedora: `dnf install gcc`; macOS: `xcode-select --install`;
Windows: Visual Studio's build tools), or name yours in the environment variable CC, and install fastact again."""


def ffi() -> FFI:
    """Declarations from reference.h, code from reference.c."""
    builder = FFI()
    builder.cdef((KERNELS / "reference.h").read_text())
    builder.set_source(MODULE, '#include "reference.c"')
    return builder


class BuildReference(build_ext):
    """`build_ext` that lets cffi write the extension's source first."""

    def build_extension(self, ext: Extension) -> None:
        """Generate, then compile without contraction: the reference means every operation as it is written."""
        generated = Path(self.build_temp, "_reference.c")
        generated.parent.mkdir(parents=True, exist_ok=True)
        ffi().emit_c_code(str(generated))
        ext.sources = [str(generated)]
        ext.include_dirs = [str(KERNELS)]
        if self.compiler.compiler_type == "msvc":
            ext.extra_compile_args = ["/O2", "/fp:precise", "/std:c11"]
        else:
            ext.extra_compile_args = ["-O2", "-g0", "-std=gnu99", "-ffp-contract=off"]
            ext.libraries = ["m"]
        try:
            super().build_extension(ext)
        except (CCompilerError, ExecError, PlatformError) as error:
            raise CompileError(NO_COMPILER.format(error=error)) from error

    def get_source_files(self) -> list[str]:
        """What a source distribution has beside the package: this folder, tests, benches and documentation."""
        root = KERNELS.parent
        found = [path for folder in ("kernels", "tests", "bench", "fastact/docs", ".github") for path in sorted((root / folder).rglob("*"))]
        told = [path.relative_to(root) for path in (*found, root / "CITATION.cff") if path.is_file()]
        return [str(path) for path in told if path.suffix not in {".pyc", ".so"} and "functions" not in path.parts]
