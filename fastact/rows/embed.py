"""Plain C loops over dense rows, by address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from llvmlite import ir

from fastact.cpu.embed import ACCEPTED, dtype_name
from fastact.cpu.loops import Kernel, build
from fastact.numerics.emit import DOUBLE, I64, PTR, constant
from fastact.rows import words
from fastact.rows.access import SIZE, Operand
from fastact.rows.kernel import emit
from fastact.rows.programs import Plan
from fastact.rows.record import RowRecord

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

_plain: dict[tuple[RowRecord, str, str], Kernel] = {}


def address(function: Any, dtype: DTypeLike = "float32", direction: Literal["forward", "backward"] = "forward") -> int:
    """Address of a plain C loop over dense rows, compiled on demand and valid as long as the process lives.

    Parameters
    ----------
    dtype : {"float16", "bfloat16", "float32", "float64"}
        Element type T, by its name or as a dtype of NumPy.
    direction : {"forward", "backward"}
        ``void f(intptr_t rows, intptr_t n, const T *x, T *y)`` with rows of n elements one after another; y of logsumexp has one element
        for each. Backward is ``void f(intptr_t rows, intptr_t n, const T *dy, const T *x, T *dx)``. Outputs may be inputs of their size.

    Returns
    -------
    int
        The address. The loop uses the calling thread alone and may be called from many at once.
    """
    record, call = function.record, f"{function.name}.address"
    name = dtype_name(call, dtype, ACCEPTED)
    accepted = ("forward",) if record.flat else ("forward", "backward")
    if direction not in accepted:
        raise ValueError(f"{call}: direction is {direction!r}; accepted are {', '.join(accepted)}")
    key = record, name, direction
    if key not in _plain:
        _plain[key] = _compile(record, name, backward=direction == "backward")
    return _plain[key].address


def _compile(record: RowRecord, dtype: str, *, backward: bool) -> Kernel:
    """A function that tells the kernel of a program where the rows are; the kernel itself is inlined."""
    written = "dx" if backward and not record.reduces else "y"
    single = {"dy" if backward else "y"} if record.reduces else set()
    given = ["dy", "x", written] if backward else ["x", written]
    names = sorted(("x", *(n for n in given if n != "x")), key=lambda n: n in single)
    operands = tuple(Operand(n, dtype, n in single) for n in names)
    program = f"{record.program}_backward" if backward else record.program
    width = "float64" if dtype == "float64" else "float32"
    plan = Plan(program, width, operands, record.sign != 1.0, stash=program == "softmax" and dtype == width)

    def write(builder: Any, rows: Any, n: Any, *pointers: Any) -> None:
        told = builder.inttoptr(builder.ptrtoint(builder.alloca(ir.ArrayType(I64, words.KERNEL_WORDS)), I64), PTR)

        def put(index: int, value: Any) -> None:
            builder.store(value, builder.gep(told, [constant(I64, index)], source_etype=I64))

        put(words.LENGTH, n)
        for index in (words.LIMIT, words.STEP):
            put(index, constant(I64, 0))
        for k in range(words.NUMBERS_COUNT):
            put(words.NUMBERS + k, constant(DOUBLE, record.sign))
        for k, operand in enumerate(operands):
            size = constant(I64, SIZE[dtype])
            put(words.FIRST + words.PAIR * k, builder.ptrtoint(pointers[given.index(operand.name)], I64))
            put(words.FIRST + words.PAIR * k + 1, size if operand.per_row else builder.mul(n, size))
        emit(builder, plan, told, rows)

    return build(f"fastact_rows_{record.name}_{'backward' if backward else 'forward'}_{dtype}", [I64, I64, *[PTR] * len(given)], write)
