"""Tensors on the host, JAX's arrays, and whatever has DLPack or `__array__`: taken where they lie; results are of the caller's kind."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from cases import same_bits

import fastact as fa
from fastact import containers
from fastact.containers import lent

X = np.linspace(-3, 3, 12, dtype=np.float32).reshape(3, 4)


class Lender:
    """What tells of itself by DLPack alone."""

    def __init__(self, a: Any) -> None:
        self.a = a

    def __dlpack__(self, **asked: Any) -> Any:
        return self.a.__dlpack__(**asked)

    def __dlpack_device__(self) -> Any:
        return self.a.__dlpack_device__()


class Convertible:
    """What is made an array by `__array__` alone."""

    def __init__(self, a: Any) -> None:
        self.a = a

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.a


def results(a: Any) -> list[tuple[Any, Any]]:
    """What each call gives for `a`, beside what it gives for the array."""
    labels = np.array([1, 0, 3])
    calls = [
        fa.gelu,
        lambda a: fa.gelu(a, bias=1.0),
        lambda a: fa.gelu.backward(a, a),
        fa.gelu.derivative,
        fa.gelu.value_and_grad,
        lambda a: fa.sigmoid.backward_from_output(a, a),
        lambda a: fa.prelu.backward(a, a),
        lambda a: fa.prelu.backward(a, a, 0.1, wrt="slope"),
        lambda a: fa.swiglu(a, a),
        lambda a: fa.swiglu.backward(a, a, a),
        lambda a: fa.softmax(a, 0),
        lambda a: fa.softmax.backward(a, a),
        lambda a: fa.softmax.backward_from_output(a, a),
        fa.logsumexp,
        lambda a: fa.softmax_cross_entropy.value_and_grad(a, labels),
        lambda a: fa.sigmoid_cross_entropy(a, a),
    ]
    found = []
    for call in calls:
        given, expected = call(a), call(X)
        found += zip(given, expected, strict=True) if isinstance(given, tuple) else [(given, expected)]
    return found


def test_dlpack_alone_gives_arrays() -> None:
    for given, expected in results(Lender(X)):
        assert isinstance(given, np.ndarray | np.generic)
        same_bits(given, expected)


def test_dlpack_of_what_numpy_lacks_is_refused() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"gelu: x: .*; accepted are arrays of numbers that NumPy has, in the memory of the host"):
        fa.gelu(Lender(torch.ones(3, dtype=torch.bfloat16)))


def test_what_is_convertible_gives_arrays() -> None:
    for given, expected in results(Convertible(X)):
        same_bits(given, expected)


def test_what_is_lent_is_not_copied_nor_written_to() -> None:
    frozen = X.copy()
    frozen.flags.writeable = False
    seen = lent.view("f: x", Lender(frozen))
    assert np.shares_memory(seen, frozen)
    assert not seen.flags.writeable
    same_bits(fa.gelu(Lender(frozen)), fa.gelu(X))


def test_jax_arrays_give_arrays() -> None:
    jnp = pytest.importorskip("jax.numpy")
    for dtype in (np.float32, ml_dtypes.bfloat16):
        x = jnp.asarray(X.astype(dtype))
        assert np.asarray(x).__array_interface__["data"][0] == x.unsafe_buffer_pointer()
        same_bits(fa.gelu(x), fa.gelu(X.astype(dtype)))
    for given, expected in results(jnp.asarray(X)):
        assert isinstance(given, np.ndarray | np.generic)
        same_bits(given, expected)


def test_tensors_give_tensors() -> None:
    torch = pytest.importorskip("torch")
    for given, expected in results(torch.from_numpy(X)):
        assert isinstance(given, torch.Tensor)
        same_bits(given.numpy(), expected)


def test_tensors_of_bfloat16_and_of_any_layout() -> None:
    torch = pytest.importorskip("torch")
    x = torch.from_numpy(X).bfloat16().T
    assert lent.view("f: x", x).__array_interface__["data"][0] == x.data_ptr()
    for y in (fa.gelu(x), fa.softmax(x, 0), fa.prelu.backward(x, x)[0]):
        assert (y.dtype, y.shape) == (torch.bfloat16, x.shape)
    same_bits(lent.view("y", fa.gelu(x)), fa.gelu(X.astype(ml_dtypes.bfloat16).T))


def test_results_are_written_to_tensors() -> None:
    torch = pytest.importorskip("torch")
    x = torch.from_numpy(X.copy())
    y, dx = torch.zeros(3, 4), torch.zeros(3, 4)
    assert fa.gelu(x, out=y) is y
    same_bits(y.numpy(), fa.gelu(X))
    pair = fa.gelu.value_and_grad(x, out=(y, None))
    assert pair[0] is y
    assert isinstance(pair[1], torch.Tensor)
    assert fa.prelu.backward(x, x, out=(dx, None))[0] is dx
    assert fa.softmax(x, out=y) is y
    assert fa.gelu(x, out=x) is x
    same_bits(x.numpy(), fa.gelu(X))
    with pytest.raises(TypeError, match="out is a Tensor; accepted is a NumPy array, or None"):
        fa.gelu(X, out=y)
    with pytest.raises(ValueError, match=r"out has shape \(3, 4\)"):
        fa.gelu(torch.ones(5), out=y)


def test_autograd_is_not_led_astray() -> None:
    torch = pytest.importorskip("torch")
    w = torch.ones(3, requires_grad=True)
    with pytest.raises(TypeError, match=r"gelu: x requires grad, which is not recorded here; accepted are x\.detach\(\), .*interop\.torch"):
        fa.gelu(w)
    with pytest.raises(TypeError, match="gelu: out requires grad"):
        fa.gelu(torch.ones(3), out=w)
    with torch.no_grad():
        assert not fa.gelu(w).requires_grad
    y = w.exp()
    fa.gelu(torch.ones(3), out=y.detach())
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_types_are_asked_once() -> None:
    torch = pytest.importorskip("torch")
    assert containers.family(torch.Tensor) == containers.family(torch.nn.Parameter) == containers.family(Lender) == "lent"
    assert containers.family(np.ndarray) == containers.family(Convertible) == containers.family(torch.Size) == ""
