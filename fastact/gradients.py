"""Backward by any choice of x and the parameters: gradients of parameters are summed to the shapes of these."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastact import containers, dispatch, errors, reference
from fastact.cpu.summed import summed as parameter_sums
from fastact.cpu.ufunc import make_ufunc
from fastact.cpu.walk import Drawn
from fastact.directions import Direction
from fastact.placement import on_device
from fastact.record import Record

_ALIGNED, _WRITEABLE = 0x100, 0x400
"""Of an array's flags; NumPy's C headers fix them."""


def asked(record: Record, wrt: Any) -> tuple[str, ...]:
    """The names that `wrt` asks for; None asks for x and the trainable parameters."""
    if wrt is None:
        return ("x", *(p.name for p in record.params if p.trainable))
    accepted = ("x", *(p.name for p in record.params))
    told = f"accepted are {', '.join(accepted)}"
    if not isinstance(wrt, str | tuple | list):
        raise TypeError(f"{record.name}.backward: wrt is a {type(wrt).__name__}; {told}, a tuple of these, or None")
    names = (wrt,) if isinstance(wrt, str) else tuple(wrt)
    if not names:
        raise ValueError(f"{record.name}.backward: wrt is empty; {told}")
    for k, name in enumerate(names):
        if name not in accepted:
            raise ValueError(f"{record.name}.backward: wrt has {name!r}; {told}")
        if name in names[:k]:
            raise ValueError(f"{record.name}.backward: wrt has {name!r} twice; {told}")
    return names


def targets(names: tuple[str, ...], wrt: Any, out: Any) -> tuple[Any, ...]:
    """What is given for each gradient; an array alone beside the default of `wrt` is for dx."""
    rest = [None] * (len(names) - 1 if wrt is None or out is None else 0)
    return out if isinstance(out, tuple) else (out, *rest)


def backward(record: Record, operands: tuple[Any, ...], wrt: Any, out: Any, options: dict[str, Any], *, accumulate: bool = False) -> Any:
    """The gradients that `wrt` asks for; `operands` are dy, x and all parameters. Those accumulated are added to what `out` holds."""
    names, alone = asked(record, wrt), isinstance(wrt, str) or (wrt is None and not any(p.trainable for p in record.params))
    if type(operands[1]) is not np.ndarray and on_device(operands[1]):
        calls = importlib.import_module("fastact.cuda.gradients")
        return calls.backward(record, operands, names, targets(names, wrt, out), options, alone=alone, accumulate=accumulate)
    if type(operands[1]) is not np.ndarray and containers.family(type(operands[1])) == "lent":

        def again(*arrays: Any, out: Any = None, **options: Any) -> Any:
            return backward(record, arrays, wrt, out, options, accumulate=accumulate)

        told, inputs, _ = errors.names(record, "backward")
        return containers.on_views(again, told, dict(zip(inputs, operands, strict=True)), out, options)
    if accumulate:
        errors.check_accumulators(record, out, names)
    if names == ("x",):
        direction: Direction = "accumulate" if accumulate else "backward"
        old = (out[0] if isinstance(out, tuple) else out,) if accumulate else ()
        dx = dispatch.call(make_ufunc(record, direction), record, direction, (*old, *operands), out, options)
        return dx if alone else (dx,)
    if options:
        raise TypeError(f"{record.name}.backward: {', '.join(options)} is not accepted; it sums over whole arrays")
    outputs = targets(names, wrt, out)
    results = summed(record, dispatch.narrow(operands, len(record.params)), names, outputs, wrt, accumulate)
    return results[0] if alone else results


def summed(
    record: Record,
    operands: tuple[Any, ...],
    names: tuple[str, ...],
    outputs: tuple[Any, ...],
    wrt: Any,
    accumulate: bool = False,
    drawn: Drawn | None = None,
) -> tuple[Any, ...]:
    """The gradients of `names`, of which one is a sum, in new arrays or in `outputs`."""
    arrays = (*operands, *outputs)
    plain = all(type(a) is np.ndarray or a is None for a in arrays)
    if not plain and all(o is None for o in outputs):
        inputs_by_name = dict(zip(("dy", "x", *(p.name for p in record.params)), operands, strict=True))

        def by_name(**given: Any) -> dict[str, Any]:
            return dict(zip(names, summed(record, tuple(given.values()), names, outputs, wrt, accumulate, drawn), strict=True))

        carried = containers.carry(by_name, f"{record.name}.backward", "x", inputs_by_name)
        if carried is not None:
            return tuple(carried[name] for name in names)
    known = _fitting(record, names, tuple([a if a is None else _form(a) for a in arrays])) if plain else None
    inputs: Any
    inputs, kind, shape = (operands, *known) if known else _checked(record, operands, names, outputs, wrt)
    if "x" in names:
        given = outputs[names.index("x")]
        dx = given if given is not None else (np.empty_like(inputs[1]) if inputs[1].shape == shape else np.empty(shape, kind))
        if given is not None and any(np.may_share_memory(a, dx) for a in inputs):
            inputs = [a.copy() if dispatch.clash([a], [dx]) else a for a in inputs]
    else:
        dx = np.broadcast_to(np.empty((), kind), shape)
    wanted = tuple([p.name in names for p in record.params])
    if kind.char == "g":
        sums = _long(record, inputs, dx, wanted)
    else:
        sums = parameter_sums(record, kind.name, inputs, dx, wanted, accumulate and "x" in names, drawn)
    found = {p.name: (s, a.dtype) for p, s, a in zip(record.params, sums, inputs[2:], strict=True)}
    return tuple(dx if n == "x" else _rounded(*found[n], target, accumulate) for n, target in zip(names, outputs, strict=True))


def _form(a: Any) -> tuple[Any, ...]:
    return a.dtype, a.shape, a.strides, a.flags.num


@functools.lru_cache(1024)
def _fitting(record: Record, names: tuple[str, ...], forms: tuple[Any, ...]) -> tuple[Any, tuple[int, ...]] | None:
    """The dtype and shape of dx if arrays of these forms can be used as they are, else None. Finding out takes longer than small sums."""
    inputs, outputs = forms[: 2 + len(record.params)], forms[2 + len(record.params) :]
    if None in inputs or len(outputs) != len(names):
        return None
    try:
        *kinds, kind = make_ufunc(record, "backward").resolve_dtypes((*(dtype for dtype, *_ in inputs), None))
        shape = np.broadcast_shapes(*(form[1] for form in inputs))
    except (TypeError, ValueError):
        return None
    usable = all(dtype is k and flags & _ALIGNED for (dtype, _, _, flags), k in zip(inputs, kinds, strict=True))
    shapes = {"x": shape, **{p.name: form[1] for p, form in zip(record.params, inputs[2:], strict=True)}}
    for name, form in zip(names, outputs, strict=True):
        if form is not None:
            dtype, own, _, flags = form
            usable &= own == shapes[name] and bool(flags & _WRITEABLE)
            usable &= bool(dtype is kind and flags & _ALIGNED) if name == "x" else dtype.kind in "fV"
    return (kind, shape) if usable else None


def _checked(record: Record, operands: tuple[Any, ...], names: tuple[str, ...], outputs: tuple[Any, ...], wrt: Any) -> Any:
    """The operands as arrays of the loop's dtypes, and the dtype and shape of dx; or the error that tells what does not fit."""
    errors.check_unmasked(record, operands, outputs)
    try:
        arrays = [np.asarray(a) for a in operands]
        weak = [type(a) if type(a) in (float, int) else array.dtype for a, array in zip(operands, arrays, strict=True)]
        *kinds, kind = make_ufunc(record, "backward").resolve_dtypes((*weak, None))
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
    except (TypeError, ValueError) as error:
        raise errors.explain(record, "backward", operands, None, error) from error
    shapes = {p.name: a.shape for p, a in zip(record.params, arrays[2:], strict=True)}
    errors.check_outputs(record, outputs, [(shape, kind) if n == "x" else (shapes[n], None) for n in names], wrt)
    return [a if a.dtype is k and a.flags.aligned else _native(a, k) for a, k in zip(arrays, kinds, strict=True)], kind, shape


def _native(array: Any, kind: np.dtype[Any]) -> Any:
    return np.require(array.astype(kind, copy=False), requirements="A")


def _rounded(total: Any, kind: np.dtype[Any], target: Any, accumulate: bool) -> Any:
    """A sum in the dtype of its parameter, written to `target` if there is one; or added to what that holds, and rounded to its dtype."""
    with np.errstate(all="ignore"):
        if target is None:
            return total.astype(kind)
        target[...] = total + target if accumulate else total.astype(kind)
    return target


def _long(record: Record, inputs: Sequence[Any], dx: Any, wanted: Sequence[bool]) -> list[Any]:
    """Backward in long double, as `summed`: terms by the C reference, sums by NumPy."""
    dy, x, *params = inputs
    sums: list[Any] = []
    for k, p in enumerate(params):
        if not wanted[k]:
            sums.append(None)
            continue
        d = reference.param_derivative(record.in_reference, k, x, *params)
        with np.errstate(all="ignore"):
            terms = np.broadcast_to(np.where((d == 0) & record.flat, 0, dy * d), dx.shape)
            lead = dx.ndim - p.ndim
            axes = (*range(lead), *(lead + i for i, n in enumerate(p.shape) if n == 1))
            sums.append(terms.sum(axes).reshape(p.shape))
    if dx.flags.writeable:
        make_ufunc(record, "backward")(*inputs, out=dx)
    return sums
