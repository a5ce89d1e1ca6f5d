"""Makes the pages and pictures of all functions before Sphinx looks for its sources: docs/functions/, which git ignores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.display import status_iterator

from fastact.docs.extensions import contents, figures


def write(path: Path, text: str) -> None:
    """Write what is new, so that Sphinx reads no page again for nothing."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def _newest(folder: Path) -> float:
    """When the last of the sources was changed."""
    return max(path.stat().st_mtime for path in folder.rglob("*.py"))


def generate(app: Sphinx) -> None:
    """Write all pages, and the pictures that are older than the package."""
    folder = Path(app.srcdir) / "functions"
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    made = list(contents.pages())
    for name, text in status_iterator(made, "functions... ", "blue", len(made), app.verbosity, lambda page: page[0]):
        write(folder / f"{name}.md", text())
    changed = _newest(Path(app.srcdir).parent)
    drawn = [drawing for drawing in figures.drawings() if figures.age(folder / "plots", drawing[0]) < changed]
    for name, draw, lines in status_iterator(drawn, "plots... ", "blue", len(drawn), app.verbosity, lambda plot: plot[0]):
        figures.save(folder / "plots", name, draw, lines=lines)
    for old in set(folder.glob("*.md")) - {folder / f"{name}.md" for name, _ in made}:
        old.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    """Run before the sources are looked for."""
    app.connect("builder-inited", generate)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
