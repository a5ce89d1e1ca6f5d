"""Long double beside the other dtypes: promotion, outputs, gradients of parameters, and life without the reference."""

from __future__ import annotations

import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest
from cases import bare, call, defaults
from longdoubles import LONG, ordinary, same
from test_memory import peak

import fastact
from fastact import ACTIVATIONS, Activation, reference

WITH_PARAMS = [a for a in ACTIVATIONS if a.params]
WITH_EACH = pytest.mark.parametrize("activation", WITH_PARAMS, ids=lambda a: a.name)


@WITH_EACH
@pytest.mark.parametrize("form", [(), (5,), (4, 1), (1, 1), (3, 4, 5), (2, 1, 1, 1)], ids=str)
def test_gradients_of_parameters(activation: Activation, form: tuple[int, ...]) -> None:
    x, dy = ordinary((3, 4, 5), 1), ordinary((3, 4, 5), 2)
    params = [np.full(form, p, LONG) for p in defaults(activation)]
    names = [p.name for p in activation.params]
    dx, *gradients = activation.backward(dy, x, *params, wrt=("x", *names))
    same(dx, bare(activation, "backward")(dy, x, *params))
    target = x.copy() if len(form) < 4 else None
    results = activation.backward(
        dy, x.copy() if target is None else target, *params, wrt=(*names, "x"), out=(*[None] * len(names), target)
    )
    assert target is None or results[-1] is target
    for result, wanted in zip(results, (*gradients, dx), strict=True):
        same(result, wanted)
    for k, (name, gradient) in enumerate(zip(names, gradients, strict=True)):
        terms = np.broadcast_to(dy * reference.param_derivative(activation.name, k, x, *params), dx.shape)
        lead = terms.ndim - len(form)
        axes = tuple(d for d in range(terms.ndim) if d < lead or form[d - lead] == 1)
        error, size = abs(gradient - terms.sum(axes).reshape(form)), abs(terms).sum(axes).reshape(form)
        assert (error <= 8 * np.finfo(LONG).eps * size).all()
        assert gradient.dtype == LONG
        same(activation.backward(dy, x, *params, wrt=name), gradient)


def test_gradient_that_is_0_by_branch() -> None:
    """It is 0 whatever comes in, and NaN at NaN."""
    x, dy = np.array([0, 5, 0.5], LONG), np.array([np.inf, np.nan, 1], LONG)
    assert fastact.hard_tanh.backward(dy, x, wrt="low") == 0
    assert np.isnan(fastact.hard_tanh.backward(dy, x, wrt="high"))
    same(fastact.relu.backward(dy, -x), np.zeros(3, LONG))


def test_promotion(activation: Activation, direction: str) -> None:
    """By the dtype of x and the kind of the parameters: what wins, for every dtype."""
    kinds = [np.dtype(k) for k in (bool, "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", LONG)]
    params = defaults(activation)
    for kind in (*kinds, np.dtype(ml_dtypes.bfloat16)):
        for n in (5, 33000):
            x = np.resize(np.array([0, 1, 1, 0]), n).astype(kind)
            exp = kind if kind.name == "bfloat16" else np.exp(x[:1]).dtype
            assert {y.dtype for y in call(activation, direction, x, dy=x)} == {exp}
            assert {y.dtype for y in call(activation, direction, x, *params, dy=x)} == {exp}
            for wide in (np.dtype(np.float64), LONG) if params else ():
                result = LONG if LONG in (wide, exp) else wide
                for form in (1, n):
                    arrays = [np.full(form, p, wide) for p in params]
                    assert {y.dtype for y in call(activation, direction, x, *arrays, dy=x)} == {result}


def test_other_outputs(activation: Activation) -> None:
    x, params = ordinary(300), defaults(activation)
    y = activation(x, *params)
    for kind in ("f2", "f4", "f8"):
        with np.errstate(over="ignore", under="ignore"):
            assert (activation(x, *params, out=np.zeros(300, kind)) == y.astype(kind)).all()
        same(activation(x.astype(kind), *params, dtype=LONG), activation(x.astype(kind).astype(LONG), *params))
    same(activation(x.astype("f4"), *params, out=np.zeros(300, LONG)), activation(x.astype("f4"), *params).astype(LONG))


def test_no_hidden_copy() -> None:
    """Nor by NumPy's iterator, which buffers what is not flat."""
    for shape in ((48, 64, 130), (64, 48, 130)):
        x = ordinary(shape)
        for view in (np.asfortranarray(x), x[:, ::-1], x[..., 3:-4]):
            target = np.zeros(view.shape, LONG)
            assert peak(lambda v=view, t=target: fastact.elu(v, out=t)) < 2**15


def test_without_the_reference() -> None:
    program = """
import sys
sys.modules["fastact._reference"] = None
import numpy as np, fastact as fa
fa.elu(np.ones(3))
for n in (3, 70000):
    for call in (fa.elu, fa.ufuncs.relu_derivative, lambda x: fa.prelu.backward(x, x), lambda x: fa.elu(x[::-1].reshape(-1, 1))):
        try:
            call(np.ones(n, np.longdouble))
        except ImportError as error:
            assert str(error).startswith("fastact's C reference is not built"), error
        else:
            raise AssertionError("not raised")
"""
    program = program.replace("import numpy", "import fastact.ufuncs, numpy")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_no_address() -> None:
    with pytest.raises(TypeError, match=r"^gelu.address: dtype is 'longdouble'; accepted are float16, bfloat16, float32, float64$"):
        fastact.gelu.address("longdouble")
