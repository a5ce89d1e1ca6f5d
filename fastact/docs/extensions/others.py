"""The pages of functions of rows, of noise and of pieces, in Markdown, from their records."""

from __future__ import annotations

import inspect
from typing import Any

import fastact as fa
from fastact.docs.extensions.facts import number, table, widths
from fastact.docs.extensions.sheets import docstring, elsewhere, formula, picture, properties, prose, section

CUDA = "All calls take CUDA arrays too ([guide](../guides/cuda.md)). Every method: "
BOUNDS = "Largest errors in ulp, published and tested; gradients in ulp of the largest term of the row.\n"


def rows(f: Any, example: str) -> str:
    """The page of a function of rows."""
    record, name = f.record, f.name
    calls = [(f"`fa.{name}(x, axis=-1)`", "y"), (f"`fa.{name}.backward(dy, x, axis=-1)`", "dx")]
    if not record.reduces:
        calls.append((f"`fa.{name}.backward_from_output(dy, y, axis=-1)`", "dx from y alone"))
    calls += [
        ("`where=`", "a mask: elements that are not there"),
        ("`scale=`", "of x·scale, in the same pass"),
        ("`causal=`", "the mask of causal attention, never written out"),
        ("`offsets=`", "rows of different lengths, one after another"),
        (f"`fa.{name}.jvp(x, dx)`", "dy, forward mode"),
        (f"`fastact.interop.torch.{name}`", "the function with its gradients for PyTorch"),
    ]
    bounds = [("y", *record.budget), ("dx", *record.gradient)]
    return "\n".join(
        [
            f"# {name}\n\n{prose(record.summary)}\n",
            picture(name, f"{name} of a row of three, x, 0 and −1, against x"),
            formula("y" if record.reduces else "y_i", record.formula),
            table(("", ""), [("source", prose(record.source))]),
            section("Example", example),
            section("Calls", table(("call", "gives"), calls), f"{CUDA}[rows](../reference/rows.md).\n"),
            section("In other libraries", elsewhere(name)),
            section("Error", BOUNDS, widths(bounds)),
        ]
    )


def noisy(f: fa.Noisy, example: str) -> str:
    """The page of a function of x and of noise."""
    record, name, noise = f.record, f.name, f.params[0].name
    trained = [p.name for p in record.params if p.trainable]
    calls = [
        (f"`fa.{name}(x, {noise})`", "y, of noise that is given"),
        (f"`fa.{name}(x, rng=seed)`", "y, of noise drawn in the loop; `rng=(seed, stream)` for one of many"),
        (f"`fa.{name}.backward(dy, x, rng=seed)`", f"(dx, {', '.join('d' + p for p in trained)})" if trained else "dx, of the same noise"),
        (f"`fa.{name}.derivative(x, rng=seed)`", "dy/dx"),
        (f"`fa.{name}.value_and_grad(x, rng=seed)`", "both in one pass"),
        (f"`fa.{name}.jvp(x, dx, rng=seed)`", "dy, forward mode, of the same noise"),
        (f"`fa.{name}.expected(x)`", "the mean over the noise" if f.mean is not None else "refused: there is no closed form"),
    ]
    budget = record.budget
    bounds = [("y", budget.forward.float32, budget.forward.float64), ("dy/dx", budget.derivative.float32, budget.derivative.float64)]
    rest = table(
        ("parameter", "default", "its gradient, from `backward`"),
        [
            (f"`{noise}`", f"{f.draw.__name__.rpartition('.')[2]} noise", "with `wrt` where the noise is given"),
            *((f"`{p.name}`", number(p.default or 0), "always" if p.trainable else f'with `wrt="{p.name}"`') for p in f.params[1:]),
        ],
    )
    return "\n".join(
        [
            f"# {name}\n\n{prose(record.summary)}\n",
            picture(name, f"{name} against x: its mean, and where nine of ten values lie"),
            formula("y", record.formula),
            formula(r"\frac{\partial y}{\partial x}", record.derivative),
            properties(record),
            section("Parameters", rest),
            section("Example", example),
            section("Calls", table(("call", "gives"), calls), f"{CUDA}[Noisy](../reference/noisy.md).\n"),
            section("In other libraries", elsewhere(name)),
            section("Notes", docstring(f)),
            section("Error", "Largest errors in ulp of the largest term, published and tested:\n", widths(bounds)),
        ]
    )


def loss(f: Any, example: str) -> str:
    """The page of a cross entropy."""
    return _plain(f, "loss against the first logit", example, [("loss", *f.budget), ("gradient", *f.gradient)])


def pieces(f: Any, example: str) -> str:
    """The page of maxout, crelu or gumbel_softmax."""
    return _plain(f, "values against x", example, [])


def _plain(f: Any, told: str, example: str, bounds: list[tuple[str, float, float]]) -> str:
    """A page of what has no record: summary, picture, formula, docstring, example."""
    summary = inspect.cleandoc(f.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    source = inspect.cleandoc(f.__doc__ or "").partition("Source:")[2].replace("\n", " ").strip()
    return "\n".join(
        [
            f"# {f.name}\n\n{prose(summary)}\n",
            picture(f.name, f"{f.name}: {told}"),
            formula("y", f.formula) if hasattr(f, "formula") else "",
            docstring(f) + "\n",
            table(("", ""), [("source", prose(source))]) if source else "",
            section("Example", example),
            section("In other libraries", elsewhere(f.name)),
            section("Error", BOUNDS, widths(bounds)) if bounds else "",
            f"\n{CUDA}[rows, pieces and losses](../reference/rows.md).\n",
        ]
    )
