"""What the compiled loops are made of, and what importing the package does not do."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

from cases import DIRECTIONS, trainable

from fastact import Activation
from fastact.cpu import loops, target

NARROW = ("float32", "float16", "bfloat16")


def code(activation: Activation, direction: Any, dtype: str, *, arrays: bool = False) -> tuple[str, str]:
    """Optimized LLVM IR and assembly of one kernel."""
    name, *rest, _ = loops.form(activation.record, direction, dtype, arrays=arrays)
    module = target.optimized(loops.source(name, *rest), name)
    return str(module), target.machine().emit_assembly(module)


def kernel(ir: str, activation: Activation, direction: str) -> str:
    """The body of the kernel's own function."""
    found = re.search(rf"define [^\n]*@fastact_{activation.name}_{direction}_\w+\(.*?\n}}", ir, re.DOTALL)
    assert found, "the kernel is not in its module"
    return found.group()


def kernels(activation: Activation) -> list[tuple[str, bool]]:
    """Every direction, with scalars and with arrays for parameters."""
    directions = (*DIRECTIONS, "backward_params") if trainable(activation) else DIRECTIONS
    return [(d, arrays) for d in directions for arrays in ((False, True) if activation.params else (False,))]


def test_no_double_in_narrow_loops(activation: Activation) -> None:
    for dtype in NARROW:
        for direction, arrays in kernels(activation):
            body = kernel(code(activation, direction, dtype, arrays=arrays)[0], activation, direction)
            assert not re.search(r"\bdouble\b", body), f"{direction} {dtype}"


def test_no_call_is_left_in_a_loop(activation: Activation, dtype: str) -> None:
    """All that LLVM may call is an intrinsic that is one instruction, or so; the assembly has no call at all."""
    for direction, arrays in kernels(activation):
        ir, assembly = code(activation, direction, dtype, arrays=arrays)
        body = kernel(ir, activation, direction)
        called = set(re.findall(r"call [^@\n]*@([\w.]+)", body))
        assert all(name.startswith("llvm.") for name in called), called
        start = assembly.index(f"fastact_{activation.name}_{direction}_{dtype}")
        label = re.search(rf"^fastact_{activation.name}_{direction}_{dtype}\w*:$", assembly[start - 1 :], re.MULTILINE)
        assert label
        own = assembly[start - 1 + label.end() :]
        own = own[: own.index(".size") if ".size" in own else None]
        assert not re.search(r"^\s+(call|bl|jmp\s+[a-z]\w*@)\b", own, re.MULTILINE), f"{direction} {dtype}"


def test_loops_are_vectors(activation: Activation, dtype: str) -> None:
    element = "double" if dtype == "float64" else "(?:float|half|i16)"
    for direction, arrays in kernels(activation):
        body = kernel(code(activation, direction, dtype, arrays=arrays)[0], activation, direction)
        lengths = {int(n) for n in re.findall(rf"<(\d+) x {element}>", body)}
        assert lengths, f"{direction} {dtype} has no vectors"
        assert max(lengths) >= (2 if dtype == "float64" else 4)
        assert "vector.body" in body


def test_arithmetic_is_exact(activation: Activation, dtype: str) -> None:
    """No fast-math flags, and no contraction: a fused operation is one that was written."""
    flags = r"\b(fast|nnan|ninf|nsz|arcp|contract|afn|reassoc)\b"
    for direction, arrays in kernels(activation):
        body = kernel(code(activation, direction, dtype, arrays=arrays)[0], activation, direction)
        for line in body.splitlines():
            if re.search(r"\b(fadd|fsub|fmul|fdiv|fneg|fcmp|call)\b", line):
                assert not re.search(flags, line), line
        assert "fmuladd" not in body


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_compiles_nothing() -> None:
    program = """
made = []
from numba.core import codegen
finalize = codegen.CPUCodeLibrary.finalize
codegen.CPUCodeLibrary.finalize = lambda self: (made.append(self.name), finalize(self))[1]
from fastact.cpu import loops, target
load = target.load
target.load = lambda name, *rest: (made.append(name), load(name, *rest))[1]
import fastact, fastact.ufuncs
ours = [name for name in made if "fastact" in name or "driver" in name]
assert not ours, ours
count = len(made)
[getattr(fastact.ufuncs, name) for name in dir(fastact.ufuncs)]
print(count, [n for n in made[count:] if "fastact_" in n and n != "fastact_strided_loop"])
import numpy as np
fastact.relu(np.ones(3))
assert any("fastact_relu_forward_float64" in name for name in made), made
assert not any("float32" in name or "fastact_gelu" in name for name in made), made
"""
    count, rest = run(program).split(" ", 1)
    assert int(count) == 0
    assert rest == "[]"


def test_import_leaves_heavy_packages_out() -> None:
    heavy = ("fastact._reference", "fastact.oracle", "mpmath", "torch", "jax", "pandas", "rich", "matplotlib", "ml_dtypes", "sklearn")
    program = f"import sys, fastact; print([n for n in {heavy} if n in sys.modules])"
    assert run(program) == "[]"
