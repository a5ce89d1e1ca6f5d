"""Kernels that come with the wheel: texts in groups that are compressed together, found by the hash of what they were made from.

A build with FASTACT_PACK_PTX=1 in the environment makes the archive, which is in no repository. A text is found only under the hash
of the very code that would be compiled in its place, so an archive that is out of date is one in which nothing is found.
"""

from __future__ import annotations

import functools
import json
import os
import re
import sys
import tempfile
import zipfile
from pathlib import Path

ARCHIVE = Path(__file__).with_name("kernels.zip")
GROUP = 1 << 18
"""Characters that are compressed together: enough to find what kernels share, few enough to be quick to read."""

_INDEX = "index.json"
_KEY = 32
_ENTRY = re.compile(r"\.entry (\w+)")

Index = dict[str, tuple[int, int, int]]
"""By key: group, and where in it the text starts and ends."""


def find(key: str, archive: Path = ARCHIVE) -> str | None:
    """The text under a key, or None. An archive that is damaged or not there holds nothing."""
    place = _index(archive).get(key[:_KEY])
    if place is None:
        return None
    number, start, stop = place
    try:
        return _group(archive, number)[start:stop]
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, _lzma_error()):
        return None


@functools.cache
def _index(archive: Path) -> Index:
    try:
        with zipfile.ZipFile(archive) as file:
            return {key: (group, start, stop) for key, (group, start, stop) in json.loads(file.read(_INDEX)).items()}
    except (OSError, EOFError, ValueError, KeyError, AttributeError, zipfile.BadZipFile, _lzma_error()):
        return {}


@functools.lru_cache(8)
def _group(archive: Path, number: int) -> str:
    with zipfile.ZipFile(archive) as file:
        return file.read(f"{number}.ptx").decode()


def _lzma_error() -> type[Exception]:
    """What damaged data raises; a Python without liblzma reads no archive."""
    try:
        import lzma
    except ImportError:
        return NotImplementedError
    return lzma.LZMAError


def write(archive: Path, texts: dict[str, str]) -> None:
    """Make an archive of texts by key. The order of texts does not matter: kernels of similar names lie together."""
    index: dict[str, tuple[int, int, int]] = {}
    groups = [""]
    for key, text in sorted(texts.items(), key=lambda item: (_name(item[1]), item[0])):
        if groups[-1] and len(groups[-1]) + len(text) > GROUP:
            groups.append("")
        index[key[:_KEY]] = len(groups) - 1, len(groups[-1]), len(groups[-1]) + len(text)
        groups[-1] += text
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_LZMA) as file:
        members = {_INDEX: json.dumps(index, separators=(",", ":"))} | {f"{k}.ptx": group for k, group in enumerate(groups)}
        for name, text in members.items():
            file.writestr(zipfile.ZipInfo(name), text.encode(), zipfile.ZIP_LZMA)


def _name(text: str) -> str:
    found = _ENTRY.search(text)
    return found[1] if found else ""


def make(archive: Path) -> tuple[int, int]:
    """Compile every kernel and write the archive; return how many there are, and the length of their texts."""
    from fastact.cuda import target, warm

    with tempfile.TemporaryDirectory() as folder:
        os.environ["FASTACT_CACHE_DIR"] = folder
        warm.compile_all(lambda done, total: None)
        texts = {path.name.split(".")[0]: target.kept(path) or "" for path in target.cache_folder().iterdir()}
    write(archive, texts)
    return len(texts), sum(map(len, texts.values()))


if __name__ == "__main__":
    made = make(Path(sys.argv[1]))
    print(f"{made[0]} kernels, {made[1]} characters, {Path(sys.argv[1]).stat().st_size} bytes")
