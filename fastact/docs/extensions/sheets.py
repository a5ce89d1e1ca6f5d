"""The page of one function, in Markdown, from its record."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np

import fastact as fa
from fastact.docs.extensions.facts import errors, machine, number, peers, speed, table, widths
from fastact.docs.extensions.formulas import cases
from fastact.masks import MASKED
from fastact.record import Record, Value, at

ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
OPTION = re.compile(r"^(\w+) : (.+)\n {4}(.+)$", re.MULTILINE)
MARKS = re.compile(r"(?<!`)([*_<>\[\]])")


def prose(text: str) -> str:
    """Plain text as Markdown: what would be a mark is none, and papers on arXiv are linked."""
    parts = re.split(r"(`+[^`]+`+)", text)
    escaped = "".join(part if k % 2 else MARKS.sub(r"\\\1", part) for k, part in enumerate(parts))
    return ARXIV.sub(r"[arXiv:\1](https://arxiv.org/abs/\1)", escaped)


def docstring(f: Any) -> str:
    """All of a docstring but its first paragraph and the source."""
    text = inspect.cleandoc(f.__doc__ or "").partition("Source:")[0]
    return prose(OPTION.sub(r"- `\1` (\2): \3", text.partition("\n\n")[2].strip()))


def picture(name: str, told: str) -> str:
    """The picture of a function, light and dark."""
    return "".join(f"```{{image}} plots/{name}-{way}.svg\n:alt: {told}\n:class: picture only-{way}\n```\n" for way in ("light", "dark"))


def formula(left: str, latex: str) -> str:
    """A formula on its own line, of what is `left`."""
    return f"$$\n{left} = {cases(latex)}\n$$\n"


def section(title: str, *parts: str) -> str:
    """A section, unless there is nothing in it."""
    text = "\n".join(part for part in parts if part)
    return f"\n## {title}\n\n{text}" if text else ""


def call(f: Any, method: str = "", first: str = "") -> str:
    """How a function is called, with what has no default."""
    record = f.record
    operands = ", ".join([*filter(None, [first]), *record.operands, *(p.name for p in record.params if p.default is None)])
    return f"`fa.{f.name}{method}({operands})`"


def parameters(record: Record) -> str:
    """The parameters, or nothing."""
    rows = []
    for p in record.params:
        told = "always" if p.trainable else f'with `wrt="{p.name}"`' if record.operands == ("x",) else "by `scalar_grad` alone"
        rows.append((f"`{p.name}`", "must be given" if p.default is None else number(p.default), told))
    return table(("parameter", "default", "its gradient, from `backward`"), rows) if rows else ""


def properties(record: Record, of: str = "f") -> str:
    """Range, limits, kinks, roots and the like, for the default parameters."""
    params = record.typical

    def told(value: Value) -> str:
        return number(at(value, *params))

    limits, slopes = record.limits, record.derivative_limits
    rows = [
        (f"range of {of}", f"from {told(record.range.low)} to {told(record.range.high)}"),
        ("at −∞", f"{of} → {told(limits.at_minus_inf)}, {of}′ → {told(slopes.at_minus_inf)}"),
        ("at +∞", f"{of} → {told(limits.at_plus_inf)}, {of}′ → {told(slopes.at_plus_inf)}"),
    ]
    rows += [(f"kink at {told(kink.at)}", f"{of}′ is taken as {told(kink.derivative)}") for kink in record.kinks]
    rows += [(f"root of {of}′", told(root)) for root in record.roots]
    kinds = [what for what, so in (("odd, bit for bit", record.odd), ("never falls, from float to float", record.monotone)) if so]
    if record.flat:
        kinds.append(f"{of}′ is 0 by branch in places, where a gradient is +0 whatever comes in")
    rows += [("is", "; ".join(kinds))] if kinds else []
    reach = at(record.reach, *params)
    rows += [("bounds hold for", f"\\|x\\| ≤ {number(reach)}")] if np.isfinite(reach) else []
    rows += [("also called", ", ".join(f"`{a}`" for a in record.aliases))] if record.aliases else []
    return table(("", ""), [*rows, ("source", prose(record.source))])


def directions(f: fa.Activation) -> str:
    """What can be called, and what that gives."""
    record, name = f.record, f.name
    trained = [p.name for p in record.params if p.trainable]
    gradients = f"(dx, {', '.join('d' + p for p in trained)})" if trained else "dx = dy·f′(x)"
    rows = [
        (call(f), "y = f(x)"),
        (call(f, ".backward", "dy"), gradients),
        (call(f, ".derivative"), "f′(x)"),
        (call(f, ".value_and_grad"), "(f(x), f′(x)) in one pass"),
        (f"`fa.{name}.jvp(x, dx)`", "dy = f′(x)·dx, forward mode"),
    ]
    if f.from_output is None:
        rows.append(("`backward_from_output`", "refused: y does not tell f′(x) with a bound on the error"))
    else:
        found, of = f.from_output.error, f.from_output.of
        unit = f"ulp of {of}" if of else "ulp"
        bound = f"from y alone, within {found.float32:g} {unit} in float32, {found.float64:g} in float64"
        rows.append((f"`fa.{name}.backward_from_output(dy, y)`", bound))
    if record in MASKED:
        rows.append((call(f, ".with_mask"), "(f(x), mask), 1 bit an element"))
        rows.append((f"`fa.{name}.backward_from_mask(dy, mask)`", "dx from the mask alone"))
    rows += [
        ("`bias=`, `scale=`", "f(x·scale + bias) in the same pass, and their gradients"),
        (f"`fa.ufuncs.{name}`", "the bare `numpy.ufunc`"),
        (f"`fa.{name}.scalar`, `.scalar_grad`", "for your own `numba.njit`; `.cuda_scalar`, `.cuda_scalar_grad` for `numba.cuda.jit`"),
        (f"`fa.{name}.address(dtype, direction)`", "a C loop"),
        operators(name),
    ]
    after = "All calls take CUDA arrays too ([guide](../guides/cuda.md)). Every method: [Activation](../reference/activation.md).\n"
    return table(("call", "gives"), rows) + "\n" + after


def operators(name: str) -> tuple[str, str]:
    """The function inside of other libraries."""
    return f"`fastact.interop.torch.{name}`, `fastact.interop.jax.{name}`", "the function with its gradients for PyTorch and JAX"


def elsewhere(name: str) -> str:
    """The function in other libraries, and how to get what they compute."""
    rows = [(f"`{e.call}`", f"`{e.preset}`", e.difference or "nothing: it is this very function") for e in fa.presets.of(name)]
    return table(("there", "here", "what differs"), rows) if rows else ""


def activation(f: fa.Activation, example: str) -> str:
    """The page of an activation."""
    record = f.record
    told = f"{f.name} and its derivative against x, and the error of both in ulp"
    compared = peers(f.name)
    return "\n".join(
        [
            f"# {f.name}\n\n{prose(record.summary)}\n",
            picture(f.name, told),
            formula("f(x)", record.formula),
            formula("f'(x)", record.derivative),
            properties(record),
            section("Parameters", parameters(record)),
            section("Example", example),
            section("Calls", directions(f)),
            section("In other libraries", elsewhere(f.name)),
            section("Notes", docstring(f)),
            section("Error", ERROR, errors(f)),
            f"\nOther libraries by the same measure, in float32: {LOST}\n\n{compared}" if compared else "",
            section("Speed", SPEED.format(machine("results")), speed(f.name)),
        ]
    )


LOST = "“lost” says where no digit is right, and on which share of all floats the error is beyond 4 ulp."
ERROR = """In units in the last place (ulp) of the exact result; [how](../guides/accuracy.md). Of 16-bit types the bound is the nearest
number, or the second nearest where the exact value is within 1 % of a tie.
"""
SPEED = """float32, one thread; × tells how many times as fast it is as the other: `np.copyto` of the same bytes (for backward
`np.add`), and each library that has the function. Above 1 is in our favour. {}.
"""


def gate(g: fa.Gate, example: str) -> str:
    """The page of a gated unit."""
    budget, name = g.budget, g.name
    rows = [
        (call(g), "y"),
        (call(g, ".backward", "dy"), "(da, db)"),
        (call(g, ".derivative"), "(dy/da, dy/db)"),
        (call(g, ".value_and_grad"), "(y, dy/da, dy/db) in one pass"),
        (f"`fa.{name}.jvp(a, b, da, db)`", "dy, forward mode"),
        (f"`fa.{name}.packed(x, axis=-1)`", "of the halves of one array, which are not copied; `.packed.backward(dy, x)` and the like"),
        operators(name),
    ]
    bounds = [
        ("y", budget.forward.float32, budget.forward.float64),
        ("dy/da", budget.derivative.float32, budget.derivative.float64),
    ]
    after = "All calls take CUDA arrays too ([guide](../guides/cuda.md)). Every method: [Gate](../reference/gate.md).\n"
    return "\n".join(
        [
            f"# {name}\n\n{prose(g.record.summary)}\n",
            picture(name, f"{name} against a for three values of b, and its derivative by a"),
            formula("y", g.record.formula),
            formula(r"\frac{\partial y}{\partial a}", g.record.derivative),
            properties(g.record),
            section("Parameters", parameters(g.record)),
            section("Example", example),
            section("Calls", table(("call", "gives"), rows), after),
            section("In other libraries", elsewhere(name)),
            section("Notes", docstring(g)),
            section("Error", "Largest errors in ulp, published and tested:\n", widths(bounds)),
        ]
    )
