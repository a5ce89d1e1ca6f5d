"""The cases of the elementwise kernels: every function, dtype and direction, with the CPU's results as digests."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import fastact as fa
from bench.gpu.case import Case, Launch, Recipe, Texts, made
from bench.gpu.digest import digest
from bench.gpu.kernels import persistent
from bench.gpu.speed import PERSISTENT
from fastact.cpu.ufunc import make_ufunc
from fastact.cuda.catalogue import DIRECTIONS, DTYPES
from fastact.cuda.elementwise import flat
from fastact.cuda.target import Program
from fastact.directions import Direction, signature
from fastact.record import Record

COUNTS = {"float16": 65536, "bfloat16": 65536, "float32": 1 << 20, "float64": 1 << 18}
TAIL = 5
"""Elements beyond the last whole block, which are done one by one."""


def records() -> list[Record]:
    """Activations and gates."""
    return [f.record for f in fa.ACTIVATIONS] + [f.record for f in fa.GATES]


def as_floats(bits: Any, dtype: str) -> Any:
    """Bits as NumPy's floats, or those of ml_dtypes."""
    if dtype != "bfloat16":
        return bits.view(dtype)
    import ml_dtypes

    return bits.view(ml_dtypes.bfloat16)


def keep(texts: Texts, program: Program) -> str:
    """Put a program among the texts; return its key."""
    key = f"{program.name} {digest(np.frombuffer(program.ptx.encode(), np.uint8).astype(np.uint16), 'float16'):x}"
    texts[key] = program.name, program.ptx, program.span
    return key


def recipes(record: Record, direction: Direction, dtype: str, count: int) -> list[Recipe]:
    """The data of a direction: x of every value where there are 2^16 of them, all else spread; then the results."""
    sig = signature(record, direction, dtype)
    inputs = len(sig.inputs) - sig.params
    every = dtype in ("float16", "bfloat16")
    data = [Recipe("every" if every and k == inputs - 1 else "spread", dtype, count, k) for k in range(inputs)]
    return data + [Recipe("result", dtype, count)] * len(sig.outputs)


def results(record: Record, direction: Direction, dtype: str, data: Sequence[Recipe], params: tuple[float, ...]) -> list[Any]:
    """What the CPU makes of them."""
    inputs = [as_floats(made(r), dtype) for r in data if r.kind != "result"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = make_ufunc(record, direction)(*inputs, *(np.dtype(wide(dtype)).type(p) for p in params))
    return list(got) if isinstance(got, tuple) else [got]


def wide(dtype: str) -> str:
    """The dtype of parameters."""
    return "float64" if dtype == "float64" else "float32"


VARIED = ("relu", "sigmoid", "gelu", "mish")
FORMS = ("1", "2", "4", PERSISTENT)


def named(record: Record, direction: Direction, dtype: str, form: str) -> str:
    """The name of a case."""
    return " ".join(filter(None, [record.name, direction, dtype, form]))


def case(texts: Texts, record: Record, direction: Direction, dtype: str, count: int, form: str = "") -> Case:
    """The flat kernel of a direction, parameters by value; `form` is a variant of it, "persistent" or a number of vectors a thread."""
    varied = form not in ("", PERSISTENT)
    program = (
        persistent(record, direction, dtype) if form == PERSISTENT else flat(record, direction, dtype, None, int(form) if varied else None)
    )
    data = recipes(record, direction, dtype, count)
    expected = results(record, direction, dtype, data, record.typical)
    arguments = [("data", k, 0) for k in range(len(data))] + [(wide(dtype), p) for p in record.typical] + [("uint32", count)]
    launch = Launch(keep(texts, program), -(-count // program.span), tuple(arguments))
    first = len(data) - len(expected)
    told = tuple((first + k, f"{digest(e, dtype):016x}") for k, e in enumerate(expected))
    return Case(named(record, direction, dtype, form), tuple(data), (launch,), told)


def cases(texts: Texts, record: Record, few: bool = False, only: str = "") -> Iterator[Case]:
    """Those of a function whose names match `only`; `few` makes small ones."""
    chosen = [(direction, dtype, 1 << 12 if few else COUNTS[dtype], "") for direction in DIRECTIONS for dtype in DTYPES]
    if record.name in VARIED:
        ways = itertools.product(("forward", "backward"), ("float32", "bfloat16"), FORMS)
        chosen += [(direction, dtype, 1 << 14, form) for direction, dtype, form in ways]
    for direction, dtype, count, form in chosen:
        if re.search(only, named(record, direction, dtype, form)):
            yield case(texts, record, direction, dtype, count + TAIL, form)
