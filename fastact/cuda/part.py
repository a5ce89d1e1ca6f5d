"""An array of a CUDA device as views see it: its shape, and parts of it, without asking its library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastact.cuda.arrays import ITEMS, SIZES, Family, View, family
from fastact.cuda.layouts import Form, RefusedError, plain, strides_of
from fastact.cuda.operands import aligned, check_overlap, check_target, new_array
from fastact.outputs import fitting
from fastact.placement import on_device


@dataclass(frozen=True, slots=True)
class Part:
    """An array of a library, or a part of it, which `view` describes."""

    base: Any
    view: View

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return tuple(self.view[1][1])

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.view[1][1])

    @property
    def dtype(self) -> str:
        """Name of the dtype."""
        return self.view[1][0]

    @property
    def strides(self) -> tuple[int, ...]:
        """In bytes."""
        return strides_of(self.view[1], ITEMS.get(self.dtype, 1))

    def __getitem__(self, slices: tuple[slice, ...]) -> Part:
        """A part of the same rank."""
        address, (dtype, shape, _), *rest = self.view
        sizes, steps = list(shape), list(self.strides)
        for axis, s in enumerate(slices):
            first, stop, step = s.indices(shape[axis])
            sizes[axis] = len(range(first, stop, step))
            address += first * steps[axis]
            steps[axis] *= step
        form = (dtype, tuple(sizes), plain(tuple(sizes), tuple(steps), ITEMS[dtype]))
        return Part(self.base, (address, form, *rest))


def part(call: str, name: str, a: Any) -> Part:
    """An array on a CUDA device, or what is told of one that is not, or cannot be used."""
    if not on_device(a):
        raise TypeError(f"{call}: {name} is a {type(a).__name__} on the host beside arrays on a CUDA device; accepted are arrays on one")
    try:
        return Part(a, aligned(family(type(a)).view(a)))
    except RefusedError as error:
        raise ValueError(f"{call}: {name} {error}") from error


def floating(call: str, name: str, a: Any) -> Part:
    """An array of a dtype that is computed with."""
    found = part(call, name, a)
    if found.dtype not in SIZES:
        raise TypeError(f"{call}: {name} has dtype {found.dtype}; accepted on a CUDA device are float16, bfloat16, float32 and float64")
    return found


def gradient(call: str, dy: Any, shape: tuple[int, ...], dtype: str) -> Part:
    """Dy, of the shape of the output and the dtype of x."""
    given: Part = fitting(call, floating(call, "dy", dy), shape, dtype)
    return given


def result(call: str, name: str, target: Any, model: Part, shape: Sequence[int], dtype: str, beside: Sequence[Part] = ()) -> Part:
    """`target` if it can take a result, or a new array of the library of `model`; `beside` are operands and other results."""
    form: Form = (dtype, tuple(shape), None)
    if target is None:
        like = model.shape == tuple(shape) and model.dtype == dtype and model.view == family(type(model.base)).view(model.base)
        made = new_array(call, model.base, form, like=like)
        return Part(made, family(type(made)).view(made))
    view = check_target(f"{call}: {name}", target, form)
    check_overlap(f"{call}: {name}", view, [p.view for p in beside], [])
    return Part(target, view)


def _view(a: Any) -> View:
    return a.view if type(a) is Part else family(type(a)).view(a)


def _empty(a: Part, shape: tuple[int, ...], dtype: str) -> Any:
    return new_array("fastact", a.base, (dtype, shape, None), like=False)


FAMILY = Family(_view, lambda a: int(_view(a)[0]), None, _empty)
"""What `arrays.family` tells of parts: new arrays are of the library of the whole."""
