"""One CUDA device: memory, kernels, launches and times, by cuda-core and the driver."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def _checked(answer: tuple[Any, ...]) -> Any:
    status, *results = answer
    if int(status):
        raise RuntimeError(f"CUDA's driver failed: {status!r}")
    return results[0] if results else None


class Device:
    """A device, and a stream of its own on which everything is done."""

    def __init__(self, ordinal: int = 0) -> None:
        from cuda import core
        from cuda.bindings import driver

        self._core, self._driver = core, driver
        _checked(driver.cuInit(0))
        self._device = core.Device(ordinal)
        self._device.set_current()
        self._stream = self._device.create_stream()
        self._handle = driver.CUstream(int(self._stream.handle))
        self.processors = max(1, int(self._device.properties.multiprocessor_count))
        self._loaded: dict[tuple[str, str], Any] = {}

    def facts(self) -> dict[str, Any]:
        """What the device and the driver are, and the date."""
        free, total = self._memory()
        version = int(_checked(self._driver.cuDriverGetVersion()))
        return {
            "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "gpu": self._device.name,
            "compute_capability": list(self._device.compute_capability),
            "driver_cuda": f"{version // 1000}.{version % 1000 // 10}",
            "memory": total,
            "free": free,
        }

    def _memory(self) -> tuple[int, int]:
        status, free, total = self._driver.cuMemGetInfo()
        _checked((status,))
        return int(free), int(total)

    def empty(self, size: int) -> int:
        """Address of `size` bytes, uninitialised."""
        return int(_checked(self._driver.cuMemAlloc(max(size, 16))))

    def free(self, address: int) -> None:
        """Give memory back."""
        self.sync()
        _checked(self._driver.cuMemFree(address))

    def upload(self, values: Any) -> int:
        """Address of a copy of an array."""
        values = np.ascontiguousarray(values)
        address = self.empty(values.nbytes)
        if values.nbytes:
            _checked(self._driver.cuMemcpyHtoD(address, values.ctypes.data, values.nbytes))
            _checked(self._driver.cuCtxSynchronize())  # the copy may still be under way, and the stream does not wait for it
        return address

    def download(self, address: int, dtype: str, count: int) -> Any:
        """A copy of an array on the device, after all that was launched."""
        self.sync()
        values = np.empty(count, dtype)
        if values.nbytes:
            _checked(self._driver.cuMemcpyDtoH(values.ctypes.data, address, values.nbytes))
        return values

    def copy(self, target: int, source: int, size: int) -> None:
        """Copy within the device, in the order of the launches."""
        _checked(self._driver.cuMemcpyDtoDAsync(target, source, size, self._handle))

    def kernel(self, text: str, name: str) -> Any:
        """The kernel of a PTX text, loaded once."""
        key = name, text
        if key not in self._loaded:
            self._loaded[key] = self._core.ObjectCode.from_ptx(text.encode()).get_kernel(name)
        return self._loaded[key]

    def launch(self, kernel: Any, grid: int, arguments: Sequence[Any], block: int = 256, shared: int = 0) -> None:
        """Launch; addresses are Python integers, all else NumPy scalars."""
        self._core.launch(self._stream, self._core.LaunchConfig(grid=grid, block=block, shmem_size=shared), kernel, *arguments)

    def sync(self) -> None:
        """Wait for all that was launched."""
        self._stream.sync()

    def seconds(self, work: Callable[[], Any], repeats: int = 1) -> float:
        """Seconds of `work`, done `repeats` times between two events, for one time."""
        make, record = self._driver.cuEventCreate, self._driver.cuEventRecord
        before, after = (_checked(make(0)) for _ in range(2))
        _checked(record(before, self._handle))
        for _ in range(repeats):
            work()
        _checked(record(after, self._handle))
        _checked(self._driver.cuEventSynchronize(after))
        milliseconds = float(_checked(self._driver.cuEventElapsedTime(before, after)))
        for event in (before, after):
            _checked(self._driver.cuEventDestroy(event))
        return milliseconds / 1000 / repeats

    @property
    def handle(self) -> int:
        """The driver's handle of the stream."""
        return int(self._stream.handle)
