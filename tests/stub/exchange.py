"""An array that tells of itself by DLPack alone."""

from __future__ import annotations

import ctypes
from typing import Any

from fastact.cuda.dlpack import _Tensor, _Versioned
from stub.device import Array

_CODES = {"float16": (2, 16), "bfloat16": (4, 16), "float32": (2, 32), "float64": (2, 64)}
_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)


class Exchanged:
    """Memory of a device; `stream` is what the consumer told last."""

    def __init__(self, host: Array, device: int, *, versioned: bool = True, readonly: bool = False) -> None:
        self.host, self.device, self.versioned, self.readonly = host, device, versioned, readonly
        self.stream: int | None = None

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, self.device

    def __dlpack__(self, *, stream: int | None = None, **options: Any) -> Any:
        if options and not self.versioned:
            raise TypeError("one of the first version knows no " + ", ".join(options))
        self.stream = stream
        self.kept = _Versioned(1, 0, None, None, int(self.readonly))
        tensor: _Tensor = self.kept.tensor
        tensor.data, tensor.device_type, tensor.device = self.host.__array_interface__["data"][0], 2, self.device
        tensor.ndim, tensor.lanes, tensor.byte_offset = self.host.ndim, 1, 0
        tensor.code, tensor.bits = _CODES[self.host.dtype.name]
        self.shape = (ctypes.c_int64 * self.host.ndim)(*self.host.shape)
        self.strides = (ctypes.c_int64 * self.host.ndim)(*(s // self.host.itemsize for s in self.host.strides))
        tensor.shape, tensor.strides = self.shape, self.strides
        if self.versioned:
            return _new(ctypes.addressof(self.kept), b"dltensor_versioned", None)
        return _new(ctypes.addressof(tensor), b"dltensor", None)
