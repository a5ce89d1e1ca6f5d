"""Arrays on the device that are filled with noise."""

from __future__ import annotations

import functools
import math
from typing import Any

from fastact.cuda.arrays import family
from fastact.cuda.layouts import RefusedError
from fastact.cuda.memory import WIDE
from fastact.cuda.noise import fill_steps
from fastact.cuda.plan import Plan
from fastact.cuda.sending import Ready, ready, send
from fastact.noise.key import Key


def fill(call: str, draw: Any, key: Key, shape: tuple[int, ...] | None, dtype: str | None, out: Any) -> Any:
    """Fill `out`, which must have the shape and dtype told, if any, with the first draws of a stream; return it."""
    try:
        view = family(type(out)).view(out)
    except RefusedError as error:
        raise ValueError(f"{call}: out {error}") from error
    address, (kind, own, strides), _, _, frozen, _ = view
    if frozen:
        raise ValueError(f"{call}: out is read-only; accepted is a writable array")
    if kind not in ("float32", "float64") or dtype not in (None, kind):
        raise TypeError(f"{call}: out has dtype {kind}; accepted is {dtype or 'float32 and float64'}")
    if shape not in (None, tuple(own)):
        raise ValueError(f"{call}: out has shape {tuple(own)}; accepted is {shape}")
    if strides is not None or address % WIDE:
        told = f"strides {strides} and address {address:#x}"
        raise ValueError(f"{call}: out has {told}; accepted is a dense array in C order that begins at a multiple of {WIDE} bytes")
    n = math.prod(own)
    if n:
        send(call, _ready(draw, kind, n), out, view, [view], (address, *key))
    return out


@functools.lru_cache(1024)
def _ready(draw: Any, dtype: str, n: int) -> Ready:
    return ready(Plan(fill_steps(draw, dtype, n, 0, 1, 2)))
