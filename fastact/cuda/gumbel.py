"""Gumbel softmax of device arrays: the noise is drawn in one kernel, the rows are those of softmax."""

from __future__ import annotations

from typing import Any

from fastact.cuda.arrays import family
from fastact.cuda.calls import call as elementwise
from fastact.cuda.drawing import Noise
from fastact.cuda.layouts import RefusedError
from fastact.record import Record
from fastact.rows.members import softmax


def _wide(call: str, name: str, a: Any) -> tuple[Any, str]:
    """An array in the dtype that it is computed in, and its own dtype."""
    kind = family(type(a))
    try:
        dtype = kind.view(a)[1][0]
    except RefusedError as error:
        raise ValueError(f"{call}: {name} {error}") from error
    if dtype not in ("float16", "bfloat16"):
        return a, dtype
    if kind.cast is None:
        raise TypeError(f"{call}: {name} has dtype {dtype} and is a {type(a).__name__}, which nothing converts; accepted is float32")
    return kind.cast(a, "float32"), dtype


def _narrow(a: Any, dtype: str) -> Any:
    cast = family(type(a)).cast
    return cast(a, dtype) if cast is not None and dtype in ("float16", "bfloat16") else a


def forward(call: str, record: Record, x: Any, noise: Noise, temperature: float, axis: int) -> Any:
    """The soft results, of the dtype of x."""
    wide, dtype = _wide(call, "x", x)
    return _narrow(_soft(record, wide, noise, temperature, axis), dtype)


def _soft(record: Record, x: Any, noise: Noise, temperature: float, axis: int) -> Any:
    shifted = elementwise(record, "forward", (x, 0.0, temperature), None, {}, noise)
    return softmax(shifted, axis, out=shifted)


def backward(call: str, record: Record, dy: Any, x: Any, noise: Noise, temperature: float, axis: int) -> Any:
    """The gradient by x, of its dtype."""
    (wide, dtype), (upstream, _) = _wide(call, "x", x), _wide(call, "dy", dy)
    y = _soft(record, wide, noise, temperature, axis)
    dx = softmax.backward_from_output(upstream, y, axis, out=y)
    return _narrow(elementwise(record, "forward", (dx, -0.0, temperature), dx, {}), dtype)  # (dx + -0) / temperature
