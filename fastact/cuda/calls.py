"""From a call on device arrays to launches: the results are arrays of the caller's library, on the caller's device and stream."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from fastact import errors
from fastact.cuda.arrays import View, family
from fastact.cuda.drawing import Draw, Noise, elementwise_plan
from fastact.cuda.layouts import Form, RefusedError, flat_steps
from fastact.cuda.memory import WIDE
from fastact.cuda.operands import Layout, aligned, check_outputs, explain, layout, new_array, number, parameter, width_of
from fastact.cuda.plan import Plan
from fastact.cuda.sending import Ready, ready, send
from fastact.cuda.strided import strided
from fastact.directions import Direction, kernel_of
from fastact.placement import on_device
from fastact.record import Record


def call(
    record: Record, direction: Direction, operands: tuple[Any, ...], out: Any, options: dict[str, Any], noise: Noise | None = None
) -> Any:
    """Run one direction on arrays of a CUDA device; `operands` are (old dx,) (dy,) x and all parameters.

    Parameters
    ----------
    record : Record
        The activation or gate.
    direction : str
        What is computed.
    operands : tuple
        Arrays on one device, and numbers for parameters.
    out : array or tuple of (array or None), optional
        For the results: of the dtype and shape of the result, on the same device; may be an operand itself.
    options : dict
        Keywords of the call that are left; none is accepted.
    noise : Noise, optional
        Where the first parameter, for which a number is given, is drawn from.

    Returns
    -------
    array or tuple of arrays
        Of the type of x, or those in `out`.

    Raises
    ------
    TypeError
        If operands are not all on the device, a dtype is not supported, or an option is given.
    ValueError
        If shapes do not broadcast, devices differ, or `out` does not fit.
    """
    if options:
        told = "NumPy arrays alone take keywords of ufuncs"
        raise TypeError(f"{errors.names(record, direction)[0]}: {', '.join(options)} is not accepted for arrays on a CUDA device; {told}")
    first = len(operands) - len(record.params)
    try:
        views, forms, values, runs = gathered(record, direction, operands, first)
    except RefusedError as error:
        raise explain(record, direction, operands, error) from error
    plan = layout(record, direction, tuple(forms))
    x, own = operands[first - 1], views[first - 1]
    results, made = _new(plan, x, own) if out is None else _given(plan, x, views, out)
    if plan.n:
        low, addresses = 0, []
        for view in views[:first] + made:
            address = view[0]
            addresses.append(address)
            low |= address
        forms_made = tuple([view[1] for view in made])
        steps = ready_for(plan, None if forms_made == plan.usual else forms_made, low % WIDE, runs, noise and noise.draw)
        send(plan.call, steps, x, own, views + made, (*addresses, *values, *(noise.key if noise else ())))
    return results[0] if len(results) == 1 else results


def gathered(
    record: Record, direction: Direction, operands: tuple[Any, ...], first: int
) -> tuple[list[View], list[Form | None], list[Any], bool]:
    """The operands: views of arrays, forms of all, parameters as the kernel gets them.

    Also whether all parameters that are arrays begin at multiples of 16 bytes.
    """
    views = [aligned(family(type(a)).view(a)) for a in operands[:first]]
    forms: list[Form | None] = [v[1] for v in views]
    values: list[Any] = []
    runs = True
    if first < len(operands):
        width = width_of(views[-1])
        for k in range(first, len(operands)):
            given = operands[k]
            if type(given) is float or not on_device(given):
                values.append(number(record, direction, k, given, width))
                forms.append(None)
                continue
            view = parameter(given, width)
            runs = runs and view[0] % WIDE == 0
            values.append(view[0])
            forms.append(view[1])
            views.append(view)
    return views, forms, values, runs


def _new(plan: Layout, x: Any, own: View) -> tuple[tuple[Any, ...], list[View]]:
    """New results, of the type of x."""
    results = tuple([new_array(plan.call, x, plan.form, like=plan.like) for _ in range(plan.results)])
    home = family(type(x))
    if own[1][2] is None and plan.like:
        address = home.address
        return results, [(address(r), plan.form, own[2], own[3], False, None) for r in results]
    return results, [home.view(r) for r in results]


def _given(plan: Layout, x: Any, inputs: Sequence[View], out: Any) -> tuple[tuple[Any, ...], list[View]]:
    """The results in `out`, and new ones where that has none; nothing is made before all is checked."""
    checked = check_outputs(plan, inputs, out)
    targets = out if isinstance(out, tuple) else (out,)
    results = tuple([new_array(plan.call, x, plan.form, like=plan.like) if target is None else target for target in targets])
    return results, [family(type(x)).view(r) if view is None else view for r, view in zip(results, checked, strict=True)]


@functools.lru_cache(4096)
def ready_for(plan: Layout, made: tuple[Form, ...] | None, low: int, runs: bool, draw: Draw | None = None) -> Ready:
    """The launches for a layout: by the flat kernels where these can do it; `draw` tells what the first parameter is drawn from.

    `made` are the forms of the results where not all are in C order; `low` has the bits below 16 of all addresses of data, and `runs`
    says that parameters begin at multiples of 16 bytes.
    """
    data = (*plan.data, *(made or plan.usual))
    record, direction, dtype = plan.record, kernel_of(plan.record, plan.direction), plan.dtype
    if draw is not None:
        strides = plan.strides(data)
        return ready(elementwise_plan(record, direction, dtype, draw, plan.modes, plan.shape, strides, aligned=runs and not low))
    values = all(form is None for form in plan.params)
    steps = flat_steps(record, direction, dtype, data) if values and not low else None
    if steps is None:
        steps = strided(record, direction, dtype, plan.modes, plan.shape, plan.strides(data), aligned=runs and not low)
    return ready(Plan(steps))
