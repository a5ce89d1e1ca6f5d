"""Gated units: errors within the budgets, all 16-bit values, gradients that are slopes."""

from __future__ import annotations

import secrets

import numpy as np
import pytest
from cases import Array, edges, np_dtype, ordinary, same_bits, uniform_bits
from gatecases import any_gate, one_gate, parameters
from judge import ulps
from mpmath import mpf

import fastact as fa
import fastact.ufuncs
from fastact import Gate, reference
from fastact.oracle import gates as oracle
from fastact.verify.judge import errors, narrow_errors

WIDER = {"float32": np.dtype(np.float64), "float64": np.dtype(np.longdouble)}


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
