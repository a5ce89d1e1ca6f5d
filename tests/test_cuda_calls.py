"""Public calls on device arrays over a stub of the driver: directions, parameters, `out`, layouts, and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from stub import fakes, scene
from stub.device import Described, Stub

import fastact as fa


def warm() -> None:
    x = np.ones(3, "f4")
    for f in (fa.elu, fa.leaky_relu, fa.gelu, fa.mish, fa.silu):
        f(x), f.derivative(x), f.backward(x, x), f.value_and_grad(x)
    fa.leaky_relu(x, bias=x), fa.gelu(x, scale=x, bias=x), fa.gelu.backward(x, x, out=x, accumulate=True)


def numbers(shape: Any, seed: int = 0, kind: Any = np.float32) -> Any:
    return np.random.default_rng(seed).normal(size=shape, scale=4).astype(kind)


def tensor(stub: Stub, shape: Any, seed: int = 0, device: int = 0, shift: int = 0) -> fakes.Tensor:
    return fakes.Tensor(stub.filled(numbers(shape, seed), device, shift), device)


def equal(given: Any, expected: Any) -> None:
    """The same bits."""
    assert given.dtype == expected.dtype
    np.testing.assert_array_equal(np.ascontiguousarray(given).view("u4"), np.ascontiguousarray(expected).view("u4"))


def wide_only(stub: Stub) -> bool:
    return stub.launches[-1].name.endswith("_flat") or "_flat_" in stub.launches[-1].name


@scene
def test_every_direction(stub: Stub) -> None:
    fakes.torch(stub)
    x, dy = tensor(stub, (9, 31)), tensor(stub, (9, 31), 1)
    equal(fa.elu(x, 0.5).host, fa.elu(x.host, 0.5))
    equal(fa.elu.derivative(x, alpha=0.5).host, fa.elu.derivative(x.host, 0.5))
    equal(fa.elu.backward(dy, x, 0.5).host, fa.elu.backward(dy.host, x.host, 0.5))
    for made, expected in zip(fa.elu.value_and_grad(x), fa.elu.value_and_grad(x.host), strict=True):
        equal(made.host, expected)
    y = fa.sigmoid(x)
    equal(fa.sigmoid.backward_from_output(dy, y).host, fa.sigmoid.backward_from_output(dy.host, y.host))


@scene
def test_accumulate(stub: Stub) -> None:
    fakes.torch(stub)
    x, dy, dx = (tensor(stub, 100, k) for k in range(3))
    expected = dx.host.copy()
    fa.gelu.backward(dy.host, x.host, out=expected, accumulate=True)
    assert fa.gelu.backward(dy, x, out=dx, accumulate=True) is dx
    equal(dx.host, expected)
    with pytest.raises(ValueError, match=r"gelu\.backward: accumulate=True adds to out"):
        fa.gelu.backward(dy, x, accumulate=True)


@scene
def test_gates(stub: Stub) -> None:
    fakes.torch(stub)
    a, b, dy = (tensor(stub, (7, 30), k) for k in range(3))
    equal(fa.swiglu(a, b).host, fa.swiglu(a.host, b.host))
    for made, expected in zip(fa.swiglu.backward(dy, a, b), fa.swiglu.backward(dy.host, a.host, b.host), strict=True):
        equal(made.host, expected)


@pytest.mark.parametrize("shape", [(), (30,), (7, 1), (7, 30), (1, 1)])
@scene
def test_parameters_that_are_arrays(stub: Stub, shape: Any) -> None:
    fakes.torch(stub)
    x, dy = tensor(stub, (7, 30)), tensor(stub, (7, 30), 1)
    slope, bias = tensor(stub, shape, 2), tensor(stub, (30,), 3)
    equal(fa.leaky_relu(x, slope).host, fa.leaky_relu(x.host, slope.host))
    equal(fa.leaky_relu.backward(dy, x, slope, wrt="x").host, fa.leaky_relu.backward(dy.host, x.host, slope.host, wrt="x"))
    equal(fa.leaky_relu(x, slope, bias=bias).host, fa.leaky_relu(x.host, slope.host, bias=bias.host))
    equal(fa.gelu(x, scale=slope, bias=0.5).host, fa.gelu(x.host, scale=slope.host, bias=0.5))


@scene
def test_numbers_of_the_host_are_parameters(stub: Stub) -> None:
    fakes.torch(stub)
    x = tensor(stub, 64)
    expected = fa.leaky_relu(x.host, np.float32(0.3))
    for slope in (np.float32(0.3), np.array(0.3, "f4"), 0.3):
        equal(fa.leaky_relu(x, slope).host, expected)
    equal(fa.leaky_relu(x, 1).host, fa.leaky_relu(x.host, 1))
    for wrong, told in (("a", "a str"), ([0.1] * 64, "a list"), (np.ones(64, "f4"), "a ndarray on the host"), (1j, "a complex")):
        with pytest.raises(TypeError, match=rf"leaky_relu: slope is {told}"):
            fa.leaky_relu(x, wrong)


@scene
def test_broadcasting_gives_a_new_shape(stub: Stub) -> None:
    fakes.torch(stub)
    x, dy = tensor(stub, (30,)), tensor(stub, (7, 30), 1)
    dx = fa.gelu.backward(dy, x)
    assert dx.shape == (7, 30)
    equal(dx.host, fa.gelu.backward(dy.host, x.host))
    with pytest.raises(ValueError, match=r"gelu\.backward: dy has shape \(7, 30\), x has shape \(31,\); they do not broadcast"):
        fa.gelu.backward(dy, tensor(stub, 31))


@scene
def test_layouts(stub: Stub) -> None:
    fakes.torch(stub)
    base = stub.filled(numbers((6, 40, 8)))
    one = base.reshape(-1)[7:8].reshape(())
    for host in (base[::2], base[:, 1:], base.T, base[..., 3], base[:, ::-1], base.transpose(2, 0, 1), one, base[:, :0]):
        y = fa.silu(fakes.Tensor(host))
        assert y.shape == host.shape
        equal(y.host, fa.silu(host))
    assert wide_only(stub) is False
    fa.silu(fakes.Tensor(base.transpose(1, 2, 0)))
    assert wide_only(stub)


@scene
def test_addresses_that_are_no_multiples_of_16(stub: Stub) -> None:
    fakes.torch(stub)
    x = tensor(stub, 100, shift=4)
    equal(fa.silu(x).host, fa.silu(x.host))
    odd, y = Described(stub.empty(100, "f4")), Described(stub.empty(100, "f4"))
    odd.told["data"] = (odd.told["data"][0] + 2, False)
    with pytest.raises(ValueError, match=r"silu: x has an address or stride that is no multiple of 4 bytes; accepted are .* float32"):
        fa.silu(odd, out=y)


@scene
def test_out(stub: Stub) -> None:
    fakes.torch(stub)
    x, y, d = tensor(stub, (7, 30)), tensor(stub, (7, 30), 1), tensor(stub, (7, 30), 2)
    expected, slopes = fa.mish(x.host), fa.mish.derivative(x.host)
    assert fa.mish(x, out=y) is y
    equal(y.host, expected)
    assert fa.mish.value_and_grad(x, out=(y, d)) == (y, d)
    equal(d.host, slopes)
    both = fa.mish.value_and_grad(x, out=(None, d))
    assert both[1] is d
    equal(both[0].host, expected)
    assert fa.mish(x, out=x) is x
    equal(x.host, expected)


@scene
def test_out_in_another_order(stub: Stub) -> None:
    fakes.torch(stub)
    x, y = tensor(stub, (7, 30)), fakes.Tensor(stub.empty((30, 7), "f4").T)
    fa.mish(x, out=y)
    equal(y.host, fa.mish(x.host))


@scene
def test_bad_out_changes_nothing(stub: Stub) -> None:
    fakes.torch(stub)
    room = stub.empty(200, "f4")
    x = fakes.Tensor(stub.filled(numbers(64)))
    inside = fakes.Tensor(room[:64])
    fresh = fakes.Tensor(stub.empty(64, "f4"))
    repeated = Described(stub.empty(64, "f4"))
    repeated.told["strides"] = (0,)
    cases = [
        (lambda: fa.gelu(x, out=fakes.Tensor(room[:63])), ValueError, r"gelu: out has shape \(63,\); accepted is .*\(64,\)"),
        (lambda: fa.gelu(x, out=fakes.Tensor(stub.empty(64, "f8"))), TypeError, r"gelu: out has dtype float64; accepted is float32"),
        (lambda: fa.gelu(x, out=room[:64]), TypeError, r"gelu: out is a ndarray on the host; .* or None"),
        (lambda: fa.gelu(x, out=(fresh, fresh)), ValueError, r"gelu: out has 2 arrays; accepted are 1, or None"),
        (lambda: fa.gelu(inside, out=fakes.Tensor(room[1:65])), ValueError, r"gelu: out shares memory with an operand"),
        (lambda: fa.gelu(inside, out=fakes.Tensor(room[4:68])), ValueError, r"gelu: out shares memory with an operand"),
        (lambda: fa.gelu(fakes.Tensor(room[::2][:64]), out=fakes.Tensor(room[::-2][:64])), None, ""),
        (lambda: fa.gelu.value_and_grad(x, out=(fresh, fresh)), ValueError, r"gelu\.value_and_grad: out\[1\] shares memory with another"),
        (lambda: fa.gelu(x, out=repeated), ValueError, r"gelu: out repeats an element"),
        (lambda: fa.gelu(x, out=tensor(stub, 64, device=1)), ValueError, r"gelu: arrays are on different CUDA devices \(0, 1\)"),
        (lambda: fa.gelu.backward(tensor(stub, 64, device=1), x), ValueError, r"gelu\.backward: arrays are on different CUDA devices"),
        (lambda: fa.gelu(x, out=fresh, where=True), TypeError, r"gelu: where is not accepted for arrays on a CUDA device"),
        (lambda: fa.gelu(x, dtype="f4", casting="no"), TypeError, r"gelu: dtype, casting is not accepted"),
        (lambda: fa.gelu(x, slope=1), TypeError, r"gelu: slope is not accepted"),
        (lambda: fa.gelu.backward(x, x, wrt="slope"), ValueError, r"gelu\.backward: wrt has 'slope'"),
    ]
    for call, kind, told in cases:
        launches = len(stub.launches)
        if kind is None:
            call()
            continue
        with pytest.raises(kind, match=told):
            call()
        assert len(stub.launches) == launches
        assert (fresh.host.view("u1") == 0xEE).all()


@scene
def test_dtypes(stub: Stub) -> None:
    torch = fakes.torch(stub)
    x = tensor(stub, 64)
    wrong = fakes.Tensor(stub.empty(64, "u1"))
    with pytest.raises(TypeError, match=r"gelu: x has dtype uint8; accepted on a CUDA device are float16, bfloat16, float32 and float64"):
        fa.gelu(wrong)
    half = torch.empty((64,), dtype="float16", device=x.device)
    with pytest.raises(TypeError, match=r"gelu\.backward: dy has dtype float16; accepted is float32, as x has"):
        fa.gelu.backward(half, x)
    double = torch.empty((64,), dtype="float64", device=x.device)
    with pytest.raises(TypeError, match=r"leaky_relu: slope has dtype float64; accepted is float32, or a number, beside float32"):
        fa.leaky_relu(x, double)


@scene
def test_host_and_device_do_not_mix(stub: Stub) -> None:
    fakes.torch(stub)
    x, host = tensor(stub, 64), numbers(64)
    with pytest.raises(TypeError, match=r"gelu\.backward: dy is a ndarray on the host beside arrays on a CUDA device"):
        fa.gelu.backward(host, x)
    with pytest.raises(TypeError, match=r"gelu\.backward: dy on a CUDA device beside x on the host"):
        fa.gelu.backward(x, host)
    with pytest.raises(TypeError, match=r"gelu: out on a CUDA device beside x on the host"):
        fa.gelu(host, out=x)
    with pytest.raises(TypeError, match=r"leaky_relu: slope on a CUDA device beside x on the host"):
        fa.leaky_relu(host, x)
