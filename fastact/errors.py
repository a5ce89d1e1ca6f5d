"""Messages for bad input: the function, the argument, what was given and what is accepted."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastact import containers
from fastact.placement import on_device
from fastact.record import Record


class CudaUnavailableError(RuntimeError):
    """A CUDA array came, and the package, the driver or the device that it needs is missing."""


ACCEPTED = "float16, bfloat16, float32, float64, longdouble, and integers and bool, which are promoted as np.exp does"


def names(record: Record, direction: str) -> tuple[str, list[str], list[str]]:
    """The call as the user spells it, the names of its inputs, and those of its outputs."""
    call = record.name if direction == "forward" else f"{record.name}.{direction.removesuffix('_params').replace('accumulate', 'backward')}"
    call += "_from_output" if record.operands == ("y",) else ""
    tangents = [f"d{name}" for name in record.operands]
    before = {"accumulate": ["out", "dy"], "backward": ["dy"], "jvp": tangents}.get(direction.removesuffix("_params"), [])
    inputs = [*before, *record.operands, *(p.name for p in record.params)]
    count = {"forward": 1, "jvp": 1, "value_and_grad": 1 + len(record.operands)}.get(direction, len(record.operands))
    return call, inputs, ["out"] if count == 1 else [f"out[{k}]" for k in range(count)]


def _dtype_error(call: str, inputs: list[str], operands: tuple[Any, ...]) -> TypeError | None:
    for name, operand in zip(inputs, operands, strict=True):
        if containers.family(type(operand)) == "scipy":
            return containers.refusal(f"{call}: {name}", operand)
        dtype = getattr(operand, "dtype", None)
        if dtype is None:
            try:
                dtype = np.asarray(operand).dtype
            except ValueError:
                return TypeError(f"{call}: {name} is not an array of numbers; accepted are {ACCEPTED}")
        if isinstance(dtype, np.dtype) and (dtype.kind not in "fiubV" or dtype.names):
            return TypeError(f"{call}: {name} has dtype {dtype}; accepted are {ACCEPTED}")
    return None


def _unfit(label: str, target: Any, shape: tuple[int, ...], told: str) -> Exception | None:
    """Why a result of `shape`, described as `told`, cannot be written to `target`, if it is for more than its dtype."""
    if not isinstance(target, np.ndarray):
        return TypeError(f"{label} is a {type(target).__name__}; accepted is a NumPy array, or None")
    if not target.flags.writeable:
        return ValueError(f"{label} is read-only; accepted is a writeable array")
    if target.shape != shape:
        return ValueError(f"{label} has shape {target.shape}; accepted is {told}")
    return None


def check_output(label: str, target: Any, shape: tuple[int, ...], kind: np.dtype[Any], told: str = "") -> None:
    """Check that a result of exactly that shape and dtype can be written to `target`; `told` describes the shape."""
    unfit = _unfit(label, target, shape, told or str(shape))
    if unfit is not None:
        raise unfit
    if target.dtype != kind or not target.dtype.isnative or not target.flags.aligned:
        raise TypeError(f"{label} has dtype {target.dtype!s}; accepted is an aligned array of {kind}")
    if any(s == 0 and n > 1 for s, n in zip(target.strides, target.shape, strict=True)):
        raise ValueError(f"{label} repeats an element; accepted is an array of elements of their own")


def check_plain(label: str, given: Any, use: str = "") -> None:
    """Refuse a masked array and arrays of other libraries, whose mask, labels or chunks would be lost."""
    if type(given) is not np.ndarray and containers.family(type(given)) not in ("", "subclass", "lent", "namespace"):
        raise containers.refusal(label, given, use)


def numbers(call: str, name: str, given: Any) -> Any:
    """`given` as an array, of any dtype but no nested lists of several lengths, and with a mask if it has one."""
    containers.check(f"{call}: {name}", given)
    try:
        return np.asanyarray(containers.plain(f"{call}: {name}", given))
    except ValueError:
        raise TypeError(f"{call}: {name} is not an array of numbers; accepted are {ACCEPTED}") from None


def unfit_output(call: str, name: str, target: Any, shape: tuple[int, ...]) -> Exception:
    """Why `target` cannot take a result of `shape`."""
    return _unfit(f"{call}: {name}", target, shape, str(shape)) or ValueError(f"{call}: {name} does not fit")


def explain(record: Record, direction: str, operands: tuple[Any, ...], out: Any, error: Exception) -> Exception:
    """The exception to raise for `error`, which NumPy raised on these operands."""
    call, inputs, outputs = names(record, direction)
    all_given = (*operands, *(out if isinstance(out, tuple) else (out,)))
    there = [name for name, a in zip((*inputs, *outputs), all_given, strict=False) if on_device(a)]
    if there:
        told = f"{', '.join(there)} on a CUDA device beside {inputs[len(inputs) - len(record.params) - 1]} on the host"
        return TypeError(f"{call}: {told}; accepted are operands on one device")
    if not record.in_long_double and any(getattr(a, "dtype", None) == np.longdouble for a in operands):
        what = f"{call}: bias= and scale= accept" if record.affine else f"{call} accepts"
        return TypeError(f"{what} float16, bfloat16, float32 and float64, not longdouble")
    found = _dtype_error(call, inputs, operands)
    if found is not None:
        return found
    shapes = {name: np.shape(a) for name, a in zip(inputs, operands, strict=True)}
    given = ", ".join(f"{name} has shape {shape}" for name, shape in shapes.items() if shape)
    try:
        result = np.broadcast_shapes(*shapes.values())
    except ValueError:
        return ValueError(f"{call}: {given}; they do not broadcast")
    return _output_error(call, outputs, out, result, error) or _told(call, error)


def _told(call: str, error: Exception) -> Exception:
    """NumPy's own error with the call before it, or that of a library that refuses an operand."""
    if isinstance(error, NotImplementedError):
        return TypeError(f"{call}: {error}")
    return type(error)(f"{call}: {error}") if type(error) in (TypeError, ValueError) else error


def _output_error(call: str, outputs: list[str], out: Any, result: tuple[int, ...], error: Exception) -> Exception | None:
    """What does not fit in `out`."""
    targets = out if isinstance(out, tuple) else (out,)
    if out is not None and len(targets) != len(outputs):
        return ValueError(f"{call}: out has {len(targets)} arrays; accepted are {len(outputs)}, or None")
    for name, target in zip(outputs, targets, strict=False):
        if target is None:
            continue
        unfit = _unfit(f"{call}: {name}", target, result, f"the shape of the result, {result}")
        if unfit is not None:
            return unfit
        if "cast" in str(error):
            return TypeError(f"{call}: {name} has dtype {target.dtype}, to which the result cannot be cast by casting='same_kind'")
    return None


def check_unmasked(record: Record, operands: tuple[Any, ...], outputs: tuple[Any, ...]) -> None:
    """Refuse masked arrays where gradients of parameters are summed: their masks would be lost."""
    call, inputs, _ = names(record, "backward")
    for name, a in (*zip(inputs, operands, strict=True), *(("out", o) for o in outputs)):
        check_plain(f"{call}: {name}", a, " for gradients of parameters")


def check_outputs(record: Record, outputs: tuple[Any, ...], wanted: list[tuple[tuple[int, ...], np.dtype[Any] | None]], wrt: Any) -> None:
    """Check `out` of a backward that sums parameter gradients, before anything is written.

    `wanted` holds shape and dtype of each result; summed gradients, which have None there, are cast to any floating-point dtype.
    """
    call = f"{record.name}.backward"
    if len(outputs) != len(wanted):
        lone = "one for dx, or " if wrt is None else ""
        raise ValueError(f"{call}: out has {len(outputs)} arrays; accepted are {len(wanted)}, or {lone}None")
    for k, (target, (form, kind)) in enumerate(zip(outputs, wanted, strict=True)):
        if target is None:
            continue
        name = "out" if isinstance(wrt, str) else f"out[{k}]"
        if kind is not None:
            check_output(f"{call}: {name}", target, form, kind)
            continue
        unfit = _unfit(f"{call}: {name}", target, form, str(form))
        if unfit is not None:
            raise unfit
        if target.dtype.kind not in "fV":
            raise TypeError(f"{call}: {name} has dtype {target.dtype!s}; accepted is an array of floating-point numbers")


def check_accumulators(record: Record, out: Any, wanted: tuple[str, ...]) -> None:
    """Check that every gradient that is to be added has an array of floating-point numbers to be added to."""
    call = names(record, "backward")[0]
    targets = out if isinstance(out, tuple) else (out,)
    if len(targets) != len(wanted) or any(t is None for t in targets):
        raise ValueError(f"{call}: accumulate=True adds to out; accepted is an array for each of {', '.join(wanted)}")
    for name, target in zip(wanted, targets, strict=True):
        kind = getattr(target, "dtype", None)
        if kind is None or kind.kind not in "fV" or kind.char == "g":
            given = type(target).__name__ if kind is None else f"of {kind}"
            raise TypeError(f"{call}: out for {name} is {given}; accumulate=True accepts arrays of float16, bfloat16, float32 and float64")
