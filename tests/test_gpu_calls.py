"""On a GPU: types, streams, graphs, threads, devices, errors, and arrays of more than 2^31 elements."""

import threading
from typing import Any

import numpy as np
import pytest
from cases import ordinary, same_bits
from gpusides import FOREIGN, Cupy, Torch

import fastact as fa

pytestmark = [pytest.mark.gpu, *FOREIGN]


@pytest.fixture(scope="module")
def side() -> Torch:
    return Torch()


@pytest.fixture
def x() -> Any:
    return ordinary("float32", (64, 100))


def test_results_are_of_the_callers_type(side: Torch, x: Any) -> None:
    t = side.put(x)
    y, d = fa.gelu.value_and_grad(t)
    assert type(y) is type(t)
    assert (y.device, y.dtype, y.shape) == (t.device, t.dtype, t.shape)
    same_bits(side.get(y), fa.gelu(x))
    same_bits(side.get(d), fa.gelu.derivative(x))
    turned = fa.gelu(t.T)
    assert turned.stride() == t.T.stride()
    same_bits(side.get(turned), fa.gelu(x.T))


def test_channels_last_stays(side: Torch) -> None:
    x = ordinary("float32", (2, 8, 5, 5))
    t = side.put(x).contiguous(memory_format=side.torch.channels_last)
    y = fa.silu(t)
    assert y.is_contiguous(memory_format=side.torch.channels_last)
    same_bits(side.get(y), fa.silu(x))


def test_arrays_of_cupy(x: Any) -> None:
    cupy = Cupy()
    a = cupy.put(x)
    y = fa.gelu(a)
    assert type(y) is type(a)
    same_bits(cupy.get(y), fa.gelu(x))
    stream = cupy.cupy.cuda.Stream(non_blocking=True)
    with stream:
        z = fa.gelu(cupy.cupy.asarray(x))
    stream.synchronize()
    same_bits(cupy.get(z), fa.gelu(x))


def test_a_torch_tensor_and_an_array_of_cupy_in_one_call(side: Torch, x: Any) -> None:
    cupy = Cupy()
    y = fa.gelu.backward(cupy.put(x), side.put(x))
    side.torch.cuda.synchronize()
    same_bits(side.get(y), fa.gelu.backward(x, x))


def test_arrays_of_dlpack_alone(side: Torch, x: Any) -> None:
    class Only:
        def __init__(self, tensor: Any) -> None:
            self.tensor = tensor

        def __dlpack__(self, **options: Any) -> Any:
            return self.tensor.__dlpack__(**options)

        def __dlpack_device__(self) -> Any:
            return self.tensor.__dlpack_device__()

    target = side.empty(x.shape, x.dtype)
    fa.gelu(Only(side.put(x)), out=target)
    side.torch.cuda.synchronize()
    same_bits(side.get(target), fa.gelu(x))


def test_arrays_of_numba(x: Any) -> None:
    cuda = pytest.importorskip("numba.cuda")
    if not cuda.is_available():
        pytest.skip("numba.cuda finds no device")
    y = fa.gelu(cuda.to_device(x))
    cuda.synchronize()
    same_bits(y.copy_to_host(), fa.gelu(x))


def test_work_is_ordered_on_the_callers_stream(side: Torch) -> None:
    torch = side.torch
    stream = torch.cuda.Stream()
    x = ordinary("float32", 1 << 22)
    with torch.cuda.stream(stream):
        t = torch.from_numpy(x).pin_memory().cuda(non_blocking=True)
        torch.cuda._sleep(50_000_000)
        t = t + 1
        y = fa.gelu(t)
        z = y * 2
    stream.synchronize()
    same_bits(side.get(z), 2 * fa.gelu(x + 1))


def test_a_graph_is_captured_and_replayed(side: Torch) -> None:
    torch = side.torch
    t, out, d = side.put(ordinary("float32", 5000)), side.empty(5000, "float32"), side.empty(5000, "float32")
    fa.silu(t, out=out)
    fa.silu.backward(out, t, out=d)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        fa.silu(t, out=out)
        fa.silu.backward(out, t, out=d)
    other = ordinary("float32", 5000, 7)
    t.copy_(side.put(other))
    graph.replay()
    torch.cuda.synchronize()
    y = fa.silu(other)
    same_bits(side.get(out), y)
    same_bits(side.get(d), fa.silu.backward(y, other))


def test_threads(side: Torch) -> None:
    x = ordinary("float32", 100_000)
    expected, wrong = fa.mish(x), []

    def work(k: int) -> None:
        try:
            stream = side.torch.cuda.Stream()
            with side.torch.cuda.stream(stream):
                for _ in range(50):
                    y = fa.mish(side.put(x))
                stream.synchronize()
                same_bits(side.get(y), expected)
        except BaseException as error:  # noqa: BLE001
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_another_device(side: Torch, x: Any) -> None:
    torch = side.torch
    if torch.cuda.device_count() < 2:
        pytest.skip("there is one device")
    t = torch.from_numpy(x).to("cuda:1")
    y = fa.gelu(t)
    assert y.device == t.device
    assert torch.cuda.current_device() == 0
    same_bits(side.get(y), fa.gelu(x))
    with pytest.raises(ValueError, match="device"):
        fa.gelu.backward(side.put(x), t)


@pytest.mark.parametrize("length", [(1 << 31) + 5])
def test_more_than_2_to_the_31_elements(side: Torch, length: int) -> None:
    torch = side.torch
    if torch.cuda.mem_get_info()[0] < 5 * length:
        pytest.skip("the device's memory is too small")
    x = torch.zeros(length, dtype=torch.bfloat16, device="cuda")
    places = [0, 1, (1 << 30) - 1, 1 << 30, (1 << 31) - 1, 1 << 31, length - 1]
    values = ordinary("bfloat16", len(places))
    for place, value in zip(places, values, strict=True):
        x[place] = float(value)
    fa.gelu(x, out=x)
    same_bits(side.get(torch.stack([x[place] for place in places])), fa.gelu(values))
    assert int(x.count_nonzero()) <= len(places)


def test_errors(side: Torch, x: Any) -> None:
    t = side.put(x)
    out = side.empty(x.shape, x.dtype).fill_(7)
    with pytest.raises(ValueError, match="requires grad"):
        fa.gelu(t.clone().requires_grad_(), out=out)
    with pytest.raises(TypeError, match="int32"):
        fa.gelu(t.int())
    with pytest.raises((TypeError, ValueError), match="gelu"):
        fa.gelu(t, out=x)
    with pytest.raises((TypeError, ValueError), match="gelu"):
        fa.gelu.backward(x, t)
    with pytest.raises(ValueError, match="shape"):
        fa.gelu(t, out=side.empty((3,), x.dtype))
    assert bool((out == 7).all())


def test_empty_arrays(side: Torch) -> None:
    assert fa.gelu(side.put(np.empty((0, 3), np.float32))).shape == (0, 3)
