"""Kernels made ahead: the archive of the wheel, the cache on disk, the command; and that none of it is touched without need."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import fastact as fa
from fastact import cache, cli, warm
from fastact.cuda import catalogue, pack, target
from fastact.cuda.elementwise import flat

CHOSEN = [(fa.relu, "forward", "float32"), (fa.relu, "backward", "bfloat16"), (fa.sigmoid, "forward", "float64")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no archive, and kernels that are made anew."""
    monkeypatch.setenv("FASTACT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(pack, "ARCHIVE", tmp_path / "kernels.pack")
    return tmp_path


def build(activation: fa.Activation, direction: Any, dtype: str) -> str:
    """The text of a kernel, past the cache of this process."""
    return flat.__wrapped__(activation.record, direction, dtype).ptx


def few() -> list[Any]:
    return [lambda case=case: build(*case) for case in CHOSEN]


@pytest.fixture
def packed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The texts of a few kernels, which lie in an archive and nowhere else; the compiler refuses."""
    monkeypatch.setattr(catalogue, "kernels", few)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    texts = {" ".join([a.name, *rest]): build(a, *rest) for a, *rest in CHOSEN}
    count, length = pack.make(folder / "kernels.pack")
    assert (count, length) == (len(CHOSEN), sum(map(len, texts.values())))
    pack._open.cache_clear()
    monkeypatch.setenv("FASTACT_CACHE_DIR", str(folder / "other"))
    monkeypatch.setattr(target, "compile_ptx", refuse)
    return texts


def refuse(source: str) -> str:
    raise AssertionError("compiled")


def test_packed_kernels_need_no_compiler_and_no_cache(folder: Path, packed: dict[str, str]) -> None:
    assert {" ".join([a.name, *rest]): build(a, *rest) for a, *rest in CHOSEN} == packed
    assert not (folder / "other").exists()


def test_what_is_not_packed_is_compiled(packed: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="compiled"):
        build(fa.gelu, "forward", "float32")


def test_an_archive_of_other_code_is_not_used(packed: dict[str, str]) -> None:
    def relu(x: Any) -> Any:
        return x + x, x

    changed = fa.Activation(dataclasses.replace(fa.relu.record, scalar=relu))
    assert changed.name == "relu"
    with pytest.raises(AssertionError, match="compiled"):
        build(changed, "forward", "float32")


def test_an_archive_for_another_target_is_not_used(packed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "CPU", "sm_90")
    with pytest.raises(AssertionError, match="compiled"):
        build(*CHOSEN[0])


def test_a_damaged_archive_never_gives_another_text(folder: Path, packed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "compile_ptx", lambda source: "made anew")
    monkeypatch.setattr(cache, "keep", lambda *given: None)
    whole, right = (folder / "kernels.pack").read_bytes(), packed["relu forward float32"]
    damaged = [whole[:-100], whole[: len(whole) // 2], b"", b"PK"]
    damaged += [whole[:k] + bytes([whole[k] ^ 0x55]) + whole[k + 1 :] for k in range(0, len(whole), len(whole) // 60)]
    seen = set()
    damaged.append(whole)
    for k, data in enumerate(damaged):
        path = folder / f"{k}.pack"
        path.write_bytes(data)
        monkeypatch.setattr(pack, "ARCHIVE", path)
        text = build(*CHOSEN[0])
        assert text in (right, "made anew")
        seen.add(text)
    assert seen == {right, "made anew"}


def test_texts_are_kept_on_disk_and_a_damaged_one_is_made_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = build(*CHOSEN[0])
    (path,) = (folder / "cache" / "ptx").iterdir()
    path.write_bytes(path.read_bytes()[:-20])
    assert build(*CHOSEN[0]) == text
    monkeypatch.setattr(target, "compile_ptx", refuse)
    assert build(*CHOSEN[0]) == text


def test_the_command_compiles_the_catalogue(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(catalogue, "kernels", few)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert cli.main(["warmup", "--cuda"]) == 0
    assert len(cache.names("ptx")) == len(CHOSEN)
    told = capsys.readouterr().out
    assert f"{len(CHOSEN)} CUDA kernels" in told
    assert f"{len(CHOSEN)} files" in told


def test_workers_share_the_work(folder: Path) -> None:
    assert len(catalogue.kernels()) > 1000
    told: list[tuple[int, int]] = []
    counted = warm.compile_all("cuda", lambda done, total: told.append((done, total)), processes=2, most=20)
    assert counted == 20 == len(cache.names("ptx"))
    assert told[0] == (0, 20)
    assert told[-1] == (20, 20)


def test_an_interrupted_command_says_that_it_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def interrupted(*arguments: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(warm, "compile_all", interrupted)
    assert cli.main(["warmup", "--cuda"]) == 130
    assert "goes on from there" in capsys.readouterr().err


def test_the_command_refuses_a_folder_that_keeps_nothing(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("FASTACT_CACHE_DIR", os.devnull)
    assert cli.main(["warmup", "--cuda"]) == 1
    assert "nothing can be kept" in capsys.readouterr().err


def test_no_home_is_no_hindrance(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("FASTACT_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", missing)
    assert ".entry" in build(*CHOSEN[0])


def test_a_build_packs_when_it_is_told_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setuptools = pytest.importorskip("setuptools")
    pytest.importorskip("cffi")
    from kernels.pack import ARCHIVE, BuildPack

    command = BuildPack(setuptools.Distribution({"packages": []}))
    command.build_lib = str(folder)
    command.ensure_finalized()
    monkeypatch.setattr(command, "run_command", lambda name: None)
    seen: list[Any] = []

    def compiled(arguments: Any, **options: Any) -> Any:
        seen.append((arguments, options))
        return subprocess.CompletedProcess(arguments, status)

    monkeypatch.setattr(subprocess, "run", compiled)
    archive = folder / ARCHIVE
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"of an earlier build")
    monkeypatch.delenv("FASTACT_PACK_PTX", raising=False)
    command.run()
    assert not archive.exists()
    assert not seen
    monkeypatch.setenv("FASTACT_PACK_PTX", "1")
    status = 0
    command.run()
    assert seen[0][0][1:] == ["-m", "fastact.cuda.pack", str(archive)]
    assert seen[0][1]["env"]["PYTHONPATH"].startswith(str(folder))
    status = 1
    with pytest.raises(Exception, match="no-build-isolation"):
        command.run()


def test_importing_fastact_and_calling_it_on_numpy_arrays_imports_nothing_of_cuda() -> None:
    code = """
import sys, numpy as np, fastact as fa
x = np.ones(5, np.float32)
for f in (fa.gelu, fa.prelu):
    f(x), f(x, out=x), f.backward(x, x), f.derivative(x), f.value_and_grad(x)
fa.softmax(x), fa.swiglu(x, x), fa.dropout(x, rng=1)
print([name for name in sys.modules if name.startswith(("fastact.cuda", "cuda", "numba.cuda.cudadrv.driver", "torch", "cupy"))])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
