"""Files of the cache: whole or made again, of this machine, in nobody else's reach, and never in the way."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import config, types

import fastact as fa
from fastact import cache
from fastact.cpu import jitted, loops, target


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


def test_a_whole_file_that_cannot_be_loaded_is_made_again(folder: Path, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    path = entry(folder)
    whole = path.read_bytes()
    cache.keep("cpu", path.name, "fastact_relu_forward_float32", b"no object")
    monkeypatch.setattr(target, "_loaded", {})
    build()
    assert len(made) == 2
    assert path.read_bytes() == whole


def test_the_folder_may_begin_as_in_shells(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("FASTACT_CACHE_DIR", "~/kept")
    assert cache.folder("cpu") == tmp_path / "kept" / "cpu"


def test_numba_without_its_compiler_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "DISABLE_JIT", True)
    with pytest.raises(RuntimeError, match="NUMBA_DISABLE_JIT"):
        jitted.address(lambda: None, types.void())


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
