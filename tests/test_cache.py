"""What is compiled is kept from process to process: found again without Numba, never stale, never broken, never in the way."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest

import fastact as fa
from fastact import cache
from fastact.cpu import loops, target

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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, for code that this process has not loaded."""
    monkeypatch.setenv("FASTACT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(target, "_loaded", {})
    return tmp_path / "cpu"


def entry(folder: Path) -> Path:
    """The one file of the cache."""
    (found,) = folder.iterdir()
    return found


def build(name: str = "relu") -> int:
    return loops.compile_kernel(getattr(fa, name).record, "forward", "float32").address


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what is compiled."""
    names: list[str] = []
    compile_object = target.compile_object

    def told(source: str, name: str, more: Any = ()) -> bytes:
        names.append(name)
        return compile_object(source, name, more)

    monkeypatch.setattr(target, "compile_object", told)
    return names


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


def test_a_file_that_is_not_whole_is_made_again(folder: Path, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    path = entry(folder)
    whole = path.read_bytes()
    flipped = whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:]
    for data in (b"", b"x", whole[:-1], whole[: len(whole) // 2], flipped, b"fastact" + whole, whole + b"\0", b"\n" + whole):
        path.write_bytes(data)
        monkeypatch.setattr(target, "_loaded", {})
        made.clear()
        build()
        assert made == ["fastact_relu_forward_float32"]
        assert path.read_bytes() == whole
    monkeypatch.setattr(target, "_loaded", {})
    made.clear()
    build()
    assert made == []


def test_a_file_under_another_name_is_not_used(folder: Path, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    build("relu")
    path = entry(folder)
    build("relu6")
    (other,) = (p for p in folder.iterdir() if p != path)
    other.write_bytes(path.read_bytes())
    monkeypatch.setattr(target, "_loaded", {})
    made.clear()
    build("relu6")
    assert made == ["fastact_relu6_forward_float32"]


@pytest.mark.parametrize("part", range(5))
def test_code_for_another_machine_or_compiler_is_not_used(
    folder: Path, made: list[str], monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    build()
    other = tuple(f"{text}x" if k == part else text for k, text in enumerate(target.description()))
    assert len(other) == 6
    monkeypatch.setattr(target, "description", lambda: other)
    monkeypatch.setattr(target, "_loaded", {})
    build()
    assert len(made) == 2


def test_the_processor_that_numba_is_told_of_counts(tmp_path: Path) -> None:
    program = "from fastact.cpu import target\nprint(*target.description()[3:5], 0, 0)"
    assert run(program, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="+sse2")[:2] == ["generic", "+sse2"]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX")
def test_a_folder_in_others_reach_is_not_trusted(folder: Path, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(entry(folder).stat().st_mode) == 0o600
    for path in (folder, entry(folder)):
        before = path.stat().st_mode
        for mode in (0o020, 0o002):
            path.chmod(before | mode)
            monkeypatch.setattr(target, "_loaded", {})
            made.clear()
            build()
            assert len(made) == 1
        path.chmod(before)
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    if folder.stat().st_uid:
        made.clear()
        monkeypatch.setattr(target, "_loaded", {})
        build()
        assert len(made) == 1


def test_where_nothing_can_be_kept_nothing_is(tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in place of the folder, no home, a device, a name that cannot be, and switched off."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    for given in (str(blocked), os.devnull, "/proc/nowhere", "a\0b", "off"):
        monkeypatch.setattr(os, "environ", {**os.environ, "FASTACT_CACHE_DIR": given})
        monkeypatch.setattr(target, "_loaded", {})
        made.clear()
        build()
        assert len(made) == 1
        assert cache.usable("cpu")
        assert cache.summary()["entries"] == 0
    assert cache.summary()["folder"] is None
    assert not Path("off").exists()
    assert list(tmp_path.iterdir()) == [blocked]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_a_folder_that_cannot_be_written_to_is_read(folder: Path, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    folder.chmod(0o500)
    monkeypatch.setattr(target, "_loaded", {})
    build()
    build("relu6")
    folder.chmod(0o700)
    assert made == ["fastact_relu_forward_float32", "fastact_relu6_forward_float32"]
    entry(folder)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def full(*given: Any) -> Any:
        raise error

    monkeypatch.setattr(Path, "replace", full)
    if isinstance(error, OSError):
        build()
    else:
        with pytest.raises(KeyboardInterrupt):
            build()
    assert not list(folder.iterdir())


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


def test_summary_and_clear(folder: Path) -> None:
    build()
    build("relu6")
    told = cache.summary()
    assert told["folder"] == str(folder.parent)
    assert told["entries"] == 2 == told["by_kind"]["cpu"]["entries"]
    assert told["bytes"] == sum(p.stat().st_size for p in folder.iterdir())
    assert cache.labels("cpu") == ["fastact_relu6_forward_float32", "fastact_relu_forward_float32"]
    assert cache.clear() == 2
    assert not list(folder.iterdir())
    np.testing.assert_array_equal(fa.relu(np.ones(3, np.float32)), 1)
