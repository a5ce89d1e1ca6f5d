"""What the arrays of other libraries tell of themselves: address, layout, device and stream; and new arrays of their kind.

A family is found by the type of the array, and its library through `sys.modules`: nothing is imported that the caller has not.
"""

from __future__ import annotations

import functools
import importlib
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastact.cuda import launch
from fastact.cuda.layouts import Form, RefusedError, plain

View = tuple[int, Form, int, int | None, bool, Any]
"""Address, form, device, handle of the stream on which the array is in use (None: any will do), whether it is read-only, and what keeps
the memory alive."""

LEGACY = 1
"""The driver's handle of the default stream, for which the libraries also write 0."""

SIZES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}
"""Dtypes that are computed with, and the bytes of an element."""

ITEMS = {**SIZES, "uint8": 1, "int64": 8, "bool": 1}
"""Dtypes that views and new arrays know."""

_TYPES = {"<f4": "float32", "<f8": "float64", "|u1": "uint8", "<i8": "int64", "|b1": "bool"}
_CODES = {"e": "float16", "f": "float32", "d": "float64", "B": "uint8", "q": "int64", "?": "bool"}


@dataclass(frozen=True, slots=True)
class Family:
    """The arrays of one library.

    `like` makes an uninitialised array of the dtype, shape and device of another, in its order where that is dense; `empty` one
    in C order, for which a shape and the name of a dtype are given too; `cast` converts. They are None where a library has no such.
    """

    view: Callable[[Any], View]
    address: Callable[[Any], int]
    like: Callable[[Any], Any] | None = None
    empty: Callable[[Any, tuple[int, ...], str], Any] | None = None
    cast: Callable[[Any, str], Any] | None = None


def _family(kind: type) -> Family:
    """The family of a type; an object of it may yet be on the host, which its view refuses."""
    torch, cuda = sys.modules.get("torch"), sys.modules.get("numba.cuda")
    if torch is not None and issubclass(kind, torch.Tensor):
        return _torch(torch)
    if kind.__module__.partition(".")[0] == "cupy":
        return _cupy(sys.modules["cupy"])
    if cuda is not None and kind.__module__.startswith("numba"):
        return _numba(cuda)
    if kind.__module__ == "fastact.cuda.part":
        return importlib.import_module(kind.__module__).FAMILY  # type: ignore[no-any-return]
    jax = kind.__module__.partition(".")[0] in ("jax", "jaxlib")
    if jax or (hasattr(kind, "__dlpack_device__") and not issubclass(kind, np.ndarray) and not hasattr(kind, "__cuda_array_interface__")):
        from fastact.cuda import dlpack

        return Family(functools.partial(dlpack.view, frozen=jax), lambda a: int(dlpack.view(a)[0]))
    return Family(_described, _address)


family: Callable[[type], Family] = functools.lru_cache(1024)(_family)


def _torch(torch: Any) -> Family:
    names = {getattr(torch, name): name for name in ITEMS}
    kinds = {name: kind for kind, name in names.items()}
    recording = torch.is_grad_enabled

    def of_stream(device: int) -> int:
        return int(torch.cuda.current_stream(device).cuda_stream)

    handle = getattr(torch._C, "_cuda_getCurrentRawStream", of_stream)

    def view(a: Any) -> View:
        if a.requires_grad and recording():
            raise RefusedError("requires grad, which is not recorded here; accepted are x.detach(), and calls under torch.no_grad()")
        if a.is_neg():
            raise RefusedError("is a view with its sign to be turned; accepted is x.resolve_neg()")
        device = a.get_device()
        if not a.is_cuda:
            raise RefusedError("is not on a CUDA device")
        strides = None
        if not a.is_contiguous():
            size = a.element_size()
            strides = tuple([s * size for s in a.stride()])
        kind = a.dtype
        return a.data_ptr(), (names.get(kind) or str(kind), a.shape, strides), device, handle(device) or LEGACY, False, None

    def empty(a: Any, shape: tuple[int, ...], dtype: str) -> Any:
        return torch.empty(shape, dtype=kinds[dtype], device=a.device)

    return Family(view, torch.Tensor.data_ptr, torch.empty_like, empty, lambda a, dtype: a.to(kinds[dtype]))


def _cupy(cupy: Any) -> Family:
    names = {cupy.dtype(code): name for code, name in _CODES.items()}
    current = cupy.cuda.get_current_stream
    here = cupy.cuda.runtime.getDevice

    def view(a: Any) -> View:
        device = a.device.id
        if here() == device:
            handle = current().ptr
        else:
            with a.device:
                handle = current().ptr
        strides = None if a.flags.c_contiguous else a.strides
        kind = a.dtype
        return a.data.ptr, (names.get(kind) or str(kind), a.shape, strides), device, handle or LEGACY, False, None

    def like(a: Any) -> Any:
        if here() == a.device.id:
            return cupy.empty_like(a)
        with a.device:
            return cupy.empty_like(a)

    def empty(a: Any, shape: tuple[int, ...], dtype: str) -> Any:
        with a.device:
            return cupy.empty(shape, a.dtype if dtype == str(a.dtype) else dtype)

    def cast(a: Any, dtype: str) -> Any:
        with a.device:
            return a.astype(dtype)

    return Family(view, lambda a: int(a.data.ptr), like, empty, cast)


def _numba(cuda: Any) -> Family:
    def empty(a: Any, shape: tuple[int, ...], dtype: str) -> Any:
        with cuda.gpus[_described(a)[2]]:
            return cuda.device_array(shape, dtype, stream=a.stream)

    def like(a: Any) -> Any:
        with cuda.gpus[_described(a)[2]]:
            return cuda.device_array_like(a, stream=a.stream)

    return Family(_described, _address, like, empty)


def _address(a: Any) -> int:
    return int(a.__cuda_array_interface__["data"][0])


def _of_16_bits(a: Any, typestr: str) -> str:
    """The dtype; the interface has no name for bfloat16, for which "<V2" and "<f2" are in use."""
    if typestr in ("<f2", "<V2", "|V2") and str(getattr(a, "dtype", "")).endswith("bfloat16"):
        return "bfloat16"
    return "float16" if typestr == "<f2" else typestr


def _described(a: Any) -> View:
    """By version 3 of the CUDA array interface; a stream of None asks for no order."""
    told = getattr(a, "__cuda_array_interface__", None)
    if told is None:
        raise RefusedError("is not on a CUDA device")
    if told.get("mask") is not None:
        raise RefusedError("has a mask; accepted are plain arrays")
    typestr, shape = told["typestr"], tuple(told["shape"])
    dtype = _TYPES.get(typestr) or _of_16_bits(a, typestr)
    address, frozen = told["data"]
    strides = told.get("strides")
    if strides is not None:
        strides = plain(shape, tuple(strides), ITEMS.get(dtype, 1))
    device = launch.device_of(address) if math.prod(shape) else max(launch.current(), 0)
    return address, (dtype, shape, strides), device, told.get("stream"), frozen, None
