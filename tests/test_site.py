"""The pages of the site that are made from the records: one for every function, and in them what the record says."""

from __future__ import annotations

import dataclasses
import pkgutil
import re
from pathlib import Path
from typing import Any

import numpy as np
import pages
import pytest

import fastact as fa
from fastact.docs.extensions import contents, examples, facts, formulas, sheets
from fastact.record import Kink, Ulp, at

FUNCTIONS = [f for _, _, functions, _, _ in contents.GROUPS for f in functions]
GUIDES = "".join(path.read_text() for path in sorted((pages.DOCS / "reference").glob("*.md")))


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """All pages, but for their examples, whose functions would have to be compiled."""
    functions = {f.name: sheet(f, "") for _, _, functions, sheet, _ in contents.GROUPS for f in functions}
    return functions | {name: text() for name, text in contents.LISTS.items()}


def test_every_public_name(texts: dict[str, str]) -> None:
    """A function has a page, all else stands in the reference."""
    assert [f.name for f in FUNCTIONS] == [name for name in texts if hasattr(fa, name)]
    for name in fa.__all__:
        if name not in texts:
            assert re.search(rf"\b{name}\b", GUIDES), name


def test_what_the_reference_names_is_there() -> None:
    names = re.findall(r"^\.\. auto\w+:: (\S+)$", GUIDES, re.MULTILINE)
    assert len(names) > 20
    for name in names:
        assert pkgutil.resolve_name(name) is not None, name


def test_lists(texts: dict[str, str]) -> None:
    """Every function stands on the page of all, in the gallery, and where it was measured."""
    for f in FUNCTIONS:
        assert f"[{f.name}]({f.name}.md) | ${f.formula}$" in texts["index"].replace("\\|", "|")
        assert f"plots/{f.name}-small-dark.svg" in texts["gallery"]
    for f in fa.ACTIVATIONS:
        assert texts["compared"].count(f"[{f.name}]({f.name}.md)") == 4
    for peer in fa.presets.PEERS:
        for entry in fa.presets.entries(peer):
            assert f"`{entry.preset}`" in texts["names"]


def test_record(texts: dict[str, str], activation: fa.Activation) -> None:
    """What the record holds is told, in words or figures."""
    text, record = texts[activation.name], activation.record
    assert formulas.cases(record.formula) in text
    assert formulas.cases(record.derivative) in text
    assert sheets.prose(record.source) in text
    for kink in record.kinks:
        place, slope = (facts.number(at(v, *record.typical)) for v in (kink.at, kink.derivative))
        assert f"| kink at {place} | f′ is taken as {slope} |" in text
    for root in record.roots:
        assert f"| root of f′ | {facts.number(at(root, *record.typical))} |" in text
    for p in record.params:
        assert f"| `{p.name}` | {'must be given' if p.default is None else facts.number(p.default)} |" in text
    for width in ("float32", "float64"):
        (row,) = re.findall(rf"^\| `{width}` \|(.*)\|$", text, re.MULTILINE)
        cells = [cell.strip() for cell in row.split("|")]
        assert [float(cells[1]), float(cells[3])] == [getattr(record.budget.forward, width), getattr(record.budget.derivative, width)]
        found = [float(cells[k].split(" at ")[0]) for k in (2, 4)]
        assert np.all(np.array(found) <= [float(cells[1]), float(cells[3])])
    for alias in record.aliases:
        assert f"`{alias}`" in text
    assert text.count("| `forward` |") == text.count("| `backward` |") == 2
    assert ("`.backward_from_output(dy, y)`" in text.replace(f"fa.{activation.name}", "")) == (activation.from_output is not None)


@pytest.mark.parametrize("f", [*fa.GATES, *fa.NOISY, *fa.ROWS], ids=lambda f: f.name)
def test_bounds_of_families(texts: dict[str, str], f: Any) -> None:
    text, record = texts[f.name], f.record
    if isinstance(record.budget, tuple):
        told = {"y": record.budget, "dx": record.gradient}
    else:
        slope = "dy/da" if isinstance(f, fa.Gate) else "dy/dx"
        told = {"y": dataclasses.astuple(record.budget.forward), slope: dataclasses.astuple(record.budget.derivative)}
    for what, (narrow, wide) in told.items():
        assert f"| {what} | {narrow:g} | {wide:g} |" in text
    assert sheets.prose(record.source) in text
    for p in getattr(f, "params", ()):
        assert f"| `{p.name}` |" in text


def test_a_changed_record() -> None:
    """Another record makes another page."""
    budget = dataclasses.replace(fa.relu.budget, forward=Ulp(7.5, 8.5))
    changed = fa.Activation(dataclasses.replace(fa.relu.record, budget=budget, kinks=(Kink(at=3.25, derivative=0.75),)))
    assert "| kink at 3.25 | f′ is taken as 0.75 |" in sheets.activation(changed, "")
    assert "| 7.5 |" in facts.errors(changed)


EXAMPLES = {
    "gelu": examples.activation,
    "clamped_swiglu": examples.gate,
    "logsumexp": examples.rows,
    "dropout": examples.noisy,
    "crelu": examples.pieces,
    "sigmoid_cross_entropy": examples.loss,
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name: str) -> None:
    """Examples run as printed."""
    assert pages.run(name, EXAMPLES[name](getattr(fa, name))) == 1


def test_pages_have_their_examples() -> None:
    text = dict(contents.pages())["crelu"]()
    assert examples.pieces(fa.crelu) in text


def test_cases() -> None:
    assert formulas.cases(r"x > 0\,?\;x : 0") == r"\begin{cases} x & x > 0 \\ 0 & \text{else} \end{cases}"
    nested = r"\begin{cases} 0 & x < a \\ 1 & x > b \\ (x) & \text{else} \end{cases}"
    assert formulas.cases(r"x < a\,?\;0 : x > b\,?\;1 : (x)") == nested
    assert formulas.cases(r"\lambda\,(x > 0\,?\;x : -x),\;\lambda = 2").startswith(r"\lambda\,\begin{cases}")
    assert formulas.cases("x + 1") == "x + 1"


def test_numbers() -> None:
    found = [facts.number(v) for v in (np.inf, -np.inf, -0.0, 1 / 6, 1e-38, -2.5, np.nan)]
    assert found == ["∞", "−∞", "−0", "1/6", "1·10⁻³⁸", "−2.5", "NaN"]


def test_every_formula_is_set(texts: dict[str, str]) -> None:
    latex = pytest.importorskip("docutils.utils.math.latex2mathml")
    for name, text in texts.items():
        for found in re.findall(r"^\$\$\n(.*)\n\$\$$", text, re.MULTILINE):
            assert "<math" in latex.tex2mathml(found), (name, found)


PAGE = '<html lang="en"><title>t</title><h1 id="place">t</h1><a href="{0}">x</a><img src="p.svg" alt="{1}"></html>'


@pytest.mark.parametrize(
    ("link", "alt", "told"),
    [
        ("#place", "text", []),
        ("https://example.org", "text", []),
        ("other.html", "text", ["index.html: the link other.html leads nowhere"]),
        ("index.html#b", "text", ["index.html: the link index.html#b leads nowhere"]),
        ("#place", "", ["index.html: the picture p.svg has no text"]),
    ],
)
def test_links_of_built_pages(link: str, alt: str, told: list[str], tmp_path: Path) -> None:
    links = pytest.importorskip("fastact.docs.extensions.links", exc_type=ImportError)
    (tmp_path / "p.svg").write_text("")
    (tmp_path / "index.html").write_text(PAGE.format(link, alt))
    assert links.check(tmp_path) == told
    (tmp_path / "index.html").write_text("<html></html>")
    assert links.check(tmp_path) == ["index.html: no language", "index.html: no title", "index.html: no h1"]


def test_links_of_guides(texts: dict[str, str]) -> None:
    """Pages link to what is there; Sphinx looks at all else."""
    for page in pages.DOCS.glob("guides/*.md"):
        for name in re.findall(r"\]\(\.\./functions/(\w+)\.md", page.read_text()):
            assert name in texts, (page, name)
