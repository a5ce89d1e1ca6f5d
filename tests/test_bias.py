"""f(x·scale + bias) in one pass, its gradients, and gradients that are added to what an array holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import DTYPES, Array, np_dtype, ordinary, parameters, same_bits, width

import fastact as fa
from fastact import Activation
from fastact.cpu.parallel import get_num_threads

FORMS = {"last": ((260, 129), (129,)), "channel": ((3, 5, 14, 66), (5, 1, 1)), "scalar": ((40, 900), ()), "all": ((37, 31), (37, 31))}
SOME = [fa.relu, fa.gelu, fa.swish, fa.hard_tanh]
CASES = [
    (f, dtype, form) for f in fa.ACTIVATIONS for form in FORMS for dtype in DTYPES if (f in SOME or (dtype, form) == ("float32", "last"))
]


def shifted(x: Array, bias: Any, dtype: str) -> Array:
    """fl(x + bias) in the width that is computed in."""
    wide = x.astype(width(dtype))
    return wide + np.asarray(bias, wide.dtype)


def narrowed(a: Array, kind: Any) -> Array:
    with np.errstate(all="ignore"):
        return a.astype(kind)


def drawn(shape: tuple[int, ...], dtype: str, seed: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np_dtype(dtype))


def gradients(activation: Activation, *operands: Any, **options: Any) -> tuple[Array, ...]:
    found = activation.backward(*operands, **options)
    return found if isinstance(found, tuple) else (found,)


def test_forward_is_that_of_the_sum(activation: Activation, dtype: str) -> None:
    x, bias, params = ordinary(dtype, (23, 65), 1), drawn((65,), width(dtype), 2), parameters(activation)[0]
    u = shifted(x, bias, dtype)
    for method in (activation, activation.derivative):
        expected = narrowed(method(u, *params), x.dtype)
        same_bits(method(x, *params, bias=bias), expected)
        same_bits(method(x, *params, scale=1.0, bias=bias), expected)
        same_bits(method(x, *params, bias=None, scale=None), method(x, *params))
    for found, expected in zip(activation.value_and_grad(x, *params, bias=bias), activation.value_and_grad(u, *params), strict=True):
        same_bits(found, narrowed(expected, x.dtype))


def test_scale_is_rounded_once(activation: Activation) -> None:
    """x·s + t of numbers for which that is exact in float64 and no tie in float32."""
    params = parameters(activation)[0]
    x, s, t = (drawn((400,), "float32", k) for k in (1, 2, 3))
    u = (x.astype(np.float64) * s + t).astype(np.float32)
    same_bits(activation(x, *params, scale=s, bias=t), activation(u, *params))
    same_bits(activation(x, *params, scale=s), activation(x * s, *params))
    d = activation.derivative(u, *params)
    zero = activation.record.flat & (d == 0)
    same_bits(activation.derivative(x, *params, scale=s, bias=t), np.where(zero, np.float32(0), d * s))
    found = gradients(activation, t, x, *params, scale=s, bias=t)
    same_bits(found[0], np.where(zero | (activation.record.flat & (d * s == 0)), np.float32(0), t * (d * s)))
    for g, terms in zip(found[-2:], (t.astype(float) * (d * x), t.astype(float) * d), strict=True):
        np.testing.assert_allclose(g, terms.astype(np.float32), rtol=2e-7, atol=1e-38)


@pytest.mark.parametrize(("f", "dtype", "form"), CASES, ids=lambda v: getattr(v, "name", v))
def test_backward(f: Activation, dtype: str, form: str) -> None:
    """dx is that of the sum, dbias its sum over what bias was broadcast along; the other gradients are as without bias."""
    activation = f
    shape, own = FORMS[form]
    x, dy, bias = ordinary(dtype, shape, 1), drawn(shape, dtype, 2), drawn(own, width(dtype), 3)
    params = parameters(activation)[0]
    dx, *others, dbias = gradients(activation, dy, x, *params, bias=bias)
    u = shifted(x, bias, dtype)
    expected = activation.backward(dy.astype(u.dtype), u, *params, wrt="x")
    same_bits(dx, narrowed(expected, x.dtype))
    axes = tuple(d for d in range(len(shape)) if ((1,) * (len(shape) - len(own)) + own)[d] == 1)
    wide = expected.astype(np.longdouble)
    total, size = (a.sum(axes).reshape(own) for a in (wide, abs(wide)))
    assert dbias.dtype == np.dtype(width(dtype))
    assert np.all(abs(dbias - total) <= 2.0**-24 * abs(total) * (dbias.itemsize == 4) + 2.0**-45 * size)
    trainable = [p.name for p in activation.params if p.trainable]
    assert len(others) == len(trainable)
    if trainable and width(dtype) == dtype:
        for found, name in zip(others, trainable, strict=True):
            expected = activation.backward(dy, u, *params, wrt=name)
            np.testing.assert_allclose(found, expected, rtol=1e-6 if dtype == "float32" else 1e-14)


@pytest.mark.parametrize("form", ["last", "channel"])
@pytest.mark.parametrize("name", ["relu", "gelu", "swish"])
def test_same_bits_of_any_layout_and_threads(name: str, form: str) -> None:
    f, (shape, own) = getattr(fa, name), FORMS[form]
    shape = (shape[0] * 4, *shape[1:])
    x, dy, bias = ordinary("float32", shape, 1), drawn(shape, "float32", 2), drawn(own, "float32", 3)
    before = get_num_threads()
    try:
        fa.set_num_threads(1)
        expected = [f(x, bias=bias), *f.backward(dy, x, bias=bias)]
        for threads in (1, before):
            fa.set_num_threads(threads)
            for turn in (
                lambda a: a,
                np.asfortranarray,
                lambda a: np.repeat(a, 2, -1)[..., ::2],
                lambda a: a[::-1].copy()[::-1],
            ):
                found = [f(turn(x), bias=bias), *f.backward(turn(dy), turn(x), bias=bias)]
                for a, b in zip(found, expected, strict=True):
                    same_bits(a, b)
            for a, b in zip(f.backward(dy, x, bias=bias, wrt=("bias", "x")), (expected[-1], expected[1]), strict=True):
                same_bits(a, b)
            same_bits(f.backward(dy, x, bias=bias, wrt="bias"), expected[-1])
    finally:
        fa.set_num_threads(before)


def test_accumulate(activation: Activation, dtype: str) -> None:
    """out + dy f'(x), rounded once; where f' is 0 by branch out stays as it is."""
    x, dy, old = ordinary(dtype, (300,), 1), drawn((300,), dtype, 2), drawn((300,), dtype, 3)
    params = parameters(activation)[0]
    out = old.copy()
    assert activation.backward(dy, x, *params, wrt="x", out=out, accumulate=True) is out
    d = activation.derivative(x.astype(width(dtype)), *params)
    exact = old.astype(np.longdouble) + dy.astype(np.longdouble) * d
    error = abs(out.astype(np.longdouble) - exact)
    eps = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}[dtype]
    assert np.all(error <= 1.001 * eps * abs(exact) + 2.0**-62 * abs(dy.astype(float) * d) + 2.0**-25 * (dtype == "float16"))
    if activation.record.flat:
        level = d == 0
        same_bits(out[level], old[level])
    bias, total = np.zeros(1, width(dtype)), np.ones(1, width(dtype))
    again = old.copy()
    found = activation.backward(dy, x, *params, bias=bias, wrt=("x", "bias"), out=(again, total), accumulate=True)
    assert found[0] is again
    assert found[1] is total
    same_bits(again, out)
    plain = activation.backward(dy, x, *params, bias=bias, wrt="bias")
    np.testing.assert_allclose(total, 1 + plain.astype(float), rtol=1e-6, atol=2e-7)


def test_sums_are_added_in_the_dtype_of_out() -> None:
    """What a float64 array holds keeps its digits beside a float32 parameter."""
    x = ordinary("float32", (300,), 1)
    total, bias = np.array(1 + 2.0**-40), np.float32(0.5)
    fa.gelu.backward(np.zeros_like(x), x, bias=bias, wrt="bias", out=total, accumulate=True)
    assert total == 1 + 2.0**-40
    fa.gelu.backward(x, x, bias=bias, wrt="bias", out=total, accumulate=True)
    terms = fa.gelu.backward(x, x, bias=bias, wrt="x")
    np.testing.assert_allclose(total, 1 + terms.astype(float).sum(), rtol=1e-14)


def test_large_accumulation_in_every_layout() -> None:
    x, dy = ordinary("float32", (300, 400), 1), drawn((300, 400), "float32", 2)
    expected = np.ones_like(x)
    fa.gelu.backward(dy, x, out=expected, accumulate=True)
    for out in (np.ones((400, 300), np.float32).T, np.ones((300, 800), np.float32)[:, ::2]):
        fa.gelu.backward(dy, x, out=out, accumulate=True)
        same_bits(out, expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bias": np.zeros(4, np.float32)}, r"^gelu: x has shape \(3, 5\), bias has shape \(4,\); they do not broadcast$"),
        ({"bias": np.zeros(5, complex)}, "^gelu: bias has dtype complex128; accepted are float16"),
        ({"scale": "much"}, "^gelu: scale (has dtype|is not)"),
    ],
)
def test_unfit(arguments: dict[str, Any], message: str) -> None:
    out = np.full((3, 5), 7, np.float32)
    with pytest.raises((ValueError, TypeError), match=message):
        fa.gelu(np.zeros((3, 5), np.float32), out=out, **arguments)
    assert (out == 7).all()


@pytest.mark.parametrize(
    ("f", "out", "message"),
    [
        (fa.gelu, None, r"^gelu.backward: accumulate=True adds to out; accepted is an array for each of x$"),
        (fa.prelu, np.zeros(3), r"^prelu.backward: accumulate=True adds to out; accepted is an array for each of x, slope$"),
        (fa.gelu, np.zeros(3, int), r"^gelu.backward: out for x is of int64; accumulate=True accepts arrays of float16"),
        (fa.gelu, [1.0, 2.0, 3.0], r"^gelu.backward: out for x is list; accumulate=True accepts arrays of float16"),
    ],
)
def test_nothing_to_add_to(f: Activation, out: Any, message: str) -> None:
    x = np.ones(3)
    with pytest.raises((ValueError, TypeError), match=message):
        f.backward(x, x, out=out, accumulate=True)
    if isinstance(out, np.ndarray):
        assert not out.any()


def test_longdouble_is_told() -> None:
    with pytest.raises(TypeError, match=r"^gelu: bias= and scale= accept float16, bfloat16, float32 and float64, not longdouble$"):
        fa.gelu(np.zeros(3, np.longdouble), bias=1.0)
