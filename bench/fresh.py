"""What a fresh process pays: importing Numba, importing fastact on top, the first call, and each further loop."""

from __future__ import annotations

import json
import subprocess
import sys

STEPS = ("numba", "import", "first call", "further loop", "first large call")
_PROGRAM = """
import json, time
t = [time.perf_counter()]
mark = lambda: t.append(time.perf_counter())
import numpy, numba, numba.np.ufunc.parallel; mark()
import fastact; mark()
x = numpy.ones(8, "float32")
fastact.gelu(x); mark()
fastact.tanh(x); mark()
fastact.tanh(numpy.ones(2**20, "float32")); mark()
print(json.dumps([b - a for a, b in zip(t, t[1:])]))
"""


def fresh() -> dict[str, float]:
    """Seconds of each step in a process of its own."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], check=True, capture_output=True, text=True)
    return dict(zip(STEPS, json.loads(done.stdout), strict=True))


if __name__ == "__main__":
    print(fresh())
