"""Kernels that come with the wheel: texts in groups that are compressed together, found by the hash of what they were made from.

A build with FASTACT_PACK_PTX=1 in the environment makes the archive, which is in no repository. A text is found only under the hash
of the very code that would be compiled in its place, so an archive that is out of date is one in which nothing is found.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import os
import re
import sys
import tempfile
from pathlib import Path

ARCHIVE = Path(__file__).with_name("kernels.pack")
GROUP = 1 << 20
"""Characters that are compressed together: enough to find what kernels share, few enough to be quick to read."""

_KEY = 32
_ENTRY = re.compile(r"\.entry (\w+)")
_REGISTER = re.compile(r"%([a-z]+)(-?\d+)")

Archive = tuple[dict[str, tuple[int, int, int]], list[tuple[int, int]], bytes]
"""By key: group, and where in it the text starts and ends; where the groups start and end; the file."""


def find(key: str) -> str | None:
    """The text under a key, or None. An archive that is not there, or not whole, holds nothing."""
    archive = _open(ARCHIVE)
    if archive is None or key[:_KEY] not in archive[0]:
        return None
    number, start, stop = archive[0][key[:_KEY]]
    return _absolute(_group(ARCHIVE, number)[start:stop])


@functools.cache
def _open(path: Path) -> Archive | None:
    """The archive: a hash of all that follows, the length of the index, the index, the groups."""
    try:
        import lzma

        data = path.read_bytes()
    except (OSError, ImportError):  # not there; a Python without liblzma
        return None
    if hashlib.sha256(data[32:]).digest() != data[:32]:
        return None
    end = 36 + int.from_bytes(data[32:36], "little")
    places, sizes = json.loads(lzma.decompress(data[36:end]))
    ends = [end]
    for size in sizes:
        ends.append(ends[-1] + size)
    return {key: (group, start, stop) for key, (group, start, stop) in places.items()}, list(itertools.pairwise(ends)), data


@functools.lru_cache(8)
def _group(path: Path, number: int) -> str:
    import lzma

    archive = _open(path)
    assert archive is not None
    start, stop = archive[1][number]
    return lzma.decompress(archive[2][start:stop]).decode()


def _relative(text: str) -> str:
    """The text with each register's number less that of the last one of its kind, by which repeated code looks the same."""
    last: dict[str, int] = {}

    def less(found: re.Match[str]) -> str:
        kind, number = found[1], int(found[2])
        before, last[kind] = last.get(kind, 0), number
        return f"%{kind}{number - before}"

    return _REGISTER.sub(less, text)


def _absolute(text: str) -> str:
    """The text that `_relative` was given."""
    last: dict[str, int] = {}

    def more(found: re.Match[str]) -> str:
        kind = found[1]
        last[kind] = last.get(kind, 0) + int(found[2])
        return f"%{kind}{last[kind]}"

    return _REGISTER.sub(more, text)


def write(path: Path, texts: dict[str, str]) -> None:
    """Make an archive of texts by key. The order of texts does not matter: kernels of similar names lie together."""
    import lzma

    places: dict[str, tuple[int, int, int]] = {}
    groups = [""]
    for key, text in sorted(texts.items(), key=lambda item: (_name(item[1]), item[0])):
        relative = _relative(text)
        assert _absolute(relative) == text
        if groups[-1] and len(groups[-1]) + len(relative) > GROUP:
            groups.append("")
        places[key[:_KEY]] = len(groups) - 1, len(groups[-1]), len(groups[-1]) + len(relative)
        groups[-1] += relative
    small = [lzma.compress(group.encode(), preset=9) for group in groups]
    index = lzma.compress(json.dumps([places, [len(group) for group in small]]).encode(), preset=9)
    data = b"".join([len(index).to_bytes(4, "little"), index, *small])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(hashlib.sha256(data).digest() + data)


def _name(text: str) -> str:
    found = _ENTRY.search(text)
    return found[1] if found else ""


def make(archive: Path) -> tuple[int, int]:
    """Compile every kernel and write the archive; return how many there are, and the length of their texts."""
    from fastact import cache, warm

    with tempfile.TemporaryDirectory() as folder:
        os.environ["FASTACT_CACHE_DIR"] = folder
        warm.compile_all("cuda", lambda done, total: None)
        texts = {name.split(".")[0]: (cache.read("ptx", name) or b"").decode() for name in cache.names("ptx")}
    write(archive, texts)
    return len(texts), sum(map(len, texts.values()))


if __name__ == "__main__":
    made = make(Path(sys.argv[1]))
    print(f"{made[0]} kernels, {made[1]} characters, {Path(sys.argv[1]).stat().st_size} bytes")
