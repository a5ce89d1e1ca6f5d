"""Sessions with what they print: the functions are called when the pages are made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

import fastact as fa

IMPORT = "import numpy as np, fastact as fa"


def session(before: Iterable[str], shown: Iterable[tuple[str, Any]]) -> str:
    """A block of pycon: lines that print nothing, and expressions with their values."""
    lines = [f">>> {line}\n" for line in before] + [f">>> {text}\n{value!r}\n" for text, value in shown]
    return f"```pycon\n{''.join(lines)}```\n"


def activation(f: fa.Activation) -> str:
    """A session with what it printed."""
    x = np.array([-2, -0.5, 0, 0.5, 2], np.float32)
    dy, params = np.ones_like(x), f.record.typical if any(p.default is None for p in f.params) else ()
    given = "".join(f", {p:g}" for p in params)
    shown = [
        (f"fa.{f.name}(x{given})", f(x, *params)),
        (f"fa.{f.name}.backward(np.ones_like(x), x{given})", f.backward(dy, x, *params)),
        (f"fa.{f.name}.value_and_grad(np.float64(1){given})", f.value_and_grad(np.float64(1), *params)),
    ]
    return session(["import numpy as np, fastact as fa", "x = np.array([-2, -0.5, 0, 0.5, 2], np.float32)"], shown)


def gate(g: fa.Gate) -> str:
    """Two arrays, and the halves of one."""
    name = g.name
    a, b = np.array([1, -2, 0.5], np.float32), np.array([3, 4, -1], np.float32)
    both, dy = np.concatenate([a, b]), np.ones_like(a)
    before = ["import numpy as np, fastact as fa", "a, b = np.array([1, -2, 0.5], np.float32), np.array([3, 4, -1], np.float32)"]
    shown = [
        (f"fa.{name}(a, b)", g(a, b)),
        (f"fa.{name}.backward(np.ones_like(a), a, b)", g.backward(dy, a, b)),
        (f"fa.{name}.packed(np.concatenate([a, b]))", g.packed(both)),
    ]
    return session(before, shown)


def rows(f: Any) -> str:
    """Along either axis, with a mask, and backward."""
    record, name = f.record, f.name
    x, dy = np.array([[1, 2, 4], [0, 0, -np.inf]], np.float32), np.array([1, 0, 0], np.float32)
    first = np.float32(1) if record.reduces else dy
    before = [IMPORT, "x = np.array([[1, 2, 4], [0, 0, -np.inf]], np.float32)", f"dy = np.{first!r}"]
    if record.reduces:
        before[-1] = "dy = np.float32(1)"
    shown = [
        (f"fa.{name}(x)", f(x)),
        (f"fa.{name}(x, axis=0)", f(x, axis=0)),
        (f"fa.{name}(x, where=x > 0)", f(x, where=x > 0)),
        (f"fa.{name}.backward(dy, x)", f.backward(first, x)),
    ]
    return session(before, shown)


def noisy(f: fa.Noisy) -> str:
    """Noise that is drawn and noise that is given."""
    name = f.name
    x = np.linspace(-3, 3, 5, dtype=np.float32)
    shown = [
        (f"fa.{name}(x, rng=7)", f(x, rng=7)),
        (f"fa.{name}.derivative(x, rng=7)", f.derivative(x, rng=7)),
        (f"fa.{name}(x, 0.5)  # the noise, given", f(x, 0.5)),
    ]
    if f.mean is not None:
        shown.append((f"fa.{name}.expected(x)", f.expected(x)))
    return session([IMPORT, "x = np.linspace(-3, 3, 5, dtype=np.float32)"], shown)


def loss(f: Any) -> str:
    """Losses and gradients."""
    logits = np.array([[2, 0, -1], [0, 1, 3]], np.float32)
    soft = f.name == "softmax_cross_entropy"
    given, text = (np.array([0, 1]), "np.array([0, 1])") if soft else (np.float32(1), "1.0")
    before = [IMPORT, "logits = np.array([[2, 0, -1], [0, 1, 3]], np.float32)"]
    ways = [(f"fa.{f.name}(logits, {text})", f(logits, given))]
    if soft:
        ways.append((f"fa.{f.name}.value_and_grad(logits, {text})", f.value_and_grad(logits, given)))
    ways.append((f"fa.{f.name}.backward(1.0, logits, {text})", f.backward(1.0, logits, given)))
    return session(before, ways)


def pieces(f: Any) -> str:
    """Of two rows."""
    x = np.array([[1.0, 5, 3, 2], [-1, 0, -3, 4]])
    before = [IMPORT, "x = np.array([[1.0, 5, 3, 2], [-1, 0, -3, 4]])"]
    if f is fa.maxout:
        shown = [("fa.maxout(x, 2)", f(x, 2)), ("fa.maxout.with_index(x, 2)", f.with_index(x, 2))]
        shown.append(("fa.maxout.backward(np.ones((2, 2)), x, 2)", f.backward(np.ones((2, 2)), x, 2)))
    elif f is fa.crelu:
        shown = [("fa.crelu(x)", f(x)), ("fa.crelu.backward(np.ones((2, 8)), x)", f.backward(np.ones((2, 8)), x))]
    else:
        shown = [("fa.gumbel_softmax(x, rng=7, temperature=0.5)", f(x, rng=7, temperature=0.5))]
        shown.append(("fa.gumbel_softmax(x, rng=7, hard=True)", f(x, rng=7, hard=True)))
    return session(before, shown)
