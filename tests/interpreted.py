"""A device whose kernels run by the interpreter: what `bench.gpu.device.Device` offers, without a GPU."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ptx import Memory, run


class Interpreted:
    """Memory is the host's; everything launched has been done at once."""

    handle = 0
    processors = 1

    def __init__(self) -> None:
        self.memory, self.arrays = Memory(), {}

    def facts(self) -> dict[str, Any]:
        return {"gpu": "an interpreter of PTX"}

    def empty(self, size: int) -> int:
        room = np.empty(max(size, 16) + 256, np.uint8)
        first = -room.ctypes.data % 256
        values = room[first : first + max(size, 16)]
        self.memory.add(values)
        self.arrays[values.ctypes.data] = values
        return int(values.ctypes.data)

    def free(self, address: int) -> None:
        assert address in self.arrays

    def upload(self, values: Any) -> int:
        address = self.empty(values.nbytes)
        self.arrays[address][: values.nbytes] = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        return address

    def _at(self, address: int, size: int) -> Any:
        base = next(a for a, values in self.arrays.items() if a <= address <= address + size <= a + values.size)
        return self.arrays[base][address - base : address - base + size]

    def download(self, address: int, dtype: str, count: int) -> Any:
        return self._at(address, count * np.dtype(dtype).itemsize).view(dtype).copy()

    def copy(self, target: int, source: int, size: int) -> None:
        self._at(target, size)[:] = self._at(source, size)

    def kernel(self, text: str, name: str) -> tuple[str, str]:
        return text, name

    def launch(self, kernel: tuple[str, str], grid: int, arguments: Sequence[Any], block: int = 256, shared: int = 0) -> None:
        run(*kernel, grid, block, arguments, self.memory, shared=shared)

    def sync(self) -> None:
        pass

    def seconds(self, work: Callable[[], Any], repeats: int = 1) -> float:
        before = time.perf_counter()
        work()
        return time.perf_counter() - before
