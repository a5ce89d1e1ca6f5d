"""What a layer's activation does to a batch: dead and saturated units, zeros, moments and what is not finite, in one pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastact import outputs
from fastact.activation import Activation
from fastact.binding import bind
from fastact.cpu import moments, taken, words
from fastact.cpu.ufunc import typed_loop
from fastact.placement import device, on_device

_MOST_TASKS, _LEAST, _ROWS = 64, 32768, 128
"""Tasks at most, elements of a task at least, and of each of its units."""


@dataclass(frozen=True)
class ActivationStats:
    """Statistics of y = f(x); every field but `count` is a number, or an array of one per unit.

    Attributes
    ----------
    count : int
        Elements of each unit.
    zeros : float
        Fraction of y that is exactly 0.
    saturated : float
        Fraction with ``|f'(x)|`` below the tolerance, those with a derivative of 0 included.
    dead : bool
        Whether f'(x) is exactly 0 in all of the unit, so that no gradient comes through.
    mean, variance : float
        Of the finite y; the variance is that of the population. NaN where none is finite.
    minimum, maximum : float
        Of the finite y; inf and -inf where none is.
    nonfinite : int
        How many y are infinite or NaN.
    """

    count: int
    zeros: Any
    saturated: Any
    dead: Any
    mean: Any
    variance: Any
    minimum: Any
    maximum: Any
    nonfinite: Any


def activation_stats(
    x: Any, f: Activation, /, *params: float, axis: int | Sequence[int] | None = None, tolerance: float = 0.01, **named: float
) -> ActivationStats:
    """Statistics of f(x) and f'(x) in one pass over x; nothing of its size is written.

    Parameters
    ----------
    x : array_like
        Input of the activation, any shape and layout; float16, bfloat16, float32 or float64, or whole numbers.
    f : Activation
        The activation.
    *params, **named : float
        Its parameters, as in a call; numbers only.
    axis : int or tuple of int, optional
        The axis or axes of the units: statistics are over all others, the batch. By default all of x is one unit.
    tolerance : float
        What ``|f'(x)|`` is below where a unit is saturated. For 0.01 a sigmoid is so beyond ``|x|`` = 4.585, tanh beyond 2.993.

    Returns
    -------
    ActivationStats
        Fields have the shape of x along `axis`. Values and derivatives are those of the dtype of x; sums are in float64,
        in an order that the shape alone fixes, so the same bits come from any layout and number of threads. Of an array on a
        CUDA device, fields but `count` are arrays on that device; `mean` and `variance`, summed in another order, may differ
        in their last digits.

    Raises
    ------
    TypeError
        If `f` is no activation, a parameter is no number, or the dtype is not supported.
    ValueError
        If an axis is not there or given twice, or the tolerance is not at least 0.
    """
    call = "activation_stats"
    if not isinstance(f, Activation):
        raise TypeError(f"{call}: f is a {type(f).__name__}; accepted is an activation of fastact, such as fastact.relu")
    there = on_device(x)
    x = device("part").floating(call, "x", x) if there else outputs.floating(call, "x", x)
    dtype = x.dtype if there else outputs.kind(x.dtype)
    if dtype not in moments.CODES:
        raise TypeError(f"{call}: x has dtype {x.dtype}; accepted are float16, bfloat16, float32, float64, and whole numbers")
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float | np.floating) or not tolerance >= 0:
        raise ValueError(f"{call}: tolerance is {tolerance!r}; accepted are numbers from 0")
    axes = _axes(call, x, axis)
    values = bind(f.record, "'s activation_stats", params, named)
    if named:
        raise TypeError(
            f"{call}: {', '.join(named)} is not accepted; parameters of {f.name} are {', '.join(p.name for p in f.params) or 'none'}"
        )
    for p, value in zip(f.params, values, strict=True):
        if not isinstance(value, int | float | np.integer | np.floating):
            raise TypeError(f"{call}: {p.name} is a {type(value).__name__}; accepted is a number")
    if there:
        count, found = device("statistics").stats(call, x, f.record, values, axes, float(tolerance))
        return ActivationStats(count, **found)
    return _stats(x, f, dtype, values, axes, float(tolerance))


def _axes(call: str, x: Any, axis: Any) -> tuple[int, ...]:
    """The axes of the units, in the order given."""
    given = () if axis is None else tuple(axis) if isinstance(axis, Sequence) else (axis,)
    axes = tuple(outputs.axis(call, x, a) for a in given)
    if len(set(axes)) < len(axes):
        raise ValueError(f"{call}: axis is {axis!r}; accepted are axes that differ")
    return tuple(sorted(axes))


def _stats(x: Any, f: Activation, dtype: str, params: Sequence[float], axes: tuple[int, ...], tolerance: float) -> ActivationStats:
    form = tuple(n if d in axes else 1 for d, n in enumerate(x.shape))
    units, total = math.prod(form), x.size
    tasks = max(1, min(_MOST_TASKS, total // _LEAST, total // (_ROWS * max(1, units))))
    chunk = -(-total // tasks // words.BLOCK) * words.BLOCK or words.BLOCK
    tasks = max(1, -(-total // chunk))
    y, d = np.zeros((tasks, *form, moments.VALUE_FIELDS)), np.zeros((tasks, *form, moments.SLOPE_FIELDS))
    y[..., moments.LOW], y[..., moments.HIGH] = math.inf, -math.inf
    limit, code = np.array([tolerance]), moments.CODES[dtype]
    width = np.float64 if dtype == "float64" else np.float32
    if total:
        taken.apply(
            "activation_stats",
            typed_loop(f.record, "value_and_grad", dtype),
            x.shape,
            [
                x,
                *(np.array(p, width) for p in params),
                _fields(moments.values, y, code),
                _fields(moments.slopes, d, code, limit.ctypes.data),
            ],
            chunk=chunk,
        )
    shape = tuple(n for d_, n in enumerate(x.shape) if d_ in axes)
    return _merged(
        y.reshape(tasks, *shape, moments.VALUE_FIELDS), d.reshape(tasks, *shape, moments.SLOPE_FIELDS), total // units if units else 0
    )


def _fields(function: Any, fields: Any, code: int, more: int = 0) -> taken.Taken:
    """Accumulators of a task, that stand still along the batch."""
    steps = tuple(0 if n == 1 else s for n, s in zip(fields.shape[1:-1], fields.strides[1:-1], strict=True))
    return taken.Taken(function, fields.ctypes.data, steps, fields.strides[0], code, more)


def _merged(y: Any, d: Any, count: int) -> ActivationStats:
    """Everything of all tasks, one after the other."""
    n, mean, squares = (np.zeros(y.shape[1:-1]) for _ in range(3))
    with np.errstate(all="ignore"):
        for task in y:
            change, after = task[..., moments.MEAN] - mean, n + task[..., moments.COUNT]
            share = np.where(after > 0, task[..., moments.COUNT] / after, 0)
            mean, squares = mean + change * share, squares + task[..., moments.SQUARES] + change * (n * share) * change
            n = after
        seen = n > 0
        sums = d.sum(0)
        found = {
            "zeros": y[..., moments.ZEROS].sum(0) / count if count else np.full(n.shape, math.nan),
            "saturated": sums[..., moments.SATURATED] / count if count else np.full(n.shape, math.nan),
            "dead": (sums[..., moments.ALIVE] == 0) & (count > 0),
            "mean": np.where(seen, mean, math.nan),
            "variance": np.where(seen, squares / n, math.nan),
            "minimum": y[..., moments.LOW].min(0),
            "maximum": y[..., moments.HIGH].max(0),
            "nonfinite": (count - n).astype(np.int64),
        }
    return ActivationStats(count, **{name: value[()] if n.ndim else value.item() for name, value in found.items()})
