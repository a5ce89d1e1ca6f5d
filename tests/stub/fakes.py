"""Stand-ins for torch and CuPy on the stub driver, with what fastact asks of the real ones, and nothing more."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import ml_dtypes
import numpy as np

from stub.device import Array, Described, Stub


class Tensor:
    """A tensor of the stand-in; `host` is its memory as NumPy sees it."""

    def __init__(self, host: Array, device: int = 0, *, requires_grad: bool = False, negative: bool = False) -> None:
        self.host, self._index, self.requires_grad, self._negative = host, device, requires_grad, negative
        self.is_cuda = device >= 0
        self.device = SimpleNamespace(type="cuda" if self.is_cuda else "cpu", index=device)
        self.shape, self.dtype = host.shape, host.dtype.name

    def data_ptr(self) -> int:
        return self.host.__array_interface__["data"][0] if self.host.size else 0

    def get_device(self) -> int:
        return self._index

    def is_neg(self) -> bool:
        return self._negative

    def is_contiguous(self) -> bool:
        return bool(self.host.flags.c_contiguous)

    def stride(self) -> tuple[int, ...]:
        return tuple(s // self.host.itemsize for s in self.host.strides)

    def element_size(self) -> int:
        return self.host.itemsize

    def to(self, kind: str) -> Tensor:
        made = sys.modules["torch"].empty(self.shape, dtype=kind, device=self.device)
        made.host[...] = self.host
        return made


def _dense(stub: Stub, host: Array, device: int) -> Array:
    """Memory for an array of the same shape, in the order of its dimensions."""
    order = sorted(range(host.ndim), key=lambda k: -abs(host.strides[k]))
    made = stub.empty(tuple(host.shape[k] for k in order), host.dtype, device)
    return made.transpose(np.argsort(order)) if host.ndim else made


def torch(stub: Stub) -> Any:
    """Put the stand-in in the place of torch."""
    made: Any = ModuleType("torch")
    made.Tensor = Tensor
    made.float16, made.bfloat16, made.float32, made.float64, made.uint8 = "float16", "bfloat16", "float32", "float64", "uint8"
    made.int64, made.bool = "int64", "bool"
    made.streams, made.recording = {}, True
    made.is_grad_enabled = lambda: made.recording
    made.made = []

    def kept(host: Array, device: int) -> Tensor:
        tensor = Tensor(host, device)
        made.made.append(tensor)
        return tensor

    def empty(shape: Any, *, dtype: str, device: Any) -> Tensor:
        kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
        return kept(stub.empty(tuple(shape), kind, device.index), device.index)

    made.empty = empty
    made.empty_like = lambda a: kept(_dense(stub, a.host, a.device.index), a.device.index)
    made._C = SimpleNamespace(_cuda_getCurrentRawStream=lambda device: made.streams.get(device, 0))
    sys.modules["torch"] = made
    return made


def cupy(stub: Stub) -> Any:
    """Put the stand-in in the place of CuPy."""
    made: Any = ModuleType("cupy")
    made.current, made.streams = 0, {}

    class Device:
        def __init__(self, index: int) -> None:
            self.id = index

        def __enter__(self) -> None:
            self.before, made.current = made.current, self.id

        def __exit__(self, *_: object) -> None:
            made.current = self.before

    class ndarray:  # noqa: N801
        def __init__(self, host: Array, device: int) -> None:
            self.host, self.device, self.dtype, self.shape = host, Device(device), host.dtype, host.shape
            self.strides, self.flags = host.strides, host.flags
            self.data = SimpleNamespace(ptr=host.__array_interface__["data"][0] if host.size else 0)

        @property
        def __cuda_array_interface__(self) -> dict[str, Any]:
            raise AssertionError("slow: CuPy's own attributes tell all")

        def astype(self, kind: str) -> Any:
            return ndarray(stub.filled(self.host.astype(kind), self.device.id), made.current)

    ndarray.__module__ = "cupy"
    made.ndarray, made.dtype = ndarray, np.dtype
    made.array = lambda values, device=0: ndarray(stub.filled(values, device), device)
    made.empty = lambda shape, kind: ndarray(stub.empty(shape, kind, made.current), made.current)
    made.empty_like = lambda a: ndarray(_dense(stub, a.host, made.current), made.current)
    made.cuda = SimpleNamespace(
        get_current_stream=lambda: SimpleNamespace(ptr=made.streams.get(made.current, 0)),
        runtime=SimpleNamespace(getDevice=lambda: made.current),
    )
    sys.modules["cupy"] = made
    return made


def numba(stub: Stub) -> Any:
    """Put the stand-in in the place of numba.cuda."""
    made: Any = ModuleType("numba.cuda")
    made.current = 0

    class Gpu:
        def __init__(self, index: int) -> None:
            self.index = index

        def __enter__(self) -> None:
            self.before, made.current = made.current, self.index

        def __exit__(self, *_: object) -> None:
            made.current = self.before

    class DeviceNDArray(Described):
        stream = 0

    DeviceNDArray.__module__ = "numba.cuda.cudadrv.devicearray"
    made.gpus = [Gpu(0), Gpu(1)]
    made.array = lambda values, device=0: DeviceNDArray(stub.filled(values, device))
    made.device_array = lambda shape, kind, stream: DeviceNDArray(stub.empty(shape, kind, made.current))
    made.device_array_like = lambda a, stream: DeviceNDArray(_dense(stub, a.host, made.current))
    sys.modules["numba.cuda"] = made
    return made


@contextlib.contextmanager
def recording(module: Any, on: bool) -> Iterator[None]:
    """With the stand-in's recording of gradients on or off."""
    before, module.recording = module.recording, on
    yield
    module.recording = before
