"""Threads, forks, first calls at once, and first calls that fail; whatever needs a fresh process has one."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import DIRECTIONS, call, ordinary, parameters, same_bits, trainable

import fastact
from fastact import Activation
from fastact.cpu import ufunc as ufunc_module

LIBRARIES = f"{Path(sys.prefix) / 'lib'}{os.pathsep}{os.environ.get('LD_LIBRARY_PATH', '')}"
"""Where pip puts tbb, in which the dynamic linker does not look by itself."""
LAYERS = ("omp", "tbb", "workqueue")
START = """
import faulthandler, os, signal, threading
faulthandler.dump_traceback_later(100, exit=True)
import numpy as np
import fastact as fa
from fastact import ufuncs
x = np.random.default_rng(0).uniform(-5, 5, 400_000).astype(np.float32)
spread = np.repeat(x, 2)[::2]
def all_calls(y):
    yield fa.gelu(y), fa.gelu.backward(y, y), fa.elu(y, 0.5), fa.prelu.backward(y, y)[1], fa.relu(y.reshape(2000, 200).T)
    yield ufuncs.silu(y), fa.softplus(y, np.full(y.shape, 2, np.float32)), fa.tanh.value_and_grad(y)[1]
    yield fa.dropout(y, rng=1), fa.noisy_hard_tanh.backward(y, y, rng=1)[1]
def digest(y):
    return [np.ascontiguousarray(a).tobytes() for group in all_calls(y) for a in group]
"""
FORK = """
before, count = digest(x), fa.get_num_threads()
child = os.fork()
if child == 0:
    right = digest(x) == before and digest(spread) == before and fa.get_num_threads() == 1
    try:
        fa.set_num_threads(2)
    except RuntimeError as error:
        right = right and str(error).startswith("set_num_threads: ")
    else:
        right = False
    fa.set_num_threads(1)
    os._exit(0 if right else 3)
assert os.waitpid(child, 0)[1] == 0
assert digest(x) == before and fa.get_num_threads() == count
print(count)
"""
EARLY_FORK = """
child = os.fork()
if child == 0:
    assert fa.get_num_threads() == 2
    digest(x)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(len(digest(x)))
"""
FORK_WHILE_COMPILING = """
def work():
    for f in fa.ACTIVATIONS:
        f.value_and_grad(x[:3], *[1] * sum(p.default is None for p in f.params))
fa.relu.value_and_grad(x[:3]), fa.relu.backward(x[:3], x[:3])  # imports what is imported late: Python's locks of imports are not ours
worker = threading.Thread(target=work)
worker.start()
forks = 0
while worker.is_alive() and forks < 8:
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os._exit(0 if fa.mish.backward(x[:3], x[:3]).size == 3 else 3)
    assert os.waitpid(child, 0)[1] == 0
    forks += 1
worker.join()
print(forks)
"""
AT_ONCE = """
found, gate = [None] * 8, threading.Barrier(8)
def work(k):
    gate.wait()
    found[k] = [digest(spread if k % 2 else x) for _ in range(3)]
workers = [threading.Thread(target=work, args=(k,)) for k in range(8)]
[w.start() for w in workers]
[w.join() for w in workers]
fa.set_num_threads(1)
alone = digest(x)
assert all(d == alone for many in found for d in many)
print(fa.get_num_threads())
"""


def python(program: str, **environment: str) -> str:
    given = os.environ | {"NUMBA_NUM_THREADS": "2", "LD_LIBRARY_PATH": LIBRARIES} | environment
    done = subprocess.run([sys.executable, "-c", program], env=given, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, f"{done.returncode}: {done.stderr[-2000:]}"
    return done.stdout.strip()


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest) -> str:
    program = "from numba.np.ufunc import parallel; parallel._launch_threads()"
    given = os.environ | {"NUMBA_THREADING_LAYER": request.param, "LD_LIBRARY_PATH": LIBRARIES}
    if subprocess.run([sys.executable, "-c", program], env=given, capture_output=True, check=False).returncode:
        pytest.skip(f"Numba has no {request.param} here")
    return request.param


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_fork_after_use(layer: str) -> None:
    printed = python(START + FORK, NUMBA_THREADING_LAYER=layer)
    assert printed == ("1" if layer == "workqueue" else "2")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_fork_before_use(layer: str) -> None:
    assert int(python(START + EARLY_FORK, NUMBA_THREADING_LAYER=layer)) == 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_fork_while_another_thread_compiles() -> None:
    """Without the files of earlier processes, so that every first call compiles."""
    assert int(python(START + FORK_WHILE_COMPILING, FASTACT_CACHE_DIR="off")) > 3


def test_eight_threads_at_once(layer: str) -> None:
    """Also the first call of each loop, and the start of the threads."""
    assert python(START + AT_ONCE, NUMBA_THREADING_LAYER=layer) == "1"


def test_workqueue_stays_serial() -> None:
    program = START + "digest(x)\ntry:\n    fa.set_num_threads(2)\nexcept RuntimeError as error:\n    print(fa.get_num_threads(), error)"
    expected = "1 set_num_threads: Numba's workqueue threading layer is not thread-safe; install tbb for more than one thread"
    assert python(program, NUMBA_THREADING_LAYER="workqueue") == expected


def test_threads_by_environment() -> None:
    program = START + "digest(x); from fastact.cpu import parallel; print(fa.get_num_threads(), parallel._layer == '')"
    assert python(program, FASTACT_NUM_THREADS="1") == "1 True"
    assert python(program, FASTACT_NUM_THREADS="2", NUMBA_THREADING_LAYER="omp") == "2 False"
    assert python("import fastact; print(fastact.get_num_threads())", FASTACT_NUM_THREADS="") == "2"


@pytest.mark.parametrize("given", ["0", "-1", "two", "1.5", "99999"])
def test_bad_number_by_environment(given: str) -> None:
    with pytest.raises(AssertionError) as error:
        python("import fastact", FASTACT_NUM_THREADS=given)
    assert f"ValueError: FASTACT_NUM_THREADS is {given!r}; accepted are whole numbers from 1 to 2" in str(error.value)


def test_set_and_get() -> None:
    before = fastact.get_num_threads()
    for n in (1, np.int64(2), 1):
        fastact.set_num_threads(n)
        assert fastact.get_num_threads() == n
        assert type(fastact.get_num_threads()) is int
    fastact.set_num_threads(before)


@pytest.mark.parametrize("n", [0, -1, 10**6, 1.5, "2", None, True])
def test_bad_number(n: Any) -> None:
    from numba import config

    before = fastact.get_num_threads()
    with pytest.raises(ValueError, match=r"^set_num_threads: n is .*; accepted are whole numbers from 1 to ") as error:
        fastact.set_num_threads(n)
    assert str(error.value) == f"set_num_threads: n is {n!r}; accepted are whole numbers from 1 to {config.NUMBA_NUM_THREADS}"
    assert fastact.get_num_threads() == before


def first_calls(activation: Activation, direction: str) -> list[tuple[str, Callable[[], Any], np.ndarray]]:
    """Calls that each take another way to the compiler, with the array they write to."""
    found = []
    params = [np.float32(p) for p in parameters(activation)[0]]
    flat, high = ordinary("float32", 50), ordinary("float32", (300, 301))
    for how, x in (("small", flat), ("strided", flat[::2]), ("large", high.ravel()), ("walk", high.T)):
        for bare in (False, True):
            out = np.full(x.shape, 7, np.float32)
            other = np.full_like(out, 7)
            both = (out, other) if direction == "value_and_grad" else (out,)
            if bare:
                dy = [x] * (direction == "backward")
                run = ufunc_module.make_ufunc(activation.record, direction)
                found.append((f"{how} ufunc", lambda dy=dy, x=x, both=both, run=run: run(*dy, x, *params, out=both), out))
            else:
                target = (out, None) if direction == "backward" and trainable(activation) else both if len(both) == 2 else out
                found.append((how, lambda x=x, o=target: call(activation, direction, x, *params, dy=x, out=o), out))
            if params:
                many = [np.full(x.shape, p) for p in params]
                if not bare and not trainable(activation):
                    found.append((f"{how} arrays", lambda x=x, o=target, m=many: call(activation, direction, x, *m, dy=x, out=o), out))
    return found


@pytest.mark.parametrize("activation", [fastact.silu, fastact.elu, fastact.prelu], ids=lambda a: a.name)
@pytest.mark.parametrize("kind", [KeyboardInterrupt, RuntimeError])
def test_first_call_that_fails(activation: Activation, kind: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    """It raises from the object and from the bare ufunc, nothing is written, and later calls work."""

    def fail(*args: Any, **options: Any) -> Any:
        raise kind("injected")

    for direction in DIRECTIONS:
        fresh = Activation(dataclasses.replace(activation.record, source=f"{kind.__name__} {direction}"))
        calls = first_calls(fresh, direction)
        with monkeypatch.context() as patch:
            patch.setattr(ufunc_module, "compile_kernel", fail)
            for how, function, out in calls:
                for _ in range(2):
                    with pytest.raises(kind, match="injected"):
                        function()
                np.testing.assert_array_equal(out, 7, err_msg=f"{direction} {how}")
        for how, function, out in calls:
            function()
            assert (out != 7).all(), f"{direction} {how}"
        x = ordinary("float32", 50)
        for y, z in zip(call(fresh, direction, x), call(activation, direction, x), strict=True):
            same_bits(y, z)


PIECES = """
from fastact.cpu import parallel
x = np.linspace(-3, 3, 1000, dtype=np.float32)
compile_piece = parallel._compile
def fail(*args):
    raise KeyboardInterrupt("injected")
for function in (lambda: fa.relu(x[::2]), lambda: ufuncs.relu(x[::2]), lambda: fa.relu(np.ones((300, 300), np.float32).T[::2])):
    parallel._compile = fail
    for _ in range(2):
        try:
            function()
        except KeyboardInterrupt as error:
            assert str(error) == "injected"
        else:
            raise AssertionError("not raised")
parallel._compile = compile_piece
assert (fa.relu(x[::2]) == np.maximum(x[::2], 0)).all()
print("raised")
"""


def test_pieces_of_the_driver_that_fail() -> None:
    assert python(START + PIECES) == "raised"
