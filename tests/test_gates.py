"""Gated units: values where f(a)·b is special, every direction and every entry with the same bits, messages."""

from __future__ import annotations

import itertools
import math
import pickle
import re
from typing import Any

import numpy as np
import pytest
from cases import DIRECTIONS, bits, is_nan, np_dtype, ordinary, same_bits, uniform_bits, width
from gatecases import EVERY, NAMED, any_gate, parameters
from numba import njit

import fastact as fa
import fastact.ufuncs
from fastact import Gate
from fastact.cpu import loops, target


@any_gate
def test_directions_agree(gate: Gate, dtype: str) -> None:
    kind, n = np_dtype(dtype), 3000
    a, b = (np.concatenate([uniform_bits(dtype, n, s, finite=False), ordinary(dtype, n, s)])[:n] for s in (1, 2))
    for params in parameters(gate)[:2]:
        y, da, db = gate.value_and_grad(a, b, *params)
        same_bits(gate(a, b, *params), y)
        derivative, one = gate.derivative(a, b, *params), gate.backward(np.ones(n, kind), a, b, *params)
        for d, e, f in zip((da, db), derivative, one, strict=True):
            same_bits(d, e)
            same_bits(d, f)
        bare = [np.dtype(width(dtype)).type(p) for p in params]
        same_bits(gate.ufunc(a, b, *bare), y)


@any_gate
def test_scalars(gate: Gate) -> None:
    function, gradients = gate.scalar, gate.scalar_grad
    many = njit(lambda a, b: [function(u, v) for u, v in zip(a, b)])  # noqa: B905
    all_of = njit(lambda a, b: [gradients(u, v) for u, v in zip(a, b)])  # noqa: B905
    for name in ("float32", "float64"):
        a, b = uniform_bits(name, 300, 1, finite=False)[:300], ordinary(name, 300, 2)
        y, da, db = gate.value_and_grad(a, b)
        same_bits(np.array(many(a, b), a.dtype), y)
        for k, expected in enumerate((y, da, db)):
            same_bits(np.array([row[k] for row in all_of(a, b)], a.dtype), expected)
    assert gate.scalar(1.0, 2.0) == gate(1.0, 2.0)


def test_values() -> None:
    inf, nan = math.inf, math.nan
    assert fa.bilinear(3.0, -2.0) == -6
    assert fa.reglu(-1.0, 5.0) == 0
    assert fa.sreglu(3.0, 2.0) == 18
    assert fa.glu(0.0, 4.0) == 2
    assert fa.swiglu(1.0, 2.0) == pytest.approx(2 / (1 + math.exp(-1)))
    assert fa.swiglu(1.0, 2.0, beta=3) == pytest.approx(2 / (1 + math.exp(-3)))
    for gate in EVERY:
        assert math.isnan(gate(nan, 1.0)), gate
        assert math.isnan(gate(1.0, nan)), gate
        assert all(map(math.isnan, gate.derivative(nan, 1.0))), gate
    for gate in (fa.swiglu, fa.geglu, fa.glu):
        assert math.isnan(gate(-inf, inf))
        assert gate(-inf, 3.0) == 0
        assert gate(inf, 2.0) == (2 if gate is fa.glu else inf)


def test_zero_by_branch() -> None:
    """Where a flat activation's derivative is 0, da is +0 whatever dy and b are, and db +0 where f(a) is 0."""
    wild = np.array([1.0, -1.0, np.inf, -np.inf, np.nan, 3e38], np.float32)
    for gate, a in ((fa.reglu, -1), (fa.reglu, 0), (fa.sreglu, -2), (fa.clamped_swiglu, 7.5), (fa.gated(fa.hard_tanh), 2)):
        da, db = gate.backward(wild[:, None], np.float32(a), wild)
        same_bits(da, np.zeros((6, 6), np.float32))
        if a <= 0:
            same_bits(db, np.zeros((6, 6), np.float32))
    _, db = fa.clamped_swiglu.backward(wild[:, None], np.float32(1), np.array([7.5, -8, np.inf, -np.inf], np.float32))
    same_bits(db, np.zeros((6, 4), np.float32))


def test_clamped_swiglu_is_that_of_its_source() -> None:
    """At the limit itself derivatives pass; beyond it they are 0."""
    a, b = np.array([-9.0, -1, 0, 3, 7, 7.5, 2, 2, 2]), np.array([1.0, -9, 2, 7, -7, 0, 7, -7, 8])
    gate, linear = np.minimum(a, 7), np.clip(b, -7, 7) + 1
    np.testing.assert_allclose(fa.clamped_swiglu(a, b), gate / (1 + np.exp(-1.702 * gate)) * linear, rtol=1e-14)
    da, db = fa.clamped_swiglu.derivative(a, b)
    assert ((da == 0) == (a > 7)).all()
    assert ((db == 0) == ((abs(b) > 7) | (a == 0))).all()


def test_gated() -> None:
    mish = fa.gated(fa.mish)
    assert mish is fa.gated(fa.mish)
    assert repr(mish) == "<fastact gated_mish(a, b)>"
    assert repr(fa.swiglu) == "<fastact swiglu(a, b, beta=1)>"
    for gate in EVERY:
        assert pickle.loads(pickle.dumps(gate)) is gate
    x = np.linspace(-3, 3, 7)
    same_bits(mish(x, x[::-1]), fa.mish(x) * x[::-1])
    threshold = fa.gated(fa.threshold)
    same_bits(threshold(x, x, 1, 2.0), fa.threshold(x, 1, 2.0) * x)
    long = x.astype(np.longdouble)
    np.testing.assert_array_equal(fa.gated(fa.silu)(long, x), fa.silu(long) * x)
    assert all(getattr(fa, g.name) is g for g in NAMED)
    assert all(fastact.ufuncs.__getattr__(f"{g.name}_backward").nout == 2 for g in NAMED)


def test_16_bit_calls_take_16_bit_operands(dtype: str) -> None:
    a = ordinary(dtype, 64)
    y, da, db = fa.swiglu.value_and_grad(a, a, np.float32(0.7))
    assert y.dtype == da.dtype == db.dtype == a.dtype
    assert not is_nan(y).any()
    assert bits(y).any()


def test_operands(dtype: str) -> None:
    """Broadcasting, every stride, in place, and large arrays on threads."""
    a, b = ordinary(dtype, (6, 67), 1), ordinary(dtype, (6, 67), 2)
    y, (da, db) = fa.geglu(a, b), fa.geglu.backward(a, a, b)
    same_bits(fa.geglu(a[:, ::-1], b[:, ::-1]), np.ascontiguousarray(y[:, ::-1]))
    same_bits(fa.geglu(a, b[2]), fa.geglu(a, np.broadcast_to(b[2], a.shape)))
    left, right = a.copy(), b.copy()
    fa.geglu.backward(a, left, right, out=(left, right))
    same_bits(left, da)
    same_bits(right, db)
    same_bits(fa.geglu(np.tile(a, (400, 1)), np.asfortranarray(np.tile(b, (400, 1)))), np.tile(y, (400, 1)))


def test_messages() -> None:
    x = np.ones((3, 8), np.float32)
    cases: list[tuple[Any, type[Exception], str]] = [
        (lambda: fa.glu(x, x[:, :4]), ValueError, r"glu: a has shape \(3, 8\), b has shape \(3, 4\); they do not broadcast"),
        (lambda: fa.glu(x, x.astype(complex)), TypeError, "glu: b has dtype complex128; accepted are float16"),
        (lambda: fa.glu.backward(x, x, x, out=x), ValueError, "glu.backward: out has 1 arrays; accepted are 2, or None"),
        (lambda: fa.glu.value_and_grad(x, x, out=(x, x)), ValueError, "out has 2 arrays; accepted are 3, or None"),
        (lambda: fa.swiglu(x, x, 1, 2), TypeError, "swiglu: 2 parameters given; accepted are 1: beta"),
        (lambda: fa.gated(fa.threshold)(x, x), TypeError, "gated_threshold: threshold is missing"),
        (lambda: fa.gated(3), TypeError, "gated: activation is of type int"),  # type: ignore[arg-type]
    ]
    for run, kind, message in cases:
        with pytest.raises(kind, match=message):
            run()


@any_gate
def test_long_double(gate: Gate) -> None:
    """The C reference in every direction: dense, strided, in place, with a value per element for each parameter."""
    a, b, dy = (ordinary("float64", 900, s).astype(np.longdouble) for s in (1, 2, 3))
    for params in parameters(gate):
        y, (da, db) = gate.reference(a, b, *params), gate.reference_derivative(a, b, *params)
        per_element = [np.full(900, p, np.longdouble) for p in params]
        for given in (params, per_element):
            for step in (1, 2):
                u, v, w = (np.repeat(x, step)[::step] for x in (a, b, dy))
                found = (
                    gate(u, v, *given),
                    *gate.value_and_grad(u, v, *given),
                    *gate.derivative(u, v, *given),
                    *gate.backward(w, u, v, *given),
                )
                for value, expected in zip(found, (y, y, da, db, da, db, dy * da, dy * db), strict=True):
                    np.testing.assert_array_equal(value, expected)
        left, right = a.copy(), b.copy()
        gate.backward(dy, left, right, *params, out=(left, right))
        np.testing.assert_array_equal(left, dy * da)
        np.testing.assert_array_equal(right, dy * db)


@any_gate
def test_loops_are_vectors_in_the_width_of_their_operands(gate: Gate) -> None:
    for direction, name in itertools.product(DIRECTIONS, ("float32", "float16", "bfloat16")):
        kernel, *rest, _ = loops.form(gate.record, direction, name)  # type: ignore[arg-type]
        code = str(target.optimized(loops.source(kernel, *rest), kernel))
        found = re.search(rf"define [^\n]*@fastact_{gate.name}_{direction}_\w+\(.*?\n}}", code, re.DOTALL)
        assert found
        assert "vector.body" in found.group()
        assert not re.search(r"\bdouble\b", found.group())
        assert all(n.startswith("llvm.") for n in re.findall(r"call [^@\n]*@([\w.]+)", found.group()))
