"""Put a new function's run into the published data: `python -m bench.merge new.json bench/halves.json`.

Both files are of `fastact verify --exhaustive --json`, the first of some functions alone. Their results replace what the second has of
these functions; its header keeps note of the kernels that they were made with.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import fastact as fa

ORDER = {f.name: place for place, f in enumerate(fa.ACTIVATIONS)}


def merged(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """The old run with the results of the new one."""
    for run, name in ((new, "new"), (old, "old")):
        if run.get("partial") or not run["header"]["exhaustive"]:
            raise SystemExit(f"bench.merge: the {name} file is no whole exhaustive run")
    for what in ("format", "points"):
        values = [run.get(what, run["header"].get(what)) for run in (new, old)]
        if values[0] != values[1]:
            raise SystemExit(f"bench.merge: {what} is {values[0]} in the new file, and {values[1]} in the old one")
    functions = sorted({entry["function"] for entry in new["results"]}, key=ORDER.__getitem__)
    kept = [entry for entry in old["results"] if entry["function"] not in functions]
    results = sorted([*kept, *new["results"]], key=lambda entry: ORDER[entry["function"]])  # stable: dtypes and directions stay in order
    note = {
        "functions": functions,
        "date": new["header"]["date"],
        "kernels": new["header"]["kernels"],
        "versions": new["header"]["versions"],
    }
    return {**old, "header": {**old["header"], "merged": [*old["header"].get("merged", ()), note]}, "results": results}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("new", type=Path)
    parser.add_argument("old", type=Path)
    given = parser.parse_args()
    text = json.dumps(merged(json.loads(given.new.read_text()), json.loads(given.old.read_text())), indent=1)
    given.old.write_text(text + "\n" * given.old.read_text().endswith("\n"))


if __name__ == "__main__":
    main()
