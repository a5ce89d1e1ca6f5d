"""C functions by address, from ctypes, cffi, Cython, SciPy and a C program: always the bits of the array call."""

from __future__ import annotations

import ctypes
import itertools
import os
import runpy
import shlex
import shutil
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import edges, ordinary, same_bits, uniform_bits

import fastact as fa

EXAMPLES = Path(fa.__file__).parent / "docs" / "examples"
SIZE, PLACE = ctypes.c_ssize_t, ctypes.c_void_p
COMPILER = shutil.which(os.environ.get("CC", "cc"))
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler")


def function(address: int, *kinds: Any, returns: Any = None) -> Any:
    return ctypes.CFUNCTYPE(returns, *kinds)(address)


@pytest.mark.parametrize("f", fa.ROWS, ids=lambda f: f.name)
def test_rows_by_address(f: Any) -> None:
    dtype = "bfloat16" if f is fa.softmax else "float32"
    for n in (1, 200):
        x, dy = (ordinary(dtype, (7, n), s) for s in (1, 2))
        y = f(x)
        out = np.full_like(y, 7)
        function(f.address(dtype), SIZE, SIZE, PLACE, PLACE)(7, n, x.ctypes.data, out.ctypes.data)
        same_bits(out, y)
        if f.record.flat:
            continue
        change = dy[:, 0].copy() if f.record.reduces else dy
        out = np.full_like(x, 7)
        function(f.address(dtype, "backward"), SIZE, SIZE, PLACE, PLACE, PLACE)(7, n, change.ctypes.data, x.ctypes.data, out.ctypes.data)
        same_bits(out, f.backward(change, x))


def test_one_value_by_address() -> None:
    for f, params, dtype, number in ((fa.gelu, (), "float32", ctypes.c_float), (fa.swiglu, (1.5,), "float64", ctypes.c_double)):
        operands = [
            np.concatenate([edges(dtype, fa.silu), uniform_bits(dtype, 100, 1, finite=False), ordinary(dtype, 100)])
            for _ in f.record.operands
        ]
        kinds = [number] * (len(operands) + len(params))
        y = function(f.address(dtype, scalar=True), *kinds, returns=number)
        d = function(f.address(dtype, "derivative", scalar=True), *kinds, returns=number)
        expected = f.derivative(*operands, *params)
        rows = list(zip(*operands, strict=True))
        same_bits(np.array([y(*map(float, row), *params) for row in rows], dtype), f(*operands, *params))
        same_bits(np.array([d(*map(float, row), *params) for row in rows], dtype), expected[0] if len(operands) > 1 else expected)


def test_dtypes_as_numpy_takes_them() -> None:
    for f in (fa.gelu, fa.swiglu, fa.softmax):
        assert {f.address(d) for d in (np.float32, np.dtype("f4"), "f4", "float32")} == {f.address()}
    assert fa.gelu.address(np.float64, scalar=True) == fa.gelu.address("float64", scalar=True)


def test_mistaken_addresses() -> None:
    for call, message in (
        (lambda: fa.gelu.address("float99"), "gelu.address: dtype is 'float99'; accepted are float16"),
        (lambda: fa.softmax.address(None), "softmax.address: dtype is None; accepted are float16"),
        (
            lambda: fa.gelu.address("float16", scalar=True),
            "gelu.address: dtype is 'float16'; accepted beside scalar=True are float32, float64",
        ),
        (lambda: fa.swiglu.address("float32", "sideways"), "swiglu.address: direction is 'sideways'; accepted are forward, backward"),
        (lambda: fa.hardmax.address("float32", "backward"), "hardmax.address: direction is 'backward'; accepted are forward"),
    ):
        with pytest.raises((TypeError, ValueError), match=message.replace(".", r"\.")):
            call()


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # of JAX, which other tests may have imported; the child does not use it
def test_many_threads_and_a_fork() -> None:
    x = ordinary("float32", 400_000)
    expected, out = fa.gelu(x), np.empty_like(x)
    loop = function(fa.gelu.address(), SIZE, PLACE, PLACE)

    def run(start: int, stop: int) -> None:
        loop(stop - start, x.ctypes.data + 4 * start, out.ctypes.data + 4 * start)

    bounds = np.linspace(0, x.size, 9).astype(int)
    threads = [threading.Thread(target=run, args=pair) for pair in itertools.pairwise(map(int, bounds))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    same_bits(out, expected)
    if not hasattr(os, "fork"):
        return
    child = os.fork()
    if child == 0:
        out[:] = 0
        run(0, x.size)
        os._exit(int(out.tobytes() != expected.tobytes()))
    assert os.waitpid(child, 0)[1] == 0


def test_cffi() -> None:
    cffi = pytest.importorskip("cffi")
    ffi = cffi.FFI()
    loop = ffi.cast("void (*)(intptr_t, const double *, const double *, double *)", fa.elu.address("float64"))
    x = ordinary("float64", 1000)
    y = np.empty_like(x)
    loop(x.size, ffi.from_buffer("double[]", x), ffi.new("double *", 0.5), ffi.from_buffer("double[]", y, require_writable=True))
    same_bits(y, fa.elu(x, 0.5))


def test_scipy() -> None:
    """integrate.py, run."""
    pytest.importorskip("scipy.integrate")
    names = runpy.run_path(str(EXAMPLES / "integrate.py"))
    assert names["area"] == pytest.approx(float(fa.softplus(3.0) - fa.softplus(-1.0)), rel=1e-14)


@needs_compiler
def test_header() -> None:
    """It is C and C++, and a type has the operands that the loops have."""
    include = fa.get_include()
    for language, standard in (("c", "c99"), ("c++", "c++11")):
        command = [
            COMPILER,
            "-x",
            language,
            f"-std={standard}",
            "-Wall",
            "-Wextra",
            "-pedantic",
            "-Werror",
            "-fsyntax-only",
            f"-I{include}",
            "-",
        ]
        use = "#include <fastact.h>\nvoid f(fastact_backward_1_f32 *g, float *v) { g(1, v, v, v, v); }\nfastact_scalar_2_f64 *k;\n"
        use += "fastact_gate_derivative_1_f32 *s; fastact_gate_value_and_grad_3_bf16 *c;\n"
        done = subprocess.run(command, input=use, text=True, capture_output=True, check=False)
        if language == "c" or "error trying to exec" not in done.stderr:
            assert done.returncode == 0, done.stderr


@needs_compiler
def test_c_program(tmp_path: Path) -> None:
    """embed.c, built and run: four threads without Python's lock."""
    told = sysconfig.get_config_vars()
    include, library = Path(told["INCLUDEPY"]), told.get("LDVERSION", "")
    if not (include / "Python.h").exists() or not told.get("Py_ENABLE_SHARED"):
        pytest.skip("this Python cannot be embedded: it has no header files or no shared library")
    folder = told["LIBDIR"]
    flags = [
        f"-I{include}",
        f"-I{fa.get_include()}",
        f"-L{folder}",
        f"-Wl,-rpath,{folder}",
        f"-lpython{library}",
        *shlex.split(told["LIBS"]),
    ]
    command = [
        COMPILER,
        "-std=gnu11",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        EXAMPLES / "embed.c",
        "-o",
        tmp_path / "embed",
        *flags,
        "-lpthread",
    ]
    subprocess.run([str(part) for part in command], check=True)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHOME": sys.base_prefix}
    done = subprocess.run([tmp_path / "embed"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("same bits") == 2


@needs_compiler
def test_cython(tmp_path: Path) -> None:
    """embed.pyx, built and imported."""
    build = pytest.importorskip("Cython.Build")
    pytest.importorskip("setuptools")
    script = "from setuptools import setup, Extension; from Cython.Build import cythonize; "
    script += f"setup(ext_modules=cythonize(Extension('embed', ['embed.pyx'], include_dirs=[{fa.get_include()!r}]), quiet=True))"
    shutil.copy(EXAMPLES / "embed.pyx", tmp_path)
    command = [sys.executable, "-W", "ignore", "-c", script, "-q", "build_ext", "--inplace"]
    assert build
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "CFLAGS": "-O0"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    code = (
        "import embed, numpy as np, fastact as fa; x = np.linspace(-9, 9, 6000, dtype=np.float32).reshape(60, 100); y = np.empty_like(x); "
    )
    code += "embed.rows(x, y); assert y.tobytes() == fa.gelu(x).tobytes()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
