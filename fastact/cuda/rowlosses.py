"""Calls of the cross entropies on device arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastact.cuda.arrays import SIZES
from fastact.cuda.layouts import Form
from fastact.cuda.rowcalls import Given, Told, launched, result, same_dtype, without
from fastact.cuda.rowoperands import FLOATS, LABELS, repeated, seen
from fastact.cuda.rows import NO_LABEL
from fastact.rows.operands import axes_of

_PIECE = 256
"""Elements of a row that a dense array is cut into, where elements have nothing to do with each other."""


def softmax(call: str, method: str, arrays: dict[str, Any], axis: Any, ignore_index: Any, smoothing: float, out: Any) -> Any:
    """Cross entropy after a softmax: losses; with "value_and_grad" or "backward" gradients, with "jvp" changes; on arrays of a device.

    Labels are not looked at before the kernel runs: a row whose label is no class gets a loss and a gradient of NaN.

    Parameters
    ----------
    call, method : str
        The call as the user spells it, and its method, "" for the losses.
    arrays : dict
        Logits and labels, and for "backward" dy, for "jvp" dlogits.
    axis, ignore_index, smoothing, out
        As the caller gave them.

    Returns
    -------
    array or tuple of arrays
        Of the type of the logits.

    Raises
    ------
    TypeError
        If operands are not all on the device, or a dtype is not supported.
    ValueError
        If an axis, a shape or `out` does not fit. Nothing is written then.
    """
    if not 0 <= smoothing <= 1:
        raise ValueError(f"{call}: label_smoothing is {smoothing!r}; accepted are numbers from 0 to 1")
    logits = arrays["logits"]
    x = Given("x", seen(call, "logits", logits), label="logits")
    dtype, shape, _ = x.view[1]
    axes = axes_of(call, axis, len(shape))
    if len(axes) != 1:
        raise ValueError(f"{call}: axis is {axis!r}; accepted is one axis")
    lead, classes = without(shape, axes), shape[axes[0]]
    if classes == 0:
        raise ValueError(f"{call}: logits has shape {shape}, with no classes along axis {axis}")
    labels = _labels(call, arrays["labels"], x, lead)
    given = [x, labels]
    if method == "backward":
        given.append(Given("dy", seen(call, "dy", arrays["dy"]), single=True))
        same_dtype(call, given[-1], x)
    elif method == "jvp":
        given.append(Given("dy", seen(call, "dlogits", arrays["dlogits"]), label="dlogits"))
        same_dtype(call, given[-1], x)
    losses: Form = (dtype, lead, None)
    made, gradients = [], method in ("value_and_grad", "backward")
    if gradients:
        gradient, view = result(call, logits, (dtype, shape, None), out, given, like=True)
        given.append(Given("dx", view, label="the gradient"))
        made.append(gradient)
    if method != "backward":
        loss, view = result(call, logits, losses, None if gradients else out, given, like=False)
        given.append(Given("loss", view, single=True, label="the loss"))
        made.insert(0, loss)
    ignored = NO_LABEL if ignore_index is None else int(ignore_index)
    told = Told(call, "logits", axes, (1.0, 1.0 - smoothing, smoothing / classes), smooth=smoothing != 0, ignored=ignored)
    launched("cross_entropy_jvp" if method == "jvp" else "cross_entropy", told, logits, shape, sorted(given, key=lambda g: g.single))
    return made[0] if len(made) == 1 else tuple(made)


def _labels(call: str, labels: Any, x: Given, lead: tuple[int, ...]) -> Given:
    """Classes, one a row, or probabilities in the shape of the logits."""
    view = seen(call, "labels", labels, (*LABELS, *FLOATS))
    if view[1][0] in FLOATS:
        soft = Given("t", view, label="labels")
        same_dtype(call, soft, x)
        if view[1][1] != x.view[1][1]:
            told = f"accepted are probabilities in the shape of logits, {x.view[1][1]}"
            raise ValueError(f"{call}: labels has shape {view[1][1]}; {told}")
        return soft
    if view[1][1] != lead:
        told = f"accepted is {lead}, that of logits without its axis of classes"
        raise ValueError(f"{call}: labels has shape {view[1][1]}; {told}")
    return Given("labels", view, single=True)


def sigmoid(call: str, arrays: dict[str, Any], out: Any) -> Any:
    """Cross entropy after a sigmoid, element by element, or with dy its gradient, on arrays of a CUDA device.

    Parameters
    ----------
    call : str
        The call as the user spells it.
    arrays : dict
        The operands (dy,) x and t.
    out : array, optional
        For the result.

    Returns
    -------
    array
        Of the type of the first operand on the device, in the broadcast shape.

    Raises
    ------
    TypeError
        If operands are not all on the device, or a dtype is not supported.
    ValueError
        If shapes do not broadcast, or `out` does not fit. Nothing is written then.
    """
    labels = {"x": "logits", "t": "targets", "dy": "dy"}
    given = [Given(name, seen(call, labels[name], a), label=labels[name]) for name, a in arrays.items()]
    given.sort(key=lambda g: g.name != "x")
    for other in given[1:]:
        same_dtype(call, other, given[0])
    x = arrays["x"]
    try:
        shape = np.broadcast_shapes(*[g.view[1][1] for g in given])
    except ValueError:
        told = ", ".join(f"{g.label} has shape {g.view[1][1]}" for g in given)
        raise ValueError(f"{call}: {told}; they do not broadcast") from None
    dtype = given[0].view[1][0]
    made, view = result(call, x, (dtype, shape, None), out, given, like=given[0].view[1][1] == shape)
    given.append(Given("dx" if "dy" in arrays else "y", view, label="the result"))
    n = math.prod(shape)
    if not n:
        return made
    size = SIZES[dtype]
    if all(g.view[1][1] == shape and g.view[1][2] is None for g in given):
        rows, steps = (-(-n // _PIECE), _PIECE), (_PIECE * size, size)
        given = [_seen_as(g, rows, steps) for g in given]
        launched("sigmoid_cross_entropy", Told(call, "logits", (1,), limits=(n, -_PIECE)), x, rows, given)
        return made
    flat = shape or (1,)
    given = [_seen_as(g, flat, repeated(call, g.label, g.view[1], flat, "the result")) for g in given]
    launched("sigmoid_cross_entropy", Told(call, "the result", (len(flat) - 1,)), x, flat, given)
    return made


def _seen_as(given: Given, shape: tuple[int, ...], strides: tuple[int, ...]) -> Given:
    """An array with another shape."""
    address, (dtype, _, _), *rest = given.view
    return given._replace(view=(address, (dtype, shape, strides), *rest))
