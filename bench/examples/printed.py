"""How the examples print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table whose first column is text and whose others are figures."""
    made = Table()
    for k, name in enumerate(head):
        made.add_column(name, justify="right" if k else "left")
    for row in rows:
        made.add_row(*row)
    console = Console(width=110)
    console.print(title, highlight=False)
    console.print(made)
