"""Rows by the C reference: the truth for tests, and the way of long double."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastact import reference
from fastact.reference import _built
from fastact.rows.launch import Call

Array = np.ndarray[Any, np.dtype[Any]]
_REDUCING = ("logsumexp", "cross_entropy")


def run(name: str, x: Any, dy: Any = None, dtype: Any = np.longdouble) -> Array:
    """One of the C functions `fastact_rows_NAME` on rows along the last axis, in float64 or long double."""
    kind = np.dtype(dtype)
    x = np.ascontiguousarray(x, kind)
    reduced = name in _REDUCING
    y = np.empty(x.shape[:-1] if reduced else x.shape, kind)
    n = x.shape[-1]
    if dy is None:
        dy, step = x, n
    else:
        one = name == "logsumexp_backward"
        step = 1 if one else n
        dy = np.ascontiguousarray(np.broadcast_to(np.asarray(dy, kind), x.shape[:-1] if one else x.shape))
    ffi, lib = _built().ffi, _built().lib
    pointer, suffix = ("double *", "") if kind == np.float64 else ("long double *", "_l")
    places = [ffi.cast(pointer, a.ctypes.data) for a in (x, dy, y)]
    getattr(lib, f"fastact_rows_{name}{suffix}")(math.prod(x.shape[:-1]), n, *places[:2], step, places[2])
    return y


def forward(program: str, x: Any, axis: int) -> Array:
    """The function `program` of rows along an axis, in long double."""
    y = run(program, np.moveaxis(np.asarray(x, np.longdouble), axis, -1))
    return y if program in _REDUCING else np.moveaxis(y, -1, axis)


def backward(program: str, dy: Any, x: Any, axis: int) -> Array:
    """Its gradient."""
    x = np.moveaxis(np.asarray(x, np.longdouble), axis, -1)
    if program == "hardmax":
        return np.zeros_like(np.moveaxis(x, -1, axis))
    dy = np.asarray(dy, np.longdouble)
    return np.moveaxis(run(f"{program}_backward", x, dy if program in _REDUCING else np.moveaxis(dy, axis, -1)), -1, axis)


def _mask(call: Call, shape: tuple[int, ...]) -> Array:
    """Which elements take part."""
    mask = np.broadcast_to(call.elements.get("where", np.True_), shape)
    if call.causal:
        mask = mask & np.tri(shape[-2], shape[-1], shape[-1] - shape[-2], dtype=bool)
    return mask


def execute(call: Call) -> None:
    """What `launch.execute` does, in long double."""
    arrays = dict(call.elements)
    target, change = arrays.pop("dx", None), call.program.endswith("_jvp")
    per_row = dict(call.per_row)
    from_output = call.program.endswith("_from_output")
    if target is None:
        target = arrays.pop("y") if "y" in arrays else per_row.pop("y")
    first = arrays["y"] if from_output else arrays["x"]
    mask, factor = _mask(call, first.shape), np.longdouble(call.numbers[0]) if call.scaled else np.longdouble(1)
    x = first if from_output else np.where(mask, first * factor, -np.inf)
    dy = per_row["dy"] if "dy" in per_row else np.where(mask, arrays["dy"], 0) if "dy" in arrays else None
    gradient, reducing = dy is not None, call.program.removesuffix("_jvp") in _REDUCING
    if call.offsets is None:
        found = _row(call.program, x, dy)
        target[...] = np.where(mask, found * factor, 0) if gradient and not reducing else found * factor if change else found
        return
    for g, (start, stop) in enumerate(zip(call.offsets[:-1], call.offsets[1:], strict=True)):
        part = slice(int(start), int(stop))
        piece = None if dy is None else dy[g] if "dy" in per_row else dy[..., part]
        found = _row(call.program, x[..., part], piece)
        if reducing:
            target[g] = found * factor if change else found
        else:
            target[..., part] = np.where(mask[..., part], found * factor, 0) if gradient else found


def _row(program: str, x: Array, dy: Any) -> Array:
    if program == "softmax" and x.shape[-1] == 0:
        return x
    return change_of(program, x, dy) if program.endswith("_jvp") else run(program, x, dy)


def change_of(program: str, x: Array, dx: Any) -> Array:
    """Jacobian-vector products of logsumexp and log_softmax, by the softmax of the C reference."""
    there = x > -np.inf
    dx = np.where(there | np.isnan(x), dx, 0)
    mean = (run("softmax", x) * dx).sum(-1)
    return mean if program == "logsumexp_jvp" else np.where(there | np.isnan(x), dx - mean[..., None], 0)


def cross_entropy(x: Array, labels: Array | None, weights: Array | None, smoothing: float, results: dict[str, Array]) -> None:
    """Losses and gradients in long double, for labels as probabilities."""
    share = np.longdouble(smoothing)
    t: Any = weights if labels is None else (np.arange(x.shape[-1]) == labels[..., None]).astype(np.longdouble)
    t = t * (1 - share) + share / x.shape[-1] if smoothing else t
    if labels is not None:
        t = np.where(labels[..., None] < 0, 0, t)
    if "dy" in results and "dx" not in results:
        results["loss"][...] = (run("cross_entropy_backward", x, t) * results["dy"]).sum(-1)
        return
    if "loss" in results:
        results["loss"][...] = run("cross_entropy", x, t)
    if "dx" in results:
        dy = results.get("dy", np.ones((), np.longdouble))
        results["dx"][...] = run("cross_entropy_backward", x, t) * np.broadcast_to(dy, x.shape[:-1])[..., None]


def sigmoid_cross_entropy(inputs: dict[str, Array], y: Array) -> None:
    """Losses, or with dy gradients, in long double."""
    x, t = inputs["x"], inputs["t"]
    if "dy" in inputs:
        y[...] = inputs["dy"] * ((1 - t) * reference.forward("sigmoid", x) - t * reference.forward("sigmoid", -x))
        return
    linear = np.where(x > 0, 1 - t, t)
    with np.errstate(invalid="ignore"):
        linear = np.where(linear == 0, 0, linear * abs(x))
    y[...] = linear + reference.forward("softplus", -abs(x), 1.0)
