"""Looks at the pages as they were built: every link within the site has its target, every picture its text, every page its title."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sphinx.application import Sphinx
from sphinx.util import logging

SEARCH = "search.html"
"""A page of the theme, whose heading a script writes."""
LOGGER = logging.getLogger(__name__)


class Page(HTMLParser):
    """What a page offers and what it needs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.faults: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep ids and links, and tell of what is missing."""
        given = dict(attrs)
        self.tags.add(tag)
        self.ids += filter(None, [given.get("id")])
        self.links += filter(None, [given.get("href"), given.get("src")])
        if tag == "img" and not given.get("alt"):
            self.faults.append(f"the picture {given.get('src')} has no text")
        if tag == "html" and not given.get("lang"):
            self.faults.append("no language")

    def problems(self) -> list[str]:
        """What is wrong within the page."""
        twice = sorted({name for name in self.ids if self.ids.count(name) > 1})
        missing = [f"no {tag}" for tag in ("title", "h1") if tag not in self.tags]
        return [*self.faults, *missing, *(f"the id {name} stands twice" for name in twice)]


def check(folder: Path) -> list[str]:
    """Everything that is wrong with the pages in a folder, a line each."""
    pages = {path: Page(path.read_text()) for path in sorted(folder.rglob("*.html"))}
    found = [f"{path.relative_to(folder)}: {problem}" for path, page in pages.items() for problem in page.problems() if path.name != SEARCH]
    for path, page in pages.items():
        for link in dict.fromkeys(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = Path(os.path.normpath(path.parent / unquote(parts.path))) if parts.path else path
            there = pages.get(target)
            if not target.is_file() or (there is not None and parts.fragment and unquote(parts.fragment) not in there.ids):
                found.append(f"{path.relative_to(folder)}: the link {link} leads nowhere")
    return found


def _finished(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        for problem in check(Path(app.outdir)):
            LOGGER.warning("%s", problem, type="links")


def setup(app: Sphinx) -> dict[str, Any]:
    """Run when all is written."""
    app.connect("build-finished", _finished)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
