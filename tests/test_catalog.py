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
from cases import DIRECTIONS, parameters

import fastact
import fastact.ufuncs
from fastact import ACTIVATIONS, Activation, activations, oracle, reference
from fastact.record import Record, at

ROOT = Path(fastact.__file__).parent
FOLDERS = (ROOT, *(ROOT.parent / name for name in ("tests", "bench", "kernels")))
SOURCES = sorted(p for folder in FOLDERS for p in folder.rglob("*") if p.suffix in (".py", ".c", ".h"))


def definitions() -> list[Record]:
    modules = [importlib.import_module(f"fastact.activations.{m.name}") for m in pkgutil.iter_modules(activations.__path__)]
    return [value for module in modules for value in vars(module).values() if isinstance(value, Record)]


def test_every_definition_is_in_the_table_once() -> None:
    table = [id(a.record) for a in ACTIVATIONS]
    assert len(table) == len(set(table))
    found = [id(record) for record in definitions()]
    assert sorted(set(found)) == sorted(found), "a definition is imported into a second module"
    assert sorted(found) == sorted(table)


def test_the_ten() -> None:
    signatures = {a.name: {p.name: p.default for p in a.params} for a in ACTIVATIONS}
    ten = {
        "relu": {},
        "leaky_relu": {"slope": 0.01},
        "prelu": {"slope": 0.25},
        "hard_tanh": {"low": -1, "high": 1},
        "sigmoid": {},
        "tanh": {},
        "softplus": {"beta": 1},
        "silu": {},
        "gelu": {},
        "elu": {"alpha": 1},
    }
    assert {name: signatures[name] for name in ten} == ten
    assert all(list(signatures[name]) == list(params) for name, params in ten.items())


def test_names(activation: Activation) -> None:
    assert getattr(fastact, activation.name) is activation
    assert activation.name == activation.record.scalar.__name__
    assert activation.name in fastact.__all__
    names = [n for a in ACTIVATIONS for n in (a.name, *a.record.aliases)]
    assert len(names) == len(set(names))


def test_all_is_complete() -> None:
    public = {n for n, v in vars(fastact).items() if not n.startswith("_") and not inspect.ismodule(v) and n != "annotations"}
    assert set(fastact.__all__) == public
    assert re.fullmatch(r"\d+\.\d+\.\d+\w*", fastact.__version__)


def test_reference_and_oracle(activation: Activation) -> None:
    assert reference.names()[activation.name] == len(activation.params)
    assert len(oracle.DEFINITIONS[activation.name]) == 2 + len(activation.params)


def test_reference_holds_nothing_else() -> None:
    assert set(reference.names()) == {a.name for a in ACTIVATIONS}
    assert set(oracle.DEFINITIONS) == {a.name for a in ACTIVATIONS}


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
        assert p.default in p.samples
        assert all(math.isfinite(s) for s in p.samples)
    for params in parameters(activation):
        low, high = at(activation.range.low, *params), at(activation.range.high, *params)
        assert low < high
        for value in (activation.limits.at_minus_inf, activation.limits.at_plus_inf):
            assert low <= at(value, *params) <= high


def test_declared_range_is_reached(activation: Activation) -> None:
    """The ends of the range are no wider than the function needs."""
    for params in parameters(activation):
        x = np.concatenate([np.linspace(-10, 10, 200001), [-1e300, 1e300, -700, 700]])
        y = activation.reference(x, *params)
        for end, reached in ((activation.range.low, y.min()), (activation.range.high, y.max())):
            bound = at(end, *params)
            assert abs(reached) > 1e200 if math.isinf(bound) else abs(reached - bound) < 1e-9


def test_declared_kinks_are_all(activation: Activation) -> None:
    """Where the derivative jumps, and nowhere else."""
    for params in parameters(activation):
        x = np.linspace(-8, 8, 64001) + 1e-5
        jumps = x[:-1][abs(np.diff(activation.reference_derivative(x, *params).astype(float))) > 0.01]
        places = [at(kink.at, *params) for kink in activation.kinks]
        assert all(min((abs(j - p) for p in places), default=math.inf) < 1e-3 for j in jumps)
        steps = [p for p in places if not all(abs(activation.reference_derivative(p + s, *params) - 1) < 0.01 for s in (-1e-3, 1e-3))]
        assert all(min(abs(jumps - p), default=math.inf) < 1e-3 for p in steps)


def test_declared_roots_are_all(activation: Activation) -> None:
    """Where a smooth derivative changes sign."""
    for params in parameters(activation)[:1]:
        x = np.linspace(-30, 30, 60001) + 1e-5
        sign = np.sign(activation.reference_derivative(x, *params).astype(float))
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
    assert activation.record.monotone or (default < 0).any() or activation.params


def test_declared_flat(activation: Activation) -> None:
    x = np.linspace(-5, 5, 1001)
    assert activation.record.flat == bool((activation.reference_derivative(x) == 0).any())


def test_declared_odd(activation: Activation) -> None:
    x = np.linspace(0, 9, 1001)
    assert activation.record.odd == bool((activation.reference(-x) == -activation.reference(x)).all())


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
    assert re.fullmatch(rf"<fastact {activation.name}\(x(, \w+=[-\d.]+)*\)>", repr(activation))
