"""Digests of f and f' for all 2^32 float32 inputs, computed on the CPU: `python -m bench.cuda_hashes [NAME...]`.

What is in the file already is kept, unless `--again` is given; a GPU's results are compared with it slice by slice.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numba
import numpy as np

import fastact as fa
from bench.gpu.digest import FIRST, INFINITY, PLACE, QUIET, SECOND

PATH = Path(__file__).with_name("cuda_hashes.json")
DIRECTIONS = ("forward", "derivative")
SLICE = 1 << 27
CHUNK = 1 << 16


@numba.njit
def _sum(bits: Any, first: Any) -> Any:
    total = np.uint64(0)
    for i in range(bits.size):
        w = np.uint64(bits[i])
        if (w & np.uint64(0x7FFFFFFF)) > np.uint64(INFINITY_32):
            w = np.uint64(QUIET_32)
        w += (np.uint64(first) + np.uint64(i)) * np.uint64(PLACE)
        w = (w ^ (w >> np.uint64(32))) * np.uint64(FIRST)
        w = (w ^ (w >> np.uint64(29))) * np.uint64(SECOND)
        total += w ^ (w >> np.uint64(32))
    return total


INFINITY_32, QUIET_32 = INFINITY["float32"], QUIET["float32"]


def of_slice(activation: fa.Activation, direction: str, first: int, count: int = SLICE) -> int:
    """The digest of the results for inputs whose bits are first, first + 1... Positions count from the slice's start."""
    call = activation if direction == "forward" else activation.derivative
    params = activation.record.typical
    y, total = np.empty(min(CHUNK, count), np.float32), 0
    for k in range(0, count, y.size):
        x = np.arange(first + k, first + k + y.size, dtype=np.uint32).view(np.float32)
        call(x, *params, out=y)
        total += int(_sum(y.view(np.uint32), np.uint64(k)))
    return total % 2**64


def load(path: Path = PATH) -> dict[str, list[str]]:
    """Digests as hexadecimal numbers, by "function direction", one for each slice."""
    return json.loads(path.read_text()) if path.exists() else {}


def _save(found: dict[str, list[str]]) -> None:
    rows = ",\n".join(f"{json.dumps(key)}: {json.dumps(found[key])}" for key in sorted(found))
    PATH.write_text(f"{{\n{rows}\n}}\n")


def main() -> None:
    """Fill the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[f.name for f in fa.ACTIVATIONS])
    parser.add_argument("--again", action="store_true", help="also what is there already")
    given = parser.parse_args()
    fa.set_num_threads(1)
    for name in given.names:
        for direction in DIRECTIONS:
            found = load()
            key = f"{name} {direction}"
            if key in found and not given.again:
                continue
            digests = [of_slice(getattr(fa, name), direction, first) for first in range(0, 1 << 32, SLICE)]
            _save(load() | {key: [f"{d:016x}" for d in digests]})
            print(key, flush=True)


if __name__ == "__main__":
    main()
