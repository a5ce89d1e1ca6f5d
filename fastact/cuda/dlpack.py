"""Arrays that tell of themselves by DLPack alone."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from fastact.cuda.layouts import RefusedError, plain
from fastact.placement import CUDA

if TYPE_CHECKING:
    from fastact.cuda.arrays import View

_SIGNED, _UNSIGNED, _FLOAT, _BFLOAT, _BOOL = 0, 1, 2, 4, 6
_NAMES = {(_BFLOAT, 16): "bfloat16", (_UNSIGNED, 8): "uint8", (_SIGNED, 64): "int64", (_BOOL, 8): "bool"}
_NAMES |= {(_FLOAT, bits): f"float{bits}" for bits in (16, 32, 64)}
_READ_ONLY = 1
_STREAM = 1
"""The default stream, as DLPack numbers streams of CUDA; the producer lets it wait for what it has under way."""


class _Tensor(ctypes.Structure):
    """DLPack's DLTensor."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class _Versioned(ctypes.Structure):
    """DLPack's DLManagedTensorVersioned."""

    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", _Tensor),
    )


_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))
_valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_IsValid", ctypes.pythonapi))


def _read(a: Any) -> tuple[Any, _Tensor, int]:
    """The capsule, the tensor in it, and its flags."""
    if a.__dlpack_device__()[0] not in CUDA:
        raise RefusedError("is not on a CUDA device")
    try:
        capsule = a.__dlpack__(stream=_STREAM, max_version=(1, 0))
    except TypeError:
        capsule = a.__dlpack__(stream=_STREAM)
    if _valid(capsule, b"dltensor_versioned"):
        managed = _Versioned.from_address(_pointer(capsule, b"dltensor_versioned"))
        return capsule, managed.tensor, managed.flags
    return capsule, _Tensor.from_address(_pointer(capsule, b"dltensor")), 0


def view(a: Any, *, frozen: bool = False) -> View:
    """Address and layout; the capsule keeps the memory alive. `frozen` is for arrays that nobody may write to, as JAX's."""
    capsule, tensor, flags = _read(a)
    dtype = _NAMES.get((tensor.code, tensor.bits), f"DLPack type ({tensor.code}, {tensor.bits})")
    if tensor.lanes != 1:
        dtype = f"vectors of {tensor.lanes} {dtype}"
    size = tensor.bits // 8
    shape = tuple(tensor.shape[: tensor.ndim])
    strides = plain(shape, tuple(s * size for s in tensor.strides[: tensor.ndim]), size) if tensor.strides else None
    return (
        (tensor.data or 0) + tensor.byte_offset,
        (dtype, shape, strides),
        tensor.device,
        _STREAM,
        frozen or bool(flags & _READ_ONLY),
        capsule,
    )
