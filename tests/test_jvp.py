"""Forward mode: `jvp` is the transpose of `backward`, agrees with finite differences, and keeps every convention."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import defaults, edges, is_finite, np_dtype, ordinary, same_bits, uniform_bits
from gatecases import any_gate, parameters
from stub import fakes, scene
from stub.device import Stub

import fastact as fa
from fastact import Activation, Gate
from fastact.cpu.ufunc import typed_loop

LONG = np.longdouble
WAYS: dict[str, dict[str, Any]] = {
    "last": {},
    "first, scaled": {"axis": 0, "scale": 0.5},
    "both": {"axis": (0, 1)},
    "masked": {"where": np.arange(40 * 70).reshape(40, 70) % 3 > 0},
    "causal": {"causal": True, "scale": 2.0},
    "ragged": {"offsets": [0, 10, 10, 70]},
}
SMOOTH = (fa.softmax, fa.log_softmax, fa.softmin, fa.logsumexp)


def backward(activation: Activation, dy: Any, x: Any, *params: Any) -> Any:
    return activation.backward(dy, x, *params, wrt="x")


def test_of_an_activation_is_backward(activation: Activation) -> None:
    params, dtype = defaults(activation), "float32"
    x = np.concatenate([edges(dtype, activation, params), uniform_bits(dtype, 500, 1, finite=False), ordinary(dtype, 500)])
    dx = uniform_bits(dtype, x.size, 2, finite=False)
    same_bits(activation.jvp(x, dx, *params), backward(activation, dx, x, *params))


def test_of_any_layout_without_a_kernel_of_its_own() -> None:
    x, dx = ordinary("float32", (300, 400)), ordinary("float32", (300, 400), 1)
    slope = np.linspace(-1, 1, 400, dtype=np.float32)
    cases = [(fa.prelu, (slope,), {}), (fa.gelu, (), {"bias": slope, "scale": 0.5})]
    for f, params, options in cases:
        for a, b in ((x, dx), (x[:, ::2].T, dx[:, ::2].T), (x, dx[0])):
            own = [p[::2, None] if a.shape == (200, 300) else p for p in params]
            told = {k: v[::2, None] if np.ndim(v) and a.shape == (200, 300) else v for k, v in options.items()}
            expected = f.backward(b, a, *own, wrt="x", **told)
            known = typed_loop.cache_info().currsize
            same_bits(f.jvp(a, b, *own, **told), expected)
            out = np.empty_like(expected)
            assert f.jvp(a, b, *own, out=out, **told) is out
            same_bits(out, expected)
            assert typed_loop.cache_info().currsize == known
    assert f.jvp(1.0, 2.0) == f.backward(2.0, 1.0)


@any_gate
def test_of_a_gate(gate: Gate) -> None:
    for dtype, tolerance in (("float16", 2e-3), ("float32", 2e-6), ("float64", 4e-15), ("longdouble", 1e-17)):
        a, b, da, db, dy = np.random.default_rng(0).normal(0, 3, (5, 60, 70)).astype(dtype)
        for params in parameters(gate)[-1:]:
            first, second = (d.astype(LONG) for d in gate.derivative(a, b, *params))
            found = gate.jvp(a, b, da, db, *params)
            assert found.dtype == dtype
            terms = abs(da * first) + abs(db * second)
            assert (abs(found - (da * first + db * second)) <= tolerance * terms + 1e-6 * (dtype == "float16")).all()
            if dtype == "float64":
                back = gate.backward(dy, a, b, *params)
                np.testing.assert_allclose((dy * found).sum(), sum((t * g).sum() for t, g in zip((da, db), back, strict=True)), rtol=1e-11)


def test_zero_by_branch_is_zero() -> None:
    for dtype in ("float16", "bfloat16", "float32", "float64", "longdouble"):
        one, bad = np.ones(3, np_dtype(dtype)), np.array([-np.inf, np.inf, np.nan], np_dtype(dtype))
        for y in (fa.relu.jvp(-one, bad), fa.reglu.jvp(-one, one, bad, bad), fa.reglu.jvp(one, one, one, -one), fa.hardmax.jvp(one, bad)):
            assert y.dtype == one.dtype
            assert not y.any()
            assert not np.signbit(y).any()


@pytest.mark.parametrize("way", WAYS)
def test_of_rows_is_the_transpose_and_the_limit_of_differences(way: str) -> None:
    rng, options = np.random.default_rng(0), WAYS[way]
    x, dx = rng.normal(0, 3, (2, 40, 70))
    for f in (*SMOOTH[:2], fa.logsumexp, fa.sparsemax) if way == "last" else (fa.log_softmax, fa.logsumexp):
        y, change = f(x, **options), f.jvp(x, dx, **options)
        dy = rng.normal(size=y.shape)
        assert change.shape == y.shape
        assert abs((dy * change).sum() - (f.backward(dy, x, **options) * dx).sum()) < 1e-11
        step, wide = LONG(1e-6), f.jvp(x.astype(LONG), dx, **options)
        np.testing.assert_allclose(change, wide, atol=1e-14)
        if f in SMOOTH:
            known = np.isfinite(y)
            ends = [f(x + s * step * dx, **options)[known] for s in (LONG(1), LONG(-1))]
            np.testing.assert_allclose(wide[known], (ends[0] - ends[1]) / (2 * step), atol=1e-9)
        if f not in (fa.log_softmax, fa.logsumexp):
            same_bits(change, f.backward(dx, x, **options))


@pytest.mark.parametrize("f", [fa.log_softmax, fa.logsumexp], ids=lambda f: f.name)
def test_error_of_rows(f: Any, dtype: str) -> None:
    kind, bound = np_dtype(dtype), f.record.gradient[dtype == "float64"]
    for n in (1, 130, 5000):
        x, dx = (ordinary(dtype, (9, n), s) for s in (1, 2))
        exact = f.jvp(x.astype(LONG), dx.astype(LONG))
        largest = np.maximum(abs(dx.astype(LONG)).max(-1, keepdims=exact.ndim > 1), abs(exact))
        own = 0.51 if kind.itemsize == 2 else bound
        assert (abs(f.jvp(x, dx).astype(LONG) - exact) <= own * np.spacing(np.abs(largest.astype(kind))).astype(LONG)).all(), n


def test_special_rows() -> None:
    inf = np.inf
    x, dx = np.array([[0, -inf, 1], [-inf, -inf, -inf], [0, np.nan, 1.0]]), np.array([[1, inf, 3.0]])
    same_bits(fa.logsumexp.jvp(x, dx)[1:], np.array([0, np.nan]))
    assert fa.logsumexp.jvp(x, dx)[0] == pytest.approx((1 + 3 * np.e) / (1 + np.e))
    found = fa.log_softmax.jvp(x, dx)
    same_bits(found[1:], np.array([[0, 0, 0], [np.nan] * 3]))
    assert found[0, 1] == 0
    assert is_finite(found[0]).all()
    assert fa.logsumexp.jvp(x[0], dx[0]).ndim == 0
    assert fa.logsumexp.jvp(np.zeros((2, 0)), np.zeros((2, 0))).tolist() == [0, 0]


@pytest.mark.parametrize("kind", ["float32", "float64", "longdouble"])
def test_of_cross_entropies(kind: str) -> None:
    rng = np.random.default_rng(0)
    x, v = rng.normal(0, 3, (2, 9, 70)).astype(kind)
    labels, soft = rng.integers(0, 70, 9), fa.softmax(rng.normal(0, 1, (9, 70))).astype(kind)
    f = fa.softmax_cross_entropy
    ways: list[tuple[Any, dict[str, Any]]] = [
        (labels, {}),
        (labels, {"ignore_index": int(labels[0])}),
        (soft, {}),
        (soft, {"label_smoothing": 0.1}),
    ]
    ways += [(labels, {"label_smoothing": 0.1})]
    for t, options in ways:
        wide = t.astype(LONG) if t is soft else t
        gradient = f.value_and_grad(x.astype(LONG), wide, **options)[1]
        found = f.jvp(x, t, v, **options)
        np.testing.assert_allclose(found, (gradient * v).sum(-1), atol=6 * np.finfo(kind).eps * abs(v).max())
        assert (f.jvp(np.asfortranarray(x).T, t if t is labels else t.T, v.T, axis=0, **options) == found).all()
        dy = rng.normal(size=9).astype(kind)
        assert (dy * found).sum() == pytest.approx((f.backward(dy, x, t, **options) * v).sum(), abs=1e-5 if kind == "float32" else 1e-12)
    assert (fa.sigmoid_cross_entropy.jvp(x, soft, v) == fa.sigmoid_cross_entropy.backward(v, x, soft)).all()


OTHERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "swiglu.packed": (fa.swiglu.packed, {"interleaved": True}),
    "glu of PyTorch": (fa.presets.torch.glu, {"axis": 0}),
    "clamped_swiglu.packed": (fa.clamped_swiglu.packed, {"limit": 0.5, "gate": "second"}),
    "crelu": (fa.crelu, {"axis": 0}),
    "maxout": (fa.maxout, {"k": 3}),
    "rrelu": (fa.rrelu, {"rng": 3}),
    "noisy_hard_tanh": (fa.noisy_hard_tanh, {"rng": (3, 1), "p": 2.0}),
    "gumbel_softmax": (fa.gumbel_softmax, {"rng": 3, "temperature": 0.5, "axis": 0}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_of_all_that_has_backward(name: str) -> None:
    """The transpose; the same from strided arrays and in `out`."""
    f, options = OTHERS[name]
    given = options | {"wrt": "x"} if isinstance(f, fa.Noisy) else options
    for dtype, tolerance in (("float32", 1e-4), ("float64", 1e-12)):
        x, dx = ordinary(dtype, (2, 8, 6))
        change = f.jvp(x, dx, **options)
        dy = ordinary(dtype, change.shape, 1)
        back, terms = f.backward(dy, x, **given) * dx, dy * change
        assert change.dtype == dtype
        assert abs(terms.sum() - back.sum()) <= tolerance * abs(back).sum()
    same_bits(f.jvp(np.asfortranarray(x), np.repeat(dx, 2, 1)[:, ::2], **options), change)
    if f is not fa.gumbel_softmax:
        out = np.empty_like(change)
        assert f.jvp(x, dx, out=out, **options) is out
        same_bits(out, change)
    with pytest.raises(ValueError, match=r"jvp: dx has shape \(8, 5\)"):
        f.jvp(x, dx[:, :5], **options)


def test_of_all_that_has_backward_by_name() -> None:
    public = [getattr(fa, name) for name in fa.__all__]
    lacking = [f for f in public if hasattr(f, "backward") and not isinstance(f, type) and not hasattr(f, "jvp")]
    assert not lacking


@scene
def test_on_a_device(stub: Stub) -> None:
    fakes.torch(stub)
    rng = np.random.default_rng(0)
    x, v, w = (fakes.Tensor(stub.filled(rng.normal(0, 3, (3, 20)).astype(np.float32))) for _ in range(3))
    same_bits(fa.silu.jvp(x, v).host, fa.silu.jvp(x.host, v.host))
    same_bits(fa.reglu.jvp(x, v, w, w).host, fa.reglu.jvp(x.host, v.host, w.host, w.host))
    same_bits(fa.reglu.packed.jvp(x, v).host, fa.reglu.packed.jvp(x.host, v.host))
    same_bits(fa.rrelu.jvp(x, v, rng=1).host, fa.rrelu.jvp(x.host, v.host, rng=1))
    with pytest.raises(TypeError, match=r"^crelu\.jvp: x is on a CUDA device; accepted are arrays on the host$"):
        fa.crelu.jvp(x, v)
    for f in (fa.softmax, fa.log_softmax, fa.logsumexp):
        same_bits(f.jvp(x, v).host, np.asarray(f.jvp(x.host, v.host)))
    labels = fakes.Tensor(stub.filled(np.arange(3)))
    soft = fa.softmax(w)
    for t in (labels, soft):
        same_bits(fa.softmax_cross_entropy.jvp(x, t, v).host, fa.softmax_cross_entropy.jvp(x.host, t.host, v.host))
    same_bits(fa.sigmoid_cross_entropy.jvp(x, soft, v).host, fa.sigmoid_cross_entropy.jvp(x.host, soft.host, v.host))
    with pytest.raises(TypeError, match=r"silu\.jvp: dx is a ndarray on the host"):
        fa.silu.jvp(x, v.host)
    with pytest.raises(ValueError, match=r"swiglu\.jvp: d[ab] has shape"):
        fa.swiglu.jvp(x, v, w, fakes.Tensor(stub.filled(np.zeros((4, 20), np.float32))))
    stub.check()


MISTAKES: list[tuple[Any, str]] = [
    (lambda x: fa.gelu.jvp(x, x[:, :3]), "gelu.jvp: dx has shape (5, 3), x has shape (5, 7); they do not broadcast"),
    (lambda x: fa.gelu.jvp(x, x + 1j), "gelu.jvp: dx has dtype complex128"),
    (lambda x: fa.gelu.jvp(x, x, out=x[:3]), "gelu.jvp: out has shape (3, 7); accepted is the shape of the result, (5, 7)"),
    (lambda x: fa.leaky_relu.jvp(x, x, 1, 2), "leaky_relu.jvp: 2 parameters given; accepted are 1: slope"),
    (lambda x: fa.swiglu.jvp(x, x, x, x[:3]), "db has shape (3, 7)"),
    (lambda x: fa.softmax.jvp(x, x[:3]), "softmax.jvp: dx has shape (3, 7), which does not broadcast to (5, 7), that of x"),
    (lambda x: fa.log_softmax.jvp(x, x, depth=1), "log_softmax.jvp: no option 'depth'"),
    (lambda x: fa.softmax_cross_entropy.jvp(x, np.arange(5), x[:2]), "softmax_cross_entropy.jvp: dlogits has shape (2, 7)"),
    (lambda x: fa.sigmoid_cross_entropy.jvp(x, x, "dlogits"), "sigmoid_cross_entropy.jvp: dlogits has dtype"),
]


@pytest.mark.parametrize(("call", "message"), MISTAKES)
def test_mistakes(call: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        call(np.zeros((5, 7)))
    assert message in str(caught.value)
