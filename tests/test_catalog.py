"""The table is whole: no stray definition, every name where it is looked for, every public thing told."""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest
from cases import DIRECTIONS, defaults, parameters

import fastact
import fastact.oracle.gates
import fastact.ufuncs
from fastact import ACTIVATIONS, GATES, Activation, activations, oracle, reference
from fastact.record import Record, at

ROOT = Path(fastact.__file__).parent
FOLDERS = (ROOT, *(ROOT.parent / name for name in ("tests", "bench", "kernels")))
SOURCES = sorted(p for folder in FOLDERS for p in folder.rglob("*") if p.suffix in (".py", ".c", ".h"))


def definitions() -> list[Record]:
    modules = [importlib.import_module(f"fastact.activations.{m.name}") for m in pkgutil.iter_modules(activations.__path__)]
    return [value for module in modules for value in vars(module).values() if isinstance(value, Record)]


def test_every_definition_is_in_the_table_once() -> None:
    table = [id(a.record) for a in (*ACTIVATIONS, *GATES)]
    assert len(table) == len(set(table))
    found = [id(record) for record in definitions()]
    assert sorted(set(found)) == sorted(found), "a definition is imported into a second module"
    assert sorted(found) == sorted(table)


def test_signatures() -> None:
    signatures = {a.name: {p.name: p.default for p in a.params} for a in ACTIVATIONS}
    with_params = {
        "leaky_relu": {"slope": 0.01},
        "prelu": {"slope": 0.25},
        "threshold": {"threshold": None, "value": None},
        "thresholded_relu": {"alpha": 1},
        "hard_tanh": {"low": -1, "high": 1},
        "hard_sigmoid": {"slope": 1 / 6, "offset": 0.5},
        "hard_shrink": {"lambd": 0.5},
        "soft_shrink": {"lambd": 0.5},
        "softplus": {"beta": 1},
        "elu": {"alpha": 1},
        "celu": {"alpha": 1},
        "swish": {"beta": 1},
        "squareplus": {"b": 4},
        "snake": {"alpha": 1},
    }
    assert {name: params for name, params in signatures.items() if params} == with_params
    assert all(list(signatures[name]) == list(params) for name, params in with_params.items())
    assert {a.name for a in ACTIVATIONS if any(p.trainable for p in a.params)} == {"prelu", "swish"}


def test_names(activation: Activation) -> None:
    assert getattr(fastact, activation.name) is activation
    assert activation.name == activation.record.scalar.__name__
    assert activation.name in fastact.__all__
    names = [n for a in ACTIVATIONS for n in (a.name, *a.record.aliases)]
    assert len(names) == len(set(names))


def test_all_is_complete() -> None:
    named = {n for n in {*vars(fastact), *dir(fastact)} if not n.startswith("_") and n != "annotations"}
    public = {n for n in named if not inspect.ismodule(getattr(fastact, n))}
    assert set(fastact.__all__) == public
    assert {"noise", "presets", "scalars", "testing", "ufuncs"} <= set(dir(fastact))
    assert re.fullmatch(r"\d+\.\d+\.\d+\w*", fastact.__version__)


def test_reference_and_oracle(activation: Activation) -> None:
    assert reference.names()[activation.name] == len(activation.params)
    assert len(oracle.DEFINITIONS[activation.name]) == 2 + len(activation.params)


def test_reference_holds_nothing_else() -> None:
    assert set(reference.names()) == {a.name for a in ACTIVATIONS} | {name for g in GATES for name in g.record.factors}
    assert set(oracle.DEFINITIONS) == {a.name for a in ACTIVATIONS}
    assert set(oracle.gates.GATES) == {g.name for g in GATES}


def test_record_is_filled(activation: Activation) -> None:
    record = activation.record
    assert record.formula
    assert record.derivative
    assert record.source
    assert record.summary
    assert record.summary[-1] in ".0123456789abcdefghijklmnopqrstuvwxyz"
    assert activation.params == record.params
    for p in activation.params:
        assert p.samples
        assert p.default is None or p.default in p.samples
        assert all(math.isfinite(s) for s in p.samples)
    for params in parameters(activation):
        low, high = at(activation.range.low, *params), at(activation.range.high, *params)
        assert low < high
        for value in (activation.limits.at_minus_inf, activation.limits.at_plus_inf):
            assert low <= at(value, *params) <= high
    assert len(record.terms) in (0, 1 + len(record.params))


def test_declared_range_is_reached(activation: Activation) -> None:
    """The ends of the range are no wider than the function needs."""
    for params in parameters(activation):
        marks = [at(v, *params) for v in (*(k.at for k in activation.kinks), *activation.roots)]
        x = np.concatenate([np.linspace(-10, 10, 200001), [-1e300, 1e300, -700, 700, -1e12, 1e12], marks, np.nextafter(marks, np.inf)])
        y = activation.reference(x, *params)
        for end, reached in ((activation.range.low, y.min()), (activation.range.high, y.max())):
            bound = at(end, *params)
            assert abs(reached) > 1e200 if math.isinf(bound) else abs(reached - bound) < 1e-9


def test_declared_kinks_are_all(activation: Activation) -> None:
    """Where the function or its derivative jumps, and nowhere else."""
    for params in parameters(activation):
        x = np.linspace(-8, 8, 64001) + 1e-5
        both = [f(x, *params).astype(float) for f in (activation.reference, activation.reference_derivative)]
        jumps = x[:-1][np.any([abs(np.diff(v)) > 0.01 * np.maximum(1, abs(v[1:])) for v in both], axis=0)]
        places = [at(kink.at, *params) for kink in activation.kinks]
        assert all(min((abs(j - p) for p in places), default=math.inf) < 1e-3 for j in jumps)
        around = [
            [f(p + s, *params) for s in (-1e-3, 1e-3)] for p in places for f in (activation.reference, activation.reference_derivative)
        ]
        steps = [p for p, *pairs in zip(places, around[::2], around[1::2], strict=True) if any(abs(a - b) > 0.01 for a, b in pairs)]
        assert all(min(abs(jumps - p), default=math.inf) < 1e-3 for p in steps)
        assert len(steps) == len(places) or activation.name in ("leaky_relu", "prelu", "elu")


def test_declared_roots_are_all(activation: Activation) -> None:
    """Where a smooth derivative changes sign."""
    for params in parameters(activation)[:1]:
        x = np.linspace(-30, 30, 60001) + 1e-5
        smooth = np.all([abs(x - at(kink.at, *params)) > 1e-3 for kink in activation.kinks], axis=0) & np.ones(x.shape, bool)
        sign = np.where(smooth, np.sign(activation.reference_derivative(x, *params).astype(float)), 0)
        found = x[:-1][sign[:-1] * sign[1:] < 0]
        roots = [at(r, *params) for r in activation.roots]
        assert len(found) == len(roots)
        assert all(min(abs(found - r)) < 1e-2 for r in roots)


def test_declared_monotone(activation: Activation) -> None:
    for params in parameters(activation):
        d = activation.reference_derivative(np.linspace(-30, 30, 6001), *params)
        if activation.record.monotone:
            assert (d >= 0).all()
    default = activation.reference_derivative(np.linspace(-30, 30, 6001), *parameters(activation)[0])
    assert activation.record.monotone or (default < 0).any() or activation.params or activation.record.flat


def test_declared_flat(activation: Activation) -> None:
    d = activation.reference_derivative(np.linspace(-5, 5, 1001), *defaults(activation))
    assert activation.record.flat == bool(((d[1:] == 0) & (d[:-1] == 0)).any())


def test_declared_odd(activation: Activation) -> None:
    x = np.linspace(0, 9, 1001)
    params = defaults(activation)
    assert activation.record.odd == bool((activation.reference(-x, *params) == -activation.reference(x, *params)).all())


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT.parent)))
def test_no_file_over_250_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 250


def test_docstrings(activation: Activation) -> None:
    for name in fastact.__all__:
        value = getattr(fastact, name)
        if callable(value):
            assert (value.__doc__ or "").strip(), name
    for name, member in inspect.getmembers(Activation):
        if not name.startswith("_"):
            assert (member.__doc__ or "").strip(), name
    assert activation.record.summary in (activation.__doc__ or "")
    assert activation.record.source in (activation.__doc__ or "")
    for direction in DIRECTIONS:
        name = activation.name if direction == "forward" else f"{activation.name}_{direction}"
        assert getattr(fastact.ufuncs, name).__doc__


def test_representation(activation: Activation) -> None:
    assert re.fullmatch(rf"<fastact {activation.name}\(x(, \w+(=[-\d.]+)?)*\)>", repr(activation))
