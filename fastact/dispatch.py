"""From a call to the kernel: large arrays of awkward layout take the walk, everything else the ufunc."""

from __future__ import annotations

import functools
import importlib
import itertools
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from fastact import containers, errors
from fastact.cpu import walk
from fastact.cpu.layout import address, layouts
from fastact.directions import STORAGE, Direction, kernel_of, signature
from fastact.placement import on_device
from fastact.record import Record

LARGE = 32768
"""Elements from which a call that is not flat leaves NumPy's iterator, which buffers and does not use threads."""

WIDTHS = {"e": "f", "f": "f", "d": "d", "g": "g"}
"""The parameters' type code for each of x."""


_NAMES = {"e": "float16", "f": "float32", "d": "float64", "g": "longdouble"}
_SMALL = frozenset(np.dtype(t) for t in (np.bool_, np.int8, np.uint8, np.int16, np.uint16))


@functools.cache
def device_calls() -> ModuleType:
    """The calls on CUDA arrays, of which nothing is imported before there are any."""
    return importlib.import_module("fastact.cuda.quick")


def call(ufunc: np.ufunc, record: Record, direction: Direction, operands: tuple[Any, ...], out: Any, options: dict[str, Any]) -> Any:
    """Run one direction, whose ufunc is given. `operands` are (dy,) x and all parameters; `options` are NumPy's ufunc keywords."""
    first = len(operands) - len(record.params)
    x = operands[first - 1]
    if type(x) is not np.ndarray:
        if on_device(x):
            return device_calls().call(record, direction, operands, out, options)
        found = _contained(ufunc, record, direction, operands, out, options)
        if found is not None:
            return found
    elif x.size >= LARGE and not options and not (_numbers(operands[first:]) and flat(x, out, *operands[: first - 1])):
        results = _walked(record, direction, operands, out if isinstance(out, tuple) else (out,))
        if results is not None:
            return results[0] if len(results) == 1 else tuple(results)
    if record.params:
        operands = narrow(operands, len(record.params))
    try:
        if out is not None:
            options["out"] = out
        return ufunc(*operands, **options)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise errors.explain(record, direction, operands, out, error) from error


def _contained(ufunc: np.ufunc, record: Record, direction: Direction, operands: tuple[Any, ...], out: Any, options: dict[str, Any]) -> Any:
    """The results for an x of another library where the ufunc alone does not do; else None."""
    primary = len(operands) - len(record.params) - 1
    kind = containers.family(type(operands[primary]))
    if not kind or (kind != "lent" and (out is not None or options)):
        return None
    told, names, _ = errors.names(record, direction)
    if kind == "lent":

        def again(*arrays: Any, out: Any = None, **options: Any) -> Any:
            return call(ufunc, record, direction, arrays, out, options)

        return containers.on_views(again, told, dict(zip(names, operands, strict=True)), out, options)
    by_name = dict(zip(names, narrow(operands, len(record.params)), strict=True))
    run = importlib.import_module("fastact.containers.run").Run(record, direction)
    return containers.elementwise(run, ufunc, told, names[primary], by_name)


def _numbers(params: tuple[Any, ...]) -> bool:
    return all(type(p) in (float, int) for p in params)


def typed_defaults(record: Record) -> dict[str, tuple[np.ndarray[Any, Any], ...]]:
    """The default parameters as arrays, which NumPy takes up sooner than numbers, by type code of x; none if one must be given."""
    if any(p.default is None for p in record.params):
        return {}
    return {k: tuple(np.array(p.default, w) for p in record.params) for k, w in WIDTHS.items()}


def flat(x: np.ndarray[Any, Any], out: Any, *others: Any) -> bool:
    """Whether x, the others and every given output are C-contiguous arrays of one shape: the ufunc then sees them whole."""
    if not x.flags.c_contiguous:
        return False
    others = (*others, *out) if type(out) is tuple else (*others, out)
    return all(a is None or (type(a) is np.ndarray and a.shape == x.shape and a.flags.c_contiguous) for a in others)


def narrow(operands: tuple[Any, ...], params: int) -> tuple[Any, ...]:
    """Python numbers as float32 parameters beside the integers that `np.exp` takes to float16 or float32, not to float64."""
    arrays = operands[: len(operands) - params]
    if all(getattr(a, "dtype", None) in _SMALL for a in arrays):
        return (*arrays, *(np.float32(p) if type(p) in (float, int) else p for p in operands[len(arrays) :]))
    return operands


def _walked(record: Record, direction: Direction, operands: tuple[Any, ...], out: tuple[Any, ...]) -> Any:
    """The results by the walk, or None where the ufunc is the better or the only way."""
    first_param = len(operands) - len(record.params)
    x = operands[first_param - 1]
    dtype = _NAMES.get(x.dtype.char) or x.dtype.name
    if dtype not in STORAGE:
        return None
    count = len(signature(record, direction, dtype).outputs)
    if len(out) not in (1, count):
        return None
    out = out if len(out) == count else out * count
    computed = np.dtype(STORAGE[dtype].width)
    inputs = [np.asarray(a, computed) if j >= first_param and type(a) in (float, int) else a for j, a in enumerate(operands)]
    data = [*inputs[:first_param], *(o for o in out if o is not None)]
    if not (all(_usable(a, x.dtype) for a in data) and all(_usable(p, computed) for p in inputs[first_param:])):
        return None
    given = tuple([None if o is None else (o.shape, o.strides) for o in out])
    shape = walk.shape_for_walk(record, dtype, layouts(inputs), given)
    if shape is None or any(o is not None and not o.flags.writeable for o in out):
        return None
    results = [(np.empty_like(x) if x.shape == shape else np.empty(shape, x.dtype)) if o is None else o for o in out]
    if clash(inputs, [r for r, o in zip(results, out, strict=True) if o is not None]):
        return None
    return results if walk.walk(record, kernel_of(record, direction), dtype, inputs, results) else None


def _usable(a: Any, dtype: np.dtype[Any]) -> bool:
    return type(a) is np.ndarray and a.dtype == dtype and a.dtype.isnative and a.flags.aligned


def clash(inputs: Sequence[Any], results: Sequence[Any]) -> bool:
    """Whether an output shares memory with another output or, other than as that very operand, with an input."""

    def same(a: Any, b: Any) -> bool:
        return bool(a.strides == b.strides and a.shape == b.shape and address(a) == address(b))

    shifted = any(_overlap(a, o) and not same(a, o) for o in results for a in inputs)
    return shifted or any(_overlap(*pair) for pair in itertools.combinations(results, 2))


def _overlap(a: Any, b: Any) -> bool:
    """Whether two arrays share an element, as halves of one array do not; if that is hard to tell, they may."""
    try:
        return bool(np.may_share_memory(a, b)) and np.shares_memory(a, b, max_work=1000)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True
