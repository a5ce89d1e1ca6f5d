"""From a call on device arrays to launches: the results are arrays of the caller's library, on the caller's device and stream."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from fastact import errors
from fastact.cuda import launch
from fastact.cuda.arrays import LEGACY, SIZES, Family, Refusal, View, family
from fastact.cuda.launch import Armed
from fastact.cuda.layouts import Form, broadcast, flat_steps
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
    x = operands[first - 1]
    try:
        views = [family(type(a)).view(a) for a in operands[:first]]
        forms: list[Form | None] = [v[1] for v in views]
        own = views[-1]
        values: list[Any] = []
        runs = True
        for k in range(first, len(operands)):
            given = operands[k]
            if type(given) is float or not on_device(given):
                values.append(number(record, direction, k, given, width_of(own)))
                forms.append(None)
                continue
            view = parameter(given, width_of(own))
            runs = runs and view[0] % 16 == 0
            values.append(view[0])
            forms.append(view[1])
            views.append(view)
    except Refusal as error:
        raise explain(record, direction, operands, error) from error
    plan = layout(record, direction, tuple(forms))
    results, made = _new(plan, x, own) if out is None else _given(plan, x, own, views, out)
    if plan.n:
        device, handle, others = own[2], own[3], ()
        low, addresses, usual = 0, [], True
        for view in views[:first] + made:
            address = view[0]
            addresses.append(address)
            low |= address
        for view in views + made:
            if view[2] != device:
                raise other_device(record, direction, views, made)
            if view[3] != handle:
                handle, others = _streams(own, views + made)
        for view in made:
            usual = usual and view[1] == plan.form
        armed = _armed(plan, None if usual else tuple([v[1] for v in made]), low % 16, runs)
        launch.run(armed, device, handle or LEGACY, (*addresses, *values), others)
    return results[0] if len(results) == 1 else results


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
        raise TypeError(f"{call}: arrays of type {type(x).__name__} cannot make another one for the result; accepted is out=, an array for it")
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
    size, forms = SIZES[plan.dtype], plan.forms
    made = made or (plan.form,) * plan.results
    first = len(forms) - len(plan.record.params)
    data = (*forms[:first], *made)
    if low % size:
        call = errors.names(plan.record, plan.direction)[0]
        raise ValueError(f"{call}: an address is no multiple of {size} bytes; accepted are aligned arrays of {plan.dtype}")
    steps = None if low else flat_steps(plan.record, plan.direction, plan.dtype, data, forms[first:], runs=runs)
    if steps is None:
        from fastact.cuda.strided import strided

        wide = STORAGE[plan.dtype].computed.size
        params = "".join("v" if form is None else "a" for form in forms[first:])
        strides = [broadcast(form, size, plan.shape) for form in data]
        steps = strided(
            plan.record,
            plan.direction,
            plan.dtype,
            params,
            plan.shape,
            (*strides, *(None if form is None else broadcast(form, wide, plan.shape) for form in forms[first:])),
        )
    return launch.arm(steps)
