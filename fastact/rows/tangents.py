"""Jacobian-vector products of the softmax family and of the cross entropies."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastact import containers
from fastact.placement import on_device
from fastact.rows import device, quick
from fastact.rows.operands import broadcast, floats, output, rows
from fastact.rows.options import Options

PROGRAMS = {"log_softmax": "log_softmax_jvp", "logsumexp": "logsumexp_jvp"}
"""The programs of Jacobians that are not symmetric; all others are their own transpose, and their program is that of the gradient."""

_REDUCED = quick.Roles(("x", "dy", "y"), "y")


def jvp(function: Any, x: Any, dx: Any, /, axis: Any = -1, *, out: Any = None, **options: Any) -> Any:
    """Jacobian-vector product at x: the change of the result with a change dx of x, which broadcasts against x; options as in the call.

    The Jacobians of softmax, softmin, sparsemax and hardmax are symmetric: this is `backward` with the operands named otherwise, with the
    same bits. Of log_softmax it is dx - Σ softmax(x)·dx, of logsumexp Σ softmax(x)·dx; elements at -inf take no part. Returns dy, in
    the shape of the forward call's result.
    """
    record, call = function.record, f"{function.name}.jvp"
    program = PROGRAMS.get(record.program, f"{record.program}_backward")
    if not record.flat:
        roles = _REDUCED if record.reduces else quick.BACKWARD
        result = quick.call(program, roles, (x, dx), axis, out, record.sign, options)
        if result is not None:
            return result if out is not None or result.ndim else result[()]
    if on_device(x) or on_device(dx):
        return device.calls().function(record, "jvp", {"dx": dx, "x": x}, axis, out, options)
    if (held := containers.rows(function.jvp, call, {"x": x, "dx": dx}, axis, out, options)) is not None:
        return held
    dtype, (dx, x) = floats(call, {"dx": dx, "x": x})
    told = Options.of(call, x.shape, axis, options)
    dx = broadcast(call, "dx", dx, x.shape)
    if record.flat:
        return function._zeros(dx, dtype, told, out)
    if record.reduces:
        return function._reduced(program, {"x": x, "dy": dx}, dtype, told, out)
    return function._run(program, {"x": x, "dy": dx}, "dx", dtype, told, out)


def softmax_cross_entropy(
    function: Any,
    logits: Any,
    labels: Any,
    dlogits: Any,
    /,
    axis: int = -1,
    *,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    out: Any = None,
) -> Any:
    """Jacobian-vector product by the logits: the change of the losses with a change of the logits; labels are constants.

    `dlogits` broadcasts against `logits`. It is the gradient of each row times its part of `dlogits`, summed in float64 and rounded once.
    """
    if on_device(logits) or on_device(dlogits):
        arrays = {"logits": logits, "labels": labels, "dlogits": dlogits}
        return function._on_device("jvp", arrays, axis, ignore_index, label_smoothing, out)
    told = {"ignore_index": ignore_index, "label_smoothing": label_smoothing}
    operands = {"logits": logits, "labels": labels, "dlogits": dlogits}
    held = containers.rows(function.jvp, f"{function.name}.jvp", operands, axis, out, told, labels=True)
    if held is not None:
        return held
    prepared = function._prepare(".jvp", logits, labels, axis, ignore_index, label_smoothing)
    _, (tangent,) = floats(prepared.call, {"dlogits": dlogits})
    tangent = broadcast(prepared.call, "dlogits", tangent.astype(prepared.dtype, copy=False), prepared.logits.shape, "logits")
    given = output(prepared.call, out, prepared.lead, prepared.dtype)
    change = np.empty(prepared.lead, prepared.dtype)
    prepared.run({"dy": rows(tangent, prepared.axes)}, {"loss": change}, "cross_entropy_jvp")
    if given is None:
        return change[()]
    np.copyto(given, change, casting="same_kind")
    return given


def sigmoid_cross_entropy(function: Any, logits: Any, targets: Any, dlogits: Any, /, *, out: Any = None) -> Any:
    """Jacobian-vector product by the logits, (σ(x) - t) dlogits: `backward` with the operands named otherwise, with the same bits."""
    return function._run(f"{function.name}.jvp", {"dy": dlogits, "x": logits, "t": targets}, "dx", out)
