"""The stub driver as a scene sees it: device memory, launches, and the interpreter that runs them."""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from ptx import Memory, run
from ptx.parse import parse

Array = Any
_CALLBACK = ctypes.CFUNCTYPE(
    None,
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.POINTER(ctypes.c_uint),
    ctypes.POINTER(ctypes.c_void_p),
)


_TAKEN = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_size_t, ctypes.c_size_t)


@dataclass(frozen=True)
class Launch:
    """One launch as the driver saw it; arguments are numbers."""

    name: str
    device: int
    stream: int
    grid: int
    block: int
    shared: int
    arguments: tuple[float, ...]


class Stub:
    """The driver of this process."""

    def __init__(self, library: str) -> None:
        self.lib = ctypes.CDLL(library)
        self.lib.stub_call.restype = ctypes.c_char_p
        self.lib.stub_own.argtypes = (ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int)
        self.lib.stub_wait.restype = ctypes.c_void_p
        self.lib.stub_current.restype = self.lib.stub_context.restype = ctypes.c_void_p
        self.memory: dict[int, Memory] = {}
        self.launches: list[Launch] = []
        self.faults: list[BaseException] = []
        self.running = True
        self._lock = threading.Lock()
        self._callbacks = _CALLBACK(self._launched), _TAKEN(self._taken)
        self.lib.stub_on_launch(self._callbacks[0])
        self.lib.stub_on_malloc(self._callbacks[1])

    def own(self, array: Array, device: int = 0) -> Array:
        """Make the memory of a contiguous array memory of a device."""
        self.lib.stub_own(array.__array_interface__["data"][0], array.nbytes, device)
        self.memory.setdefault(device, Memory()).add(array)
        return array

    def empty(self, shape: Any, dtype: Any, device: int = 0, shift: int = 0) -> Array:
        """Memory of a device at an address that is a multiple of 256, and `shift`."""
        kind = np.dtype(dtype)
        size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
        base = np.full(size + 256, 0xEE, np.uint8)
        begin = -base.__array_interface__["data"][0] % 256 + shift
        return self.own(base[begin : begin + size].view(kind).reshape(shape), device)

    def filled(self, values: Array, device: int = 0, shift: int = 0) -> Array:
        """A copy of an array in memory of a device."""
        made = self.empty(values.shape, values.dtype, device, shift)
        made[...] = values
        return made

    def calls(self) -> list[str]:
        """The names of the driver's functions that were called since the last time."""
        names = [self.lib.stub_call(k).decode() for k in range(self.lib.stub_calls())]
        self.lib.stub_forget()
        return names

    def waits(self) -> list[tuple[int, int]]:
        """Which stream waits for which."""
        return [(self.lib.stub_wait(k, 0), self.lib.stub_wait(k, 1)) for k in range(self.lib.stub_waits())]

    def current(self) -> int | None:
        """The device of this thread's context."""
        context = self.lib.stub_current()
        return None if context is None else context - self.lib.stub_context(0)

    def check(self) -> None:
        """Raise what went wrong inside launches."""
        if self.faults:
            raise self.faults[0]

    def _taken(self, device: int, address: int, size: int) -> None:
        """Make memory known that the driver's own allocator gave."""
        memory = np.frombuffer((ctypes.c_uint8 * size).from_address(address), np.uint8)
        self.memory.setdefault(device, Memory()).add(memory, written=False)

    def _launched(self, device: int, stream: int | None, name: bytes, text: bytes, config: Any, arguments: Any) -> None:
        try:
            kernel = parse(text.decode(), name.decode())
            raw = [ctypes.string_at(arguments[k], size) for k, (_, size) in enumerate(kernel.params.values())]
            numbers = tuple(
                float(np.frombuffer(b, f"<f{len(b)}")[0]) if kind.startswith("f") else int.from_bytes(b, "little")
                for b, kind in zip(raw, kernel.kinds, strict=True)
            )
            with self._lock:
                self.launches.append(Launch(name.decode(), device, stream or 0, config[0], config[3], config[6], numbers))
                if self.running:
                    run(text.decode(), name.decode(), config[0], config[3], raw, self.memory[device], shared=config[6])
        except BaseException as error:  # noqa: BLE001
            self.faults.append(error)


class Described:
    """An array of no library: it has the CUDA array interface alone. `host` is its memory as NumPy sees it."""

    def __init__(self, host: Array, stream: int | None = None, *, readonly: bool = False, mask: Any = None) -> None:
        self.host, self.dtype = host, host.dtype
        typestr = "<V2" if host.dtype.name == "bfloat16" else host.dtype.str
        self.told: dict[str, Any] = {"typestr": typestr, "shape": host.shape, "version": 3, "stream": stream, "mask": mask}
        self.told["strides"] = None if host.flags.c_contiguous else host.strides
        self.told["data"] = (host.__array_interface__["data"][0] if host.size else 0, readonly)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return self.told
