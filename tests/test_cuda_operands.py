"""Operands that device calls refuse, or take with care: addresses, numbers, dtypes, and memory that an export alone keeps alive."""

from __future__ import annotations

import ctypes
import warnings
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from stub import fakes, scene
from stub.device import Described, Stub
from stub.exchange import Exchanged

import fastact as fa


def warm() -> None:
    x = np.ones(3, "f4")
    fa.leaky_relu(x, 0.5), fa.gelu.backward(x, x)


def tensor(stub: Stub, n: int, seed: int = 0) -> fakes.Tensor:
    return fakes.Tensor(stub.filled(np.random.default_rng(seed).normal(size=n, scale=4).astype("f4")))


@scene
def test_addresses_that_would_stop_the_device(stub: Stub) -> None:
    odd, y = Described(stub.empty(100, "f4")), Described(stub.filled(np.ones(100, "f4")))
    odd.told["data"] = (odd.told["data"][0] + 2, False)
    for refused in (
        lambda: fa.silu(odd, out=y),
        lambda: fa.silu(y, out=odd),
        lambda: fa.leaky_relu(y, odd, out=y),
        lambda: fa.prelu.backward(y, y, y, wrt="slope", out=odd),
        lambda: fa.softmax(y, out=odd),
        lambda: fa.softmax(odd, out=y),
        lambda: fa.maxout(odd, 2, out=y),
        lambda: fa.activation_stats(odd, fa.relu),
    ):
        with pytest.raises(ValueError, match=r"has an address or stride that is no multiple of 4 bytes; accepted are aligned arrays"):
            refused()
    y.told["strides"] = (6,)
    with pytest.raises(ValueError, match=r"silu: x has an address or stride that is no multiple of 4 bytes"):
        fa.silu(y, out=Described(stub.empty(100, "f4")))
    assert not stub.launches


@scene
def test_numbers_for_parameters(stub: Stub) -> None:
    fakes.torch(stub)
    x = tensor(stub, 30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for slope in (1e300, -1e300, np.float64(1e300), 1e-50, np.nan, np.inf, 3, True, ml_dtypes.bfloat16(0.5), np.array(0.25)):
            with np.errstate(all="ignore"):
                near = np.float32(slope)
            made, expected = fa.leaky_relu(x, slope).host, fa.leaky_relu(x.host, near)
            np.testing.assert_array_equal(made.view("u4"), expected.view("u4"))
    for slope in ("0.5", np.str_("0.5"), np.complex64(1), np.datetime64(3, "s"), 10**400):
        with pytest.raises(TypeError, match=r"leaky_relu: slope is a .*; accepted are numbers, and arrays on the device of x"):
            fa.leaky_relu(x, slope)


@scene
def test_the_operand_of_another_dtype_is_named(stub: Stub) -> None:
    fakes.torch(stub)
    x, dy = tensor(stub, 30), tensor(stub, 30, 1)
    x.dtype = "int64"
    with pytest.raises(TypeError, match=r"gelu\.backward: x has dtype int64"):
        fa.gelu.backward(dy, x)


@scene
def test_exports_live_until_the_launch(stub: Stub) -> None:
    new, after, ends = ctypes.pythonapi.PyCapsule_New, [], []

    class Watched(Exchanged):
        def __dlpack__(self, **options: Any) -> Any:
            super().__dlpack__(**options)
            ends.append(ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: after.append(self) if stub.launches else None))
            return new(ctypes.addressof(self.kept), b"dltensor_versioned", ctypes.cast(ends[-1], ctypes.c_void_p))

    dy, x, dx = (Watched(stub.filled(np.ones(64, "f4")), 0) for _ in range(3))
    fa.gelu.backward(dy, x, out=dx)
    assert set(after) == {dy, x, dx}
