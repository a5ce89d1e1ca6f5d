"""Masks of 1 bit an element in place of x: all that backward needs where a derivative takes two values."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import math
from collections.abc import Callable
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from fastact import dispatch, errors, outputs, reference
from fastact.activations import clipped, piecewise
from fastact.binding import bind
from fastact.cpu.ufunc import make_ufunc, numpy_dtype, typed_loop
from fastact.numerics.bits import real, select
from fastact.placement import on_device
from fastact.record import Record

_leaky, _sloped = piecewise.leaky_relu.scalar, clipped.hard_sigmoid.scalar


def _leaky_bits(x: Any, slope: Any) -> Any:
    y, _, by_slope = _leaky(x, slope)
    return y, select(x <= real(0), real(0), real(1)), by_slope


def _sloped_bits(x: Any, slope: Any, offset: Any) -> Any:
    y, derivative, by_slope, by_offset = _sloped(x, slope, offset)
    return y, select(derivative == real(0), real(0), real(1)), by_slope, by_offset


@dataclasses.dataclass(frozen=True)
class _Masked:
    """One function: where y and its bit come from, and whose backward at which two points gives the gradients.

    The bit is the derivative of `forward`, other than a zero; NaN has 1. `params` of the function are passed to `backward`.
    """

    forward: Record
    backward: Record = piecewise.relu
    points: tuple[float, float] = (-1.0, 1.0)
    params: tuple[str, ...] = ()


def _in_place(record: Record, scalar: Callable[..., Any]) -> Record:
    return dataclasses.replace(record, scalar=scalar)


MASKED: dict[Record, _Masked] = {
    **{r: _Masked(r) for r in (piecewise.relu, clipped.relu6, piecewise.threshold, piecewise.thresholded_relu)},
    **{r: _Masked(r) for r in (clipped.hard_tanh, clipped.hard_shrink, clipped.soft_shrink)},
    clipped.sparse_sigmoid: _Masked(clipped.sparse_sigmoid, clipped.sparse_sigmoid, (2.0, 0.0)),
    clipped.hard_sigmoid: _Masked(_in_place(clipped.hard_sigmoid, _sloped_bits), clipped.hard_sigmoid, (math.inf, 0.0), ("slope",)),
    **{r: _Masked(_in_place(r, _leaky_bits), piecewise.leaky_relu, params=("slope",)) for r in (piecewise.leaky_relu, piecewise.prelu)},
}
"""The functions whose derivative takes two values."""


def _masked(record: Record, call: str) -> _Masked:
    if record in MASKED:
        return MASKED[record]
    constant = record in (piecewise.identity, piecewise.step)
    reason = "is one constant, which needs no mask" if constant else "takes more than two values, which a bit does not hold"
    raise TypeError(f"{call}: the derivative of {record.name} {reason}; accepted are {', '.join(sorted(r.name for r in MASKED))}")


def _arrays(call: str, record: Record, name: str, x: Any, params: tuple[Any, ...]) -> tuple[str, tuple[int, ...], list[Any]]:
    """Loop dtype, shape, and operands of that dtype: x, or the gradient that stands for it, and the parameters."""
    first = outputs.floating(call, name, x)
    if not params:
        return outputs.kind(first.dtype), first.shape, [first]
    for label, p in _named(record, name, x, params)[1:]:
        errors.check_plain(f"{call}: {label}", p)
        errors.numbers(call, label, p)
    params = dispatch.narrow((np.asarray(x), *params), len(params))[1:]
    try:
        weak = [p if type(p) in (float, int) else np.asarray(p) for p in params]
        given = [type(p) if type(p) in (float, int) else p.dtype for p in weak]
        *kinds, _ = make_ufunc(record, "forward").resolve_dtypes((first.dtype, *given, None))
        shape = np.broadcast_shapes(first.shape, *(np.shape(p) for p in weak))
    except (TypeError, ValueError) as error:
        told = ", ".join(f"{n} has shape {np.shape(a)} and dtype {np.asarray(a).dtype}" for n, a in _named(record, name, first, params))
        raise type(error)(f"{call}: {told}; accepted are numbers, of shapes that broadcast") from error
    arrays = [np.require(np.asarray(a, k), requirements="A") for a, k in zip((first, *weak), kinds, strict=True)]
    return outputs.kind(kinds[0]), shape, arrays


@functools.cache
def _taking(record: Record) -> Record:
    """The function with those parameters alone that its backward needs."""
    return dataclasses.replace(record, params=tuple(p for p in record.params if p.name in MASKED[record].params))


def _named(record: Record, name: str, x: Any, params: tuple[Any, ...]) -> list[tuple[str, Any]]:
    return [(name, x), *zip((p.name for p in record.params), params, strict=False)]


def _device() -> ModuleType:
    """The calls on CUDA arrays."""
    return importlib.import_module("fastact.cuda.masking")


class _Owner(Protocol):
    """An activation, which has these functions for methods."""

    record: Record


def with_mask(self: _Owner, x: Any, /, *params: Any, out: Any = None, **options: Any) -> tuple[Any, Any]:
    """(f(x), mask) in one pass, for functions whose derivative takes two values, of which the mask says which.

    It takes the place of x between forward and backward, in a 32nd of the room of float32.

    Parameters
    ----------
    x : array_like
        Input, any shape.
    *params : array_like
        Parameters, as in the forward call; also by keyword.
    out : tuple of (ndarray or None), optional
        Arrays for the two results, of their exact shapes and dtypes.

    Returns
    -------
    y : ndarray
        f(x).
    mask : ndarray of uint8
        Of shape (ceil(y.size / 8),): a bit per element of y in C order, as of `numpy.packbits` with
        ``bitorder="little"``. For `leaky_relu` and `prelu` it is 1 where x > 0, for others where the derivative
        is not 0; where x is NaN, it is 1.

    Raises
    ------
    TypeError
        If the derivative takes one value, or more than two, or for a dtype that is not supported.
    ValueError
        If shapes do not broadcast, or `out` does not fit or is read-only.
    """
    record = self.record
    call = f"{record.name}.with_mask"
    masked = _masked(record, call)
    values = bind(record, ".with_mask", params, options)
    if options:
        raise TypeError(f"{call}: {', '.join(options)} is not accepted")
    if on_device(x):
        y, mask = _device().with_mask(call, record, masked.forward, x, values, out)
        return y, mask
    dtype, shape, arrays = _arrays(call, record, "x", x, values)
    given = outputs.pair(call, out)
    total = math.prod(shape)
    y = outputs.ready(call, "out[0]", given[0], shape, numpy_dtype(dtype), arrays[:1])
    mask = outputs.ready(call, "out[1]", given[1], (-(-total // 8),), np.dtype(np.uint8))
    outputs.separate(call, y, mask)
    arrays = outputs.apart(arrays, [y, mask])
    if dtype == "longdouble":
        bits = arrays[0] <= 0 if masked.params == ("slope",) and masked.backward is piecewise.leaky_relu else _flat(record, *arrays)
        mask[...] = np.packbits(~np.broadcast_to(bits, shape).ravel(), bitorder="little")
        make_ufunc(record, "forward")(*arrays, out=y)
        return y, mask
    room = mask if mask.flags.c_contiguous else np.empty_like(mask)
    from fastact.cpu import packing, taken

    taken.apply(call, typed_loop(masked.forward, "value_and_grad", dtype), shape, [*arrays, y, taken.Taken(packing.pack, room.ctypes.data)])
    if room is not mask:
        mask[...] = room
    return y, mask


def _flat(record: Record, *operands: Any) -> Any:
    return reference.derivative(record.in_reference, *operands) == 0


def backward_from_mask(self: _Owner, dy: Any, mask: Any, /, *params: Any, out: Any = None, **options: Any) -> Any:
    """Backward, dx = dy · f'(x), from the mask of the forward pass; the same bits, but where f'(x) was NaN.

    Parameters
    ----------
    dy : array_like
        Gradient of the loss by the output, of the output's shape.
    mask : ndarray of uint8
        The mask of `with_mask`.
    *params : array_like
        The slope, as in the forward call, of `leaky_relu`, `prelu` and `hard_sigmoid`; other functions take none.
    out : ndarray, optional
        Array for dx; may be `dy` itself.

    Returns
    -------
    ndarray
        dx, of the dtype of `dy`; the gradient passes where f'(x) was NaN, as for NaN in x or a parameter, and shrinks with lambd < 0.

    Raises
    ------
    TypeError
        As `with_mask` does.
    ValueError
        If the mask is no array of uint8 with a bit for each element, shapes do not broadcast, or `out` does not fit.
    """
    record = self.record
    call = f"{record.name}.backward_from_mask"
    masked = _masked(record, call)
    values = bind(_taking(record), ".backward_from_mask", params, options)
    if options:
        raise TypeError(f"{call}: {', '.join(options)} is not accepted")
    rest = tuple(p.default for p in masked.backward.params[len(values) :])
    if on_device(dy):
        return _device().backward_from_mask(call, masked.backward, masked.points, dy, mask, (*values, *rest), out)
    dtype, shape, arrays = _arrays(call, masked.backward, "dy", dy, (*values, *rest))
    total = math.prod(shape)
    if not isinstance(mask, np.ndarray) or mask.dtype != np.uint8 or mask.shape != (-(-total // 8),):
        given = f"of dtype {mask.dtype} and shape {mask.shape}" if isinstance(mask, np.ndarray) else f"a {type(mask).__name__}"
        raise ValueError(
            f"{call}: mask is {given}; accepted is an array of uint8 of shape ({-(-total // 8)},), a bit for each of {total} elements"
        )
    dx = outputs.ready(call, "out", out, shape, numpy_dtype(dtype), arrays[:1])
    first, *slopes = outputs.apart(arrays, [dx])
    errors.check_plain(f"{call}: mask", mask)
    bits = np.ascontiguousarray(mask if not np.may_share_memory(mask, dx) else mask.copy())
    if dtype == "longdouble":
        low, high = map(np.longdouble, masked.points)
        places = np.where(np.unpackbits(bits, count=total, bitorder="little"), high, low).reshape(shape)
        make_ufunc(masked.backward, "backward")(first, places, *slopes, out=dx)
        return dx
    kind = numpy_dtype(dtype)
    zero, one = (int(np.array(p, kind).view(f"i{kind.itemsize}")) for p in masked.points)
    from fastact.cpu import packing, taken

    told = taken.Taken(packing.unpack, bits.ctypes.data, first=zero, second=one)
    taken.apply(call, typed_loop(masked.backward, "backward", dtype), shape, [first, told, *slopes, dx])
    return dx
