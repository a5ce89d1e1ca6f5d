"""From a call on device arrays to launches: the results are arrays of the caller's library, on the caller's device and stream."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from typing import Any

from fastact import errors
from fastact.cuda import launch
from fastact.cuda.arrays import LEGACY, SIZES, Family, View, family
from fastact.cuda.launch import Armed
from fastact.cuda.layouts import Form, RefusedError, broadcast, flat_steps
from fastact.cuda.memory import WIDE
from fastact.cuda.operands import Layout, check_outputs, explain, layout, number, other_device, parameter, width_of
from fastact.directions import STORAGE, Direction
from fastact.placement import on_device
from fastact.record import Record


def call(record: Record, direction: Direction, operands: tuple[Any, ...], out: Any, options: dict[str, Any]) -> Any:
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
        views, forms, values, runs = _gathered(record, direction, operands, first)
    except RefusedError as error:
        raise explain(record, direction, operands, error) from error
    plan = layout(record, direction, tuple(forms))
    x, own = operands[first - 1], views[first - 1]
    results, made = _new(plan, x, own) if out is None else _given(plan, x, own, views, out)
    if plan.n:
        _launch(plan, own, views[:first] + made, views[first:], made, values, runs)
    return results[0] if len(results) == 1 else results


def _gathered(
    record: Record, direction: Direction, operands: tuple[Any, ...], first: int
) -> tuple[list[View], list[Form | None], list[Any], bool]:
    """The operands: views of arrays, forms of all, parameters as the kernel gets them.

    Also whether all parameters that are arrays begin at multiples of 16 bytes.
    """
    views = [family(type(a)).view(a) for a in operands[:first]]
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


def _launch(plan: Layout, own: View, data: list[View], params: list[View], made: list[View], values: list[Any], runs: bool) -> None:
    """Launch on the stream of x, whose view is `own`; `data` are the views of inputs and results."""
    device, handle = own[2], own[3]
    others: tuple[int, ...] = ()
    low, addresses = 0, []
    for view in data:
        address = view[0]
        addresses.append(address)
        low |= address
    for view in data + params:
        if view[2] != device:
            raise other_device(plan, data, params)
        if view[3] != handle:
            handle, others = _streams(own, data + params)
    forms = tuple([view[1] for view in made])
    armed = _armed(plan, None if forms == plan.usual else forms, low % WIDE, runs)
    launch.run(armed, device, handle or LEGACY, (*addresses, *values), others)


def _streams(own: View, views: Sequence[View]) -> tuple[int, tuple[int, ...]]:
    """The stream to launch on, which is that of x if it has any, and the others that operands come from."""
    handles = dict.fromkeys(v[3] for v in (own, *views) if v[3] is not None) or {LEGACY: None}
    first, *others = handles
    return first, tuple(others)


def _new(plan: Layout, x: Any, own: View) -> tuple[tuple[Any, ...], list[View]]:
    """New results, of the type of x."""
    home = family(type(x))
    results = tuple([_made(plan, home, x) for _ in range(plan.results)])
    if own[1][2] is None and plan.like:
        address = home.address
        return results, [(address(r), plan.form, own[2], own[3], False, None) for r in results]
    return results, [home.view(r) for r in results]


def _made(plan: Layout, home: Family, x: Any) -> Any:
    if plan.like and home.like is not None:
        return home.like(x)
    if home.empty is None:
        call = errors.names(plan.record, plan.direction)[0]
        raise TypeError(
            f"{call}: arrays of type {type(x).__name__} cannot make another one for the result; accepted is out=, an array for it"
        )
    return home.empty(x, plan.shape, plan.dtype)


def _given(plan: Layout, x: Any, own: View, inputs: Sequence[View], out: Any) -> tuple[tuple[Any, ...], list[View]]:
    """The results in `out`, and new ones where that has none; nothing is made before all is checked."""
    checked = check_outputs(plan, inputs, out)
    targets = out if isinstance(out, tuple) else (out,)
    results = tuple([_made(plan, family(type(x)), x) if target is None else target for target in targets])
    return results, [family(type(x)).view(r) if view is None else view for r, view in zip(results, checked, strict=True)]


@functools.lru_cache(4096)
def _armed(plan: Layout, made: tuple[Form, ...] | None, low: int, runs: bool) -> tuple[Armed, ...]:
    """The launches for a layout, ready: by the flat kernels where all data begin at multiples of 16 bytes.

    `made` are the forms of the results where not all are in C order; `low` has the bits below 16 of all addresses of data, and `runs`
    says that parameters begin at multiples of 16 bytes.
    """
    size = SIZES[plan.dtype]
    made = made or plan.usual
    data = (*plan.data, *made)
    if low % size:
        call = errors.names(plan.record, plan.direction)[0]
        raise ValueError(f"{call}: an address is no multiple of {size} bytes; accepted are aligned arrays of {plan.dtype}")
    steps = None if low else flat_steps(plan.record, plan.direction, plan.dtype, data, plan.params, runs=runs)
    if steps is None:
        wide = STORAGE[plan.dtype].computed.size
        modes = "".join("v" if form is None else "a" for form in plan.params)
        own = [None if form is None else broadcast(form, wide, plan.shape) for form in plan.params]
        strides = (*(broadcast(form, size, plan.shape) for form in data), *own)
        strided = importlib.import_module("fastact.cuda.strided").strided
        steps = strided(plan.record, plan.direction, plan.dtype, modes, plan.shape, strides)
    return launch.arm(steps)
