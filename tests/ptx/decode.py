"""From a statement to the step that executes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import access, convert, floats, integers, warp
from .kinds import KINDS, RAW, Fault, kind_of
from .parse import Instruction, Kernel
from .threads import Fetch, Step, Threads, fetch, guarded, target

Array = Any
_PREDICATE = KINDS["pred"]
_COMPARE: dict[str, Callable[[Array, Array], Array]] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}
_UNSIGNED = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}
_COMBINE = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}


def step_of(kernel: Kernel, instruction: Instruction) -> Step:
    """The step of a statement, guard and all; branches, barriers and exits excepted."""
    step = _plain(kernel, instruction)
    if not instruction.guard:
        return step
    name = instruction.guard.removeprefix("!")
    return guarded(step, fetch(kernel, name, _PREDICATE), instruction.guard.startswith("!"))


def _plain(kernel: Kernel, instruction: Instruction) -> Step:
    parts = instruction.parts
    if parts[0] in ("ld", "st"):
        if "param" in parts:
            return access.parameter(kernel, instruction)
        return access.access(kernel, instruction)
    special = {"mov": _move, "cvta": _address_space, "setp": _set_predicate, "shfl": warp.shuffle, "vote": warp.vote}
    special |= {"activemask": warp.active_mask, "bar": warp.warp_barrier}
    if parts[0] in special:
        return special[parts[0]](kernel, instruction)
    if instruction.opcode in floats.APPROXIMATE:
        return _approximate(kernel, instruction)
    result, kinds, function = _operation(instruction)
    return _elementwise(kernel, instruction.operands, result, kinds, function, widening=parts[0] == "cvt")


def _operation(instruction: Instruction) -> tuple[Any, list[Any], Callable[..., Array]]:
    parts = instruction.parts
    if parts[0] == "cvt":
        return convert.conversion(parts)
    kind = KINDS[kind_of(parts)]
    if parts[-1] not in KINDS:
        raise Fault("unknown opcode")
    if parts[0] == "selp":
        return kind, [kind, kind, _PREDICATE], lambda a, b, p: np.where(p, a, b)
    if parts[0] == "slct":
        chosen = KINDS[kind_of(parts, 2)]
        return chosen, [chosen, chosen, kind], lambda a, b, c: np.where(c >= 0, a, b)
    if parts[0] == "testp":
        return _PREDICATE, [kind], floats.test(parts)
    if parts[-1] in ("f32", "f64") or parts in (("abs", "f16"), ("neg", "f16")):
        count, function = floats.arithmetic(parts)
        return kind, [kind] * count, function
    if "f" in parts[-1]:
        raise Fault("arithmetic on 16-bit floats")
    return integers.arithmetic(parts)


def _elementwise(
    kernel: Kernel,
    operands: tuple[str, ...],
    result: Any,
    kinds: list[Any],
    function: Callable[..., Array],
    *,
    widening: bool = False,
) -> Step:
    """The step of an operation element by element; registers are as wide as its types, or with `widening` at least as wide."""
    if len(operands) != len(kinds) + 1:
        raise Fault(f"{len(kinds)} operands are expected")
    if not widening:
        for text, kind in zip(operands, [result, *kinds], strict=True):
            if kernel.declares(text) and kernel.width(text) != (0 if kind == _PREDICATE else kind.itemsize):
                raise Fault(f"{text} has not the {8 * kind.itemsize} bits of the operation")
    write = target(kernel, operands[0], result)
    reads: list[Fetch] = [fetch(kernel, text, kind) for text, kind in zip(operands[1:], kinds, strict=True)]

    def step(threads: Threads) -> None:
        write(threads, function(*[read(threads) for read in reads]))

    return step


def _approximate(kernel: Kernel, instruction: Instruction) -> Step:
    opcode, kind = instruction.opcode, KINDS["f32"]
    write, read = target(kernel, instruction.operands[0], kind), fetch(kernel, instruction.operands[1], kind)
    return lambda threads: write(threads, threads.launch.approximation.of(opcode, read(threads)))


def _move(kernel: Kernel, instruction: Instruction) -> Step:
    (to, source), kind = instruction.operands, KINDS[kind_of(instruction.parts)]
    if "{" in to:
        return _split(kernel, [n.strip() for n in to.strip("{} ").split(",")], source, kind)
    if "{" in source:
        return _joined(kernel, to, [n.strip() for n in source.strip("{} ").split(",")], kind)
    return _elementwise(kernel, instruction.operands, kind, [kind], np.copy)


def _split(kernel: Kernel, names: list[str], source: str, kind: np.dtype[Any]) -> Step:
    part = RAW[kind.itemsize // len(names)]
    writes = [target(kernel, name, part) for name in names]
    read, raw = fetch(kernel, source, RAW[kind.itemsize]), RAW[kind.itemsize]

    def step(threads: Threads) -> None:
        value = read(threads)
        for k, write in enumerate(writes):
            write(threads, (value >> raw.type(8 * part.itemsize * k)).astype(part))

    return step


def _joined(kernel: Kernel, name: str, sources: list[str], kind: np.dtype[Any]) -> Step:
    part, raw = RAW[kind.itemsize // len(sources)], RAW[kind.itemsize]
    write, reads = target(kernel, name, raw), [fetch(kernel, source, part) for source in sources]

    def step(threads: Threads) -> None:
        value = raw.type(0)
        for k, read in enumerate(reads):
            value = value | (np.asarray(read(threads)).astype(raw) << raw.type(8 * part.itemsize * k))
        write(threads, value)

    return step


def _address_space(kernel: Kernel, instruction: Instruction) -> Step:
    if instruction.parts[:3] != ("cvta", "to", "global"):
        raise Fault("a generic address")
    return _elementwise(kernel, instruction.operands, KINDS["u64"], [KINDS["u64"]], np.copy)


def _comparison(name: str, kind: str) -> Callable[[Array, Array], Array]:
    """Comparisons of floats are false for NaN, those that end in u true."""
    if kind[0] != "f":
        name = _UNSIGNED.get(name, name)
        if name not in _COMPARE:
            raise Fault("unknown opcode")
        return _COMPARE[name]
    if name in ("num", "nan"):
        return lambda a, b: (np.isnan(a) | np.isnan(b)) == (name == "nan")
    if name.removesuffix("u") not in _COMPARE:
        raise Fault("unknown opcode")
    compare, unordered = _COMPARE[name.removesuffix("u")], name.endswith("u")
    return lambda a, b: np.where(np.isnan(a) | np.isnan(b), unordered, compare(a, b))


def _set_predicate(kernel: Kernel, instruction: Instruction) -> Step:
    parts, operands = instruction.parts, instruction.operands
    kind = KINDS[parts[-1]]
    if "ftz" in parts:
        raise Fault("subnormals are flushed")
    if len(parts) != 3 + (parts[2] in _COMBINE):
        raise Fault("unknown opcode")
    compare = _comparison(parts[1], parts[-1])
    names = [n.strip() for n in operands[0].split("|")]
    writes = [target(kernel, name, _PREDICATE) for name in names]
    first, second = (fetch(kernel, o, kind) for o in operands[1:3])
    combine = _COMBINE[parts[2]] if len(parts) == 4 else None
    third = fetch(kernel, operands[3].removeprefix("!"), _PREDICATE) if combine else None
    negated = bool(combine) and operands[3].startswith("!")

    def step(threads: Threads) -> None:
        holds = compare(first(threads), second(threads))
        other = third(threads) ^ negated if third else None
        for write, result in zip(writes, (holds, ~np.asarray(holds)), strict=False):
            write(threads, combine(result, other) if combine and other is not None else result)

    return step
