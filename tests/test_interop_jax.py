"""JAX: machine code called by XLA, derivatives of the first order in both modes, under every transformation."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from cases import DTYPES, np_dtype, ordinary, same_bits

import fastact as fa

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402
from jax.test_util import check_grads  # noqa: E402

import fastact.interop.jax as fj  # noqa: E402
from fastact.interop import xla  # noqa: E402


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("f", [*fa.ACTIVATIONS, *fa.GATES], ids=lambda f: f.name)
def test_derivatives_in_both_modes(f: Any) -> None:
    """Against finite differences, by x and by parameters."""
    xs = [jnp.asarray(np.random.default_rng(k).uniform(-2.3, 2.3, 5)) for k in range(len(f.record.operands))]
    params = [float(p) for p in f.record.typical] if isinstance(f, fa.Activation) else []
    check_grads(getattr(fj, f.name), (*xs, *params), order=1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["gelu", "leaky_relu", "snake"])
def test_bits_are_those_of_the_array_call(name: str, dtype: str) -> None:
    x, f = ordinary(dtype, (3, 37)), getattr(fa, name)
    for given in (fj.__dict__[name], jax.jit(fj.__dict__[name])):
        y = given(jnp.asarray(x))
        assert y.dtype == np_dtype(dtype)
        same_bits(np.asarray(y), f(x))
    dx = jax.grad(lambda x: fj.__dict__[name](x).astype(jnp.float32).sum())(jnp.asarray(x))
    d = f.derivative(x)
    normal = abs(d) >= ml_dtypes.finfo(d.dtype).smallest_normal  # XLA multiplies by 1, and may flush the others
    same_bits(np.asarray(dx)[normal], d[normal])


def test_gates_promote_and_broadcast() -> None:
    a, b = ordinary("float32", (3, 1)), ordinary("bfloat16", (4,), 1)
    y = fj.swiglu(jnp.asarray(a), jnp.asarray(b))
    same_bits(np.asarray(y), fa.swiglu(*np.broadcast_arrays(a, b.astype(np.float32))))
    da, db = jax.grad(lambda a, b: fj.swiglu(a, b).sum(), argnums=(0, 1))(jnp.asarray(a), jnp.asarray(b))
    assert (da.shape, da.dtype, db.shape, db.dtype) == ((3, 1), np.float32, (4,), b.dtype)


def test_parameters_are_numbers_arrays_or_batches() -> None:
    x, slopes = ordinary("float32", (2, 3)), np.float32([0.5, 2.0])
    same_bits(np.asarray(fj.prelu(jnp.asarray(x), jnp.asarray(slopes[:, None]))), fa.prelu(x, slopes[:, None]))
    same_bits(np.asarray(jax.vmap(fj.prelu)(x, slopes)), fa.prelu(x, slopes[:, None]))
    same_bits(np.asarray(jax.vmap(fj.prelu, (1, None), 1)(x, slopes[0])), fa.prelu(x, slopes[0]))
    twice = jax.vmap(jax.vmap(fj.prelu, (None, 0)), (0, None))(x, slopes)
    same_bits(np.asarray(twice), fa.prelu(x[:, None], slopes[:, None]))
    two = jax.vmap(lambda x, low: fj.hard_tanh(x, low=low, high=1.0))(x, -slopes)
    same_bits(np.asarray(two), fa.hard_tanh(x, -slopes[:, None], 1.0))
    given = jax.vmap(jax.grad(lambda x, s: fj.prelu(x, s).sum(), argnums=1))(x, slopes)
    assert np.allclose(given, np.where(x < 0, x, 0).sum(1))
    per_channel = jax.grad(lambda s: fj.prelu(jnp.asarray(x), s[:, None]).sum())(jnp.asarray(slopes))
    assert np.allclose(per_channel, np.where(x < 0, x, 0).sum(1))


def test_other_transformations() -> None:
    x = jnp.asarray(ordinary("float64", 5))
    d = np.diag(fa.gelu.derivative(np.asarray(x)))
    for jacobian in (jax.jacfwd, jax.jacrev):
        assert np.array_equal(jacobian(fj.gelu)(x), d)
    assert np.array_equal(jax.linearize(fj.gelu, x)[1](x), np.diag(d) * x)
    assert np.array_equal(jax.grad(lambda x: jax.checkpoint(fj.gelu)(x).sum())(x), np.diag(d))
    assert np.array_equal(jax.lax.scan(lambda c, _: (fj.tanh(c), None), x, None, length=2)[0], fa.tanh(fa.tanh(np.asarray(x))))
    assert fj.gelu(jnp.zeros((0, 3))).shape == (0, 3)
    assert fj.leaky_relu(1.5, 0.1).shape == ()


@pytest.mark.parametrize(
    "second",
    [
        lambda f, x: jax.grad(jax.grad(f))(x),
        lambda f, x: jax.hessian(f)(x),
        lambda f, x: jax.jacrev(jax.jacfwd(f))(x),
        lambda f, x: jax.jvp(jax.jacfwd(f), (x,), (1.0,))[1],
        lambda f, x: jax.jit(jax.grad(jax.grad(f)))(x),
    ],
    ids=["grad of grad", "hessian", "reverse over forward", "forward over forward", "compiled"],
)
def test_second_derivatives_are_refused_or_right(second: Callable[..., Any]) -> None:
    for f in (fj.gelu, lambda x: fj.swiglu(x, x), lambda s: fj.prelu(-1.0, s), lambda x: fj.swish(x, x)):
        with pytest.raises(
            NotImplementedError, match=r"interop\.jax\.\w+: the derivative cannot be differentiated, for there are no second"
        ):
            second(f, -0.7)
    assert np.isclose(second(lambda x: fj.leaky_relu(x) ** 2, -0.7), 2 * 0.01**2)


def test_bad_input() -> None:
    with pytest.raises(TypeError, match=r"interop\.jax\.gelu: x has dtype int64; accepted are float16"):
        fj.gelu(jnp.arange(3))
    with pytest.raises(TypeError, match="no argument 'alpha'; accepted are x"):
        fj.gelu(1.0, alpha=1.0)
    with pytest.raises(TypeError, match="1 arrays given; accepted are a, b and parameters"):
        fj.swiglu(1.0)
    with pytest.raises(TypeError, match="threshold is missing"):
        fj.threshold(1.0)
    with pytest.raises(NotImplementedError, match="parameters of a gate have no gradient"):
        jax.grad(lambda beta: fj.swiglu(1.0, 1.0, beta))(1.0)
    with pytest.raises(TypeError, match="accepted are an Activation and a Gate"):
        fj.function(np.exp)  # type: ignore[arg-type]


def test_any_activation_is_a_function() -> None:
    f = fj.function(fa.gated(fa.mish))
    assert f is fj.function(fa.gated(fa.mish))
    assert np.isclose(f(1.0, 2.0), 2 * jax.nn.mish(1.0))
    assert fj.function(fa.gelu) is fj.gelu


def test_subnormals_are_kept_on_threads_that_flush_them() -> None:
    x = jnp.float32([1e-40, -1e-40, -14.2])
    same_bits(np.asarray(fj.identity(x)), fa.identity(np.asarray(x)))
    assert fj.gelu(x)[0].view(np.int32) != 0
    assert (x * 1)[0].view(np.int32) in (0, x[0].view(np.int32))


def test_other_libraries_may_declare_the_functions_of_python() -> None:
    """JAX has declared PyCapsule_New in its way; loops of bfloat16 with parameters are made all the same."""
    x = np.ones(3, ml_dtypes.bfloat16)
    assert fa.ufuncs.softplus_derivative(x, np.float32(2)).dtype == x.dtype


def test_arrays_are_not_copied() -> None:
    """The handler's loop gets the addresses of the arrays that it is called with, and XLA's of its result."""
    x = jnp.asarray(ordinary("float32", 64))
    text = jax.jit(fj.gelu).lower(x).compile().as_text()
    assert "custom-call(" in text
    assert "copy" not in text
    assert "callback" not in text


def _frame(size: int, called: Any) -> tuple[Any, Any]:
    api = (ctypes.c_int64 * 7)(0, 0, 0, 0, 0, 0, ctypes.cast(called, ctypes.c_void_p).value)
    frame = (ctypes.c_int64 * 22)(size, 0, ctypes.addressof(api), 0, 3, *[40, 0, 1, 0, 0] * 2)
    return frame, api


@pytest.mark.parametrize("size", [xla.FRAME - 8, 0])
def test_other_structures_give_an_error_of_xla(size: int) -> None:
    """And nothing is touched."""
    told = []

    @ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.POINTER(ctypes.c_int64))
    def create(given: Any) -> int:
        told.append((given[0], ctypes.string_at(given[2]), given[3]))
        return 77

    frame, api = _frame(size, create)
    address = xla.handler(fa.gelu.record, "forward", "float32", (0, 3), arrays=False)
    assert ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(address)(ctypes.addressof(frame)) == 77
    assert len(api) == 7
    assert told[0][0] == 32
    assert b"structures of XLA's foreign function interface" in told[0][1]
    assert told[0][2] == xla.INTERNAL


def test_the_header_is_of_the_version_that_handlers_know() -> None:
    assert xla.version(jax.ffi.include_dir())[0] == 0
