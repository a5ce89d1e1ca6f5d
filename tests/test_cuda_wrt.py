"""Gradients of parameters on device arrays over a stub of the driver: what is returned, where it is written, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from stub import fakes, scene
from stub.device import Described, Stub

import fastact as fa


def warm() -> None:
    x = np.ones((2, 3), "f4")
    fa.prelu.backward(x, x, x[:1])
    fa.prelu.backward(x, x, x[:1], wrt="x")
    fa.gelu.backward(x, x, bias=x[0])


def numbers(shape: Any, seed: int = 0, kind: Any = np.float32) -> Any:
    return np.random.default_rng(seed).normal(size=shape, scale=4).astype(kind)


def tensor(stub: Stub, shape: Any, seed: int = 0, kind: Any = np.float32) -> fakes.Tensor:
    return fakes.Tensor(stub.filled(numbers(shape, seed, kind)))


def near(given: Any, expected: Any) -> None:
    """One ulp of the sum's type apart at most: both round a sum in float64, each in its own order."""
    assert given.dtype == expected.dtype
    assert given.shape == expected.shape
    np.testing.assert_array_max_ulp(given, expected, 1)


@pytest.mark.parametrize("shape", [(), (30,), (7, 1), (7, 30)])
@scene
def test_gradients_of_a_slope(stub: Stub, shape: Any) -> None:
    fakes.torch(stub)
    x, dy, slope = tensor(stub, (7, 30)), tensor(stub, (7, 30), 1), tensor(stub, shape, 2)
    dx, dslope = fa.prelu.backward(dy, x, slope)
    expected, summed = fa.prelu.backward(dy.host, x.host, slope.host)
    np.testing.assert_array_equal(dx.host.view("u4"), expected.view("u4"))
    near(dslope.host, np.asarray(summed))
    alone = fa.prelu.backward(dy, x, slope, wrt="slope")
    np.testing.assert_array_equal(alone.host.view("u4"), dslope.host.view("u4"))
    swapped = fa.prelu.backward(dy, x, slope, wrt=("slope", "x"))
    np.testing.assert_array_equal(swapped[1].host.view("u4"), expected.view("u4"))
    np.testing.assert_array_equal(swapped[0].host.view("u4"), dslope.host.view("u4"))


@scene
def test_gradients_of_a_number(stub: Stub) -> None:
    fakes.torch(stub)
    x, dy = tensor(stub, (7, 30)), tensor(stub, (7, 30), 1)
    dslope = fa.prelu.backward(dy, x, 0.25)[1]
    assert (dslope.shape, dslope.dtype) == ((), "float32")
    near(dslope.host, np.asarray(fa.prelu.backward(dy.host, x.host, 0.25)[1], "f4"))
    (only,) = fa.leaky_relu.backward(dy, x, wrt=("x",))
    np.testing.assert_array_equal(only.host, fa.leaky_relu.backward(dy.host, x.host))


@scene
def test_gradients_of_a_bias_and_a_scale(stub: Stub) -> None:
    fakes.torch(stub)
    x, dy, bias, scale = tensor(stub, (64, 30)), tensor(stub, (64, 30), 1), tensor(stub, 30, 2), tensor(stub, (64, 1), 3)
    for made, expected in zip(
        fa.gelu.backward(dy, x, bias=bias, scale=scale),
        fa.gelu.backward(dy.host, x.host, bias=bias.host, scale=scale.host),
        strict=True,
    ):
        near(made.host, expected)


@scene
def test_out_and_accumulate(stub: Stub) -> None:
    fakes.torch(stub)
    x, dy, slope = tensor(stub, (7, 30)), tensor(stub, (7, 30), 1), tensor(stub, (30,), 2)
    dx, dslope = tensor(stub, (7, 30), 3), tensor(stub, (30,), 4)
    expected = dx.host.copy(), dslope.host.copy()
    fa.prelu.backward(dy.host, x.host, slope.host, out=expected, accumulate=True)
    assert fa.prelu.backward(dy, x, slope, out=(dx, dslope), accumulate=True) == (dx, dslope)
    np.testing.assert_array_equal(dx.host, expected[0])
    near(dslope.host, expected[1])
    only = tensor(stub, (30,), 5)
    total = only.host.copy()
    fa.prelu.backward(dy.host, x.host, slope.host, wrt="slope", out=total, accumulate=True)
    fa.prelu.backward(dy, x, slope, wrt="slope", out=only, accumulate=True)
    near(only.host, total)
    assert fa.prelu.backward(dy, x, slope, out=(x, None))[0] is x


@scene
def test_halves_have_sums_in_float32(stub: Stub) -> None:
    fakes.torch(stub)
    x, dy = tensor(stub, (7, 30), 0, "f2"), tensor(stub, (7, 30), 1, "f2")
    slope = tensor(stub, (30,), 2)
    dx, dslope = fa.prelu.backward(dy, x, slope)
    assert (dx.dtype, dslope.dtype) == ("float16", "float32")
    near(dslope.host, fa.prelu.backward(dy.host, x.host, slope.host)[1])


@scene
def test_sums_over_nothing_are_zero(stub: Stub) -> None:
    fakes.torch(stub)
    x, slope = tensor(stub, (0, 3)), tensor(stub, (3,), 1)
    dx, dslope = fa.prelu.backward(x, x, slope)
    assert dx.shape == (0, 3)
    assert (dslope.host.view("u4") == 0).all()
    kept = slope.host.copy()
    fa.prelu.backward(x, x, slope, wrt="slope", out=(slope_sum := tensor(stub, (3,), 1)), accumulate=True)
    np.testing.assert_array_equal(slope_sum.host, kept)


@scene
def test_arrays_that_cannot_make_others_take_out(stub: Stub) -> None:
    shapes = [(9000, 5), (9000, 5), 5, (9000, 5), 5]
    x, dy, slope, dx, dslope = (Described(stub.filled(numbers(s, k)), 0x40) for k, s in enumerate(shapes))
    with pytest.raises(TypeError, match=r"prelu\.backward: arrays of type Described cannot make"):
        fa.prelu.backward(dy, x, slope)
    stub.calls()
    fa.prelu.backward(dy, x, slope, out=(dx, dslope))
    near(dslope.host, fa.prelu.backward(dy.host, x.host, slope.host)[1])
    calls = stub.calls()
    assert calls.count("cuMemAlloc_v2") == calls.count("cuMemFreeAsync") == 1, "scratch memory in the order of the stream"
    assert not any("Synchronize" in name for name in calls)
    assert {launch.stream for launch in stub.launches} == {0x40}


@scene
def test_bad_input_changes_nothing(stub: Stub) -> None:
    torch = fakes.torch(stub)
    x, dy, slope = tensor(stub, (7, 30)), tensor(stub, (7, 30), 1), tensor(stub, (30,), 2)
    fresh = fakes.Tensor(stub.empty((30,), "f4"))
    rows = fakes.Tensor(stub.empty((60,), "f4")[::2])
    half = torch.empty((30,), dtype="float16", device=x.device)
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"out": (None, x)}, ValueError, r"prelu\.backward: out\[1\] has shape \(7, 30\); accepted is .*\(30,\)"),
        ({"out": (None, half)}, TypeError, r"prelu\.backward: out\[1\] has dtype float16; accepted is float32"),
        ({"out": (None, rows)}, ValueError, r"prelu\.backward: out\[1\] is not in C order"),
        ({"out": (None, slope)}, ValueError, r"prelu\.backward: out\[1\] shares memory with another"),
        ({"out": (None, fresh, fresh)}, ValueError, r"prelu\.backward: out has 3 arrays; accepted are 2"),
        ({"accumulate": True}, ValueError, r"prelu\.backward: accumulate=True adds to out"),
        ({"where": True}, TypeError, r"prelu\.backward: where is not accepted"),
        ({"wrt": "bias"}, ValueError, r"prelu\.backward: wrt has 'bias'"),
    ]
    for options, kind, told in cases:
        with pytest.raises(kind, match=told):
            fa.prelu.backward(dy, x, slope, **options)
        assert not stub.launches
    with pytest.raises(TypeError, match=r"prelu\.backward: dy is a ndarray on the host"):
        fa.prelu.backward(dy.host, x, slope)


@scene
def test_an_array_alone_is_for_the_default_of_wrt(stub: Stub) -> None:
    fakes.torch(stub)
    x, dy, dx = tensor(stub, (7, 30)), tensor(stub, (7, 30), 1), tensor(stub, (7, 30), 2)
    assert fa.prelu.backward(dy, x, 0.25, out=dx)[0] is dx
    before = dx.host.copy()
    with pytest.raises(ValueError, match=r"prelu\.backward: out has 1 arrays; accepted are 2, or None"):
        fa.prelu.backward(dy, x, 0.5, wrt=("slope", "x"), out=dx)
    np.testing.assert_array_equal(dx.host, before)


@scene
def test_dx_alone_only_launches(stub: Stub) -> None:
    fakes.torch(stub)
    x, dy, dx = tensor(stub, (7, 30)), tensor(stub, (7, 30), 1), tensor(stub, (7, 30), 2)
    expected = fa.prelu.backward(dy.host, x.host, 0.25, wrt="x", out=np.ones((7, 30), "f4"), accumulate=True)
    for _ in range(2):
        stub.calls()
        fa.prelu.backward(dy, x, 0.25, wrt="x", out=dx)
        dx.host[...] = 1
        fa.prelu.backward(dy, x, 0.25, wrt="x", out=dx, accumulate=True)
    assert stub.calls() == ["cuLaunchKernelEx"] * 2
    np.testing.assert_array_equal(dx.host.view("u4"), expected.view("u4"))


@scene
def test_no_elements_and_no_parameters(stub: Stub) -> None:
    fakes.torch(stub)
    x, slope = tensor(stub, (7, 0)), tensor(stub, (0,), 1)
    dx, dslope = fa.prelu.backward(x, x, slope)
    assert (dx.shape, dslope.shape) == ((7, 0), (0,))
    assert not any("Memset" in call for call in stub.calls())
