"""Runs the fenced blocks of a page of the documentation, in order and in one namespace.

Blocks of `python` are executed, those of `pycon` compared as doctests are, and of `console` the lines ``$ fastact ...`` must end with
status 0. A first line ``<!-- needs: torch, gpu -->`` names what the page cannot do without: modules, or a CUDA device. A page includes
longer programs, and those in other languages, from docs/examples/.
"""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastact import cli

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "fastact" / "docs"
PAGES = (ROOT / "README.md", *(path for path in sorted(DOCS.rglob("*.md")) if path.parent.name != "functions"))
SHOWN = ("text", "toml")
"""Languages that are shown and not run: output, and settings."""

FENCE = re.compile(r"^(?P<fence>(`{3,}|~{3,}))(?P<told>.*)\n(?P<body>(?:.*\n)*?)(?P=fence)`*~*[ ]*$", re.MULTILINE)
NEEDS = re.compile(r"\A<!-- needs: ([\w., -]+) -->\n")
INCLUDE = re.compile(r"^[`:]{3,}\{(?:literal)?include\} +(\S+)", re.MULTILINE)


class PageError(AssertionError):
    """A block of a page does not do what the page says."""


@dataclass(frozen=True)
class Block:
    """One fenced block: its language as written after the fence, the text, and the line of the page on which the text begins."""

    language: str
    text: str
    line: int


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page, but for the directives of Sphinx."""
    for found in FENCE.finditer(text):
        if not (language := found["told"].strip()).startswith("{"):
            yield Block(language, found["body"], text.count("\n", 0, found.start("body")) + 1)


def needs(text: str) -> list[str]:
    """What the page cannot be run without."""
    found = NEEDS.match(text)
    return [name.strip() for name in found[1].split(",")] if found else []


def included(page: Path) -> list[Path]:
    """The files that a page includes."""
    return [(page.parent / name).resolve() for name in INCLUDE.findall(page.read_text())]


def run(page: str, text: str) -> int:
    """Run all blocks; the number of those that were run."""
    names: dict[str, Any] = {"__name__": "__main__"}
    ran = 0
    for block in blocks(text):
        if block.language in SHOWN:
            continue
        if block.language not in RUNNERS:
            raise PageError(f"{page}:{block.line}: a block of {block.language!r}; accepted are {', '.join((*RUNNERS, *SHOWN))}")
        RUNNERS[block.language](page, block, names)
        ran += 1
    return ran


def _python(page: str, block: Block, names: dict[str, Any]) -> None:
    exec(compile("\n" * (block.line - 1) + block.text, page, "exec", dont_inherit=True), names)


def _pycon(page: str, block: Block, names: dict[str, Any]) -> None:
    told: list[str] = []
    test = doctest.DocTestParser().get_doctest(block.text, {}, page, page, block.line - 1)
    if not test.examples:
        raise PageError(f"{page}:{block.line}: a block of pycon without >>>")
    test.globs = names
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    if runner.run(test, out=told.append, clear_globs=False).failed:
        raise PageError("".join(told))


def _console(page: str, block: Block, names: dict[str, Any]) -> None:
    for number, line in enumerate(block.text.splitlines(), block.line):
        if not line.startswith("$ fastact"):
            continue
        try:
            status = cli.main(shlex.split(line, comments=True)[2:])
        except SystemExit as end:
            status = end.code or 0
        if status:
            raise PageError(f"{page}:{number}: {line!r} ends with status {status}")


RUNNERS = {"python": _python, "pycon": _pycon, "console": _console}
