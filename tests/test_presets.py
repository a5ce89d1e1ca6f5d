"""Presets have the defaults and kinks of their peers, as installed here, and away from the kinks fastact's own bits."""

from __future__ import annotations

import inspect
import pickle
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from cases import same_bits
from presetpeers import PEERS, Peer

import fastact as fa
from fastact import reference
from fastact.cuda import elementwise
from fastact.presets.glu import PackedGlu
from fastact.record import at

ENTRIES = [entry for peer in fa.presets.PEERS for entry in fa.presets.entries(peer)]
GIVEN = {"dim": -1, "threshold": 0.5, "value": 0.25, "default_value": 0.25, "slope": 0.125}
GIVEN |= {"min": -1.0, "max": 1.5, "x_min": -1.0, "x_max": 1.5, "clip_value_min": -1.0, "clip_value_max": 1.5}
"""The arguments in the table's calls that have no default."""
POINTS = np.concatenate([np.linspace(-4, 6, 97), [-30, 30]]).astype(np.float32)
ROWS = POINTS[:96].reshape(4, 24)


def found(entry: Any) -> Any:
    return getattr(getattr(fa.presets, entry.peer), entry.preset.rpartition(".")[2])


OWN = [entry for entry in ENTRIES if entry.difference]
CHANGED = [entry for entry in OWN if isinstance(found(entry), fa.Activation) and found(entry).record.reference is None]


@pytest.fixture(params=fa.presets.PEERS)
def peer(request: pytest.FixtureRequest) -> Peer:
    """A peer that is installed."""
    for module in PEERS[request.param].needs:
        pytest.importorskip(module)
    return PEERS[request.param]()


def params(f: Any) -> tuple[float, ...]:
    return tuple(GIVEN[p.name] if p.default is None else p.default for p in f.params)


def test_as_the_peer(peer: Peer) -> None:
    """The table's calls give our values and derivatives at ordinary points."""
    for entry in fa.presets.entries(peer.name):
        f = found(entry)
        if entry.call.endswith("Keras 2"):
            assert f(np.float32(1)) == np.float32(0.7)
        elif isinstance(f, fa.Activation):
            compare(entry, f.value_and_grad(POINTS, *params(f)), peer.run(entry.call, POINTS, GIVEN))
        elif isinstance(f, fa.Gate):
            compare(entry, (f(ROWS, ROWS),), peer.run(entry.call, ROWS, GIVEN))
        elif isinstance(f, PackedGlu):
            dx = f.backward(np.ones_like(f(ROWS)), ROWS)
            compare(entry, (f(ROWS), dx), peer.run(entry.call, ROWS, GIVEN))
            same_bits(f.value_and_grad(ROWS)[1], dx)
        else:
            rows = 100 * ROWS if "sparsemax" in entry.call else ROWS  # Keras 3.15 is wrong where more than one element is left
            compare(entry, (f(rows),), peer.run(entry.call, rows, GIVEN))


def compare(entry: Any, ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> None:
    for y, truth in zip(ours, theirs, strict=False):
        np.testing.assert_allclose(y, truth, rtol=1e-5, atol=5e-6, err_msg=entry.call)


def test_defaults_of_the_peer(peer: Peer) -> None:
    """Every default that the table tells may be left out, bit for bit; the few options that are no defaults are told here."""
    options = {"approximate='tanh'", "approximate=False", "approximate=True", "bias=0.5", "min=-1.0"}
    left = 0
    for entry in fa.presets.entries(peer.name):
        short = re.sub(r", \w+=[^,)]+", "", entry.call)
        if short == entry.call or entry.call.endswith("Keras 2"):
            continue
        full, bare = (peer.run(call, POINTS if isinstance(found(entry), fa.Activation) else ROWS, GIVEN) for call in (entry.call, short))
        if (full[0] == bare[0]).all():
            left += 1
        else:
            assert any(option in entry.call for option in options), entry.call
    assert left > 5


def test_kinks_of_the_peer(peer: Peer) -> None:
    """The derivative at every kink, by the peer's own differentiation."""
    checked = 0
    for entry in fa.presets.entries(peer.name):
        f = found(entry)
        if not isinstance(f, fa.Activation) or not f.kinks or entry.call.endswith("Keras 2"):
            continue
        values = params(f)
        marks = np.array([at(kink.at, *values) for kink in f.kinks], np.float32)
        x = np.resize(np.concatenate([marks, -marks[marks == 0]]), POINTS.shape)  # of one shape, for which the peer has compiled
        theirs = peer.run(entry.call, x, GIVEN)
        if len(theirs) < 2:
            continue
        np.testing.assert_allclose(f.derivative(x, *values), theirs[1], rtol=1.2e-7, err_msg=entry.call)
        checked += 1
    assert checked > 5 or peer.name == "onnx"


def test_slope_of_keras_prelu() -> None:
    peer = PEERS["keras"]
    for module in peer.needs:
        pytest.importorskip(module)
    x = np.array([-2, -0.0, 0, 2], np.float32)
    call = "keras.layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25))(x)"
    for ours, theirs in zip(fa.presets.keras.prelu.value_and_grad(x, 0.25), peer().run(call, x, {}), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("entry", CHANGED, ids=lambda e: e.preset)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_bits_away_from_kinks(entry: Any, dtype: str) -> None:
    """Other kinks change nothing else; declared ones are the derivative there."""
    f, base = found(entry), getattr(fa, entry.function)
    values = params(f)
    marks = np.array([at(kink.at, *values) for kink in f.kinks], dtype)
    x = np.concatenate([np.linspace(-8, 8, 1001), np.geomspace(1e-7, 6e4, 300), -np.geomspace(1e-7, 6e4, 300), [np.inf, -np.inf, np.nan]])
    x = np.concatenate([x.astype(dtype), np.nextafter(marks, np.inf, dtype=dtype), np.nextafter(marks, -np.inf, dtype=dtype)])
    for kink, mark in zip(f.kinks, marks, strict=True):
        expected = np.array(at(kink.derivative, *values), dtype)
        assert abs(f.derivative(mark, *values) - expected) <= np.spacing(expected)
    if entry.preset.endswith("onnx.selu"):
        return
    if entry.preset.endswith("torch.softplus"):
        x = x[~(x > 20)]
        values = values[:1]
    x = x[~np.isin(x, marks)]
    for ours, theirs in zip(f.value_and_grad(x, *values), base.value_and_grad(x, *values), strict=True):
        same_bits(ours, theirs)


def test_softplus_of_torch() -> None:
    """X itself beyond the threshold, to float32 no other function, and gradients by beta that end there."""
    f, x = fa.presets.torch.softplus, np.linspace(15, 40, 2001)
    y, d = f.value_and_grad(x)
    same_bits(y[x > 20], x[x > 20])
    assert (d[x > 20] == 1).all()
    assert 1e-10 < ((fa.softplus(x) - y) / x).max() < 2e-10
    assert abs(f(np.float32(x)) - fa.softplus(np.float32(x))).max() <= np.spacing(np.float32(40)) / 2
    dbeta, dthreshold = f.backward(np.ones(2), np.array([-3.0, 21]), 1.0, 20.0, wrt=("beta", "threshold"))
    assert dbeta == fa.softplus.backward(1.0, -3.0, wrt="beta")
    assert dthreshold == 0
    assert np.isnan(f(1.0, 1.0, np.nan))
    assert f(3.0, 2.0, 5.0) == 3.0


def test_selu_of_onnx() -> None:
    f = fa.presets.onnx.selu
    for dtype, budget in (("float32", "float32"), ("float64", "float64")):
        x = np.random.default_rng(1).uniform(-30, 5, 50_000).astype(dtype)
        alpha, gamma = (np.dtype(dtype).type(p.default) for p in f.params)
        truth = [
            np.longdouble(gamma) * call("elu", x.astype(np.longdouble), np.longdouble(alpha))
            for call in (reference.forward, reference.derivative)
        ]
        for y, exact, bound in zip(f.value_and_grad(x), truth, (f.budget.forward, f.budget.derivative), strict=True):
            error = abs(y - exact) / np.spacing(abs(exact).astype(dtype))
            assert error.max() <= getattr(bound, budget)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.preset)
def test_entry(entry: Any) -> None:
    """Fastact's own object where nothing differs, else an activation that is known by its name."""
    f, base = found(entry), getattr(fa, entry.function)
    assert (f is base) == (not entry.difference)
    assert pickle.loads(pickle.dumps(f)) is f
    assert entry in fa.presets.of(entry.function)
    if f is base:
        return
    assert f.name == entry.preset.removeprefix("fa.") or isinstance(f, PackedGlu)
    assert repr(f).startswith(f"<fastact {f.name}(x")
    if isinstance(f, PackedGlu):
        return
    for ufunc in (f.ufunc, f._backward, f._derivative, f._value_and_grad):
        assert pickle.loads(pickle.dumps(ufunc)) is ufunc
    for p in f.params:
        assert p.samples[0] == p.default or p.default is None
        assert p.name in entry.call or p.name in entry.difference or p.name in [q.name for q in base.params]


@pytest.mark.parametrize("name", fa.presets.PEERS)
def test_module(name: str) -> None:
    """All that is public is in the table, under fastact's spelling, or the peer's for the same object."""
    module = getattr(fa.presets, name)
    assert inspect.getdoc(module)
    assert module.__all__ == sorted(set(module.__all__), key=lambda n: (not n[0].isupper(), n))
    listed = [getattr(module, entry.preset.rpartition(".")[2]) for entry in fa.presets.entries(name)]
    assert all(any(getattr(module, spelling) is f for f in listed) for spelling in module.__all__)
    assert {entry.preset.rpartition(".")[2] for entry in fa.presets.entries(name)} <= set(module.__all__)


def test_messages() -> None:
    f = fa.presets.jax.leaky_relu
    with pytest.raises(TypeError, match=r"^presets\.jax\.leaky_relu: x has dtype complex128; accepted are "):
        f(np.ones(2, complex))
    with pytest.raises(TypeError, match=r"^presets\.jax\.leaky_relu accepts float16, bfloat16, float32 and float64, not longdouble"):
        f(np.ones(2, np.longdouble))
    with pytest.raises(TypeError, match=r"^presets\.jax\.leaky_relu is not in the C reference"):
        f.reference(1.0)
    with pytest.raises(ValueError, match=r"^presets\.entries: peer is 'thinc'; accepted are torch, "):
        fa.presets.entries("thinc")
    with pytest.raises(AttributeError, match=r"no attribute 'thinc'; peers are torch, "):
        fa.presets.thinc  # noqa: B018
    x = np.array([-1, 2], np.longdouble)
    np.testing.assert_array_equal(fa.presets.torch.leaky_relu(x), fa.leaky_relu(x), strict=True)
    assert fa.presets.torch.leaky_relu.reference(-1.0, negative_slope=0.5) == -0.5
    assert fa.presets.of("nothing") == ()


def test_nothing_is_imported() -> None:
    """Neither presets with fastact, nor a peer with its presets."""
    program = (
        "import sys, fastact as fa; assert not [m for m in sys.modules if m.startswith('fastact.presets.')]\n"
        "import fastact.presets as p; [p.entries(n) for n in p.PEERS]\n"
        "print(*[m for m in ('torch', 'jax', 'keras', 'tensorflow', 'onnx') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""


def test_kernel_for_cuda() -> None:
    """Its symbol has no dots, and the kink is there."""
    program = elementwise.flat(fa.presets.jax.leaky_relu.record, "derivative", "float32")
    assert program.name.startswith("fastact_presets_jax_leaky_relu_")
    assert program.name in program.ptx
