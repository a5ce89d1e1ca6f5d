"""What a fresh process pays: importing fastact after NumPy and Numba, first calls, and each further loop; without a cache and with one."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile

STEPS = ("numba", "import", "first call", "further loop", "first large call", "first softmax", "first gate", "first noise")
_PROGRAM = """
import json, time
t = [time.perf_counter()]
mark = lambda: t.append(time.perf_counter())
import numpy, numba; mark()
import fastact; mark()
x = numpy.ones(8, "float32")
fastact.gelu(x); mark()
fastact.tanh(x); mark()
fastact.tanh(numpy.ones(2**20, "float32")); mark()
fastact.softmax(x); mark()
fastact.swiglu(x, x); mark()
fastact.dropout(x, rng=1); mark()
print(json.dumps([b - a for a, b in zip(t, t[1:])]))
"""


def fresh(cache: str = "off") -> dict[str, float]:
    """Seconds of each step in a process of its own, with the cache in a folder, or switched off."""
    environment = {**os.environ, "FASTACT_CACHE_DIR": cache}
    done = subprocess.run([sys.executable, "-c", _PROGRAM], check=True, capture_output=True, text=True, env=environment)
    return dict(zip(STEPS, json.loads(done.stdout), strict=True))


def medians(rounds: int = 7) -> dict[str, dict[str, float]]:
    """Medians of interleaved processes: without a cache, and with one that is full."""
    with tempfile.TemporaryDirectory() as folder:
        fresh(folder)
        samples = {"off": [fresh()], folder: [fresh(folder)]}
        for _ in range(rounds - 1):
            for cache, found in samples.items():
                found.append(fresh(cache))
        names = {"off": "without a cache", folder: "from the cache"}
        return {names[cache]: {step: statistics.median(s[step] for s in found) for step in STEPS} for cache, found in samples.items()}


if __name__ == "__main__":
    told = medians()
    print(f"{'seconds':20}" + "".join(f"{name:>18}" for name in told))
    for step in STEPS:
        print(f"{step:20}" + "".join(f"{found[step]:18.4f}" for found in told.values()))
