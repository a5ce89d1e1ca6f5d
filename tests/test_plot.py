"""Pictures: files that can be read, formulas that can be set, numbers that are those of the functions."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import fastact as fa
from fastact.pictures import curves
from fastact.record import at

pytest.importorskip("matplotlib")

from fastact import plot
from fastact.pictures.panels import mathematics

FUNCTIONS = [*fa.ACTIVATIONS, *fa.GATES, *fa.NOISY]


def test_every_formula_is_set() -> None:
    unread = [f.name for f in FUNCTIONS for text in (f.formula, f.record.derivative) if mathematics(text)[0] != "$"]
    assert not unread
    assert mathematics(r"\nonsense{x}") == r"\nonsense{x}"


@pytest.mark.parametrize("f", [fa.hard_shrink, fa.gelu, fa.swiglu, fa.noisy_hard_tanh], ids=lambda f: f.name)
def test_files_are_readable_and_the_same_each_time(f: object, tmp_path: Path) -> None:
    first, second, small = (tmp_path / name for name in ("a.svg", "b.svg", "c.png"))
    plot.save(f, first)
    plot.save(f, second)
    assert ET.parse(first).getroot().tag.endswith("svg")
    assert first.read_bytes() == second.read_bytes()
    plot.save(f, small, dark=True, transparent=True)
    assert small.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_the_figure_tells_what_is_known() -> None:
    said = "\n".join(text.get_text() for text in plot.figure(fa.gelu).findobj(lambda a: hasattr(a, "get_text")))
    for told in (
        "gelu",
        "f′ = 0 at −0.7518",
        "bound of f: 2",
        "bound of f′: 2.9",
        "error in ulp at 40960 float32, against the C reference in long double",
    ):
        assert told in said
    assert "slope = 0.2" in "".join(text.get_text() for text in plot.figure(fa.leaky_relu, 0.2).texts)


@pytest.mark.parametrize("f", [fa.gelu, fa.hard_shrink, fa.relu6, fa.leaky_relu], ids=lambda f: f.name)
def test_curves_stop_at_kinks_and_errors_keep_their_bounds(f: fa.Activation) -> None:
    params = f.record.typical
    low, high = curves.window(f.record, params)
    kinks = [at(kink.at, *params) for kink in f.kinks]
    assert all(low < kink < high for kink in kinks)
    drawn = curves.curve(f, params, low, high)
    assert np.isnan(drawn.x).sum() == len(kinks)
    assert not np.isin(drawn.x, np.float32(kinks)).any()
    slopes = {at(kink.at, *params): at(kink.derivative, *params) for kink in f.kinks}
    assert {place: slope for place, _, slope in drawn.kinks} == pytest.approx(slopes)
    found = curves.worst(f, params, low, high)
    assert found.forward.max() <= f.budget.forward.float32
    assert found.derivative.max() <= f.budget.derivative.float32
    assert found.forward.max() > 0 or f.budget.forward.float32 == 0


def test_a_function_without_reference_is_judged_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves.reference, "names", dict)
    found = curves.worst(fa.sigmoid, (), -5.0, 5.0)
    assert found.judge == "itself in float64"
    assert 0.4 < found.forward.max() <= fa.sigmoid.budget.forward.float32


def test_errors() -> None:
    with pytest.raises(TypeError, match="softmax is no function of one element"):
        plot.figure(fa.softmax)
    with pytest.raises(TypeError, match="2 parameters given; leaky_relu takes 1"):
        plot.figure(fa.leaky_relu, 1.0, 2.0)
    with pytest.raises(ValueError, match=r"picture\.txt: accepted are"):
        plot.save(fa.relu, "picture.txt")
    with pytest.raises(ValueError, match="columns is 0"):
        plot.gallery(columns=0)


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'fastact\[plot\]'"):
        plot.figure(fa.relu)
