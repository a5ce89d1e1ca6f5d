"""Operands of the row family on a device: what they must be, and how they lie as rows."""

from __future__ import annotations

from typing import Any, NamedTuple

from fastact.cuda.arrays import SIZES, View, family
from fastact.cuda.layouts import Form, RefusedError, Shape, c_strides
from fastact.cuda.rowaccess import SIZE
from fastact.placement import on_device

FLOATS = tuple(SIZES)
LABELS = ("int32", "int64")
_NAMES = {"|b1": "bool", "<i4": "int32", "<i8": "int64"}

Operand = tuple[str, str, Shape, Shape, bool]
"""Name, dtype, shape, strides and whether it has one value per row, as `launch.Spec` has it."""


class Named(NamedTuple):
    """An operand of a plan: its name, how its array lies, whether it has one value per row, and how messages name it."""

    name: str
    form: Form
    single: bool
    label: str


def seen(call: str, name: str, array: Any, accepted: tuple[str, ...] = FLOATS) -> View:
    """The view of an operand, which must be on a device and of one of the dtypes."""
    if not on_device(array):
        what = f"a {type(array).__name__} on the host" if hasattr(array, "shape") else f"a {type(array).__name__}"
        raise TypeError(f"{call}: {name} is {what} beside arrays on a CUDA device; accepted are operands on one device")
    try:
        view = family(type(array)).view(array)
    except RefusedError as error:
        raise ValueError(f"{call}: {name} {error}") from error
    dtype, shape, strides = view[1]
    dtype = _NAMES.get(dtype, dtype).removeprefix("torch.")
    if dtype not in accepted:
        raise TypeError(f"{call}: {name} has dtype {dtype}; accepted on a CUDA device are {', '.join(accepted)}")
    if any(v % SIZE[dtype] for v in (view[0], *(strides or ()))):
        told = f"an address or stride that is no multiple of {SIZE[dtype]} bytes"
        raise ValueError(f"{call}: {name} has {told}; accepted are aligned arrays of {dtype}")
    return (view[0], (dtype, tuple(shape), strides), *view[2:])


def repeated(call: str, name: str, form: Form, shape: Shape, beside: str) -> Shape:
    """The strides of an operand, broadcast to a shape."""
    dtype, own, strides = form
    if strides is None:
        strides = c_strides(own, SIZE[dtype])
    lead = len(shape) - len(own)
    if lead < 0 or any(n not in (1, m) for n, m in zip(own, shape[lead:], strict=True)):
        raise ValueError(f"{call}: {name} has shape {own}, which does not broadcast to {shape}, that of {beside}")
    return (0,) * lead + tuple(0 if n == 1 and m != 1 else s for n, m, s in zip(own, shape[lead:], strides, strict=True))


def as_rows(call: str, operand: Named, shape: Shape, axes: Shape, beside: str) -> Operand:
    """An operand with elements of rows for the plan: the axes of a row come last and are one."""
    strides = repeated(call, operand.label, operand.form, shape, beside)
    kept = [d for d in range(len(shape)) if d not in axes]
    length, step = 1, 0
    for d in reversed(axes):
        if shape[d] == 1:
            continue
        if length > 1 and strides[d] != step * length:
            told = f"the axes {axes} of {operand.label} do not lie one after another in memory; accepted is a copy in C order"
            raise ValueError(f"{call}: {told}")
        step, length = (strides[d] if length == 1 else step), length * shape[d]
    return operand.name, operand.form[0], (*[shape[d] for d in kept], length), (*[strides[d] for d in kept], step), False


def per_row(call: str, operand: Named, lead: Shape) -> Operand:
    """An operand with one value per row for the plan."""
    return operand.name, operand.form[0], lead, repeated(call, operand.label, operand.form, lead, "the result"), True
