"""Activations of the user's own keep the contract of those of fastact, on every target."""

from __future__ import annotations

import copy
import math
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import DTYPES, call, defaults, edges, np_dtype, ordinary, same_bits, uniform_bits
from cudalaunch import device
from numba import njit
from owns import OWN, cubic, naive_swish, ramp, rbf, shifted_sigmoid
from test_codegen import code, kernel

import fastact as fa

DIRECTIONS = ("forward", "derivative", "value_and_grad", "backward")
own = pytest.mark.parametrize("f", OWN, ids=lambda f: f.name)


def test_values() -> None:
    """The table of the radial basis unit, and what others have too."""
    x = np.array([-3, -1, -0.5, 0, 0.25, 1, 2])
    y = [1.2340980408667955e-4, 0.36787944117144232, 0.77880078307140487, 1, 0.93941306281347579, 0.36787944117144232, 0.01831563888873418]
    d = [
        7.404588245200773e-4,
        0.73575888234288464,
        0.77880078307140487,
        0,
        -0.46970653140673789,
        -0.73575888234288464,
        -0.073262555554936721,
    ]
    np.testing.assert_allclose(rbf(x), y, rtol=4e-16)
    np.testing.assert_allclose(rbf.derivative(x), d, rtol=4e-16)
    np.testing.assert_allclose(rbf(x, 1.0, 2.0), rbf((x - 1) / 2), rtol=1e-15)
    wide = ordinary("float64", 1000)
    np.testing.assert_allclose(naive_swish(wide, 1.5), fa.swish(wide, 1.5), rtol=1e-14)
    np.testing.assert_allclose(cubic(x, 2.0), 3 * x**3, rtol=1e-15)
    same_bits(shifted_sigmoid(wide, 0.0), fa.sigmoid(wide))
    np.testing.assert_array_equal(ramp(wide), np.clip(wide, 0, 1))


@own
@pytest.mark.parametrize("dtype", DTYPES)
def test_directions_agree_at_every_position(f: fa.Activation, dtype: str) -> None:
    x, params = np.concatenate([edges(dtype), uniform_bits(dtype, 3000, 1), ordinary(dtype, 40001)]), defaults(f)
    with np.errstate(all="raise"):
        y, d = f.value_and_grad(x, *params)
        assert y.dtype == x.dtype
        same_bits(f(x, *params), y)
        same_bits(f.derivative(x, *params), d)
        same_bits(f.backward(np.ones_like(x), x, *params, wrt="x"), d)
    same_bits(f(x[::-3], *params), y[::-3])
    same_bits(f(x[1:8], *params), y[1:8])
    same_bits(f(x[:8].reshape(2, 2, 2).T, *params), y[:8].reshape(2, 2, 2).T)
    room = x.copy()
    assert f(room, *params, out=room) is room
    same_bits(room, y)
    kept, even = np.zeros_like(x), np.arange(x.size) % 2 == 0
    f(x, *params, out=kept, where=even)
    same_bits(kept, np.where(even, y, kept))
    assert not kept[1::2].any()


@own
def test_loops_are_narrow_vectors_without_calls(f: fa.Activation) -> None:
    for dtype in ("float32", "float16"):
        for direction in ("forward", "value_and_grad"):
            body = kernel(code(f, direction, dtype)[0], f, direction)
            assert "double" not in body
            assert re.search(r"<(4|8|16) x float>", body)
            assert all(name.startswith("llvm.") for name in re.findall(r"call [^@\n]*@([\w.]+)", body))


@pytest.mark.parametrize(("f", "dtype"), [*((f, d) for f in OWN for d in ("float32", "bfloat16")), (rbf, "float16"), (rbf, "float64")])
def test_device_has_the_bits_of_the_host(f: fa.Activation, dtype: str) -> None:
    x = np.concatenate([edges(dtype), ordinary(dtype, 500)])
    dy = ordinary(dtype, x.size, 1)
    params = tuple(np_dtype("float64" if dtype == "float64" else "float32").type(p) for p in defaults(f))
    for direction in ("forward", "value_and_grad"):
        for found, expected in zip(device(f.record, direction, x, *params), call(f, direction, x, *params), strict=True):
            same_bits(found, expected)
    (dx,) = device(f.record, "backward", x, *params, before=(dy,))
    same_bits(dx, f.backward(dy, x, *params, wrt="x"))


def test_gradients_of_parameters() -> None:
    x, dy = ordinary("float64", (50, 40), 1) / 10, ordinary("float64", (50, 40), 2)
    c, s = np.linspace(-1, 1, 40), np.linspace(0.5, 2, 50)[:, None]
    dx, dc, ds = rbf.backward(dy, x, c, s)
    step = 1e-6
    for found, moved in (
        (dx, [rbf(x + h, c, s) for h in (step, -step)]),
        (dc, [rbf(x, c + h, s) for h in (step, -step)]),
        (ds, [rbf(x, c, s + h) for h in (step, -step)]),
    ):
        slope = dy * (moved[0] - moved[1]) / (2 * step)
        axes = tuple(k for k, n in enumerate(np.broadcast_shapes(found.shape, (1, 1))) if n == 1)
        total = np.sum(slope, axes, keepdims=True)
        np.testing.assert_allclose(np.reshape(found, total.shape), total, atol=1e-6)
    assert isinstance(naive_swish.backward(dy, x), np.ndarray)
    assert len(naive_swish.backward(dy, x, wrt=("x", "beta"))) == 2
    dx, db = rbf.backward(dy, x, bias=np.zeros(40), wrt=("x", "bias"))
    same_bits(dx, rbf.backward(dy, x, wrt="x"))
    np.testing.assert_allclose(db, dx.sum(0), rtol=1e-12)


def test_where_the_derivative_is_0_by_branch() -> None:
    x = np.array([-1.0, 0.0, 0.5, 1.0, 2.0])
    same_bits(ramp.backward(np.full(5, np.nan), x), np.array([0, 0, np.nan, 0, 0]))
    assert [k.derivative() for k in ramp.kinks] == [0, 0]
    assert np.isnan(ramp(np.nan))


@own
def test_scalars_within_njit(f: fa.Activation) -> None:
    scalar, grad, params = f.scalar, f.scalar_grad, defaults(f)
    x = ordinary("float32", 64)
    y, d = f.value_and_grad(x, *params)
    narrow = tuple(np.float32(p) for p in params)
    loop = njit(lambda x, params: [(scalar(v, *params), grad(v, *params)[1]) for v in x])
    found = np.array(loop(x, narrow), np.float32)
    same_bits(found[:, 0], y)
    same_bits(found[:, 1], d)
    assert scalar(0.25, *params) == f(0.25, *params)


def test_addresses() -> None:
    import ctypes

    pointer = ctypes.POINTER(ctypes.c_float)
    x, y = ordinary("float32", 100), np.empty(100, np.float32)
    loop = ctypes.CFUNCTYPE(None, ctypes.c_ssize_t, pointer, pointer)(ramp.address("float32", "forward"))
    loop(100, *(a.ctypes.data_as(pointer) for a in (x, y)))
    same_bits(y, ramp(x))


def test_gates_and_dropout_of_them() -> None:
    a, b = ordinary("float32", 100, 1), ordinary("float32", 100, 2)
    gate = fa.gated(rbf)
    y, da, db = gate.value_and_grad(a, b)
    same_bits(db, rbf(a))
    same_bits(y, rbf(a) * b)
    np.testing.assert_allclose(da, rbf.derivative(a) * b, rtol=1e-6)
    dropped = fa.dropout_after(rbf)(a, rate=0.5, rng=7)
    kept = dropped != 0
    assert 20 < kept.sum() < 80
    same_bits(dropped[kept], (2 * rbf(a))[kept])
    with pytest.raises(pickle.PicklingError, match=r"^gated_rbf cannot be pickled"):
        pickle.dumps(gate)


def test_copies_and_pickles() -> None:
    for f in OWN:
        assert copy.copy(f) is copy.deepcopy(f) is pickle.loads(pickle.dumps(f)) is f
        assert pickle.loads(pickle.dumps(f.ufunc)) is f.ufunc
    local = fa.define(lambda x: (x, 1), name="local")
    assert copy.deepcopy([local])[0] is local
    with pytest.raises(pickle.PicklingError, match=r"^local cannot be pickled: it is no attribute of the module test_define"):
        pickle.dumps(local)


def test_pickles_in_another_process() -> None:
    program = "import pickle, sys; f, u = pickle.load(sys.stdin.buffer); print(f(0.5) == u(0.5, 0.0, 1.0) == 2.718281828459045 ** -0.25, f)"
    sent = pickle.dumps((rbf, rbf.ufunc))
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input=sent, capture_output=True, timeout=100, check=True, cwd=Path(__file__).parent)
    assert done.stdout.decode().strip() == "True <fastact rbf(x, c=0, s=1)>"


def test_what_they_do_not_have() -> None:
    x = np.ones(3)
    for reference in (rbf.reference, rbf.reference_derivative):
        with pytest.raises(TypeError, match=r"^rbf is not in the C reference, which has fastact's own functions alone"):
            reference(x)
    with pytest.raises(TypeError, match=r"^rbf accepts float16, bfloat16, float32 and float64, not longdouble$"):
        rbf(x.astype(np.longdouble))
    with pytest.raises(TypeError, match=r"^rbf\.backward_from_output: y does not tell"):
        rbf.backward_from_output(x, x)
    with pytest.raises(TypeError, match=r"^rbf\.with_mask: "):
        rbf.with_mask(x)


def test_what_the_record_tells() -> None:
    assert repr(cubic) == "<fastact cubic(x, a)>"
    assert rbf.__module__ == "owns"
    assert rbf.__doc__ == "Radial basis unit."
    assert ramp.__doc__ == r"\mathrm{ramp}(x)" + "\n\n    Source: folklore"
    assert math.isinf(rbf.budget.forward.float32)
    assert [p.trainable for p in (*rbf.params, *naive_swish.params)] == [True, True, False]
    record = shifted_sigmoid.record
    assert (record.limits.at_minus_inf(1.0), record.limits.at_plus_inf(1.0)) == (0, 1)  # type: ignore[operator]
    assert fa.define(rbf.record.scalar, limits=(1, 2)).limits.at_plus_inf == 2


def test_functions_of_one_name_are_apart() -> None:
    """Closures too, which share their code."""

    def times(k: float) -> fa.Activation:
        return fa.define(lambda x: (k * x, k), name="times")

    made = [times(k) for k in (2.0, np.float64(3), np.float32(4))]
    for dtype in ("float32", "float64"):
        assert [float(f(np.ones(1, dtype))[0]) for f in made] == [2, 3, 4]
    assert [f.scalar(1.0) for f in made] == [2, 3, 4]


def test_a_helper_that_comes_later() -> None:
    late = fa.define(_late)
    out = np.full(4, 7.0)
    with pytest.raises(NameError, match="_helper_of_late"):
        late(np.ones(4), out=out)
    assert (out == 7).all()
    globals()["_helper_of_late"] = lambda x: 2 * x
    assert late(3.0) == 6


def _late(x: Any) -> Any:
    return _helper_of_late(x), 2  # type: ignore[name-defined] # noqa: F821


def test_the_sign_of_zero_is_zero() -> None:
    step = fa.define(lambda x: (np.sign(x), 0.0), name="step")
    x = np.array([-2.0, -0.0, 0.0, 3.0, math.nan])
    same_bits(step(x), np.sign(x))
