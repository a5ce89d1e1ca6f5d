"""Calls of the softmax family on device arrays: the results are arrays of the caller's library, on the caller's device and stream."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from fastact.cuda.arrays import ITEMS, View, family
from fastact.cuda.layouts import Form, Shape
from fastact.cuda.operands import check_overlap, check_target, new_array
from fastact.cuda.rowoperands import Named, as_rows, per_row, seen
from fastact.cuda.rows import NO_LABEL, planned
from fastact.cuda.sending import Ready, ready, send
from fastact.rows.operands import axes_of, check_causal, scale_of
from fastact.rows.record import RowRecord
from fastact.rows.tangents import PROGRAMS

_OPTIONS = ("where", "scale", "causal")


class Told(NamedTuple):
    """What a call is told beside its arrays: how the user spells it and its main operand, the axes of a row, and the plan's options."""

    call: str
    main: str
    axes: Shape
    numbers: tuple[float, ...] = ()
    scaled: bool = False
    smooth: bool = False
    limits: tuple[int, int] | None = None
    ignored: int = NO_LABEL


@functools.lru_cache(4096)
def _arranged(program: str, told: Told, shape: Shape, operands: tuple[Named, ...]) -> Ready | None:
    """The launch for operands that lie like these beside the main one, of this shape; None if there are no rows."""
    lead = without(shape, told.axes)
    spec = tuple(per_row(told.call, o, lead) if o.single else as_rows(told.call, o, shape, told.axes, told.main) for o in operands)
    if not math.prod(lead):
        return None
    options: dict[str, Any] = {"scaled": told.scaled, "smooth": told.smooth, "ignored": told.ignored}
    return ready(planned(program, spec, told.numbers, limits=told.limits, ordered=told.limits is not None, **options))


def without(shape: Shape, axes: Shape) -> Shape:
    """The shape of one value per row."""
    return tuple([n for d, n in enumerate(shape) if d not in axes])


class Given(NamedTuple):
    """An array of a call: the plan's name for it, its view, whether it has one value per row, and how messages name it."""

    name: str
    view: View
    single: bool = False
    label: str = ""

    @property
    def named(self) -> Named:
        """What the plan depends on."""
        return Named(self.name, self.view[1], self.single, self.label or self.name)


def launched(program: str, told: Told, x: Any, shape: Shape, given: Sequence[Given]) -> None:
    """Run a program over arrays, those with elements of rows first; `x` is the one whose library and stream count."""
    steps = _arranged(program, told, shape, tuple([g.named for g in given]))
    if steps is not None:
        own = family(type(x)).view(x)
        send(told.call, steps, x, own, [g.view for g in given], tuple([g.view[0] for g in given]))


def result(call: str, x: Any, form: Form, out: Any, inputs: Sequence[Given], *, like: bool) -> tuple[Any, View]:
    """The array for a result and its view: `out` if that is given and fits."""
    if out is None:
        made = new_array(call, x, form, like=like)
        return made, family(type(made)).view(made)
    view = check_target(f"{call}: out", out, form)
    check_overlap(f"{call}: out", view, [g.view for g in inputs if g.view[1][0] in ITEMS], [])
    return out, view


def _told(call: str, main: str, x: View, axis: Any, sign: float, options: dict[str, Any]) -> Told:
    """Check the options of a function of rows."""
    for name in options:
        if name == "offsets":
            raise TypeError(f"{call}: offsets is not accepted for arrays on a CUDA device; accepted are axis, out, {', '.join(_OPTIONS)}")
        if name not in _OPTIONS:
            raise TypeError(f"{call}: no option {name!r}; accepted are axis, out, {', '.join(_OPTIONS)}")
    shape = x[1][1]
    axes = axes_of(call, axis, len(shape))
    limits = None
    if options.get("causal", False):
        check_causal(call, axes, len(shape), None)
        limits = shape[-1] - shape[-2] + 1, 1
    factor = scale_of(call, options.get("scale", 1.0)) * sign
    return Told(call, main, axes, (factor,), factor != 1.0, False, limits)


def same_dtype(call: str, given: Given, x: Given) -> None:
    """Refuse an operand of another dtype than the main one."""
    if given.view[1][0] != x.view[1][0]:
        label, name = given.label or given.name, x.label or x.name
        raise TypeError(f"{call}: {label} has dtype {given.view[1][0]}; accepted is {x.view[1][0]}, as {name} has")


def function(record: RowRecord, method: str, arrays: dict[str, Any], axis: Any, out: Any, options: dict[str, Any]) -> Any:
    """Run a function of rows, or its gradient, on arrays of a CUDA device.

    Parameters
    ----------
    record : RowRecord
        The function.
    method : str
        "", "backward", "backward_from_output" or "jvp".
    arrays : dict
        The operands x, dy, y and dx that the method takes.
    axis, out, options
        As the caller gave them.

    Returns
    -------
    array
        Of the type of x (y), or `out`.

    Raises
    ------
    TypeError
        If operands are not all on the device, or a dtype or an option is not supported.
    ValueError
        If an axis, a shape or `out` does not fit. Nothing is written then.
    """
    call = f"{record.name}.{method}" if method else record.name
    main = "y" if method == "backward_from_output" else "x"
    x = Given(main, seen(call, main, arrays[main]))
    told = _told(call, main, x.view, axis, record.sign, options)
    dtype, shape, _ = x.view[1]
    given = [x]
    mask = options.get("where")
    if mask is not None:
        given.append(Given("where", seen(call, "where", mask, ("bool",))))
    if method:
        name = "dx" if method == "jvp" else "dy"
        dy = Given("dy", seen(call, name, arrays[name]), record.reduces and method != "jvp", name)
        same_dtype(call, dy, x)
        given.append(dy)
    reduced = record.reduces and method in ("", "jvp")
    form = (dtype, without(shape, told.axes) if reduced else shape, None)
    made, view = result(call, arrays[main], form, out, given, like=not reduced)
    written = Given("dx" if method and not record.reduces else "y", view, reduced, "the result" if out is None else "out")
    gradient = f"{record.program}_backward"
    programs = {"": record.program, "backward": gradient, "jvp": PROGRAMS.get(record.program, gradient)}
    program = programs.get(method, f"{record.program}_from_output")
    ordered = sorted([*given, written], key=lambda g: g.single)
    launched(program, told, arrays[main], shape, ordered)
    return made
