"""What was compiled, kept on disk from process to process: machine code for the CPU, texts for CUDA.

A file is named by a hash of all that it was made from, so what is found is never stale. It carries a hash of what it holds, is written
beside its place and moved there, and is made again when it is not whole. Where nothing can be kept, nothing is.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

KINDS = ("cpu", "ptx")
OFF = "off"
_PART = ".part"
_MAGIC = b"fastact"


def folder(kind: str) -> Path | None:
    """Where files of a kind are kept: below `FASTACT_CACHE_DIR`, or the user's cache folder; None where that is switched off."""
    given = os.environ.get("FASTACT_CACHE_DIR")
    if given:
        return None if given == OFF else _expanded(Path(given)) / kind
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or _home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or _home() / ".cache")
    return base / "fastact" / kind


def _expanded(path: Path) -> Path:
    """With ~ as shells read it; as it is where there is no such folder."""
    with contextlib.suppress(RuntimeError):
        return path.expanduser()
    return path


def _home() -> Path:
    """The user's folder; where there is none, a place in which nothing can be kept."""
    try:
        return Path.home()
    except RuntimeError:
        return Path(os.devnull)


def digest(parts: Sequence[str]) -> str:
    """A hash of several texts in their order."""
    made = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")
        made.update(len(data).to_bytes(8, "little") + data)
    return made.hexdigest()


def _ours(status: os.stat_result) -> bool:
    """Whether only this user, or the superuser, can have written what has this status."""
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def read(kind: str, name: str) -> bytes | None:
    """What a file holds, if it is there, whole, and in nobody else's reach."""
    place = folder(kind)
    if place is None:
        return None
    try:
        if not _ours(place.stat()):
            return None
        with (place / name).open("rb") as file:
            if not _ours(os.fstat(file.fileno())):
                return None
            head, _, data = file.read().partition(b"\n")
    except (OSError, ValueError):
        return None
    return data if head.startswith(_check(name, data)) else None


def _check(name: str, data: bytes) -> bytes:
    return b"%s %s " % (_MAGIC, hashlib.sha256(name.encode() + b"\n" + data).hexdigest().encode())


def keep(kind: str, name: str, label: str, data: bytes) -> None:
    """Write a file, whole or not at all; `label` says in a line what it is."""
    place = folder(kind)
    if place is None:
        return
    with contextlib.suppress(OSError, ValueError):
        _make(place)
        if not _ours(place.stat()):
            return
        handle, part = tempfile.mkstemp(_PART, dir=place)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_check(name, data) + " ".join(label.split()).encode() + b"\n" + data)
            Path(part).replace(place / name)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise


def _make(place: Path) -> None:
    """Make a folder that only this user can write to, and those above it."""
    if not place.is_dir():
        place.parent.mkdir(0o700, parents=True, exist_ok=True)
        place.mkdir(0o700, exist_ok=True)


def usable(kind: str) -> str:
    """Why nothing can be kept, or an empty text."""
    place = folder(kind)
    if place is None:
        return "FASTACT_CACHE_DIR is off"
    try:
        _make(place)
        tempfile.TemporaryFile(dir=place).close()
        return "" if _ours(place.stat()) else "others than its user can write to it"
    except (OSError, ValueError) as error:
        return str(error)


def _files(kind: str) -> Iterator[os.DirEntry[str]]:
    place = folder(kind)
    if place is not None:
        with contextlib.suppress(OSError, ValueError), os.scandir(place) as entries:
            yield from (entry for entry in entries if entry.is_file(follow_symlinks=False))


def names(kind: str) -> list[str]:
    """The names of the files of a kind."""
    return sorted(entry.name for entry in _files(kind) if not entry.name.endswith(_PART))


def labels(kind: str) -> list[str]:
    """What the files of a kind are, as they say themselves."""
    found = []
    for entry in _files(kind):
        with contextlib.suppress(OSError), Path(entry.path).open("rb") as file:
            magic, _, rest = file.readline(4096).decode(errors="replace").partition(" ")
            if magic == _MAGIC.decode():
                found.append(rest.partition(" ")[2].strip())
    return sorted(found)


def summary() -> dict[str, Any]:
    """The folder of the cache, and how many files of how many bytes it holds, in all and by kind.

    Returns
    -------
    dict
        ``folder`` (str, or None where the cache is switched off), ``entries``, ``bytes``, and ``by_kind`` with the latter two of each kind.
    """
    place = folder(KINDS[0])
    sizes = {kind: [entry.stat().st_size for entry in _files(kind) if not entry.name.endswith(_PART)] for kind in KINDS}
    by_kind = {kind: {"entries": len(found), "bytes": sum(found)} for kind, found in sizes.items()}
    total = {key: sum(kind[key] for kind in by_kind.values()) for key in ("entries", "bytes")}
    return {"folder": None if place is None else str(place.parent), **total, "by_kind": by_kind}


def clear() -> int:
    """Delete every file of the cache; return how many there were."""
    count = 0
    for kind in KINDS:
        for entry in list(_files(kind)):
            with contextlib.suppress(OSError):
                Path(entry.path).unlink()
                count += 1
    return count
