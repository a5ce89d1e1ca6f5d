"""HIPS autograd: gradients by arrays in both modes, and no second ones."""

from __future__ import annotations

import numpy as np
import pytest

import fastact as fa

autograd = pytest.importorskip("autograd")

from fastact.interop.autograd import function  # noqa: E402

X = np.linspace(-2.0, 2.0, 6).reshape(2, 3)


def test_gradients() -> None:
    gelu, swiglu = function(fa.gelu), function(fa.swiglu)
    assert np.array_equal(autograd.elementwise_grad(gelu)(X), fa.gelu.derivative(X))
    assert np.array_equal(autograd.elementwise_grad(function(fa.leaky_relu))(X, 0.3), fa.leaky_relu.derivative(X, 0.3))
    assert np.array_equal(autograd.make_jvp(gelu)(X)(X)[1], X * fa.gelu.derivative(X))
    assert gelu is function(fa.gelu)
    b = X[:1]
    da, db = fa.swiglu.backward(np.ones_like(X), X, np.broadcast_to(b, X.shape))
    assert np.allclose(autograd.grad(lambda a: swiglu(a, b).sum())(X), da)
    assert np.allclose(autograd.grad(lambda b: swiglu(X, b).sum())(b), db.sum(0, keepdims=True))
    assert np.allclose(autograd.grad(lambda b: swiglu(X, b, beta=2.0).sum())(b[0]), fa.swiglu.backward(1.0, X, b, 2.0)[1].sum(0))


def test_second_derivatives_and_parameters_are_refused() -> None:
    for f in (function(fa.gelu), lambda x: function(fa.swiglu)(x, x)):
        with pytest.raises(NotImplementedError, match=r"interop\.autograd\.\w+: there are no second derivatives"):
            autograd.elementwise_grad(autograd.elementwise_grad(f))(X)
        with pytest.raises(NotImplementedError, match="there are no second derivatives"):
            autograd.make_jvp(autograd.elementwise_grad(f))(X)(X)
    for by in (autograd.grad, lambda g: lambda s: autograd.make_jvp(g)(s)(s)):
        with pytest.raises(NotImplementedError, match=r"autograd\.prelu: parameters are constants here; accepted are derivatives by x$"):
            by(lambda s: function(fa.prelu)(X, s).sum())(0.2)
    with pytest.raises(TypeError, match=r"autograd\.swiglu: 1 arrays given; accepted are a, b and parameters"):
        function(fa.swiglu)(X)
    with pytest.raises(TypeError, match=r"autograd\.prelu: no argument 'beta'; accepted are x, slope"):
        function(fa.prelu)(X, beta=1.0)
    with pytest.raises(TypeError, match="accepted are an Activation and a Gate"):
        function(np.exp)  # type: ignore[arg-type]
