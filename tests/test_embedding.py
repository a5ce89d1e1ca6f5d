"""Scalars in the user's own compiled code; C functions by address from ctypes, cffi, Cython, SciPy and C: always the same bits."""

from __future__ import annotations

import ctypes
import itertools
import math
import os
import pickle
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
from numba import guvectorize, njit, prange, vectorize
from numba.core.errors import TypingError

import fastact as fa

EXAMPLES = Path(fa.__file__).parent / "docs" / "examples"
SIZE, PLACE = ctypes.c_ssize_t, ctypes.c_void_p
silu, leaky_relu, grad = fa.silu.scalar, fa.leaky_relu.scalar, fa.silu.scalar_grad
clamped = fa.clamped_swiglu.scalar

COMPILER = shutil.which(os.environ.get("CC", "cc"))
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler")


def values(dtype: str, activation: Any = fa.silu) -> Any:
    return np.concatenate([edges(dtype, activation), uniform_bits(dtype, 2000, 1, finite=False), ordinary(dtype, 3000)])


@pytest.mark.parametrize("options", [{"fastmath": True}, {"parallel": True, "fastmath": True, "nogil": True}], ids=str)
def test_njit(options: dict[str, Any]) -> None:
    def loop(x: Any, y: Any, d: Any) -> None:
        for i in prange(x.size):
            y[i] = silu(x[i])
            d[i] = grad(x[i])[1]

    compiled = njit(**options)(loop)
    for dtype in ("float32", "float64"):
        x = values(dtype)
        y, d = np.empty_like(x), np.empty_like(x)
        compiled(x, y, d)
        same_bits(y, fa.silu(x))
        same_bits(d, fa.silu.derivative(x))


def test_vectorize_and_guvectorize() -> None:
    x = values("float32")
    one = vectorize(["float32(float32)", "float64(float64)"])(lambda v: silu(v))  # noqa: PLW0108
    many = guvectorize(["void(float32[:], float32[:])"], "(n)->(n)")(_fill)
    with np.errstate(all="ignore"):
        same_bits(one(x), fa.silu(x))
        same_bits(many(x), fa.silu(x))


def _fill(x: Any, y: Any) -> None:
    for i in range(x.size):
        y[i] = silu(x[i])


def test_arguments() -> None:
    a, b = ordinary("float64", (2, 20))

    @njit
    def all_ways(x: float, y: float) -> tuple[float, ...]:
        return (
            leaky_relu(x),
            leaky_relu(x, 0.3),
            leaky_relu(slope=0.3, x=x),
            clamped(x, y),
            clamped(x, b=y, limit=3),
            clamped(x, y, 3.0, 1.5, 0),
        )

    for x, y in zip(a, b, strict=True):
        gate = fa.clamped_swiglu
        expected = fa.leaky_relu(x), fa.leaky_relu(x, 0.3), fa.leaky_relu(x, 0.3), gate(x, y), gate(x, y, 3), gate(x, y, 3, 1.5, 0)
        assert all_ways(x, y) == expected
        assert leaky_relu(x, slope=0.3) == expected[1]
        assert clamped(x, y, limit=3.0) == expected[4]
    assert njit(lambda k: silu(k))(3) == fa.silu(3.0)  # noqa: PLW0108
    assert njit(lambda k: silu(k))(True) == fa.silu(1.0)  # noqa: PLW0108
    assert pickle.loads(pickle.dumps(silu)) is silu
    assert repr(leaky_relu) == "<fastact leaky_relu.scalar(x, slope=0.01)>"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: leaky_relu(x, 1.0, 2.0), "leaky_relu.scalar: too many positional arguments; accepted is (x, slope=0.01)"),
        (lambda x: leaky_relu(x, beta=1.0), "leaky_relu.scalar: got an unexpected keyword argument 'beta'"),
        (lambda x: silu((x, x)), "silu.scalar: x is of type UniTuple(float64 x 2); accepted are numbers"),
    ],
)
def test_mistakes(call: Any, message: str) -> None:
    with pytest.raises(TypingError) as caught:
        njit(call)(1.0)
    assert message in str(caught.value)


MINE = """
import numpy as np, sys, fastact as fa
from numba import njit
grad = fa.gelu.scalar_grad
@njit(cache=True)
def both(x):
    return grad(x)
y, d = both(0.7)
assert (y, d) == (fa.gelu(0.7), fa.gelu.derivative(0.7))
sys.exit(10 + sum(both.stats.cache_hits.values()))
"""


def test_the_users_function_is_cached(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    codes = [subprocess.run([sys.executable, tmp_path / "mine.py"], env=environment, check=False).returncode for _ in range(2)]
    assert codes == [10, 11]


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
        operands = [values(dtype)[::20] for _ in f.record.operands]
        kinds = [number] * (len(operands) + len(params))
        y = function(f.address(dtype, scalar=True), *kinds, returns=number)
        d = function(f.address(dtype, "derivative", scalar=True), *kinds, returns=number)
        expected = f.derivative(*operands, *params)
        rows = list(zip(*operands, strict=True))
        same_bits(np.array([y(*map(float, row), *params) for row in rows], dtype), f(*operands, *params))
        same_bits(np.array([d(*map(float, row), *params) for row in rows], dtype), expected[0] if len(operands) > 1 else expected)


def test_mistaken_addresses() -> None:
    for call, message in (
        (lambda: fa.gelu.address("float128"), "gelu.address: dtype is 'float128'; accepted are float16"),
        (
            lambda: fa.gelu.address("float16", scalar=True),
            "gelu.address: dtype is 'float16'; accepted beside scalar=True are float32, float64",
        ),
        (lambda: fa.swiglu.address("float32", "sideways"), "swiglu.address: direction is 'sideways'; accepted are forward, backward"),
        (lambda: fa.hardmax.address("float32", "backward"), "hardmax.address: direction is 'backward'; accepted are forward"),
    ):
        with pytest.raises((TypeError, ValueError), match=message.replace(".", r"\.")):
            call()


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


def test_nan_and_infinity_by_address() -> None:
    one = function(fa.gelu.address("float64", scalar=True), ctypes.c_double, returns=ctypes.c_double)
    assert math.isnan(one(math.nan))
    assert one(-math.inf) == 0
