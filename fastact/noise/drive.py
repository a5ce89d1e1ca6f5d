"""Calls whose noise is drawn in the loop: no array of noise exists, and every element's depends on its logical index alone."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from fastact import containers, dispatch, errors, gradients
from fastact.cpu import walk
from fastact.cpu.ufunc import make_ufunc
from fastact.directions import Direction
from fastact.noise.fill import compile_fill
from fastact.noise.key import Key
from fastact.placement import on_device
from fastact.record import Record

Draw = Callable[..., Any]


def drawn(draw: Draw, place: int, key: Key) -> walk.Drawn:
    """The operand at `place` as one that is drawn."""
    return walk.Drawn(place, key, lambda width: compile_fill(draw, width).address)


@functools.lru_cache(1024)
def _resolved(record: Record, direction: Direction, given: tuple[Any, ...]) -> tuple[np.dtype[Any], ...]:
    """Dtypes of all operands, outputs last, for given dtypes, or types of Python numbers."""
    ufunc = make_ufunc(record, direction)
    return ufunc.resolve_dtypes((*given, *[None] * ufunc.nout))


def elementwise(record: Record, direction: Direction, operands: tuple[Any, ...], draw: Draw, key: Key, out: Any) -> Any:
    """One direction with the noise drawn; `operands` are (dy,) x and the parameters, of which the first stands for the noise."""
    ufunc, place = make_ufunc(record, direction), len(operands) - len(record.params)
    if on_device(operands[place - 1]):
        calls = importlib.import_module("fastact.cuda.calls")
        return calls.call(record, direction, operands, out, {}, device_noise(draw, key))
    call, labels, _ = errors.names(record, direction)
    if out is None and containers.family(type(operands[place - 1])):
        held = _carried(record, direction, dict(zip(labels, operands, strict=True)), draw, key)
        if held is not None:
            return held
    for name, a in (*zip(labels, operands, strict=True), ("out", out)):
        errors.check_plain(f"{call}: {name}", a, " with noise that is drawn")
    try:
        arrays = [np.asarray(a) for a in operands]
        weak = tuple(type(a) if type(a) in (float, int) else array.dtype for a, array in zip(operands, arrays, strict=True))
        kinds = _resolved(record, direction, weak)
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
    except (TypeError, ValueError) as error:
        raise errors.explain(record, direction, operands, None, error) from error
    kind = kinds[-1]
    outputs = _outputs(call, ufunc.nout, out, shape, kind)
    inputs = [a if a.dtype == k and a.dtype.isnative and a.flags.aligned else a.astype(k) for a, k in zip(arrays, kinds, strict=False)]
    x = inputs[place - 1]
    results = [(np.empty_like(x, subok=False) if x.shape == shape else np.empty(shape, kind)) if o is None else o for o in outputs]
    if results[0].size and dispatch.clash(inputs, results):
        inputs = [a.copy() for a in inputs]
        if results[0].size and dispatch.clash(inputs, results):
            raise ValueError(f"{call}: out shares memory with itself")
    if results[0].size and not walk.walk(record, direction, kind.name, inputs, results, drawn(draw, place, key)):
        raise ValueError(f"{call}: x has {len(shape)} axes in an order that cannot be run through; copy it first")
    given = [r[()] if o is None else r for r, o in zip(results, outputs, strict=True)]
    return given[0] if ufunc.nout == 1 else tuple(given)


def _outputs(call: str, count: int, out: Any, shape: tuple[int, ...], kind: np.dtype[Any]) -> tuple[Any, ...]:
    """The arrays, or Nones, for the results, checked."""
    outputs: tuple[Any, ...] = out if isinstance(out, tuple) else (out,) * count
    if len(outputs) != count or (count > 1 and not isinstance(out, tuple | None)):
        raise ValueError(f"{call}: out has {len(out) if isinstance(out, tuple) else 1} arrays; accepted are {count}, or None")
    for k, target in enumerate(outputs):
        if target is not None:
            name = "out" if count == 1 else f"out[{k}]"
            errors.check_output(f"{call}: {name}", target, shape, kind, f"the shape of the result, {shape}")
    return outputs


def _carried(record: Record, direction: Direction, operands: dict[str, Any], draw: Draw, key: Key) -> Any:
    """`elementwise` for an x with labels, or None."""

    def by_name(**given: Any) -> dict[str, Any]:
        found = elementwise(record, direction, tuple(given.values()), draw, key, None)
        return dict(zip(("x", "dx"), found, strict=True)) if isinstance(found, tuple) else {"x": found}

    held = containers.carry(by_name, errors.names(record, direction)[0], "x", operands)
    return held if held is None else held["x"] if len(held) == 1 else tuple(held.values())


def device_noise(draw: Draw, key: Key) -> Any:
    """Noise that a device draws."""
    seed, stream = key
    return importlib.import_module("fastact.cuda.drawing").Noise(draw, (seed, stream))


def backward(record: Record, operands: tuple[Any, ...], draw: Draw, key: Key, wrt: Any, out: Any) -> Any:
    """Backward by what `wrt` names, with the noise drawn again; as `gradients.backward`."""
    names, alone = gradients.asked(record, wrt), isinstance(wrt, str)
    noise = record.params[0].name
    if noise in names:
        raise ValueError(f"{record.name}.backward: wrt has {noise!r}, which is drawn; give it as an array for its gradient")
    if on_device(operands[1]):
        lone, calls = alone or (wrt is None and len(names) == 1), importlib.import_module("fastact.cuda.gradients")
        outputs = gradients.targets(names, wrt, out)
        return calls.backward(record, operands, names, outputs, {}, alone=lone, accumulate=False, noise=device_noise(draw, key))
    if names == ("x",):
        dx = elementwise(record, "backward", operands, draw, key, out)
        return dx if alone or wrt is None else (dx,)
    results = gradients.summed(record, operands, names, gradients.targets(names, wrt, out), wrt, drawn=drawn(draw, 2, key))
    return results[0] if alone else results
