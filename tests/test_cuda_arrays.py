"""Arrays of other libraries, over a stub of the driver: what is read of them, and what is made for them."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from stub import fakes, scene
from stub.device import Described, Stub
from stub.exchange import Exchanged

import fastact as fa

BFLOAT16 = ml_dtypes.bfloat16
KINDS = {"float16": np.float16, "bfloat16": BFLOAT16, "float32": np.float32, "float64": np.float64}


def warm() -> None:
    for kind in KINDS.values():
        x = np.ones(3, kind)
        fa.gelu(x), fa.mish(x), fa.gelu.backward(x, x), fa.gelu.value_and_grad(x), fa.softplus(x)


def numbers(shape: Any, kind: Any = np.float32, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape, scale=4).astype(kind)


def equal(given: Any, expected: Any) -> None:
    """The same bits."""
    assert given.dtype == expected.dtype
    np.testing.assert_array_equal(np.ascontiguousarray(given).view("u1"), np.ascontiguousarray(expected).view("u1"))


@pytest.mark.parametrize("dtype", KINDS)
@scene
def test_torch(stub: Stub, dtype: str) -> None:
    torch = fakes.torch(stub)
    torch.streams[1] = 0x90
    x, dy = (fakes.Tensor(stub.filled(numbers((7, 33), KINDS[dtype], k), 1), 1) for k in (0, 1))
    y = fa.gelu(x)
    assert type(y) is fakes.Tensor
    assert (y.dtype, y.device.index, stub.launches[-1].device, stub.launches[-1].stream) == (dtype, 1, 1, 0x90)
    equal(y.host, fa.gelu(x.host))
    equal(fa.gelu.backward(dy, x).host, fa.gelu.backward(dy.host, x.host))
    for made, expected in zip(fa.gelu.value_and_grad(x), fa.gelu.value_and_grad(x.host), strict=True):
        equal(made.host, expected)


@scene
def test_torch_keeps_a_dense_order(stub: Stub) -> None:
    fakes.torch(stub)
    x = fakes.Tensor(stub.filled(numbers((2, 5, 6, 8))).transpose(0, 3, 1, 2))
    y = fa.silu(x)
    assert y.host.strides == x.host.strides
    equal(y.host, fa.silu(np.ascontiguousarray(x.host)))
    assert stub.launches[-1].name.endswith("_flat")


@scene
def test_torch_that_requires_grad_is_refused(stub: Stub) -> None:
    torch = fakes.torch(stub)
    x = fakes.Tensor(stub.filled(numbers(8)), requires_grad=True)
    with pytest.raises(ValueError, match=r"gelu: x requires grad.*x\.detach\(\).*torch\.no_grad\(\)"):
        fa.gelu(x)
    with fakes.recording(torch, on=False):
        equal(fa.gelu(x).host, fa.gelu(x.host))
    with pytest.raises(ValueError, match=r"gelu\.backward: dy is a view.*resolve_neg"):
        fa.gelu.backward(fakes.Tensor(x.host, negative=True), fakes.Tensor(x.host))


@scene
def test_torch_on_the_host_beside_the_device(stub: Stub) -> None:
    fakes.torch(stub)
    x, host = fakes.Tensor(stub.filled(numbers(8))), fakes.Tensor(numbers(8), device=-1)
    with pytest.raises(TypeError, match=r"gelu\.backward: dy is a Tensor on the host.*one device"):
        fa.gelu.backward(host, x)
    with pytest.raises(TypeError, match=r"leaky_relu: slope is a Tensor on the host"):
        fa.leaky_relu(x, host)


@scene
def test_parameters_narrower_than_what_is_computed_in_are_widened(stub: Stub) -> None:
    fakes.torch(stub)
    x = fakes.Tensor(stub.filled(numbers((4, 8), BFLOAT16)))
    slope = fakes.Tensor(stub.filled(numbers(8, BFLOAT16)))
    equal(fa.leaky_relu(x, slope).host, fa.leaky_relu(x.host, slope.host.astype("f4")))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@scene
def test_cupy(stub: Stub, dtype: str) -> None:
    cupy = fakes.cupy(stub)
    cupy.streams[1] = 0x30
    x = cupy.array(numbers((3, 40), dtype), 1)
    y = fa.softplus(x, 2.0)
    assert type(y) is cupy.ndarray
    assert (y.device.id, cupy.current, stub.launches[-1].stream) == (1, 0, 0x30)
    equal(y.host, fa.softplus(x.host, 2.0))
    assert fa.softplus(x, 2.0, out=x) is x
    equal(x.host, y.host)


@pytest.mark.parametrize("dtype", KINDS)
@scene
def test_the_cuda_array_interface(stub: Stub, dtype: str) -> None:
    x = Described(stub.filled(numbers((5, 9), KINDS[dtype])), 0x20)
    y = Described(stub.empty((5, 9), KINDS[dtype]), 0x20)
    assert fa.mish(x, out=y) is y
    equal(y.host, fa.mish(x.host))


@scene
def test_the_cuda_array_interface_cannot_make_arrays(stub: Stub) -> None:
    x = Described(stub.filled(numbers(8)))
    with pytest.raises(TypeError, match=r"gelu: arrays of type Described cannot make.*out="):
        fa.gelu(x)


@scene
def test_masks_and_read_only_arrays(stub: Stub) -> None:
    host = stub.filled(numbers(8))
    fa.gelu(Described(host, readonly=True), out=Described(stub.empty(8, "f4")))
    with pytest.raises(ValueError, match=r"gelu: x has a mask"):
        fa.gelu(Described(host, mask=host), out=Described(stub.empty(8, "f4")))
    with pytest.raises(ValueError, match=r"gelu: out is read-only"):
        fa.gelu(Described(host), out=Described(host, readonly=True))


@scene
def test_an_address_of_the_host_is_refused(stub: Stub) -> None:
    with pytest.raises(ValueError, match=r"gelu: x has an address that is no memory of a CUDA device"):
        fa.gelu(Described(numbers(8)), out=Described(stub.empty(8, "f4")))


@pytest.mark.parametrize("versioned", [True, False])
@pytest.mark.parametrize("dtype", KINDS)
@scene
def test_dlpack(stub: Stub, dtype: str, *, versioned: bool) -> None:
    x = Exchanged(stub.filled(numbers((5, 9), KINDS[dtype]), 1), 1, versioned=versioned)
    y = Exchanged(stub.empty((5, 9), KINDS[dtype], 1), 1, versioned=versioned)
    assert fa.mish(x, out=y) is y
    equal(y.host, fa.mish(x.host))
    assert (stub.launches[-1].device, stub.launches[-1].stream, x.stream) == (1, 1, 1)
    with pytest.raises(TypeError, match=r"mish: arrays of type Exchanged cannot make.*out="):
        fa.mish(x)


@scene
def test_dlpack_that_is_read_only(stub: Stub) -> None:
    x = Exchanged(stub.filled(numbers(8)), 0, readonly=True)
    with pytest.raises(ValueError, match=r"gelu: out is read-only"):
        fa.gelu(x, out=x)


@scene
def test_arrays_of_jax_are_read_through_dlpack_and_never_written(stub: Stub) -> None:
    kind = type("ArrayImpl", (Exchanged,), {"__module__": "jaxlib._jax", "__cuda_array_interface__": {}})
    x, y = kind(stub.filled(numbers(8)), 0), Described(stub.empty(8, "f4"))
    assert fa.gelu(x, out=y) is y
    equal(y.host, fa.gelu(x.host))
    assert x.stream == 1
    with pytest.raises(ValueError, match=r"gelu: out is read-only"):
        fa.gelu(x, out=x)


@scene
def test_a_result_is_of_the_type_of_x(stub: Stub) -> None:
    torch, cupy = fakes.torch(stub), fakes.cupy(stub)
    x, dy = fakes.Tensor(stub.filled(numbers(8))), cupy.array(numbers(8, seed=1))
    dx = fa.gelu.backward(dy, x)
    assert type(dx) is torch.Tensor
    equal(dx.host, fa.gelu.backward(dy.host, x.host))


@scene
def test_numba(stub: Stub) -> None:
    cuda = fakes.numba(stub)
    x = cuda.array(numbers((3, 8)), 1)
    y = fa.gelu(x)
    assert type(y) is type(x)
    equal(y.host, fa.gelu(x.host))
    assert fa.gelu(cuda.array(numbers((3, 0)))).host.shape == (3, 0)


@scene
def test_sizes_of_zero_launch_nothing(stub: Stub) -> None:
    fakes.torch(stub)
    x = fakes.Tensor(stub.empty((0, 3), "f4"))
    y = fa.gelu(x)
    assert y.shape == (0, 3)
    assert fa.gelu(Described(np.empty((0, 3), "f4")), out=x) is x
    assert not stub.launches


@scene
def test_a_call_of_more_than_2_30_elements_is_split(stub: Stub) -> None:
    stub.running = False
    n = (1 << 31) + 5
    x = Described(stub.empty(16, "f2"))
    x.told["shape"] = (n,)
    fa.gelu(x, out=x)
    begins = [(launch.arguments[0] - stub.launches[0].arguments[0]) // 2 for launch in stub.launches]
    assert begins == [0, 1 << 30, 1 << 31]
    assert [launch.arguments[-1] for launch in stub.launches] == [1 << 30, 1 << 30, 5]
    assert all(launch.arguments[0] == launch.arguments[1] for launch in stub.launches)
    assert all(launch.grid < 1 << 31 for launch in stub.launches)
