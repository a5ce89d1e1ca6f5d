"""Gated units: errors within the budgets, values where f(a)·b is special, every direction and every entry with the same bits."""

from __future__ import annotations

import math
import pickle
import secrets
from typing import Any

import numpy as np
import pytest
from cases import Array, bits, edges, is_nan, np_dtype, ordinary, same_bits, uniform_bits, width
from judge import ulps
from mpmath import mpf
from numba import njit

import fastact as fa
import fastact.ufuncs
from fastact import Gate, reference
from fastact.oracle import gates as oracle
from fastact.verify.judge import errors, narrow_errors

WIDER = {"float32": np.dtype(np.float64), "float64": np.dtype(np.longdouble)}
NAMED = fa.GATES
EVERY = (*NAMED, fa.gated(fa.mish), fa.gated(fa.hard_tanh))
one_gate = pytest.mark.parametrize("gate", NAMED, ids=lambda g: g.name)
any_gate = pytest.mark.parametrize("gate", EVERY, ids=lambda g: g.name)


def parameters(gate: Gate) -> list[tuple[float, ...]]:
    defaults = tuple(p.default for p in gate.params if p.default is not None)
    return list(dict.fromkeys([defaults, *list(zip(*(p.samples for p in gate.params), strict=False))[:3]]))


def pairs(name: str, count: int, seed: int) -> tuple[Array, Array]:
    """Finite a and b: edges with edges, any bits with any bits, ordinary with ordinary and any."""
    low, rng = edges(name, finite=True), np.random.default_rng(seed)
    any_a, any_b = (uniform_bits(name, count, seed + k) for k in (1, 2))
    usual = ordinary(name, count, seed + 3) * (6 if name == "float32" else 20)
    a = [np.repeat(low, low.size), any_a, usual, usual[: any_b.size]]
    b = [np.tile(low, low.size), any_b, rng.permutation(ordinary(name, count, seed + 4)), any_b[: usual.size]]
    size = [min(p.size, q.size) for p, q in zip(a, b, strict=True)]
    return tuple(np.concatenate([p[:n] for p, n in zip(part, size, strict=True)]).astype(np_dtype(name)) for part in (a, b))  # type: ignore[return-value]


def factor(gate: Gate, b: Array, params: tuple[float, ...]) -> Array:
    """By what f(a) and f'(a) are multiplied."""
    if len(gate.record.factors) == 1:
        return b
    return reference.forward(gate.record.factors[1], b, params[0], params[-1], dtype=b.dtype)


@one_gate
@pytest.mark.parametrize("name", ["float32", "float64"])
def test_errors(gate: Gate, name: str) -> None:
    seed = secrets.randbits(30)
    print(f"seed {seed}")
    a, b = pairs(name, 20000, seed)
    least = np.finfo(name).smallest_normal
    for params in parameters(gate):
        exact = tuple(float(np.dtype(name).type(p)) for p in params)
        results = gate.value_and_grad(a, b, *params)
        truths = reference.gate(gate.record.factors, a, b, *exact, dtype=WIDER[name])
        term = abs(factor(gate, b.astype(WIDER[name]), exact)) * least
        budget, f = gate.budget, fa.ACTIVATIONS
        by_b = next((g.budget.forward for g in f if (g.name,) == gate.record.factors), fa.swish.budget.forward)
        for what, y, truth, floor, ulp in zip(
            ("y", "da", "db"), results, truths, (term, term, 0), (budget.forward, budget.derivative, by_b), strict=True
        ):
            found = errors(y, truth, floor)
            worst = int(np.argmax(found))
            print(f"{gate.name}{params} {what} {name}: {found[worst]:.3f} of {getattr(ulp, name)} at {a[worst]!r}, {b[worst]!r}")
            assert found[worst] <= getattr(ulp, name), (what, params, a[worst], b[worst], y[worst], truth[worst])


@one_gate
def test_reference(gate: Gate) -> None:
    """The C reference in double against mpmath: 4 ulp for each factor, one for the product."""
    rng = np.random.default_rng(7)
    a = np.concatenate([rng.uniform(-40, 40, 60), rng.uniform(-760, 760, 20), [7.0, -7.0, 1e-300, -0.5, 2.5, 10.0]])
    b = np.concatenate([rng.uniform(-12, 12, a.size - 4), [7.0, -7.0, np.nextafter(7, 8), 1e-3]])
    for params in parameters(gate):
        found = reference.gate(gate.record.factors, a, b, *params, dtype=np.float64)
        scale = abs(factor(gate, b, params)) * np.finfo(np.float64).smallest_normal
        for which, values in enumerate(found):
            worst = max(
                ulps(y, oracle.gate(gate.name, which, u, v, *params), mpf(float(s))) for y, u, v, s in zip(values, a, b, scale, strict=True)
            )
            assert worst <= 9, (gate.name, params, which)


@one_gate
@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_every_16_bit_value(gate: Gate, name: str) -> None:
    """All a against sampled b: the float32 result rounded once, which is the nearest one but for ties."""
    kind, rng = np_dtype(name), np.random.default_rng(5)
    a = np.arange(2**16, dtype=np.uint16).view(kind)
    with np.errstate(all="ignore"):
        wide_a = a.astype(np.float32)
    for b in (rng.permutation(a), np.full_like(a, -1.625), ordinary(name, a.size, 2)):
        with np.errstate(all="ignore"):
            wide_b = b.astype(np.float32)
            dy = ordinary(name, a.size, 3)
            calls = ((gate(a, b),), gate.backward(dy, a, b), gate.value_and_grad(a, b))
            wide = ((gate(wide_a, wide_b),), gate.backward(dy.astype(np.float32), wide_a, wide_b), gate.value_and_grad(wide_a, wide_b))
            for narrow, full in zip(calls, wide, strict=True):
                for y, z in zip(narrow, full, strict=True):
                    same_bits(y, z.astype(kind))
        finite = np.isfinite(wide_a) & np.isfinite(wide_b)
        truth = reference.gate(gate.record.factors, wide_a[finite], wide_b[finite], *parameters(gate)[0], dtype=np.float64)[0]
        keep = abs(truth) < (2**16 if name == "float16" else 2.0**127)
        slack = 8 * abs(factor(gate, wide_b[finite][keep].astype(np.float64), parameters(gate)[0])) * 2.0**-149
        found, nearest = narrow_errors(gate(a[finite][keep], b[finite][keep]), truth[keep], slack)
        assert found.max() <= 0.51
        assert nearest.mean() > 0.95


@any_gate
def test_gradients_are_slopes_of_values(gate: Gate) -> None:
    """Central differences in float64, away from kinks."""
    rng = np.random.default_rng(1)
    a, b, h = rng.uniform(-4, 4, 500), rng.uniform(-4, 4, 500), 1e-6
    for params in parameters(gate):
        at = [k.at(*params) if callable(k.at) else k.at for k in gate.kinks]
        at += [params[0], -params[0]] if len(gate.record.factors) > 1 else []
        smooth = np.all([(abs(a - p) > 1e-4) & (abs(b - p) > 1e-4) for p in at], axis=0) if at else np.ones(a.shape, bool)
        _, da, db = gate.value_and_grad(a, b, *params)
        np.testing.assert_allclose(da[smooth], ((gate(a + h, b, *params) - gate(a - h, b, *params)) / (2 * h))[smooth], atol=1e-7)
        np.testing.assert_allclose(db[smooth], ((gate(a, b + h, *params) - gate(a, b - h, *params)) / (2 * h))[smooth], atol=1e-7)
        grads = gate.scalar_grad(0.7, -1.3, *params)
        for k, d in enumerate(grads[3:]):
            up, down = ([*params[:k], params[k] + s, *params[k + 1 :]] for s in (h, -h))
            assert d == pytest.approx((gate(0.7, -1.3, *up) - gate(0.7, -1.3, *down)) / (2 * h), abs=1e-7)


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
