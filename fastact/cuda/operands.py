"""What the operands of a call must be, and what is told where they are not."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastact import errors
from fastact.cuda.arrays import ITEMS, SIZES, View, family
from fastact.cuda.layouts import Form, RefusedError, Shape, broadcast, strides_of
from fastact.directions import STORAGE, Direction, signature
from fastact.placement import on_device
from fastact.record import Record

ACCEPTED = "float16, bfloat16, float32 and float64"


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """What the forms of operands decide.

    The forms of the data and of the parameters (None for numbers); dtype, shape, number of elements and number of results; the form of
    a result in C order, and those of all; whether results have the shape of x; and the call as the user spells it.
    """

    record: Record
    direction: Direction
    dtype: str
    shape: Shape
    n: int
    results: int
    like: bool
    data: tuple[Form, ...]
    params: tuple[Form | None, ...]
    form: Form
    usual: tuple[Form, ...]
    call: str

    @property
    def modes(self) -> str:
        """For each parameter "v" if it is a number, "a" if an array."""
        return "".join("v" if form is None else "a" for form in self.params)

    def strides(self, data: Sequence[Form | None]) -> tuple[Shape | None, ...]:
        """The strides of data, and of the parameters after them, in the shape of the result."""
        size, wide = SIZES[self.dtype], STORAGE[self.dtype].computed.size
        sizes = [size] * len(data) + [wide] * len(self.params)
        forms = (*data, *self.params)
        return tuple([None if form is None else broadcast(form, n, self.shape) for form, n in zip(forms, sizes, strict=True)])


@functools.lru_cache(4096)
def layout(record: Record, direction: Direction, forms: tuple[Form | None, ...]) -> Layout:
    """The layout of a call; None stands for a parameter that is a number.

    Raises
    ------
    TypeError
        If dtypes are not supported, or not those of x.
    ValueError
        If shapes do not broadcast.
    """
    call, inputs, _ = errors.names(record, direction)
    first = len(forms) - len(record.params)
    x = forms[first - 1]
    assert x is not None
    for name, form in zip(inputs, forms, strict=True):
        if form is not None and form[0] not in SIZES:
            raise TypeError(f"{call}: {name} has dtype {form[0]}; accepted on a CUDA device are {ACCEPTED}")
    width = STORAGE[x[0]].width
    for k, (name, form) in enumerate(zip(inputs, forms, strict=True)):
        if form is not None and form[0] != (x[0] if k < first else width):
            accepted = f"{x[0]}, as {inputs[first - 1]} has" if k < first else f"{width}, or a number, beside {x[0]}"
            raise TypeError(f"{call}: {name} has dtype {form[0]}; accepted is {accepted}")
    shapes = {name: form[1] for name, form in zip(inputs, forms, strict=True) if form is not None}
    try:
        shape = np.broadcast_shapes(*shapes.values())
    except ValueError:
        given = ", ".join(f"{name} has shape {tuple(form)}" for name, form in shapes.items())
        raise ValueError(f"{call}: {given}; they do not broadcast") from None
    data = tuple([form for form in forms[:first] if form is not None])
    form = (x[0], shape, None)
    results = len(signature(record, direction, x[0]).outputs)
    same = tuple(x[1]) == shape
    return Layout(record, direction, x[0], shape, math.prod(shape), results, same, data, forms[first:], form, (form,) * results, call)


def number(record: Record, direction: Direction, k: int, given: Any, width: str) -> Any:
    """A parameter that is given by value, in the computing width."""
    if type(given) in (float, int, bool) or _is_number(given):
        try:
            with np.errstate(all="ignore"):
                return np.float32(given) if width == "float32" else np.float64(given)
        except OverflowError:
            pass
    call, inputs, _ = errors.names(record, direction)
    what = f"a {type(given).__name__} on the host" if hasattr(given, "shape") else f"a {type(given).__name__}"
    raise TypeError(f"{call}: {inputs[k]} is {what}; accepted are numbers, and arrays on the device of {record.operands[0]}")


def _is_number(given: Any) -> bool:
    """Whether this is a scalar, or an array without axes, of NumPy."""
    if not isinstance(given, np.generic | np.ndarray) or given.ndim:
        return False
    return given.dtype.kind in "fiub" or given.dtype.name == "bfloat16"


def width_of(x: View) -> str:
    """The dtype that is computed in beside x."""
    return "float64" if x[1][0] == "float64" else "float32"


def parameter(given: Any, width: str) -> View:
    """The view of a parameter, which its library widens if it is narrower than what is computed in."""
    kind = family(type(given))
    view = kind.view(given)
    dtype = view[1][0]
    if dtype == width or kind.cast is None or SIZES.get(dtype, 8) >= SIZES[width]:
        return aligned(view)
    wide = kind.cast(given, width)
    return (*kind.view(wide)[:5], wide)


def aligned(view: View) -> View:
    """A view, unless its elements do not lie at multiples of their size: the device would stop there."""
    dtype, _, strides = view[1]
    size = ITEMS.get(dtype, 1)
    if view[0] % size or (strides and any(s % size for s in strides)):
        raise RefusedError(f"has an address or stride that is no multiple of {size} bytes; accepted are aligned arrays of {dtype}")
    return view


def explain(record: Record, direction: Direction, operands: Sequence[Any], error: Exception) -> Exception:
    """The exception for operands of which one could not be viewed, which raised `error`."""
    call, inputs, _ = errors.names(record, direction)
    first = len(operands) - len(record.params)
    for name, a in zip(inputs[:first], operands[:first], strict=True):
        if not on_device(a):
            where = f"a {type(a).__name__} on the host"
            return TypeError(f"{call}: {name} is {where} beside arrays on a CUDA device; accepted are operands on one device")
    for name, a in zip(inputs, operands, strict=True):
        if on_device(a):
            try:
                aligned(family(type(a)).view(a))
            except RefusedError as refusal:
                return ValueError(f"{call}: {name} {refusal}")
    return error


def new_array(call: str, x: Any, form: Form, *, like: bool) -> Any:
    """A new array of the type of x and on its device; `like` says that its dtype and shape are those of x."""
    home = family(type(x))
    if like and home.like is not None:
        return home.like(x)
    if home.empty is None:
        told = f"arrays of type {type(x).__name__} cannot make another one for the result; accepted is out=, an array for it"
        raise TypeError(f"{call}: {told}")
    return home.empty(x, form[1], form[0])


def check_outputs(plan: Layout, inputs: Sequence[View], out: Any) -> list[View | None]:
    """The views of the arrays in `out`, one per result, if these can be written to."""
    targets = out if isinstance(out, tuple) else (out,)
    call, _, names = errors.names(plan.record, plan.direction)
    if len(targets) != plan.results:
        raise ValueError(f"{call}: out has {len(targets)} arrays; accepted are {plan.results}, or None")
    views: list[View | None] = []
    for name, target in zip(names, targets, strict=True):
        view = None if target is None else check_target(f"{call}: {name}", target, plan.form)
        if view is not None:
            check_overlap(f"{call}: {name}", view, inputs, views)
        views.append(view)
    return views


def check_target(label: str, target: Any, form: Form) -> View:
    """The view of an array given for a result, if it can be written to and has the dtype and shape of `form`."""
    try:
        view = aligned(family(type(target)).view(target))
    except RefusedError as error:
        if on_device(target):
            raise ValueError(f"{label} {error}") from error
        what = f"a {type(target).__name__} on the host"
        raise TypeError(f"{label} is {what}; accepted is an array on the device of the operands, or None") from error
    if view[1] == form and not view[4]:
        return view
    dtype, shape, strides = view[1]
    if view[4]:
        raise ValueError(f"{label} is read-only; accepted is a writable array")
    if tuple(shape) != form[1]:
        raise ValueError(f"{label} has shape {tuple(shape)}; accepted is the shape of the result, {form[1]}")
    if dtype != form[0]:
        raise TypeError(f"{label} has dtype {dtype}; accepted is {form[0]}")
    if strides is not None and any(s == 0 and n > 1 for s, n in zip(strides, shape, strict=True)):
        raise ValueError(f"{label} repeats an element; accepted is an array of elements of their own")
    return view


def check_overlap(label: str, view: View, inputs: Sequence[View], others: Sequence[View | None]) -> None:
    """Refuse a result that shares memory with another or, other than as that very array, with an operand."""
    for a in inputs:
        if (a[0] != view[0] or a[1] != view[1]) and _overlap(a, view):
            raise ValueError(f"{label} shares memory with an operand; accepted is that very operand, or memory of its own")
    for other in others:
        if other is not None and _overlap(view, other):
            raise ValueError(f"{label} shares memory with another result; accepted is memory of its own")


def _overlap(a: View, b: View) -> bool:
    """Whether two arrays share a byte; if that is hard to tell, they may."""
    (low, high), (first, last) = _extent(a[1]), _extent(b[1])
    if a[0] + high <= b[0] + first or b[0] + last <= a[0] + low:
        return False
    try:
        return np.shares_memory(_ghost(a), _ghost(b), max_work=1000)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


@functools.lru_cache(4096)
def _extent(form: Form) -> tuple[int, int]:
    """Where the first byte is, and the one after the last, counted from the first element."""
    size = ITEMS[form[0]]
    if not math.prod(form[1]):
        return 0, 0
    reach = [(n - 1) * s for n, s in zip(form[1], strides_of(form, size), strict=True)]
    return sum(r for r in reach if r < 0), sum(r for r in reach if r > 0) + size


@dataclass(frozen=True, slots=True)
class _Ghost:
    __array_interface__: dict[str, Any]


def _ghost(view: View) -> Any:
    """An array over the same addresses, which nobody reads."""
    address, (dtype, shape, strides), *_ = view
    described = {"shape": tuple(shape), "typestr": f"|V{ITEMS[dtype]}", "data": (address, True), "strides": strides, "version": 3}
    return np.asarray(_Ghost(described))
