"""Beside PyTorch's OpenMP on every threading layer, before it and after it; and on CPUs without FMA, AVX and conversions of float16."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import ordinary, same_bits, uniform_bits
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

import fastact as fa
from fastact.cpu import features, half

HERE = Path(__file__).parent
LIBRARIES = f"{Path(sys.prefix) / 'lib'}{os.pathsep}{os.environ.get('LD_LIBRARY_PATH', '')}"
"""Where pip puts tbb, in which the dynamic linker does not look by itself."""
BESIDE = """
import os, sys, threading
for name in sys.argv[1:]:
    __import__(name)
import numpy as np, torch, fastact as fa
x = np.random.default_rng(0).normal(0, 3, 1 << 17).astype(np.float32)
mine, theirs, tensor = fa.gelu(x), torch.tanh(torch.from_numpy(x)), torch.from_numpy(x)

def work(right):
    for _ in range(5):
        right.append((fa.gelu(x) == mine).all() and torch.equal(torch.tanh(tensor), theirs))

right = []
threads = [threading.Thread(target=work, args=(right,)) for _ in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
work(right)
assert len(right) == 25 and all(right)
if hasattr(os, "fork"):
    child = os.fork()
    if child == 0:
        os._exit(0 if (fa.gelu(x) == mine).all() else 1)
    assert os.waitpid(child, 0)[1] == 0
work(right)
assert all(right)
"""


@pytest.mark.parametrize(("layer", "order"), [("omp", "torch"), ("omp", "fastact"), ("tbb", "torch")])
def test_beside_torch(layer: str, order: str) -> None:
    """Large calls of both, from several threads, and after a fork."""
    pytest.importorskip("torch")
    if layer == "tbb" and not list((Path(sys.prefix) / "lib").glob("libtbb.so.*")):
        pytest.skip("tbb is not installed")
    names = ["torch", "fastact"] if order == "torch" else ["fastact", "torch"]
    told = {"NUMBA_THREADING_LAYER": layer, "NUMBA_NUM_THREADS": "4", "PYTHONPATH": os.pathsep.join(sys.path), "LD_LIBRARY_PATH": LIBRARIES}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", BESIDE, *names], env={**os.environ, **told}, timeout=300, check=False)
    assert done.returncode == 0


def digests() -> list[str]:
    """Of results of several kinds of loop; NaN is left out."""
    x, y = (np.concatenate([uniform_bits(name, 2000, 1), ordinary(name, 2000)]) for name in ("float16", "float32"))
    rows = ordinary("float16", (20, 100))
    results: list[Any] = [fa.relu(x), fa.gelu.backward(x[::-1].copy(), x), fa.softmax(rows), fa.gelu(y), fa.snake(y, 1.5)]
    return [hashlib.sha256(np.where(np.isnan(r), np.zeros((), r.dtype), r).tobytes()).hexdigest()[:12] for r in results]


@pytest.mark.skipif(features.target.triple().split("-")[0] != "x86_64", reason="the features are those of x86-64")
def test_without_fma_and_float16() -> None:
    """The same bits on the first CPU of 64 bits: fma by the C library, float16 by integers, vectors of 16 bytes."""
    told = {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "", "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    code = "import test_other_runtimes as t; from fastact.cpu.features import features as f; print(f().fma, f().half, *t.digests())"
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, env={**os.environ, **told}, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["False", "False", *digests()]


def on_arrays(emit: Callable[[Any, Any], Any], source: Any, target: Any, given: Any, made: Any) -> Any:
    """What `emit` makes of each element of an array of bits."""

    @intrinsic
    def one(typing: Any, bits: Any) -> Any:
        def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.bitcast(emit(builder, builder.bitcast(arguments[0], given)), made)

        return target(source), lower

    def loop(x: Any, y: Any) -> None:
        for i in range(x.size):
            y[i] = one(x[i])

    return njit(loop)


def test_float16_by_integers() -> None:
    """All of float16, and float32 of any kind and next to where it is rounded another way, as NumPy converts them."""
    widen = on_arrays(half.by_integers, types.uint16, types.uint32, ir.HalfType(), ir.IntType(32))
    narrow = on_arrays(half.rounded_by_integers, types.uint32, types.uint16, ir.FloatType(), ir.IntType(16))
    x = np.arange(2**16, dtype=np.uint16)
    y = np.empty(2**16, np.uint32)
    widen(x, y)
    with np.errstate(all="ignore"):
        same_bits(y.view(np.float32), x.view(np.float16).astype(np.float32))
        exact = x.view(np.float16).astype(np.float32)
        halfway = (exact[:-1] + exact[1:]) / 2
        points = np.concatenate([exact, halfway, np.nextafter(halfway, np.float32(0)), np.nextafter(halfway, np.float32(np.inf))])
        points = np.concatenate([points, uniform_bits("float32", 200_000, 1, finite=False), np.float32([65519.996, 65520, 6e-8, 2.98e-8])])
        expected = points.astype(np.float16)
    found = np.empty(points.size, np.uint16)
    narrow(points.view(np.uint32), found)
    same_bits(found.view(np.float16), expected)


def test_features() -> None:
    told = features.features()
    assert told.cpu
    assert told.vectors
    assert len(told.meaning()) == (not told.fma) + (not told.half)
    assert len(features.Features("old", "SSE2", fma=False, half=False).meaning()) == 2
