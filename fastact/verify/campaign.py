"""Many jobs one after another, kept in a JSON file from which an interrupted exhaustive run goes on."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np

import fastact
from fastact.verify.results import Result, result
from fastact.verify.slices import SLICES, Job, completed
from fastact.verify.tally import Tally

FORMAT = "fastact verify 1"
_CODE = ("activations", "cpu", "numerics", "_reference*")

Progress = Callable[[Job, int], None]
"""Told that a job has come so many slices further."""


class UnfitFileError(ValueError):
    """The file given is not one of this command, or of another run."""


def _fingerprint() -> str:
    """Of what computes: kernels, and the reference."""
    root, found = Path(fastact.__file__).parent, hashlib.sha256()
    for pattern in _CODE:
        for top in sorted(root.glob(pattern)):
            for path in [top] if top.is_file() else sorted(top.rglob("*.py")):
                found.update(path.read_bytes())
    return found.hexdigest()[:16]


def header(*, seed: int, points: int, threads: int, exhaustive: bool) -> dict[str, Any]:
    """Under which circumstances the run is made."""
    versions = {"fastact": fastact.__version__, "Python": platform.python_version(), "NumPy": np.__version__, "Numba": numba.__version__}
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": llvm.get_host_cpu_name(),
        "versions": versions,
        "kernels": _fingerprint(),
        "seed": seed,
        "points": points,
        "threads": threads,
        "exhaustive": exhaustive,
        "slices": SLICES,
    }


_SAME = ("cpu", "versions", "kernels", "points", "exhaustive", "slices")
"""What must be as it was for a run to go on; its seed is kept."""


@dataclass(slots=True)
class Partial:
    """The slices done of one job, and what they found."""

    done: set[int]
    tally: Tally


def _identity(job: Job) -> tuple[Any, ...]:
    return job.activation.name, job.dtype, job.params


class Store:
    """What a run has found, and the file in which it is kept, if any."""

    def __init__(self, path: Path | None, head: dict[str, Any]) -> None:
        """Take up the run that the file holds, and write it: OSError if that cannot be done, UnfitFileError if it holds another."""
        self.path, self.header = path, head
        self.results: dict[tuple[Any, ...], Result] = {}
        self.partial: dict[tuple[Any, ...], Partial] = {}
        if path is not None and path.exists():
            self._take(self._read(path), str(path))
        self.save()

    @staticmethod
    def _read(path: Path) -> dict[str, Any]:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UnfitFileError(f"{path} is not a file of fastact verify") from error
        if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("header"), dict):
            raise UnfitFileError(f"{path} is not a file of fastact verify")
        return found

    def _take(self, found: dict[str, Any], name: str) -> None:
        before = found["header"]
        if not self.header["exhaustive"] and not before.get("exhaustive"):
            return  # a sampled run is short: it starts anew
        for what in _SAME:
            if before.get(what) != self.header[what]:
                raise UnfitFileError(f"{name} holds a run with other {what}: {before.get(what)} instead of {self.header[what]}")
        try:
            self.header = {**self.header, "date": before["date"], "seed": int(before["seed"])}
            entries = found["results"]
            for _, group in groupby(entries, lambda entry: (entry["function"], entry["dtype"], entry["params"])):
                one = Result.restored(list(group))
                self.results[one.function, one.dtype, one.params] = one
            for entry in found["partial"]:
                identity = entry["function"], entry["dtype"], tuple(map(float, entry["params"]))
                self.partial[identity] = Partial(set(map(int, entry["done"])), Tally.restored(entry["tally"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnfitFileError(f"{name} is damaged") from error

    def save(self) -> None:
        """Write the file, whole or not at all."""
        if self.path is None:
            return
        partial = [
            {"function": name, "dtype": dtype, "params": list(params), "done": sorted(one.done), "tally": one.tally.stored()}
            for (name, dtype, params), one in self.partial.items()
        ]
        entries = [entry for one in self.results.values() for entry in one.stored()]
        text = json.dumps({"format": FORMAT, "header": self.header, "results": entries, "partial": partial}, indent=1)
        beside = self.path.with_name(f"{self.path.name}.part")
        beside.write_text(text + "\n", encoding="utf-8")
        beside.replace(self.path)

    def done(self, job: Job) -> int:
        """How many slices of the job are done."""
        identity = _identity(job)
        if identity in self.results:
            return job.slices
        return len(self.partial[identity].done) if identity in self.partial else 0

    def complete(self, job: Job, threads: int, progress: Progress) -> Result:
        """The job's result; what is found on the way there is kept."""
        identity = _identity(job)
        if identity not in self.results:
            state = self.partial.setdefault(identity, Partial(set(), Tally()))
            missing = [k for k in range(job.slices) if k not in state.done]
            with closing(completed(job, threads, missing)) as slices:
                for index, tally in slices:
                    state.tally.add(tally)
                    state.done.add(index)
                    if job.exhaustive:
                        self.save()
                    progress(job, 1)
            self.results[identity] = result(job, state.tally)
            del self.partial[identity]
            if job.exhaustive:
                self.save()
        return self.results[identity]


def campaign(jobs: Iterable[Job], store: Store, threads: int, progress: Progress) -> Generator[Result]:
    """The results of all jobs; the file is whole after each, after the last, and after an interrupt."""
    try:
        for job in jobs:
            yield store.complete(job, threads, progress)
    finally:
        store.save()
