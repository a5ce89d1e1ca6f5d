"""PyTorch and JAX: what has no gradient is refused, whatever it is named, and what has one keeps it between devices and in copies."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastact as fa

torch = pytest.importorskip("torch")
jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402
from jax.sharding import PartitionSpec  # noqa: E402

import fastact.interop.jax as fj  # noqa: E402
import fastact.interop.torch as fi  # noqa: E402

X = torch.ones(3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
@pytest.mark.parametrize(
    "call",
    [
        lambda beta: fi.swiglu(X, X, beta),
        lambda beta: fi.swiglu(X, X, beta=beta.detach()),
        lambda beta: torch.func.grad(lambda b: fi.swiglu(X, X, b).sum())(beta.detach()),
        lambda beta: torch.func.jvp(lambda b: fi.swiglu(X, X, b), (beta.detach(),), (beta.detach(),)),
    ],
    ids=["requires grad", "constant", "grad", "jvp"],
)
def test_tensors_are_no_parameters_of_gates(call: Callable[[Any], Any]) -> None:
    """A number is taken from none, as its gradient would be lost."""
    with pytest.raises(TypeError, match=r"torch\.swiglu: beta is a tensor, by which there is no gradient; accepted are numbers"):
        call(torch.tensor(1.5, requires_grad=True))


def test_bad_operands() -> None:
    with pytest.raises(TypeError, match=r"torch\.swiglu: b is of type float; accepted are tensors"):
        fi.swiglu(X, 2.0)
    with pytest.raises(TypeError, match=r"torch\.prelu: x is of type float; accepted are tensors"):
        fi.prelu(2.0, X)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"torch\.sigmoid_cross_entropy: targets is of type int; accepted are tensors"):
        fi.sigmoid_cross_entropy(X, 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"torch\.prelu: slope is of type ndarray; accepted are numbers, and tensors"):
        fi.prelu(X, np.ones(3))
    with pytest.raises(TypeError, match=r"torch\.Module: slope is of type list; accepted are numbers, and tensors"):
        fi.Module(fa.prelu, [0.1, 0.2])
    with pytest.raises(TypeError, match=r"jax\.prelu: slope is complex; accepted are real numbers"):
        fj.prelu(1.0, 1j)


def test_tensors_are_on_one_device() -> None:
    meta = torch.empty(3, device="meta")
    with pytest.raises(ValueError, match=r"torch\.swiglu: tensors are on cpu and meta; accepted are tensors on one device"):
        fi.swiglu(X, meta)
    with pytest.raises(ValueError, match=r"torch\.prelu: x is on cpu, and a parameter on meta; accepted are those on the device of x"):
        fi.prelu(X, meta)
    assert fi.prelu(meta, torch.tensor(0.1)).is_meta
    assert fi.prelu(meta, meta).shape == (3,)


def test_another_function_of_a_known_name_has_no_second_derivatives() -> None:
    f = fa.define(lambda x: (x * x, 2 * x), name="relu")
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(fi.function(f)(x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="there are no second derivatives"):
        torch.autograd.grad(slope.sum(), x)
    with pytest.raises(NotImplementedError, match="there are no second derivatives"):
        jax.grad(jax.grad(fj.function(f)))(1.0)


def test_slopes_of_straight_pieces_have_gradients_by_parameters() -> None:
    """Which are refused: d/ds d/dx of leaky_relu is 1 below 0."""
    with pytest.raises(NotImplementedError, match="there are no second derivatives"):
        jax.grad(jax.grad(fj.leaky_relu), argnums=1)(-1.0, 0.3)


def test_gradients_are_summed_over_devices() -> None:
    """Results of shard_map vary over the devices as their operands do."""
    mesh = jax.sharding.Mesh(np.array(jax.devices()), ("d",))
    x, slope = -jnp.ones((4, 3)), jnp.full(3, 0.5)

    def varying(x: Any, s: Any) -> Any:
        y = fj.prelu(x, s)
        assert jax.typeof(y) == jax.typeof(x + s)
        return y

    f = jax.shard_map(varying, mesh=mesh, in_specs=(PartitionSpec("d"), PartitionSpec()), out_specs=PartitionSpec("d"))
    for s in (slope, slope[0]):
        assert jnp.array_equal(f(x, s), x * 0.5)
        assert jnp.array_equal(jax.grad(lambda s: f(x, s).sum())(s), jnp.full(s.shape, -12.0 if s.ndim == 0 else -4.0))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_copies_of_modules(copied: Callable[[Any], Any]) -> None:
    m = fi.Module(fa.prelu, slope=0.5, trainable="slope")
    other = copied(m)
    assert other.slope is not m.slope
    assert torch.equal(other(-X), m(-X))
    assert copied(fi.Module(fa.presets.torch.gelu))(X).shape == (3,)


def test_strides_of_nothing_are_those_of_the_fake() -> None:
    x = torch.ones(0, 3, 2)
    for y in (fi.gelu(x), fi.softmax(x), fi.swiglu(x, x)):
        assert y.stride() == torch.empty_like(x).stride()
