"""Files of results: a header and rows, whole after every row."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 1
KEY = ("function", "direction", "dtype", "size", "threads", "layout")
Key = tuple[Any, ...]


def key(row: dict[str, Any]) -> Key:
    """What tells one measurement from another."""
    return tuple(row[name] for name in KEY)


@dataclass
class Store:
    """Rows of one file, written anew and put in place at once, so that an interruption leaves the last whole state."""

    path: Path
    header: dict[str, Any]
    rows: dict[Key, dict[str, Any]] = field(default_factory=dict)

    def resume(self) -> None:
        """Take over the rows of an earlier run on the same machine with the same versions."""
        if not self.path.exists():
            return
        try:
            old = json.loads(self.path.read_text())
            rows = {key(row): row for row in old["rows"]}
            same = all(old["header"][name] == self.header[name] for name in ("cpu", "versions"))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{self.path} holds no results to resume") from error
        if not same:
            raise ValueError(f"{self.path} was made on another machine or with other versions")
        self.header, self.rows = old["header"], rows

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Keep rows and write the file."""
        self.rows |= {key(row): row for row in rows}
        lines = ",\n".join(json.dumps(row) for row in self.rows.values())
        beside = self.path.with_name(self.path.name + ".part")
        beside.write_text(f'{{"format": {FORMAT},\n"header": {json.dumps(self.header, indent=1)},\n"rows": [\n{lines}\n]}}\n')
        beside.replace(self.path)
