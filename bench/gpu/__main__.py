"""All that a GPU must show, in one command and ten minutes: `python -m bench.gpu --out FOLDER`.

Writes small files of JSON, each with the GPU's name and the date: bits.json, floats.json, division.json, speed.json, latency.json,
tests.json. Every step that fails says so in its file and the next one begins.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.gpu import case, speed, sweep
from bench.gpu.device import Device

HASHES = Path(__file__).parents[1] / "cuda_hashes.json"
STEPS = ("bits", "division", "floats", "tests", "latency", "speed")


class Session:
    """The steps of a run, with what they share."""

    def __init__(self, given: argparse.Namespace, device: Any) -> None:
        self.given, self.device = given, device
        self.begun = time.monotonic()
        self.texts, self.cases = case.load(given.bundle) if given.bundle else self._built(given.few)

    @staticmethod
    def _built(few: bool) -> tuple[case.Texts, list[case.Case]]:
        from bench.gpu import bundle

        return bundle.build(few)

    def left(self) -> float:
        """Seconds that are left."""
        return float(self.given.seconds) - (time.monotonic() - self.begun)

    def bits(self) -> dict[str, Any]:
        """Every case."""
        wrong: list[str] = []
        for one in self.cases:
            try:
                wrong += case.run(self.device, self.texts, one)
            except Exception as error:  # noqa: BLE001
                wrong.append(f"{one.name}: {error!r}")
        return {"cases": len(self.cases), "wrong": wrong}

    def division(self) -> dict[str, Any]:
        """Quotients and roots."""
        return sweep.division(self.device, self.texts, **({"whole": 1 << 16, "step": 1 << 16} if self.given.few else {}))

    def floats(self) -> dict[str, Any]:
        """All float32 inputs."""
        hashes = json.loads(self.given.hashes.read_text())
        found = dict(sweep.every_float(self.device, self.texts, self.cases, hashes, 1 if self.given.few else None))
        return {
            "checked": len(found),
            "not_checked": sorted(hashes.keys() - found.keys()),
            "wrong_slices": {k: v for k, v in found.items() if v},
        }

    def tests(self) -> dict[str, Any]:
        """The tests that are marked as the GPU's."""
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-m",
            "gpu",
            "-p",
            "no:cacheprovider",
            *map(str, sorted(Path("tests").glob("test_gpu_*.py"))),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=max(30.0, self.left()), check=False)
        return {"status": done.returncode, "output": (done.stdout + done.stderr).splitlines()[-60:]}

    def latency(self) -> dict[str, Any]:
        """The host's time of a call."""
        from bench.gpu import torch_side

        return {"size": 1024, "rows": torch_side.latency()}

    def speed(self) -> dict[str, Any]:
        """Throughput, until the time is up."""
        maker = None
        with contextlib.suppress(ImportError):
            from bench.gpu import torch_side

            maker = torch_side.maker(self.device)
        rows, size = [], 1 << 12 if self.given.few else speed.SIZE
        for row in speed.throughput(self.device, self.texts, self.cases, maker, size, 1 if self.given.few else 5):
            rows.append(row)
            if self.left() < 0:
                break
        worst = sorted((row for row in rows if not row["form"]), key=lambda row: row["of_copy"])[:20]
        told = [f"{row['function']} {row['direction']} {row['dtype']}: {row['of_copy']:.3f}" for row in worst]
        return {"size": size, "slowest_of_copy": told, "rows": rows}


def main(arguments: list[str] | None = None, make: Callable[[], Any] = Device) -> int:
    """Run the steps; the status is 1 if any failed or found a difference."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--bundle", type=Path, help="kernels and digests made by bench.gpu.bundle; without it fastact makes them")
    parser.add_argument("--hashes", type=Path, default=HASHES, help="digests of all float32 results, made by bench.cuda_hashes")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=STEPS)
    parser.add_argument("--seconds", type=float, default=570, help="begin nothing after that many")
    parser.add_argument("--few", action="store_true", help="small sizes, to see that nothing has rotted")
    given = parser.parse_args(arguments)
    session = Session(given, make())
    header = session.device.facts()
    given.out.mkdir(parents=True, exist_ok=True)
    failed = False
    for step in given.steps:
        before = time.monotonic()
        try:
            found = getattr(session, step)() if session.left() > 0 else {"error": "no time was left"}
        except Exception as error:  # noqa: BLE001
            traceback.print_exc()
            found = {"error": repr(error)}
        found = {"header": header, "seconds": round(time.monotonic() - before, 1)} | found
        (given.out / f"{step}.json").write_text(json.dumps(found, indent=1) + "\n")
        told = {k: (v if len(str(v)) < 300 else f"{str(v)[:300]}...") for k, v in found.items() if k not in ("header", "rows")}
        print(step, told, flush=True)
        failed |= bool(found.get("error") or found.get("wrong") or found.get("wrong_slices") or found.get("status"))
        failed |= step == "division" and any(isinstance(v, dict) and v.get("wrong") for v in found.values())
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
