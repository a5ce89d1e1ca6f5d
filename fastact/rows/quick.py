"""Ordinary calls of the softmax family: arrays of one dtype and one axis. What depends on dtypes and layouts alone is remembered."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fastact.cpu.layout import address, dense
from fastact.rows import words
from fastact.rows.launch import Ready, launch, prepare
from fastact.rows.operands import Array, computed

_ALIGNED, _WRITEABLE = 0x100, 0x400
"""Of an array's flags; NumPy's C headers fix them."""

_FACTOR = words.TEMPLATE + words.NUMBERS
Form = tuple[np.dtype[Any], tuple[int, ...], tuple[int, ...], int]
"""Dtype, shape, strides and flags of an array."""


class Roles(NamedTuple):
    """Names of the operands, of which the last is written, and which of them has one value per row."""

    names: tuple[str, ...]
    per_row: str = ""


FORWARD, REDUCED = Roles(("x", "y")), Roles(("x", "y"), "y")
BACKWARD, FROM_OUTPUT, REDUCED_BACKWARD = Roles(("x", "dy", "dx")), Roles(("dy", "y", "dx")), Roles(("x", "dy", "y"), "dy")


@dataclass(frozen=True, slots=True)
class Fit:
    """A job for operands of these forms, the words of their addresses, and the shape of the result.

    `reach` holds the first byte of an operand and the one behind its last, from its address on, and whether it has the result's layout.
    """

    ready: Ready
    places: tuple[int, ...]
    reach: tuple[tuple[int, int, bool], ...]
    shape: tuple[int, ...]


def _reach(form: Form) -> tuple[int, int]:
    dtype, shape, strides, _ = form
    spans = [s * (n - 1) for n, s in zip(shape, strides, strict=True)]
    return sum(min(0, s) for s in spans), sum(max(0, s) for s in spans) + dtype.itemsize


def _usable(form: Form, dtype: np.dtype[Any], shape: tuple[int, ...], *, written: bool) -> bool:
    """Whether a kernel can use an operand where it is."""
    own, extents, strides, flags = form
    if own != dtype or extents != shape or not flags & _ALIGNED:
        return False
    return not written or (bool(flags & _WRITEABLE) and not any(s == 0 and n > 1 for n, s in zip(extents, strides, strict=True)))


@functools.lru_cache(1024)
def _fitting(program: str, roles: Roles, axis: int, scaled: bool, causal: bool, result: bool, forms: tuple[Form, ...]) -> Fit | None:
    """The job if operands of these forms can be used as they are; without `result`, that is a new dense array. Else None."""
    dtype, shape, *_ = forms[0]
    known, ndim = computed(dtype), len(shape)
    if known is None or known != dtype or dtype.char == "g" or not -ndim <= axis < ndim or 0 in shape:
        return None
    axis %= ndim
    if causal and (ndim < 2 or axis != ndim - 1):
        return None
    lead = (*shape[:axis], *shape[axis + 1 :])
    if not result:
        forms = (*forms, (dtype, *dense(lead, dtype.itemsize), _ALIGNED | _WRITEABLE))
    spec, last = [], roles.names[-1]
    for name, form in zip(roles.names, forms, strict=True):
        single = name == roles.per_row
        if not _usable(form, dtype, lead if single else shape, written=name == last):
            return None
        moved = [v if single else (*v[:axis], *v[axis + 1 :], v[axis]) for v in form[1:3]]
        spec.append((name, dtype.name, moved[0], moved[1], single))
    spec.sort(key=lambda operand: operand[-1])
    order = [operand[0] for operand in spec]
    places = [words.TEMPLATE + words.FIRST + words.PAIR * order.index(name) for name in roles.names]
    reach = [(*_reach(form), form[1:3] == forms[-1][1:3]) for form in forms]
    return Fit(prepare(program, tuple(spec), (scaled, causal, False), 0, 0), tuple(places), tuple(reach), forms[-1][1])


def _crosses(fit: Fit, addresses: list[int]) -> bool:
    """Whether the result shares memory with an operand without being the same."""
    y = addresses[-1]
    low, high, _ = fit.reach[-1]
    start, stop = y + low, y + high
    for a, (low, high, alike) in zip(addresses, fit.reach[:-1], strict=False):
        if a + low < stop and start < a + high and not (alike and a == y):
            return True
    return False


def _plain(arrays: tuple[Any, ...]) -> bool:
    """Whether all are arrays, of no class derived from them."""
    for a in arrays:  # noqa: SIM110
        if type(a) is not np.ndarray:
            return False
    return True


def call(program: str, roles: Roles, arrays: tuple[Any, ...], axis: Any, out: Any, sign: float, options: dict[str, Any]) -> Array | None:
    """Run a program over arrays, if these are ordinary. Returns the result, or None, with nothing done."""
    scale, causal = 1.0, False
    if options:
        scale, causal = options.get("scale", 1.0), options.get("causal", False)
        if type(scale) is not float or type(causal) is not bool or not options.keys() <= {"scale", "causal"}:
            return None
    if type(axis) is not int or not _plain(arrays) or (out is not None and type(out) is not np.ndarray):
        return None
    target = np.empty_like(arrays[-1 if roles is FROM_OUTPUT else 0]) if out is None and roles.per_row != roles.names[-1] else out
    operands = arrays if target is None else (*arrays, target)
    factor = scale * sign
    forms = tuple([(a.dtype, a.shape, a.strides, a.flags.num) for a in operands])
    fit = _fitting(program, roles, axis, factor != 1.0, causal, target is not None, forms)
    if fit is None:
        return None
    if target is None:
        target = np.empty(fit.shape, arrays[0].dtype)
        operands = (*arrays, target)
    addresses = [address(a) for a in operands]
    if out is not None and _crosses(fit, addresses):
        return None
    job = fit.ready.job.copy()
    for place, a in zip(fit.places, addresses, strict=True):
        job[place] = a
    if factor != 1.0:
        job.view(np.float64)[_FACTOR] = factor
    launch(job, fit.ready)
    return target
