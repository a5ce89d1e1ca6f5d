"""What is compiled is found again by other processes, without Numba and with the same bits; processes do not disturb each other."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import llvmlite.binding as llvm
import pytest

from fastact import cache

CALLS = """
import hashlib, sys
import numpy as np
import fastact as fa
from numba.core import base, codegen
from fastact.cpu import target
done = []
refresh, finalize, make = base.BaseContext.refresh, codegen.CPUCodeLibrary.finalize, target.compile_object
base.BaseContext.refresh = lambda self: (done.append("context"), refresh(self))[1]
codegen.CPUCodeLibrary.finalize = lambda self: (done.append(self.name), finalize(self))[1]
target.compile_object = lambda *given: (done.append(given[1]), make(*given))[1]
x, bits = np.linspace(-3, 3, 1000, dtype=np.float32), hashlib.sha256()
large, wide = np.resize(x, 100_000), np.resize(x, (64, 100))
def add(*results):
    for r in results:
        bits.update(np.ascontiguousarray(r).tobytes())
"""
EVERYTHING = """
for dtype in ("float16", "float32", "float64"):
    v = x.astype(dtype)
    add(fa.gelu(v), fa.gelu.backward(v, v), fa.gelu.derivative(v), *fa.gelu.value_and_grad(v))
add(fa.gelu(x.astype(np.longdouble))[::50].astype(float), fa.gelu(large), fa.gelu(wide.T), fa.gelu(x[::3]), fa.gelu(x, bias=x))
add(*fa.prelu.backward(x, x, 0.25), fa.leaky_relu(x, x), fa.softmax(x), fa.softmax(wide, axis=0), fa.softmax.backward(x, x))
add(fa.swiglu(x, x), *fa.swiglu.backward(x, x, x), fa.dropout(x, rng=3), fa.maxout(x, 4), fa.crelu(x))
add(fa.activation_stats(x, fa.gelu).mean)
"""
TOLD = """
print(bits.hexdigest(), len(done), "context" in done, done)
"""


def run(program: str, **environment: str) -> list[str]:
    """What a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.split(maxsplit=3)


def test_a_new_process_compiles_nothing_and_gives_the_same_bits(tmp_path: Path) -> None:
    """Nor does it start Numba's compiler, whose start alone takes longer than all of this."""
    first = run(CALLS + EVERYTHING + TOLD, FASTACT_CACHE_DIR=str(tmp_path))
    again = run(CALLS + EVERYTHING + TOLD, FASTACT_CACHE_DIR=str(tmp_path))
    assert int(first[1]) > 40
    assert first[2] == "True"
    assert again[1:3] == ["0", "False"], again
    assert again[0] == first[0]
    assert not list(tmp_path.rglob("*.part"))


def test_machine_code_is_the_same_in_every_process(tmp_path: Path) -> None:
    """And names nothing outside itself but what it is given when it is loaded."""
    program = CALLS + "add(fa.gelu(large), fa.gelu(x.astype('g')), fa.softmax(x), fa.dropout(x, rng=3))"
    folders = [tmp_path / "one", tmp_path / "other"]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda f: run(program + TOLD, FASTACT_CACHE_DIR=str(f)), folders))
    one, other = ({p.name: p.read_bytes() for p in (f / "cpu").iterdir()} for f in folders)
    assert len(one) > 8
    assert one == other
    for data in one.values():
        sections = llvm.ObjectFileRef.from_data(data.partition(b"\n")[2])
        assert any(section.is_text() for section in sections.sections())


def test_the_processor_that_numba_is_told_of_counts(tmp_path: Path) -> None:
    program = "from fastact.cpu import target\nprint(*target.description()[3:5], 0, 0)"
    assert run(program, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="+sse2")[:2] == ["generic", "+sse2"]


def test_a_process_that_is_killed_leaves_no_broken_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = """
import os, pathlib, signal
import fastact as fa, numpy as np
pathlib.Path.replace = lambda *given: os.kill(os.getpid(), signal.SIGKILL)
fa.relu(np.ones(8, np.float32))
"""
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, "FASTACT_CACHE_DIR": str(tmp_path)}, check=False, timeout=120)
    assert done.returncode != 0
    assert all(p.name.endswith(".part") for p in (tmp_path / "cpu").iterdir())
    again = CALLS + "add(fa.relu(x))" + TOLD
    assert run(again, FASTACT_CACHE_DIR=str(tmp_path))[1] != "0"
    assert run(again, FASTACT_CACHE_DIR=str(tmp_path))[1] == "0"
    monkeypatch.setenv("FASTACT_CACHE_DIR", str(tmp_path))
    cache.clear()
    assert not list((tmp_path / "cpu").iterdir())


def test_processes_that_start_at_once_share_a_folder(tmp_path: Path) -> None:
    program = CALLS + "add(fa.gelu(x), fa.softmax(x))" + TOLD
    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(lambda _: run(program, FASTACT_CACHE_DIR=str(tmp_path)), range(3)))
    assert len({t[0] for t in told}) == 1
    assert run(program, FASTACT_CACHE_DIR=str(tmp_path))[1] == "0"
    assert not list(tmp_path.rglob("*.part"))
