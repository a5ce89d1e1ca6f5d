"""Special values, what the record claims, and what was compiled."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from fastact.activation import Activation
from fastact.checking.gradients import compiled
from fastact.checking.kinks import Array
from fastact.checking.report import Finding, Outcome, at_point, passed
from fastact.cpu import loops
from fastact.cpu.ufunc import bfloat16, numpy_dtype
from fastact.record import at
from fastact.verify.samples import edges
from fastact.verify.scan import values as floats

WIDTHS = ("float32", "float64")


def sample(activation: Activation, width: str, params: tuple[float, ...], count: int = 4000) -> Array:
    """Finite floats: the corners, some uniform over their bits, some where functions bend; ascending, within reach."""
    kind, rng = np.dtype(width), np.random.default_rng(1)
    bits = rng.integers(0, 2 ** (8 * kind.itemsize), count, f"u{kind.itemsize}").view(kind)
    with np.errstate(all="ignore"):
        corners = floats(edges(activation.record, kind, params), kind)
    x = np.unique(np.concatenate([corners, bits, rng.uniform(-12, 12, count).astype(kind), rng.normal(0, 1, count).astype(kind)]))
    near: Array = x[np.isfinite(x) & (abs(x) <= at(activation.record.reach, *params))]
    return near


def special(activation: Activation, params: tuple[float, ...]) -> Iterator[Finding]:
    """NaN in and out, no NaN of finite x, and limits."""
    names = ("y", "dy/dx", *(f"dy/d{p.name}" for p in activation.params))
    for width in WIDTHS:
        nan = np.full(1, math.nan, width)
        what = f"NaN in, NaN out ({width})"
        kept = [n for n, v in zip(names, compiled(activation, nan, params), strict=True) if not np.isnan(v[0])]
        outcome: Outcome = "note" if activation.record.plain and "y" not in kept else "fail"  # a slope that is the same everywhere is right
        yield Finding(what, outcome, f"{', '.join(kept)} is a number where x is NaN", math.nan, params) if kept else passed(what)
        what = f"no NaN of finite x ({width})"
        x = sample(activation, width, params)
        nans = {name: np.isnan(v) for name, v in zip(names, compiled(activation, x, params), strict=True) if np.isnan(v).any()}
        for name, places in nans.items():
            told = f"{name} is NaN at {np.count_nonzero(places)} of {x.size} points"
            yield at_point(what, told, float(x[places][np.argmin(abs(x[places]))]), params, math.nan)
        if not nans:
            yield passed(what, f"{x.size} points")
    yield from _limits(activation, params)


def _limits(activation: Activation, params: tuple[float, ...]) -> Iterator[Finding]:
    record = activation.record
    for what, limits, call in (("f", record.limits, activation), ("f'", record.derivative_limits, activation.derivative)):
        for x, declared in ((-math.inf, limits.at_minus_inf), (math.inf, limits.at_plus_inf)):
            told = f"limit of {what} at {x:+}".replace("+inf", "+∞").replace("-inf", "-∞")
            value, expected = float(call(np.float64(x), *params)), float(at(declared, *params))
            if math.isnan(value) and (callable(declared) or not math.isnan(expected)):
                near = float(call(np.float64(math.copysign(min(1e6, at(record.reach, *params)), x)), *params))
                yield at_point(told, "the next best, at 1e6, is " + f"{near:.6g}; if there is no limit, declare NaN", x, params, value)
            elif not math.isnan(expected) and not (value == expected or abs(value - expected) <= 1e-12 * abs(expected)):
                yield at_point(told, "", x, params, value, expected)
            else:
                yield passed(told, f"{value:g}")


def claims(activation: Activation, params: tuple[float, ...]) -> Iterator[Finding]:
    """Range, and where they are claimed oddness and monotony."""
    record = activation.record
    for width in WIDTHS:
        kind = np.dtype(width).type
        rounded = tuple(float(kind(p)) for p in params)
        x = sample(activation, width, rounded)
        y = activation(x, *rounded)
        low, high = (float(at(end, *rounded)) for end in (record.range.low, record.range.high))
        room = [0.0 if math.isinf(end) else 4 * float(np.spacing(kind(abs(end)))) for end in (low, high)]
        outside = (y < low - room[0]) | (y > high + room[1])
        yield _claim(f"values are in [{low:g}, {high:g}] ({width})", outside, x, y, rounded)
        if record.odd and activation.record.typical == params:
            yield _claim(f"odd ({width})", ~((activation(-x, *rounded) == -y) | np.isnan(y)), x, y, rounded)
        if record.monotone:
            falls = np.concatenate([y[1:] < y[:-1], [False]])
            yield _claim(f"never falls ({width})", falls, x, y, rounded)


def _claim(what: str, wrong: Array, x: Array, y: Array, params: tuple[float, ...]) -> Finding:
    if not wrong.any():
        return passed(what, f"{x.size} points")
    k = int(np.argmax(wrong))
    return at_point(what, f"{np.count_nonzero(wrong)} of {x.size} points", float(x[k]), params, float(y[k]))


def code(activation: Activation, params: tuple[float, ...]) -> Iterator[Finding]:
    """Loops of float32 compute in float32; every dtype, position and stride gives the same; nothing warns."""
    x = sample(activation, "float32", params)
    leaks = [d for d in ("forward", "backward", "value_and_grad") if _leaks(activation, d)]
    what = "no float64 in float32 code"
    yield Finding(what, "fail", f"the loops of {', '.join(leaks)} have numbers of float64") if leaks else passed(what)
    with np.errstate(all="raise"):
        y, d = activation.value_and_grad(x, *params)
        backward = activation.backward(np.ones_like(x), x, *params, wrt="x")
    parts = [np.concatenate([activation(x[k : k + 7], *params) for k in range(0, x.size, 7)]), activation(np.repeat(x, 2)[::2], *params)]
    for what, pairs in (
        ("the same bits at every position and stride", [(y, p) for p in parts]),
        ("backward(1, x) is the derivative", [(d, backward)]),
        ("16-bit results are those of float32, rounded once", _narrow(activation, params)),
    ):
        differs = [k for a, b in pairs for k in np.flatnonzero((a != b) & ~(np.isnan(a) & np.isnan(b)))]
        yield at_point(what, "", float(x[differs[0] % x.size]), params, math.nan) if differs else passed(what)


def _leaks(activation: Activation, direction: Any) -> bool:
    name, arguments, write, _ = loops.form(activation.record, direction, "float32")
    return re.search(r"\bdouble\b", loops.source(name, arguments, write)) is not None


def _narrow(activation: Activation, params: tuple[float, ...]) -> list[tuple[Array, Array]]:
    found = []
    for dtype in ("float16", *(["bfloat16"] if bfloat16() is not None else [])):
        kind = numpy_dtype(dtype)
        with np.errstate(all="ignore"):
            x = np.random.default_rng(2).uniform(-8, 8, 500).astype(kind)
            found.append((activation(x, *params).astype("f4"), activation(x.astype("f4"), *params).astype(kind).astype("f4")))
    return found


def device(activation: Activation) -> Finding:
    """Whether there is code for CUDA, which needs no GPU, and whether it is of float32."""
    from fastact.cuda.elementwise import flat

    what = "code for CUDA"
    text = flat(activation.record, "value_and_grad", "float32").ptx
    if re.search(r"\b(add|sub|mul|fma|div)\S*\.f64", text):
        return Finding(what, "fail", "the kernel of float32 computes in float64")
    return passed(what)
