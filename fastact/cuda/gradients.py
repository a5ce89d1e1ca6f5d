"""Backward with gradients of parameters, and gradients that are added to what an array holds, on device arrays."""

from __future__ import annotations

import functools
import math
from typing import Any

from fastact.cuda import calls, launch, quick
from fastact.cuda.arrays import LEGACY, SIZES, View, family
from fastact.cuda.drawing import Draw, Noise, from_scratch, noise_strides
from fastact.cuda.layouts import Form, RefusedError, c_strides
from fastact.cuda.memory import WIDE
from fastact.cuda.operands import Layout, check_overlap, check_target, explain, layout, new_array, width_of
from fastact.cuda.sending import Ready, ready, send
from fastact.cuda.sums import summed
from fastact.directions import Direction
from fastact.record import Record


def backward(
    record: Record,
    operands: tuple[Any, ...],
    names: tuple[str, ...],
    targets: tuple[Any, ...],
    options: dict[str, Any],
    *,
    alone: bool,
    accumulate: bool,
    noise: Noise | None = None,
) -> Any:
    """The gradients of `names`, as `fastact.gradients.backward`; sums are in the computing width, of the type of x.

    Parameters
    ----------
    record : Record
        The activation.
    operands : tuple
        dy, x and all parameters.
    names : tuple of str
        "x" and parameters whose gradients are asked for.
    targets : tuple of (array or None)
        For the gradients: dx, and dense arrays in C order of the parameters' shapes, in the computing width.
    options : dict
        None is accepted.
    alone : bool
        Whether the one gradient is returned without a tuple.
    accumulate : bool
        Whether gradients are added to what `targets` hold.
    noise : Noise, optional
        Where the first parameter, for which a number is given, is drawn from.

    Returns
    -------
    array or tuple of arrays
        The gradients, in the order of `names`.
    """
    call = f"{record.name}.backward"
    if options:
        raise TypeError(f"{call}: {', '.join(options)} is not accepted for arrays on a CUDA device")
    if len(targets) != len(names):
        raise ValueError(f"{call}: out has {len(targets)} arrays; accepted are {len(names)}, or None")
    if accumulate and any(t is None for t in targets):
        raise ValueError(f"{call}: accumulate=True adds to out; accepted is an array for each of {', '.join(names)}")
    if names == ("x",):
        old = targets if accumulate else ()
        direction: Direction = "accumulate" if accumulate else "backward"
        given = (*old, *operands)
        if noise is None:
            results: tuple[Any, ...] = (quick.call(record, direction, given, targets[0], {}),)
        else:
            results = (calls.call(record, direction, given, targets[0], {}, noise),)
    else:
        results = _summed(record, operands, dict(zip(names, targets, strict=True)), noise, accumulate=accumulate)
    return results[0] if alone else results


def _summed(
    record: Record, operands: tuple[Any, ...], targets: dict[str, Any], noise: Noise | None, *, accumulate: bool
) -> tuple[Any, ...]:
    try:
        views, forms, values, _ = calls.gathered(record, "backward", operands, 2)
    except RefusedError as error:
        raise explain(record, "backward", operands, error) from error
    plan = layout(record, "backward", tuple(forms))
    x, own, width = operands[1], views[1], width_of(views[1])
    found: dict[str, Form] = {
        p.name: (width, () if f is None else tuple(f[1]), None) for p, f in zip(record.params, plan.params, strict=True)
    }
    wanted = {name: plan.form if name == "x" else found[name] for name in targets}
    made: dict[str, View] = {}
    for k, (name, target) in enumerate(targets.items()):
        if target is not None:
            label = f"{plan.call}: out[{k}]"
            made[name] = check_target(label, target, wanted[name])
            if name != "x" and made[name][1] != wanted[name]:
                raise ValueError(f"{label} is not in C order; accepted is a dense array for the gradient of {name}")
            check_overlap(label, made[name], views if name == "x" else (), [v for n, v in made.items() if n != name])
            if name != "x":
                check_overlap(label, made[name], (), views)
    results = {
        name: new_array(plan.call, x, wanted[name], like=name == "x" and plan.like) if target is None else target
        for name, target in targets.items()
    }
    made |= {name: family(type(r)).view(r) for name, r in results.items() if name not in made}
    sums = [p.name for p in record.params if p.name in targets]
    if plan.n:
        dx = made.get("x")
        data = [v for v in (dx if accumulate else None, *views[:2], dx) if v is not None]
        low = functools.reduce(int.__or__, (v[0] for v in data))
        steps = _ready(
            plan,
            None if dx is None else dx[1],
            tuple(p.name in targets for p in record.params),
            accumulate,
            low % WIDE,
            noise and noise.draw,
        )
        at = 0 if dx is None else dx[0]
        addresses = (*([at] if accumulate else []), *(v[0] for v in views[:2]), at, *(made[name][0] for name in sums))
        send(plan.call, steps, x, own, [*views, *made.values()], (*addresses, *values, *(noise.key if noise else ())))
    elif not accumulate:
        for name in sums:
            if size := math.prod(wanted[name][1]) * SIZES[width]:
                launch.clear(own[2], own[3] or LEGACY, made[name][0], size)
    return tuple(results[name] for name in targets)


@functools.lru_cache(4096)
def _ready(plan: Layout, dx: Form | None, wanted: tuple[bool, ...], accumulate: bool, low: int, draw: Draw | None) -> Ready:
    shapes = tuple([() if form is None else tuple(form[1]) for form in plan.params])
    size = SIZES["float64" if plan.dtype == "float64" else "float32"]
    strides = plan.strides((*([dx] if accumulate else []), *plan.data, dx))
    before = len(strides) - len(shapes)
    results = tuple([c_strides(shape, size) for shape, asked in zip(shapes, wanted, strict=True) if asked])
    direction: Direction = "accumulate_params" if accumulate else "backward_params"
    beside, modes, place = strides[before:], plan.modes, before + len(results)
    if draw is not None:
        beside, modes = (noise_strides(plan.shape, plan.dtype), *beside[1:]), "a" + modes[1:]
        shapes = (plan.shape, *shapes[1:])
    told = (*strides[:before], *results, *beside)
    made = summed(plan.record, direction, plan.dtype, modes, wanted, plan.shape, told, shapes, aligned=not low)
    return ready(made if draw is None else from_scratch(made, draw, plan.dtype, plan.shape, place, len(told)))
