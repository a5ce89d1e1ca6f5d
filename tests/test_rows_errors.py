"""Bad input of the functions of rows: the message names the call, the argument and what is accepted, and nothing is written."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastact as fa
from fastact.cpu import loops, target
from fastact.rows.access import Operand
from fastact.rows.kernel import PROGRAMS, form
from fastact.rows.programs import Plan

X = np.zeros((3, 4, 5), np.float32)
FIXED = np.zeros_like(X)
FIXED.flags.writeable = False
CHECK = fa.softmax_cross_entropy
CASES: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
    (fa.softmax, (X, 3), {}, ValueError, "softmax: axis is 3, and x has 3 axes; accepted are whole numbers from -3 to 2"),
    (fa.softmax, (X, (0, -3)), {}, ValueError, "softmax: axis is (0, -3), which names an axis twice"),
    (fa.softmax, (X, 1.5), {}, TypeError, "softmax: axis is 1.5; accepted is a whole number, a tuple of them, or None for all axes"),
    (fa.softmax, (np.float32(1),), {}, ValueError, "softmax: x is a single number; accepted are arrays of at least one axis"),
    (fa.softmax, (X + 1j,), {}, TypeError, "softmax: x has dtype complex64; accepted are float16, bfloat16, float32"),
    (fa.softmax, (X,), {"wher": None}, TypeError, "softmax: no option 'wher'; accepted are axis, out, where, scale, causal, offsets"),
    (fa.softmin, (X,), {"where": X}, TypeError, "softmin: where has dtype float32; accepted is bool"),
    (fa.softmax, (X,), {"where": np.ones(4, bool)}, ValueError, "softmax: where has shape (4,), which does not broadcast to (3, 4, 5)"),
    (fa.softmax, (X,), {"scale": X}, TypeError, "softmax: scale is array"),
    (fa.softmax, (X, 1), {"causal": True}, ValueError, "softmax: causal is for rows along the last axis of at least two"),
    (fa.softmax, (X[0, 0],), {"causal": True}, ValueError, "softmax: causal is for rows along the last axis of at least two"),
    (fa.softmax, (X,), {"causal": True, "offsets": [0, 5]}, ValueError, "softmax: causal and offsets are given; accepted is one of them"),
    (fa.softmax, (X, 0), {"offsets": [0, 2, 1, 3]}, ValueError, "offsets must not decrease, from 0 to 3, the length of the axis; they"),
    (fa.softmax, (X, 0), {"offsets": [0, 2, 1, 3]}, ValueError, "offsets[2] is less than the one before"),
    (fa.softmax, (X, 0), {"offsets": [0, 2]}, ValueError, "they start with 0 and end with 2"),
    (fa.softmax, (X, 0), {"offsets": [1, 3]}, ValueError, "they start with 1 and end with 3"),
    (
        fa.softmax,
        (X, 0),
        {"offsets": [0.0, 3.0]},
        TypeError,
        "softmax: offsets has dtype float64 and shape (2,); accepted are",
    ),
    (fa.softmax, (X, (0, 1)), {"offsets": [0, 12]}, ValueError, "softmax: offsets are for rows along one axis; axis is (0, 1)"),
    (fa.softmax, (X,), {"out": X[0]}, ValueError, "softmax: out has shape (4, 5); accepted is the shape of the result, (3, 4, 5)"),
    (fa.softmax, (X,), {"out": [1]}, TypeError, "softmax: out is a list; accepted is a NumPy array, or None"),
    (fa.softmax, (X,), {"out": FIXED}, ValueError, "softmax: out is read-only; accepted is a writeable array"),
    (fa.softmax, (X,), {"out": np.zeros(X.shape, int)}, TypeError, "softmax: out has dtype int64, to which the result cannot be cast"),
    (fa.logsumexp, (X,), {"out": np.ones(5)}, ValueError, "logsumexp: out has shape (5,); accepted is the shape of the result, (3, 4)"),
    (fa.softmax.backward, (X[0, :2], X), {}, ValueError, "softmax.backward: dy has shape (2, 5), which does not broadcast to (3, 4, 5)"),
    (fa.logsumexp.backward, (X, X), {}, ValueError, "logsumexp.backward: dy has shape (3, 4, 5), which does not broadcast to (3, 4)"),
    (fa.logsumexp.backward_from_output, (X, X), {}, TypeError, "accepted is logsumexp.backward(dy, x)"),
    (fa.hardmax.backward, (X[0, :2], X), {}, ValueError, "hardmax.backward: dy has shape (2, 5), which does not broadcast"),
    (CHECK, (X, np.full((3, 4), 5)), {}, ValueError, "labels[0, 0] is 5; accepted are classes from 0 to 4"),
    (
        CHECK,
        (X, -np.eye(3, 4, dtype=int)),
        {"ignore_index": -2},
        ValueError,
        "labels[0, 0] is -1; accepted are classes from 0 to 4, and -2",
    ),
    (
        CHECK.value_and_grad,
        (X, [1, 2]),
        {},
        ValueError,
        "value_and_grad: labels has shape (2,); accepted is (3, 4), that of logits",
    ),
    (CHECK, (X, X[0]), {}, ValueError, "labels has shape (4, 5); accepted are probabilities in the shape of logits, (3, 4, 5)"),
    (CHECK, (X, X), {"label_smoothing": 2}, ValueError, "softmax_cross_entropy: label_smoothing is 2; accepted are numbers from 0 to 1"),
    (CHECK, (X, X, (0, 1)), {}, ValueError, "softmax_cross_entropy: axis is (0, 1); accepted is one axis"),
    (CHECK, (X[..., :0], X[..., 0].astype(int)), {}, ValueError, "with no classes along axis -1"),
    (CHECK.backward, (X, X, X), {}, ValueError, "backward: dy has shape (3, 4, 5), which does not broadcast to (3, 4), that of the losses"),
    (fa.sigmoid_cross_entropy, (X, X[0, :2]), {}, ValueError, "they do not broadcast"),
    (fa.sigmoid_cross_entropy, (X, "a"), {}, TypeError, "sigmoid_cross_entropy: targets has dtype <U1; accepted are"),
]


@pytest.mark.parametrize(("call", "given", "options", "error", "message"), CASES, ids=[c[4][:50] for c in CASES])
def test_messages(call: Any, given: tuple[Any, ...], options: dict[str, Any], error: type[Exception], message: str) -> None:
    out = np.full(X.shape, 7, np.float32)
    with pytest.raises(error, match=re.escape(message)):
        call(*given, **({} if call in (fa.logsumexp, CHECK) else {"out": out}) | options)
    assert (out == 7).all()
    assert (X == 0).all()


def test_objects() -> None:
    for function in (*fa.ROWS, fa.softmax_cross_entropy, fa.sigmoid_cross_entropy):
        assert getattr(fa, function.name) is function
        assert function.formula
        assert function.name in repr(function)
        assert (function.__doc__ or "").strip()
        assert pickle.loads(pickle.dumps(function)) is function


def plans() -> list[Plan]:
    found = []
    for program in PROGRAMS:
        for dtype in ("float16", "bfloat16", "float32", "float64"):
            target = "dx" if "_from_" in program or (program.endswith(("backward", "jvp")) and "sumexp" not in program) else "y"
            names = ["dy", "y", "dx"] if "_from_" in program else ["x", "dy", "dx"] if target == "dx" else ["x", "y"]
            if "entropy" in program:
                names = ["x", "t", "dx"]
            if program in ("logsumexp_jvp", "cross_entropy_jvp"):
                names = ["x", "dy", "t"] if "entropy" in program else ["x", "dy"]
            rows = {"logsumexp": ["y"], "logsumexp_jvp": ["y"], "logsumexp_backward": ["dy"], "cross_entropy_jvp": ["loss"]}.get(
                program, []
            )
            operands = [Operand(n, dtype) for n in names if n not in rows]
            operands += [Operand(n, dtype, per_row=True) for n in rows]
            width = "float64" if dtype == "float64" else "float32"
            found.append(Plan(program, width, tuple(operands), stash=program == "softmax" and dtype == width))
    return found


@pytest.mark.parametrize("plan", plans(), ids=lambda p: f"{p.program}-{p.operands[0].dtype}")
def test_code(plan: Plan) -> None:
    """Vectors everywhere, no call, no contraction and no fast-math."""
    name, *rest = form(plan)
    module = target.optimized(loops.source(name, *rest), name)
    code = str(module)
    assert "fmuladd" not in code
    assert not re.search(r"= f(add|sub|mul|div) (fast|nnan|ninf|nsz|arcp|contract|afn|reassoc)", code)
    called = set(re.findall(r"call [^@\n]*@([\w.]+)", code))
    assert all(name.startswith("llvm.") for name in called), called
    own = target.machine().emit_assembly(module)
    assert not re.search(r"^\s+(call|bl)\b", own, re.MULTILINE)
    lanes, kind = (8, "double") if plan.width == "float64" else (16, "float")
    assert f"<{lanes} x {kind}>" in code
