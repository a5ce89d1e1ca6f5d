"""Words of memory, calls by address and calls into Python, as Numba intrinsics: what the driver is written in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

PTR = ir.PointerType()
I1, I8, I16, I32, I64, I128 = (ir.IntType(bits) for bits in (1, 8, 16, 32, 64, 128))


helper = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""For functions that only compiled code calls; the wrappers for other callers would double the compile time."""
TASK_LOOP = types.void(*[types.voidptr] * 4)
LAUNCH_LOOP = types.intp(types.intp)
RUN_LOOP = types.void(*[types.intp] * 3)
GENERAL_LOOP = types.intp(*[types.intp] * 4)
ACCUMULATE_LOOP = types.void(*[types.intp] * 5)


def _element(builder: Any, address: Any, index: Any) -> Any:
    return builder.gep(builder.inttoptr(address, PTR), [index], source_etype=I64)


def call_address(builder: Any, address: Any, result: Any, arguments: list[Any]) -> Any:
    """Call a function by its address."""
    kind = ir.FunctionType(result, [a.type for a in arguments])
    return builder.call(builder.inttoptr(address, kind.as_pointer()), arguments)


def loop(builder: Any, bounds: tuple[Any, Any, int], carried: Sequence[Any], body: Callable[[Any, list[Any]], Sequence[Any]]) -> list[Any]:
    """Run `body(index, carried)` for index = start, start + step... while index < stop; return what it carries out."""
    start, stop, step = bounds
    before = builder.block
    head, run, done = (builder.append_basic_block(name) for name in ("head", "run", "done"))
    builder.branch(head)
    builder.position_at_end(head)
    index = builder.phi(I64)
    index.add_incoming(start, before)
    values = []
    for first in carried:
        value = builder.phi(first.type)
        value.add_incoming(first, before)
        values.append(value)
    builder.cbranch(builder.icmp_signed("<", index, stop), run, done)
    builder.position_at_end(run)
    results = body(index, values)
    index.add_incoming(builder.add(index, I64(step)), builder.block)
    for value, result in zip(values, results, strict=True):
        value.add_incoming(result, builder.block)
    builder.branch(head)
    builder.position_at_end(done)
    return values


@intrinsic
def word(typing: Any, address: Any, index: Any) -> Any:
    """The int64 at `address + 8 index`."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_element(builder, *args), "monotonic", 8, typ=I64)

    return types.intp(types.intp, types.intp), lower


@intrinsic
def put(typing: Any, address: Any, index: Any, value: Any) -> Any:
    """Store an int64 at `address + 8 index`."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _element(builder, *args[:2]))
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), lower


@intrinsic
def lesser(typing: Any, a: Any, b: Any) -> Any:
    """The smaller of two integers; Numba's own `min` is compiled apart, at a tenth of a second."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.icmp_signed("<", *args), *args)

    return types.intp(types.intp, types.intp), lower


@intrinsic
def address_of(typing: Any, pointer: Any) -> Any:
    """A pointer as an integer."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ptrtoint(args[0], I64)

    return types.intp(pointer), lower


@intrinsic
def scratch(typing: Any, count: Any) -> Any:
    """Address of `count` bytes of stack, 64-byte aligned, that live as long as the caller; `count` is a literal."""
    if not isinstance(count, types.IntegerLiteral):
        return None

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        with builder.goto_entry_block():
            space = builder.alloca(ir.ArrayType(I8, count.literal_value))
        space.align = 64
        return builder.ptrtoint(space, I64)

    return types.intp(count), lower


@intrinsic
def run_kernel(typing: Any, kernel: Any, args: Any, n: Any) -> Any:
    """Call ``void kernel(char **args, intptr_t n)``."""

    def lower(context: Any, builder: Any, signature: Any, a: Any) -> Any:
        call_address(builder, a[0], ir.VoidType(), [builder.inttoptr(a[1], PTR), a[2]])
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), lower


@intrinsic
def run_parallel(typing: Any, parallel_for: Any, task: Any, tasks: Any, data: Any, threads: Any) -> Any:
    """Numba's own parallel_for: `task` is called with ranges of [1, tasks]; one pseudo-operand carries the index."""

    def lower(context: Any, builder: Any, signature: Any, a: Any) -> Any:
        one = [cgutils.alloca_once_value(builder, I64(1)) for _ in range(2)]
        dims = cgutils.alloca_once_value(builder, a[2])
        arguments = [
            builder.inttoptr(a[1], PTR),
            one[0],
            dims,
            one[1],
            builder.inttoptr(a[3], PTR),
            I64(0),
            I64(1),
            builder.trunc(a[4], I32),
        ]
        call_address(builder, a[0], ir.VoidType(), arguments)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5), lower


def python_code(builder: Any, ensure: Any, call: Any, release: Any, function: Any) -> Any:
    """The code of `call_python`."""
    state = call_address(builder, ensure, I32, [])
    result = call_address(builder, call, PTR, [builder.inttoptr(function, PTR)])
    call_address(builder, release, ir.VoidType(), [state])
    failed = builder.icmp_unsigned("==", builder.ptrtoint(result, I64), I64(0))
    return builder.select(failed, I64(-1), I64(0))


@intrinsic
def call_python(typing: Any, ensure: Any, call: Any, release: Any, function: Any) -> Any:
    """Call a Python callable without arguments, holding the GIL; 0, or -1 with the exception left set.

    The first three operands are PyGILState_Ensure, PyObject_CallNoArgs and PyGILState_Release. The result of the
    callable is None, of which one reference more or less does not matter.
    """

    def lower(context: Any, builder: Any, signature: Any, a: Any) -> Any:
        return python_code(builder, *a)

    return types.intp(*[types.intp] * 4), lower


def _caller(count: int, result: Any) -> Any:
    """An intrinsic that calls ``result f(intptr_t, ...)`` with `count` operands by its address."""
    returned = I64 if result is types.intp else ir.VoidType()

    def lower(context: Any, builder: Any, signature: Any, a: Any) -> Any:
        value = call_address(builder, a[0], returned, list(a[1:]))
        return value if result is types.intp else context.get_dummy_value()

    kind = result(*[types.intp] * (count + 1))

    def three(typing: Any, function: Any, a: Any, b: Any, c: Any) -> Any:
        return kind, lower

    def four(typing: Any, function: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
        return kind, lower

    def five(typing: Any, function: Any, a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
        return kind, lower

    def one(typing: Any, function: Any, a: Any) -> Any:
        return kind, lower

    return intrinsic({1: one, 3: three, 4: four, 5: five}[count])


call_run = _caller(3, types.void)
call_general = _caller(4, types.intp)
call_launch = _caller(1, types.intp)
call_accumulate = _caller(5, types.void)
call_draw = _caller(4, types.void)


@intrinsic
def real_word(typing: Any, address: Any, size: Any) -> Any:
    """The float32 (size 4) or float64 at `address`, as float64."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = builder.inttoptr(args[0], PTR)
        narrow = builder.icmp_signed("==", args[1], I64(4))
        with builder.if_else(narrow) as (then, otherwise):
            with then:
                single = builder.fpext(builder.load(pointer, typ=ir.FloatType(), align=4), ir.DoubleType())
                from_then = builder.block
            with otherwise:
                double = builder.load(pointer, typ=ir.DoubleType(), align=8)
                from_otherwise = builder.block
        value = builder.phi(ir.DoubleType())
        value.add_incoming(single, from_then)
        value.add_incoming(double, from_otherwise)
        return value

    return types.float64(types.intp, types.intp), lower


@intrinsic
def add_real(typing: Any, address: Any, value: Any) -> Any:
    """Add `value` to the float64 at `address`."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = builder.inttoptr(args[0], PTR)
        builder.store(builder.fadd(builder.load(pointer, typ=ir.DoubleType(), align=8), args[1]), pointer, align=8)
        return context.get_dummy_value()

    return types.void(types.intp, types.float64), lower
