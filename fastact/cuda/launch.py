"""Launching by cuda.core, on the device and the stream of the caller.

A kernel is loaded when it is first planned and kept for the life of the process. A launch allocates nothing, loads nothing and
synchronises nothing, so that it can be captured in a graph once the same call has been made before. With FASTACT_CUDA_SYNC=1 in the
environment when the first device array arrives, the host waits after every launch: a fault is then told by the call that made it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from fastact.cuda.layouts import RefusedError
from fastact.cuda.plan import Step
from fastact.cuda.target import Program
from fastact.errors import CudaUnavailableError

try:
    from cuda import core
    from cuda.bindings import driver
except ImportError as error:
    told = f'CUDA arrays need the package cuda-core ({error}); install it by: pip install "fastact[cuda]"'
    raise CudaUnavailableError(told) from error

Armed = tuple[Any, Any, tuple[Any, ...], Step | None]
"""A step with its kernel loaded: kernel, configuration, tail, and the step itself if it does not just take all operands as they are."""

NOWHERE = -1
"""In place of a device, where a thread has none."""

OLDEST = (8, 0)
"""Compute capability that the PTX is written for."""

_SYNCHRONOUS = os.environ.get("FASTACT_CUDA_SYNC", "") not in ("", "0")
_loading = threading.RLock()
_current = driver.cuCtxGetDevice
_launch = core.launch


@functools.cache
def _process() -> int:
    """The process that uses CUDA: a fork of it cannot."""
    try:
        count = _count()
    except RuntimeError as error:
        raise CudaUnavailableError(f"CUDA arrays need NVIDIA's driver (libcuda.so.1), which was not found: {error}") from error
    if not count:
        raise CudaUnavailableError("CUDA arrays need a CUDA device; the driver has found none")
    return os.getpid()


def _count() -> int:
    """The number of devices, after the driver's start."""
    status = driver.cuInit(0)[0]
    if status == driver.CUresult.CUDA_ERROR_NO_DEVICE:
        return 0
    if status:
        raise CudaUnavailableError(f"NVIDIA's driver does not start: {status.name}")
    return int(driver.cuDeviceGetCount()[1])


def start() -> None:
    """Start the driver, or tell what is missing."""
    if _process() != os.getpid():
        told = "this process was forked after CUDA was used, which CUDA does not survive; start processes by multiprocessing's spawn"
        raise CudaUnavailableError(told)


@functools.cache
def _check(device: int) -> None:
    """Refuse a device for which the kernels are not written."""
    start()
    found = core.Device(device)
    capability = tuple(found.compute_capability)
    if capability < OLDEST:
        told = "compute capability {}.{}; accepted are 8.0 (Ampere) and later".format(*capability)
        raise CudaUnavailableError(f"device {device} ({found.name}) has {told}")


@functools.cache
def _primary(device: int) -> Any:
    """The primary context of a device, which the frameworks share; kept for the life of the process."""
    return _checked(driver.cuDevicePrimaryCtxRetain(device))


def _checked(answer: tuple[Any, ...]) -> Any:
    """The result of a call of the driver, or its error."""
    status, *results = answer
    if status:
        raise RuntimeError(f"CUDA's driver failed: {status.name}")
    return results[0] if results else None


def current() -> int:
    """The device of this thread's context, or `NOWHERE`."""
    status, device = _current()
    return NOWHERE if status else int(device)


def device_of(address: int) -> int:
    """The device that owns an address."""
    start()
    status, device = driver.cuPointerGetAttribute(driver.CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, address)
    if status or device < 0:
        raise RefusedError("has an address that is no memory of a CUDA device")
    return int(device)


@functools.lru_cache(4096)
def stream(device: int, handle: int) -> Any:
    """The stream with a handle of the driver, for `core`; it stays its owner's."""
    _check(device)
    return core.Stream.from_handle(handle)


def kernel(program: Program) -> Any:
    """The loaded kernel, which serves every device."""
    with _loading:
        return _loaded(program)


@functools.cache
def _loaded(program: Program) -> Any:
    start()
    try:
        return core.ObjectCode.from_ptx(program.ptx.encode()).get_kernel(program.name)
    except Exception as error:
        if "UNSUPPORTED_PTX_VERSION" not in str(error):
            raise
        version = _checked(driver.cuDriverGetVersion())
        told = f"NVIDIA's driver is of CUDA {version // 1000}.{version % 1000 // 10}, which does not read the kernels; update the driver"
        raise CudaUnavailableError(told) from error


@functools.lru_cache(4096)
def _configuration(grid: int, block: int, shared: int) -> Any:
    return core.LaunchConfig(grid=grid, block=block, shmem_size=shared)


def arm(steps: Sequence[Step]) -> tuple[Armed, ...]:
    """Load what the steps launch."""
    return tuple([(kernel(s.program), _configuration(s.grid, s.block, s.shared), s.tail, None if s.plain else s) for s in steps])


def run(steps: tuple[Armed, ...], device: int, handle: int, operands: Sequence[Any], others: tuple[int, ...] = (), room: int = 0) -> None:
    """Launch on a stream of a device, which need not be the current one; afterwards the current one is as before.

    A thread without any gets the primary context of `device`, as the first call of CUDA's runtime gives it. The streams `others`,
    which operands come from too, are waited for on the device, and wait for the launches. `room` is for bytes of scratch memory, whose
    address is then the last operand: taken and given back in the order of the stream.
    """
    status, here = _current()
    if status or int(here) != device or others or room:
        _elsewhere(steps, device, handle, operands, others, room, here=NOWHERE if status else int(here))
        return
    where = stream(device, handle)
    for loaded, configuration, tail, step in steps:
        _launch(where, configuration, loaded, *(operands if step is None else step.arguments(operands)), *tail)
    if _SYNCHRONOUS:
        where.sync()


def _elsewhere(
    steps: tuple[Armed, ...], device: int, handle: int, operands: Sequence[Any], others: tuple[int, ...], room: int, *, here: int
) -> None:
    with on(device, here):
        where, waiting = stream(device, handle), [stream(device, other) for other in others]
        for other in waiting:
            where.wait(other)
        if room:
            address = int(_checked(driver.cuMemAllocAsync(room, handle)))
            try:
                run(steps, device, handle, (*operands, address))
            finally:
                _checked(driver.cuMemFreeAsync(address, handle))
        else:
            run(steps, device, handle, operands)
        for other in waiting:
            other.wait(where)


@contextlib.contextmanager
def on(device: int, here: int) -> Iterator[None]:
    """With a device as the current one, where `here` is now."""
    start()
    _check(device)
    if here == NOWHERE:
        _checked(driver.cuCtxSetCurrent(_primary(device)))
    elif here != device:
        _checked(driver.cuCtxPushCurrent(_primary(device)))
    try:
        yield
    finally:
        if here not in (NOWHERE, device):
            _checked(driver.cuCtxPopCurrent())


def clear(device: int, handle: int, address: int, size: int) -> None:
    """Fill memory with zeros, in the order of a stream."""
    with on(device, current()):
        _checked(driver.cuMemsetD8Async(address, 0, size, handle))
