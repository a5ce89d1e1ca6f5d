"""What names a file of the cache changes with all that its code is made from; and the command that fills the cache."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit
from numba.extending import intrinsic

import fastact as fa
from fastact import cache, cli
from fastact.cpu import blocks, catalogue, driver, moments, sums, taken, target
from fastact.cpu.fingerprint import fingerprint
from fastact.cpu.ufunc import strided_loop_address
from fastact.numerics import f32
from fastact.rows import staging

SLOPE, TABLE, PITCH = 2.0, (1.0, (2.0, np.float32(3.0))), np.arange(3.0)
HERE = sys.modules[__name__]


def _sign(builder: Any, value: Any) -> Any:
    return builder.fneg(value)


@intrinsic
def negative(typing: Any, a: Any) -> Any:
    def lower(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return _sign(builder, given[0])

    return a(a), lower


@njit
def deepest(x: Any) -> Any:
    return x * SLOPE + TABLE[0] + PITCH[0]


@njit
def helper(x: Any, shift: float = 4.0) -> Any:
    return negative(deepest(x)) + shift


def made(scale: Any = 3.0, function: Any = None) -> Any:
    """A compiled function with a closure, which calls the others two calls down."""

    def inner(x: Any) -> Any:
        return helper(x) * scale + math.exp(x) + f32.LOG2E

    return njit(function or inner)


def code(function: Any, old: Any, new: Any) -> Any:
    """The code of a function with another constant."""
    assert old in function.__code__.co_consts
    return function.__code__.replace(co_consts=tuple(new if c == old else c for c in function.__code__.co_consts))


def test_the_same_function_has_the_same_key() -> None:
    assert fingerprint(made()) == fingerprint(made())
    assert len(fingerprint(made()) or "") == 64


def test_whatever_a_function_is_made_of_changes_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two calls down too: constants, tables, arrays, defaults, closures, bytecode, options, and the code of intrinsics."""
    found = [fingerprint(made()), fingerprint(made(scale=2.0)), fingerprint(made(scale=np.float32(3.0))), fingerprint(made(scale=3))]
    changes: list[tuple[Any, str, Any]] = [
        (HERE, "SLOPE", 2.5),
        (HERE, "SLOPE", np.float64(2.0)),
        (HERE, "TABLE", (1.0, (2.0, np.float32(4.0)))),
        (HERE, "PITCH", np.arange(4.0)),
        (HERE, "deepest", njit(fastmath=True)(deepest.py_func)),
        (HERE, "math", np),
        (f32, "LOG2E", np.float32(1.5)),
        (helper.py_func, "__defaults__", (5.0,)),
        (deepest.py_func, "__code__", (lambda x: x * SLOPE - TABLE[0] + PITCH[0]).__code__),
        (_sign, "__code__", (lambda builder, value: value).__code__),
    ]
    for target_of, name, value in changes:
        with monkeypatch.context() as patch:
            patch.setattr(target_of, name, value)
            found.append(fingerprint(made()))
    assert None not in found
    assert len(set(found)) == len(found) == 4 + len(changes)
    assert fingerprint(made()) == found[0]


def test_what_cannot_be_told_has_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects, classes, functions that Numba may know by another meaning, and arrays of objects."""
    for value in (object(), Path, lambda x: x, np.array([None]), {1: 2}, Path.cwd()):
        with monkeypatch.context() as patch:
            patch.setattr(HERE, "SLOPE", value)
            assert fingerprint(made()) is None
        assert fingerprint(made(scale=value)) is None


def test_every_piece_of_the_driver_has_a_key() -> None:
    pieces: list[Callable[..., Any]] = [driver.general, driver.launch, driver.task, blocks.run]
    pieces += [sums.accumulate, moments.values, moments.slopes, taken.run, staging.run]
    keys = [fingerprint(njit(piece)) for piece in pieces]
    assert None not in keys
    assert len(set(keys)) == len(pieces)


def _inner(x: Any) -> Any:
    return x * SLOPE


def _scalar(x: Any) -> Any:
    return _inner(x), SLOPE


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, for code that this process has not loaded."""
    monkeypatch.setenv("FASTACT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(target, "_loaded", {})
    return tmp_path / "cpu"


def test_own_activations_are_never_stale(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A constant of a helper changes, the name stays: other code, another file."""
    x = np.linspace(-2, 2, 9, dtype=np.float32)
    for count, slope in enumerate((2.0, 3.0, 2.0)):
        with monkeypatch.context() as patch:
            patch.setattr(HERE, "SLOPE", slope)
            scalar = type(_scalar)(_scalar.__code__, {**vars(HERE)}, "own")
            function = fa.define(scalar, name="own_of_cache")
            np.testing.assert_array_equal(function(x), x * np.float32(slope))
            assert sum("own_of_cache" in label for label in cache.labels("cpu")) == min(count + 1, 2)


def test_warmup_fills_the_cache_and_clears_it(folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = catalogue.kernels()
    assert len(kernels) > 1000
    assert kernels[0] is strided_loop_address
    program = "from fastact import warm; print(warm.compile_all('cpu', print, processes=1, most=18))"  # nothing is loaded in its process
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.split("\n") == ["0 18", "16 18", "18 18", "18", ""]
    assert len(cache.names("cpu")) > 18
    monkeypatch.setattr(catalogue, "kernels", lambda: kernels[:1])
    assert cli.main(["warmup"]) == 0
    assert "1 CPU loops are in" in capsys.readouterr().out
    assert cli.main(["warmup", "--clear"]) == 0
    assert "files were deleted" in capsys.readouterr().out
    assert not cache.names("cpu")
    monkeypatch.setenv("FASTACT_CACHE_DIR", "off")
    assert cli.main(["warmup"]) == 1
    assert "off" in capsys.readouterr().err


def test_the_catalogue_can_be_made(folder: Path) -> None:
    """One of each kind; the first ones are what all calls share."""
    kinds: dict[Any, Any] = {}
    for make in catalogue.kernels():
        kinds.setdefault(getattr(make, "func", make), make)
    for make in kinds.values():
        make()
    assert {"strided_loop_address", "_rows", "_losses", "compile_kernel", "_noisy", "_pieces"} <= {kind.__name__ for kind in kinds}
