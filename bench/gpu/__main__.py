"""All that a GPU must show, in one command and ten minutes: `python -m bench.gpu --out FOLDER`.

Writes small files of JSON, one for each step, with the GPU's name and the date. They are written as the steps go on: what a run that
is ended has found by then is in them. Every step that fails says so in its file and the next one begins.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from bench.gpu import case, programs, speed, sweep
from bench.gpu.device import Device

HASHES = Path(__file__).parents[1] / "cuda_hashes.json"
STEPS = ("bits", "speed", "families", "latency", "division", "floats", "tests", "sanitizer")
EVERY = 5.0
"""Seconds after which the file of a step is written again."""

Found = dict[str, Any]


class Session:
    """The steps of a run, with what they share. A step yields what it has found so far, again and again."""

    def __init__(self, given: argparse.Namespace, device: Any) -> None:
        self.given, self.device = given, device
        self.begun = time.monotonic()

    @cached_property
    def made(self) -> tuple[case.Texts, list[case.Case]]:
        """Kernels and cases, of the bundle or by fastact."""
        if self.given.bundle:
            texts, cases = case.load(self.given.bundle)
            return texts, [one for one in cases if re.search(self.given.only, one.name)]
        from bench.gpu import bundle

        return bundle.build(self.given.few, self.given.only)

    def left(self) -> float:
        """Seconds that are left."""
        return float(self.given.seconds) - (time.monotonic() - self.begun)

    def bits(self) -> Iterator[Found]:
        """Every case."""
        texts, cases = self.made
        wrong: list[str] = []
        for k, one in enumerate(cases):
            try:
                wrong += case.run(self.device, texts, one)
            except Exception as error:  # noqa: BLE001
                wrong.append(f"{one.name}: {error!r}")
            yield {"cases": len(cases), "done": k + 1, "wrong": wrong}

    def speed(self) -> Iterator[Found]:
        """Throughput."""
        from bench.gpu import torch_side

        texts, cases = self.made
        size, rounds = (1 << 12, 1) if self.given.few else (speed.SIZE, 5)
        rows: list[Found] = []
        for row in speed.throughput(self.device, texts, cases, torch_side.maker(self.device), size, rounds):
            rows.append(row)
            yield {"size": size, **speed.worst(rows), "rows": rows}

    def families(self) -> Iterator[Found]:
        """Throughput of rows, sums, gates, bias and noise."""
        from bench.gpu import families

        rows: list[Found] = []
        for row in families.throughput(self.device, 1 << 16 if self.given.few else speed.SIZE, 1 if self.given.few else 5):
            rows.append(row)
            yield {"errors": [row for row in rows if "error" in row], "rows": rows}

    def latency(self) -> Iterator[Found]:
        """The host's time of a call."""
        from bench.gpu import torch_side

        yield {"size": 1024, "rows": torch_side.latency()}

    def division(self) -> Iterator[Found]:
        """Quotients and roots."""
        yield from sweep.division(self.device, self.made[0], **({"whole": 1 << 16, "step": 1 << 16} if self.given.few else {}))

    def floats(self) -> Iterator[Found]:
        """All float32 inputs."""
        hashes = json.loads(self.given.hashes.read_text())
        yield from sweep.every_float(self.device, *self.made, hashes, 1 if self.given.few else None)

    def tests(self) -> Iterator[Found]:
        """The tests that are marked as the GPU's."""
        yield programs.tests(self.left())

    def sanitizer(self) -> Iterator[Found]:
        """A few cases under NVIDIA's memory checker."""
        yield programs.sanitizer(self.given.bundle, self.left())

    def follow(self, step: str, keep: Callable[[Found], None]) -> Found:
        """Do a step; `keep` is given what it has found every few seconds."""
        found: Found = {}
        kept = time.monotonic()
        try:
            if self.left() < 0:
                return {"error": "no time was left"}
            for found in getattr(self, step)():
                if self.left() < 0:
                    return found | {"error": "the time was up"}
                if time.monotonic() - kept > EVERY:
                    keep(found | {"error": "it was ended here"})
                    kept = time.monotonic()
        except Exception as error:  # noqa: BLE001
            traceback.print_exc()
            return found | {"error": repr(error)}
        return found


def _failed(found: Found) -> bool:
    """Whether a step found a difference, or did not come to its end."""
    return any(found.get(key) for key in ("error", "wrong", "wrong_slices", "status", "errors"))


def main(arguments: list[str] | None = None, make: Callable[[], Any] = Device) -> int:
    """Run the steps; the status is 1 if any failed or found a difference."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--bundle", type=Path, help="kernels and digests made by bench.gpu.bundle; without it fastact makes them")
    parser.add_argument("--hashes", type=Path, default=HASHES, help="digests of all float32 results, made by bench.cuda_hashes")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=STEPS)
    parser.add_argument("--only", default="", metavar="REGEX", help="cases whose name matches, as '^gelu forward'")
    parser.add_argument("--seconds", type=float, default=570, help="begin nothing after that many")
    parser.add_argument("--few", action="store_true", help="small sizes, to see that nothing has rotted")
    given = parser.parse_args(arguments)
    session = Session(given, make())
    header = session.device.facts()
    given.out.mkdir(parents=True, exist_ok=True)
    failed = False
    for step in given.steps:
        before = time.monotonic()

        def keep(found: Found, step: str = step, before: float = before) -> None:
            told = {"header": header, "seconds": round(time.monotonic() - before, 1)} | found
            (given.out / f"{step}.json").write_text(json.dumps(told, indent=1) + "\n")

        found = session.follow(step, keep)
        keep(found)
        told = {k: (v if len(str(v)) < 300 else f"{str(v)[:300]}...") for k, v in found.items() if k != "rows"}
        print(f"{step}, {time.monotonic() - before:.1f} s:", told, flush=True)
        failed |= _failed(found)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
