"""Public calls with noise and with masks on device arrays, over a stub of the driver whose launches the interpreter runs."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from cases import same_bits
from stub import fakes, scene
from stub.device import Described, Stub

import fastact as fa

KEY = (12345, 2**33 + 7)


def tensor(stub: Stub, shape: Any, seed: int = 0, kind: Any = np.float32, device: int = 0) -> fakes.Tensor:
    host = np.random.default_rng(seed).normal(size=shape, scale=3).astype(kind)
    return fakes.Tensor(stub.filled(host, device), device)


@scene
def test_drawn_noise(stub: Stub) -> None:
    fakes.torch(stub)
    for unit, kind in ((fa.noisy_hard_tanh, np.float32), (fa.dropout_after(fa.relu), ml_dtypes.bfloat16)):
        x, dy = tensor(stub, (9, 130), 0, kind), tensor(stub, (9, 130), 1, kind)
        same_bits(unit(x, rng=KEY).host, unit(x.host, rng=KEY))
        assert len(stub.launches) == 1, "no noise is stored"
        same_bits(unit.backward(dy, x, rng=KEY, wrt="x").host, unit.backward(dy.host, x.host, rng=KEY, wrt="x"))
        stub.launches.clear()
    x = tensor(stub, (9, 130))
    for made, wanted in zip(fa.dropout.value_and_grad(x, rng=KEY), fa.dropout.value_and_grad(x.host, rng=KEY), strict=True):
        same_bits(made.host, wanted)
    same_bits(fa.dropout.derivative(x, rng=KEY).host, fa.dropout.value_and_grad(x.host, rng=KEY)[1])


@scene
def test_gradients_of_parameters_with_drawn_noise(stub: Stub) -> None:
    fakes.torch(stub)
    unit = fa.learned_noise_hard_tanh
    x, dy = tensor(stub, (17, 90)), tensor(stub, (17, 90), 1)
    for shape in ((), (90,)):
        p = fakes.Tensor(stub.filled(np.full(shape, 0.75, np.float32)))
        given = {"p": p} if shape else {}
        host = {name: a.host for name, a in given.items()}
        dx, *sums = unit.backward(dy, x, rng=KEY, **given)
        wanted, *totals = unit.backward(dy.host, x.host, rng=KEY, **host)
        same_bits(dx.host, wanted)
        assert len(sums) == len(totals) > 0
        for made, total in zip(sums, totals, strict=True):
            assert made.host.shape == np.shape(total)
            np.testing.assert_allclose(made.host, total, rtol=1e-6)
        for made, again in zip(sums, unit.backward(dy, x, rng=KEY, **given)[1:], strict=True):
            same_bits(made.host, again.host)


@scene
def test_drawn_noise_of_any_layout_and_in_place(stub: Stub) -> None:
    fakes.torch(stub)
    base = tensor(stub, (40, 60))
    rate = fakes.Tensor(stub.filled(np.linspace(0, 0.9, 60).astype(np.float32)))
    for view in (base.host.T, base.host[3:, 1::2]):
        x = fakes.Tensor(view)
        same_bits(fa.dropout(x, rng=KEY).host, fa.dropout(view, rng=KEY))
    same_bits(fa.dropout(base, rng=KEY, rate=rate).host, fa.dropout(base.host, rng=KEY, rate=rate.host))
    wanted = fa.noisy_relu(base.host, rng=KEY)
    assert fa.noisy_relu(base, rng=KEY, out=base) is base
    same_bits(base.host, wanted)


@scene
def test_noise_that_is_an_array(stub: Stub) -> None:
    fakes.torch(stub)
    x, dy = tensor(stub, (7, 100)), tensor(stub, (7, 100), 1)
    xi = fakes.Tensor(stub.empty((7, 100), "f4"))
    assert fa.noise.normal(KEY, out=xi) is xi
    same_bits(xi.host, fa.noise.normal(KEY, (7, 100)))
    same_bits(fa.noisy_hard_sigmoid(x, xi).host, fa.noisy_hard_sigmoid(x, rng=KEY).host)
    for made, wanted in zip(fa.noisy_hard_sigmoid.backward(dy, x, xi), fa.noisy_hard_sigmoid.backward(dy, x, rng=KEY), strict=True):
        same_bits(made.host, wanted.host)
    same_bits(fa.noisy_hard_sigmoid(x, 0.5).host, fa.noisy_hard_sigmoid(x.host, 0.5))
    same_bits(fa.noisy_hard_sigmoid.expected(x).host, fa.noisy_hard_sigmoid.expected(x.host))


@scene
def test_arrays_without_a_library(stub: Stub) -> None:
    x, y = (Described(stub.filled(np.ones(300, np.float32)) if k else stub.empty(300, "f4")) for k in (1, 0))
    assert fa.alpha_dropout(x, rng=KEY, out=y) is y
    same_bits(y.host, fa.alpha_dropout(x.host, rng=KEY))
    for kind in ("f4", "f8"):
        out = Described(stub.empty(300, kind))
        fa.noise.gumbel(KEY, 300, out=out)
        same_bits(out.host, fa.noise.gumbel(KEY, 300, kind))
    odd = Described(stub.empty(300, "f4", shift=4))
    assert fa.dropout(x, rng=KEY, out=odd) is odd
    same_bits(odd.host, fa.dropout(x.host, rng=KEY))


@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16])
@scene
def test_masks(stub: Stub, dtype: Any) -> None:
    fakes.torch(stub)
    x, dy = tensor(stub, (5, 77), 0, dtype), tensor(stub, (5, 77), 1, dtype)
    for f, params in ((fa.relu, ()), (fa.leaky_relu, (0.25,))):
        (y, mask), (wanted, bits) = f.with_mask(x, *params), f.with_mask(x.host, *params)
        same_bits(y.host, wanted)
        same_bits(mask.host, bits)
        same_bits(f.backward_from_mask(dy, mask, *params).host, f.backward_from_mask(dy.host, bits, *params))


@scene
def test_masks_of_any_layout(stub: Stub) -> None:
    fakes.torch(stub)
    x, dy = tensor(stub, (3, 8, 10)), tensor(stub, (3, 8, 10), 1)
    slope = tensor(stub, (8, 1), 2)
    for view, upstream in ((x.host, dy.host), (x.host.transpose(0, 2, 1), dy.host.transpose(0, 2, 1))):
        alpha = slope if view is x.host else fakes.Tensor(slope.host.T)
        (y, mask), (wanted, bits) = fa.prelu.with_mask(fakes.Tensor(view), alpha), fa.prelu.with_mask(view, alpha.host)
        same_bits(y.host, wanted)
        same_bits(mask.host, bits)
        same_bits(
            fa.prelu.backward_from_mask(fakes.Tensor(upstream), mask, alpha).host, fa.prelu.backward_from_mask(upstream, bits, alpha.host)
        )
    y, mask = stub.empty(100, "f4"), stub.empty(13, "u1")
    given = fakes.Tensor(y), fakes.Tensor(mask)
    made = fa.relu.with_mask(fakes.Tensor(stub.filled(x.host.ravel()[:100])), out=given)
    assert made[0] is given[0]
    assert made[1] is given[1]
    same_bits(mask, fa.relu.with_mask(x.host.ravel()[:100])[1])
    dx = fakes.Tensor(y)
    assert fa.relu.backward_from_mask(dx, given[1], out=dx) is dx


@scene
def test_bad_calls_launch_nothing(stub: Stub) -> None:
    fakes.torch(stub)
    x = tensor(stub, 100)
    mask = fakes.Tensor(stub.empty(13, "u1"))
    for error, told, call in (
        (TypeError, "dropout: accepted is u, the noise, or rng", lambda: fa.dropout(x)),
        (TypeError, "dropout: rng is 'a'", lambda: fa.dropout(x, rng="a")),
        (ValueError, "dropout: u has shape", lambda: fa.dropout(x, tensor(stub, 7))),
        (TypeError, "dropout: x has dtype int32", lambda: fa.dropout(fakes.Tensor(stub.empty(8, "i4")), rng=1)),
        (TypeError, "dropout: out is a ndarray on the host", lambda: fa.dropout(x, rng=1, out=np.ones(100, "f4"))),
        (ValueError, "dropout: out has shape", lambda: fa.dropout(x, rng=1, out=tensor(stub, 99))),
        (TypeError, "noise.normal: neither shape nor out", lambda: fa.noise.normal(1)),
        (ValueError, "noise.normal: out has shape", lambda: fa.noise.normal(1, 99, out=x)),
        (TypeError, "noise.normal: out has dtype float32; accepted is float64", lambda: fa.noise.normal(1, 100, "f8", out=x)),
        (TypeError, "noise.uniform: out has dtype uint8", lambda: fa.noise.uniform(1, out=mask)),
        (ValueError, "noise.uniform: out has strides", lambda: fa.noise.uniform(1, out=fakes.Tensor(x.host[::2]))),
        (TypeError, "tanh.with_mask: the derivative of tanh takes more", lambda: fa.tanh.with_mask(x)),
        (TypeError, "relu.with_mask: x has dtype uint8", lambda: fa.relu.with_mask(mask)),
        (ValueError, "relu.with_mask: out is not a pair", lambda: fa.relu.with_mask(x, out=x)),
        (ValueError, r"relu.with_mask: out\[1\] has shape", lambda: fa.relu.with_mask(x, out=(None, fakes.Tensor(stub.empty(12, "u1"))))),
        (TypeError, r"relu.with_mask: out\[1\] has dtype float32", lambda: fa.relu.with_mask(x, out=(None, tensor(stub, 13)))),
        (
            ValueError,
            r"relu.with_mask: out\[1\] .* multiple of 4 bytes",
            lambda: fa.relu.with_mask(x, out=(None, fakes.Tensor(stub.empty(13, "u1", shift=1)))),
        ),
        (ValueError, "relu6.backward_from_mask: mask is of dtype float32", lambda: fa.relu6.backward_from_mask(x, x)),
        (ValueError, "relu6.backward_from_mask: mask is a ndarray on the host", lambda: fa.relu6.backward_from_mask(x, mask.host)),
        (TypeError, "relu6.backward_from_mask: dy has dtype uint8", lambda: fa.relu6.backward_from_mask(mask, mask)),
        (
            ValueError,
            "relu6.backward_from_mask: out shares memory",
            lambda: fa.relu6.backward_from_mask(x, fakes.Tensor(x.host.view("u1")[:13]), out=x),
        ),
    ):
        with pytest.raises(error, match=told):
            call()
    assert stub.launches == []


@scene
def test_gumbel_softmax(stub: Stub) -> None:
    fakes.torch(stub)
    for kind, axis in ((np.float32, -1), (np.float16, 0)):
        x, dy = tensor(stub, (7, 60), 0, kind), tensor(stub, (7, 60), 1, kind)
        f, given = fa.gumbel_softmax, {"rng": KEY, "temperature": 0.5, "axis": axis}
        same_bits(f(x, **given).host, f(x.host, **given))
        same_bits(f.backward(dy, x, **given).host, f.backward(dy.host, x.host, **given))
    with pytest.raises(TypeError, match="gumbel_softmax: hard is true"):
        fa.gumbel_softmax(x, rng=KEY, hard=True)
    with pytest.raises(ValueError, match="gumbel_softmax: axis is 2"):
        fa.gumbel_softmax(x, rng=KEY, axis=2)


@scene
def test_empty_arrays(stub: Stub) -> None:
    fakes.torch(stub)
    x = fakes.Tensor(stub.empty((0, 3), "f4"))
    assert fa.dropout(x, rng=1).shape == (0, 3)
    y, mask = fa.relu.with_mask(x)
    assert (y.shape, mask.shape) == ((0, 3), (0,))
    assert fa.relu.backward_from_mask(x, mask).shape == (0, 3)
    assert fa.noise.normal(1, out=x) is x
    assert stub.launches == []
