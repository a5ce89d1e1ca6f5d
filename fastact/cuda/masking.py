"""Calls with masks on device arrays: value and mask, and backward from the mask."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

from fastact import outputs
from fastact.cuda.arrays import View, family
from fastact.cuda.calls import gathered
from fastact.cuda.layouts import Form, RefusedError
from fastact.cuda.maskplans import backward_plan, forward_plan
from fastact.cuda.memory import WIDE
from fastact.cuda.operands import Layout, check_overlap, check_target, explain, layout, new_array
from fastact.cuda.sending import Ready, ready, send
from fastact.record import Record

WORD = 4
"""Bytes that a thread stores of a mask."""


@functools.cache
def _told(record: Record, call: str, operand: str) -> Record:
    """The record as errors tell of it."""
    return dataclasses.replace(record, label=call, operands=(operand,))


def _gathered(told: Record, operands: tuple[Any, ...]) -> tuple[Layout, list[View], list[Any], bool]:
    """Layout and views of an array and its parameters, and whether parameters from arrays begin at multiples of 16 bytes."""
    try:
        views, forms, values, runs = gathered(told, "forward", operands, 1)
    except RefusedError as error:
        raise explain(told, "forward", operands, error) from error
    return layout(told, "forward", tuple(forms)), views, values, runs


def _mask_form(plan: Layout) -> Form:
    return "uint8", (-(-plan.n // 8),), None


def with_mask(call: str, record: Record, forward: Record, x: Any, params: tuple[Any, ...], out: Any) -> tuple[Any, Any]:
    """As the method of activations; the derivative of `forward` tells the bit.

    New arrays are of the type of x. A mask in `out` begins at a multiple of 4 bytes.
    """
    plan, views, values, runs = _gathered(_told(record, call, "x"), (x, *params))
    forms = plan.form, _mask_form(plan)
    made: list[View | None] = [None, None]
    targets = list(outputs.pair(call, out))
    for k, (target, form) in enumerate(zip(targets, forms, strict=True)):
        if target is not None:
            label = f"{call}: out[{k}]"
            made[k] = view = check_target(label, target, form)
            if k == 0:
                check_overlap(label, view, views, ())
            else:
                _check_mask(label, view, form, aligned=WORD)
                check_overlap(label, view, (), [*views, made[0]])
    y, mask = (
        new_array(call, x, form, like=k == 0 and plan.like) if t is None else t
        for k, (t, form) in enumerate(zip(targets, forms, strict=True))
    )
    first, second = (family(type(r)).view(r) if v is None else v for r, v in zip((y, mask), made, strict=True))
    if plan.n:
        low = views[0][0] | first[0]
        steps = _forward(plan, forward, first[1], low % WIDE, runs)
        send(call, steps, x, views[0], [*views, first, second], (views[0][0], first[0], second[0], *values))
    return y, mask


def _check_mask(label: str, view: View, form: Form, aligned: int = 1) -> None:
    if view[1][2] is not None or view[0] % aligned:
        where = f" that begins at a multiple of {aligned} bytes" if aligned > 1 else ""
        raise ValueError(
            f"{label} has strides {view[1][2]} and address {view[0]:#x}; accepted is a dense array of {form[1][0]} bytes{where}"
        )


@functools.lru_cache(1024)
def _forward(plan: Layout, forward: Record, y: Form, low: int, runs: bool) -> Ready:
    strides = plan.strides((*plan.data, y))
    return ready(forward_plan(forward, plan.dtype, plan.modes, plan.shape, strides, aligned=runs and not low))


def backward_from_mask(call: str, record: Record, points: tuple[float, float], dy: Any, mask: Any, params: Sequence[Any], out: Any) -> Any:
    """As the method of activations; dx is the backward of `record` at the points that bits stand for."""
    plan, views, values, runs = _gathered(_told(record, call, "dy"), (dy, *params))
    form = _mask_form(plan)
    bits = _bits(call, mask, form, plan.n)
    made = None
    if out is not None:
        made = check_target(f"{call}: out", out, plan.form)
        check_overlap(f"{call}: out", made, views, [bits])
    dx = new_array(call, dy, plan.form, like=plan.like) if out is None else out
    made = made or family(type(dx)).view(dx)
    if plan.n:
        steps = _backward(plan, record, points, made[1], (views[0][0] | made[0]) % WIDE, runs)
        send(call, steps, dy, views[0], [*views, bits, made], (views[0][0], bits[0], made[0], *values))
    return dx


def _bits(call: str, mask: Any, form: Form, n: int) -> View:
    """The view of a mask for `n` elements."""
    accepted = f"accepted is an array of uint8 of shape {form[1]} on the device of dy, a bit for each of {n} elements"
    try:
        view = family(type(mask)).view(mask)
    except (RefusedError, TypeError, AttributeError) as error:
        raise ValueError(f"{call}: mask is a {type(mask).__name__} on the host; {accepted}") from error
    dtype, shape, _ = view[1]
    if dtype != "uint8" or tuple(shape) != form[1]:
        raise ValueError(f"{call}: mask is of dtype {dtype} and shape {tuple(shape)}; {accepted}")
    _check_mask(f"{call}: mask", view, form)
    return view


@functools.lru_cache(1024)
def _backward(plan: Layout, record: Record, points: tuple[float, float], dx: Form, low: int, runs: bool) -> Ready:
    strides = plan.strides((*plan.data, dx))
    return ready(backward_plan(record, plan.dtype, points, plan.modes, plan.shape, strides, aligned=runs and not low))
