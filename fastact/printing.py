"""The printing side of the command: tables and progress by rich on a terminal, plain columns elsewhere, or JSON alone on stdout."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

Advance = Callable[[int, str], None]
"""Called with how many steps were done, and with what is done now."""


class UsageError(Exception):
    """Wrong usage, or something that is missing: the command says so in one line and exits with 2."""


def watched(stream: TextIO) -> bool:
    """Whether somebody looks at the stream, or wants it written as if."""
    return stream.isatty() or bool(os.environ.get("FORCE_COLOR"))


def plain(value: Any) -> Any:
    """The value as JSON holds it: infinities and NaN as the strings "inf", "-inf" and "nan", which Python's `float` reads."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


class Printer:
    """Writes what a command found.

    Parameters
    ----------
    command : str
        Name of the command, which begins its messages.
    """

    def __init__(self, command: str) -> None:
        self.command = command

    @property
    def width(self) -> float:
        """Columns of the terminal; where nobody looks lines may have any length."""
        return shutil.get_terminal_size().columns if watched(sys.stdout) else math.inf

    def data(self, value: Any) -> None:
        """Write one JSON document on stdout."""
        print(json.dumps(plain(value), indent=2, allow_nan=False))

    def line(self, text: str = "") -> None:
        """Write a line on stdout."""
        print(text)

    def note(self, text: str) -> None:
        """Write a line on stderr, after the command's name."""
        print(f"fastact {self.command}: {text}", file=sys.stderr, flush=True)

    def table(self, title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table: by rich on a terminal, else in plain columns, a line a row."""
        if watched(sys.stdout):
            try:
                from rich import box
                from rich.console import Console
                from rich.markup import escape
                from rich.table import Table
            except ImportError:
                pass
            else:
                table = Table(title=escape(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
                for k, label in enumerate(head):
                    table.add_column(label, overflow="fold", no_wrap=not k)
                for row in rows:
                    table.add_row(*map(escape, row))
                Console().print(table)
                return
        widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
        print(title)
        for row in (head, *rows):
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

    @contextmanager
    def progress(self, total: int) -> Iterator[Advance]:
        """A bar on stderr while somebody looks at it, lines in tenths where rich is not installed, and nothing else.

        Yields a function to be called with the number of steps just done, and what is done next.
        """
        if not watched(sys.stderr):
            yield lambda steps, what: None
            return
        try:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
        except ImportError:
            yield _tenths(total, self.note)
            return
        columns = (BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=total)
            yield lambda steps, what: bar.update(task, advance=steps, description=what)


def _tenths(total: int, tell: Callable[[str], None]) -> Advance:
    done = 0

    def advance(steps: int, what: str) -> None:
        nonlocal done
        before, done = done, done + steps
        if 10 * done // max(total, 1) > 10 * before // max(total, 1):
            tell(f"{done} of {total}")

    return advance
