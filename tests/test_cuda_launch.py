"""Launches over a stub of the driver: devices, streams, threads, forks, and what the host does on a second call."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np
import pytest
from stub import scene
from stub.device import Described, Stub

import fastact as fa

LEGACY = 1


def warm() -> None:
    x = np.ones(3, "f4")
    fa.gelu(x), fa.mish(x)


def numbers(n: int = 1000, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=n, scale=4).astype(np.float32)


def pair(stub: Stub, device: int = 0, stream: int | None = None, n: int = 1000) -> tuple[Described, Described]:
    return Described(stub.filled(numbers(n), device), stream), Described(stub.empty(n, "f4", device), stream)


@scene
def test_a_call_gives_the_bits_of_the_cpu(stub: Stub) -> None:
    x, y = pair(stub)
    assert fa.gelu(x, out=y) is y
    np.testing.assert_array_equal(y.host.view("u4"), fa.gelu(x.host).view("u4"))


@scene
def test_a_launch_is_on_the_stream_and_the_device_of_the_array(stub: Stub) -> None:
    for device, stream in ((0, None), (1, 0x7000), (0, 2), (1, 1)):
        x, y = pair(stub, device, stream)
        fa.silu(x, out=y)
        assert (stub.launches[-1].device, stub.launches[-1].stream) == (device, stream or LEGACY)


@scene
def test_the_device_that_was_current_is_current_again(stub: Stub) -> None:
    x, y = pair(stub, 0)
    fa.silu(x, out=y)
    assert stub.current() == 0, "a thread without a device gets that of its first array"
    x, y = pair(stub, 1)
    fa.silu(x, out=y)
    assert (stub.launches[-1].device, stub.current()) == (1, 0)
    stub.calls()
    fa.silu(x, out=y)
    assert stub.calls() == ["cuCtxPushCurrent_v2", "cuLaunchKernelEx", "cuCtxPopCurrent_v2"]


@scene
def test_the_device_is_restored_when_a_launch_fails(stub: Stub) -> None:
    x, y = pair(stub, 0)
    fa.silu(x, out=y)
    x, y = pair(stub, 1)
    os.environ["STUB_FAILS"] = "1"
    with pytest.raises(Exception, match="CUDA_ERROR"):
        fa.silu(x, out=y)
    assert stub.current() == 0


@scene
def test_a_second_call_only_launches(stub: Stub) -> None:
    x, y = pair(stub)
    fa.leaky_relu(x, 0.25, out=y)
    fa.leaky_relu.backward(x, x, 0.25, out=y)
    stub.calls()
    fa.leaky_relu(x, 0.75, out=y)
    fa.leaky_relu.backward(x, x, 0.5, out=y)
    assert stub.calls() == ["cuLaunchKernelEx"] * 2, "a graph being captured takes nothing else"


@scene
def test_another_length_loads_nothing(stub: Stub) -> None:
    for n in (1000, 77, 4096):
        x, y = pair(stub, n=n)
        fa.gelu(x, out=y)
    assert stub.calls().count("cuLibraryLoadData") == 1


@scene
def test_a_thread_that_never_used_cuda_can_call(stub: Stub) -> None:
    x, y = pair(stub, 1)
    seen: list[Any] = []

    def work() -> None:
        seen.append(stub.current())
        fa.gelu(x, out=y)
        seen.append(stub.current())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [None, 1]
    assert stub.current() is None
    np.testing.assert_array_equal(y.host, fa.gelu(x.host))


@scene(STUB_SLOW="20000")
def test_threads_that_race_for_a_kernel_load_it_once(stub: Stub) -> None:
    pairs = [pair(stub, k % 2, 0x100 + k) for k in range(8)]
    barrier = threading.Barrier(len(pairs))

    def work(x: Described, y: Described) -> None:
        barrier.wait()
        for _ in range(3):
            fa.mish(x, out=y)

    threads = [threading.Thread(target=work, args=p) for p in pairs]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert stub.calls().count("cuLibraryLoadData") == 1
    assert len(stub.launches) == 24
    assert {(launch.device, launch.stream) for launch in stub.launches} == {(k % 2, 0x100 + k) for k in range(8)}
    for x, y in pairs:
        np.testing.assert_array_equal(y.host, fa.mish(x.host))


@scene
def test_streams_of_several_operands_wait_for_each_other(stub: Stub) -> None:
    x, y = pair(stub, stream=0x50)
    dy = Described(stub.filled(numbers(seed=1)), 0x60)
    fa.gelu.backward(dy, x, out=y)
    assert stub.launches[-1].stream == 0x50
    assert stub.waits() == [(0x50, 0x60), (0x60, 0x50)]


@scene
def test_a_stream_of_none_asks_for_no_order(stub: Stub) -> None:
    x, y = pair(stub)
    dy = Described(stub.filled(numbers(seed=1)), 0x60)
    fa.gelu.backward(dy, x, out=y)
    assert stub.launches[-1].stream == 0x60
    assert stub.waits() == []


@scene(FASTACT_CUDA_SYNC="1")
def test_the_host_waits_if_asked_to(stub: Stub) -> None:
    import importlib

    from fastact.cuda import calls, launch

    importlib.reload(launch)
    calls.launch = launch
    x, y = pair(stub, stream=0x50)
    fa.gelu(x, out=y)
    assert stub.calls()[-2:] == ["cuLaunchKernelEx", "cuStreamSynchronize"]


@scene
def test_a_fork_after_cuda_is_told(stub: Stub) -> None:
    x, y = pair(stub)
    fa.gelu(x, out=y)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            fa.gelu(x, out=y)
        except fa.CudaUnavailableError as error:
            os.write(writing, str(error).encode())
        os._exit(0)
    os.close(writing)
    told = os.read(reading, 1000).decode()
    os.waitpid(child, 0)
    assert "forked" in told
    assert "spawn" in told
