"""Scalars in a user's kernel of numba.cuda: its PTX, compiled with the default options, has the bits of the array calls."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import edges, ordinary, same_bits, uniform_bits
from ptx import Memory, run

import fastact
from fastact import Activation, Gate, verify

needed = pytest.mark.skipif(importlib.util.find_spec("numba_cuda") is None, reason="numba-cuda is not installed")
WIDTHS = ("float32", "float64")
BLOCK = 128
OWN = r"\b(add|sub|mul)\.f32"


def kernel(scalar: Any, grad: Any, count: int) -> Any:
    """What a user writes: y and d hold the scalar's value, and all that its gradient's variant returns."""
    from numba import cuda

    def one(a: Any, y: Any, d: Any) -> None:
        i = cuda.grid(1)
        if i < y.size:
            y[i] = scalar(a[i])
            d[0, i], d[1, i] = grad(a[i])

    def two(a: Any, b: Any, y: Any, d: Any) -> None:
        i = cuda.grid(1)
        if i < y.size:
            y[i] = scalar(a[i], b[i])
            d[0, i], d[1, i], d[2, i] = grad(a[i], b[i])

    def three(a: Any, b: Any, c: Any, y: Any, d: Any) -> None:
        i = cuda.grid(1)
        if i < y.size:
            y[i] = scalar(a[i], b[i], c[i])
            d[0, i], d[1, i], d[2, i], d[3, i] = grad(a[i], b[i], c[i])

    def five(a: Any, b: Any, c: Any, e: Any, f: Any, y: Any, d: Any) -> None:
        i = cuda.grid(1)
        if i < y.size:
            y[i] = scalar(a[i], b[i], c[i], e[i], f[i])
            d[0, i], d[1, i], d[2, i], d[3, i], d[4, i], d[5, i] = grad(a[i], b[i], c[i], e[i], f[i])

    return {1: one, 2: two, 3: three, 5: five}[count]


def launch(function: Any, arrays: list[Any], count: Any, capability: tuple[int, int] = (8, 0), *, own: bool = False) -> str:
    """Compile without a driver, and run by the interpreter, a thread for each of `count` elements, or a grid; the text.

    The interpreter refuses sums and products that may be contracted; with `own`, they are the user's, and taken as they are written.
    """
    from numba import cuda, from_dtype, types

    kinds = [types.Array(from_dtype(a.dtype), a.ndim, "C") for a in arrays]
    ptx, _ = cuda.compile_ptx(function, tuple(kinds), cc=capability)
    entry = re.search(r"\.entry (\w+)", ptx)
    assert entry
    memory = Memory()
    words = [w for a in arrays for w in (0, 0, a.size, a.itemsize, memory.add(a), *a.shape, *a.strides)]
    text = re.sub(OWN, r"\1.rn.f32", ptx) if own else ptx
    run(text, entry.group(1), count if isinstance(count, tuple) else -(-count // BLOCK), BLOCK, words, memory)
    return str(ptx)


def inputs(name: str, activation: Any, operands: int, params: list[tuple[float, ...]]) -> list[Any]:
    """A column for each operand and parameter: bits of any kind, where functions bend, and every set of parameters."""
    rng, dtype = np.random.default_rng(1), np.dtype(name)
    points = [*(edges(name, activation, p) for p in params), uniform_bits(name, 1000, 2), ordinary(name, 1000)]
    x = np.concatenate(points)
    chosen = np.array([np.array(p, dtype) for p in params]).reshape(len(params), -1)[rng.integers(len(params), size=x.size)]
    return [x, *(rng.permutation(x) for _ in range(operands - 1)), *np.ascontiguousarray(chosen.T)]


@needed
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("function", [*fastact.ACTIVATIONS, *fastact.GATES], ids=lambda f: f.name)
def test_bits_in_a_users_kernel(function: Activation | Gate, width: str) -> None:
    operands = len(function.record.operands)
    columns = inputs(width, function if operands == 1 else None, operands, verify.parameters(function, every=True))
    count, size = len(columns), columns[0].size
    y, d = np.full(size, 7.0, width), np.full((1 + count, size), 7.0, width)
    launch(kernel(function.cuda_scalar, function.cuda_scalar_grad, count), [*columns, y, d], size)
    expected = function.value_and_grad(*columns)
    same_bits(y, expected[0])
    for found, wanted in zip(d, expected, strict=False):
        same_bits(found, wanted)
    if function.params:
        some = slice(0, size, 8)
        rows = [function.scalar_grad(*values) for values in zip(*(c[some] for c in columns), strict=True)]
        same_bits(np.ascontiguousarray(d[:, some]), np.array(rows, width).T)


@needed
@pytest.mark.parametrize("capability", [(8, 0), (9, 0), (10, 0), (12, 0)])
def test_every_architecture(capability: tuple[int, int]) -> None:
    """libNVVM speaks one dialect before compute capability 10, and another from there."""
    for width in WIDTHS:
        for function in (fastact.gelu, fastact.squareplus):
            x, *params = inputs(width, function, 1, [function.record.typical])
            y, d = np.empty_like(x), np.empty((2 + len(params), x.size), width)
            code = kernel(function.cuda_scalar, function.cuda_scalar_grad, 1 + len(params))
            launch(code, [x, *params, y, d], x.size, capability)
            same_bits(y, function(x, *params))
            same_bits(d[1], function.derivative(x, *params))


@needed
def test_float16_is_computed_in_float32() -> None:
    from numba import cuda

    mish = fastact.mish.cuda_scalar

    def half(x: Any, y: Any) -> None:
        i = cuda.grid(1)
        if i < x.size:
            y[i] = mish(x[i])

    x = np.arange(65536, dtype=np.uint16).view(np.float16)
    y = np.empty_like(x)
    text = launch(half, [x, y], x.size)
    assert not re.search(r"\.f64", text)
    same_bits(y, fastact.mish(x))


@needed
def test_defaults_names_and_whole_numbers() -> None:
    from numba import cuda

    elu, swiglu = fastact.elu.cuda_scalar, fastact.swiglu.cuda_scalar_grad

    def mixed(x: Any, y: Any) -> None:
        i = cuda.grid(1)
        if i < x.size:
            y[0, i] = elu(x[i])
            y[1, i] = elu(x[i], alpha=2)
            y[2, i] = elu(i, 0.5)
            y[3, i] = swiglu(x[i], b=x[i])[1]

    for width in WIDTHS:
        x = ordinary(width, 300)
        y = np.empty((4, x.size), width)
        launch(mixed, [x, y], x.size)
        wide = fastact.elu(np.arange(x.size, dtype=np.float64), 0.5).astype(width)
        for found, wanted in zip(y, (fastact.elu(x), fastact.elu(x, 2.0), wide, fastact.swiglu.derivative(x, x)[0]), strict=True):
            same_bits(found, wanted)


@needed
def test_nothing_of_it_can_be_contracted_with_the_users_sums_and_products() -> None:
    from numba import cuda

    def around(x: Any, y: Any) -> None:
        i = cuda.grid(1)
        if i < x.size:
            y[i] = scalar(x[i] * y[i]) * x[i]

    kind = "float32[::1], float32[::1]"
    for function in fastact.ACTIVATIONS:
        if all(p.default is not None for p in function.params):
            scalar = function.cuda_scalar
            ptx, _ = cuda.compile_ptx(around, f"void({kind})", cc=(8, 0))
            assert len(re.findall(OWN, ptx)) <= 2, function.name


@needed
def test_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1]))
    example = importlib.import_module("bench.examples.kernel")
    x, h, dy, y, dh = (ordinary("float32", (40, 128), seed) for seed in range(5))
    bias = ordinary("float32", 128, 7)
    launch(example.residual.py_func, [x, h, bias, y], (1, 40), own=True)
    launch(example.residual_grad.py_func, [dy, h, bias, dh], (1, 40), own=True)
    same_bits(y, x + fastact.gelu(h + bias))
    same_bits(dh, fastact.gelu.backward(dy, h + bias))


@needed
def test_signature_and_name() -> None:
    assert str(inspect.signature(fastact.elu.cuda_scalar)) == "(x, alpha=1.0)"
    assert str(inspect.signature(fastact.swiglu.cuda_scalar_grad)) == "(a, b, beta=1.0)"
    assert fastact.elu.cuda_scalar is fastact.elu.cuda_scalar
    assert fastact.elu.cuda_scalar_grad.__name__ == "elu_cuda_scalar_grad"
    with pytest.raises(NotImplementedError):
        fastact.elu.cuda_scalar(1.0)


@needed
def test_errors_of_a_kernel() -> None:
    from numba import cuda
    from numba.core.errors import TypingError

    gelu, glu = fastact.gelu.cuda_scalar, fastact.glu.cuda_scalar

    def of_an_array(x: Any) -> None:
        x[0] = gelu(x)

    def without(x: Any) -> None:
        x[0] = glu(x[0])

    for wrong, told in (
        (of_an_array, r"gelu\.cuda_scalar: x is of type array.*; accepted are numbers"),
        (without, r"glu\.cuda_scalar: missing a required argument: '?b'?; accepted is \(a, b\)"),
    ):
        with pytest.raises(TypingError, match=told):
            cuda.compile_ptx(wrong, "void(float32[::1])", cc=(8, 0))


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba_cuda", None)
    message = r"gated_hard_swish\.cuda_scalar_grad needs numba-cuda 0\.30.*fastact\[numba-cuda\]"
    with pytest.raises(fastact.CudaUnavailableError, match=message):
        fastact.gated(fastact.hard_swish).cuda_scalar_grad  # noqa: B018


@needed
def test_a_numpy_that_numba_cuda_does_not_work_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(np, "row_stack")
    with pytest.raises(fastact.CudaUnavailableError, match=r"NumPy before 2\.5.*; NumPy \S+ is installed"):
        fastact.gated(fastact.hard_swish).cuda_scalar  # noqa: B018
