"""All elementwise kernels on all architectures: what they take and execute."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from llvmlite import binding

import fastact
from fastact.cuda.elementwise import flat
from fastact.cuda.target import BLOCK, Program
from fastact.directions import Direction, signature
from fastact.record import Record
from sass import link, paths, read

DTYPES = ("float16", "bfloat16", "float32", "float64")
DIRECTIONS: tuple[Direction, ...] = ("forward", "backward", "derivative", "value_and_grad")
ACCUMULATED = (fastact.relu, fastact.gelu, fastact.silu)
"""Looked at also where dx is added to what an array holds."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel over dense arrays with parameters by value."""

    record: Record
    direction: Direction
    dtype: str

    @property
    def program(self) -> Program:
        """Its text."""
        return flat(self.record, self.direction, self.dtype)

    @property
    def label(self) -> str:
        """How data and messages call it."""
        return f"{self.record.name} {self.direction} {self.dtype}"

    @property
    def lanes(self) -> int:
        """Elements that a thread does on the hot path."""
        return self.program.span // BLOCK

    @property
    def accesses(self) -> tuple[int, int]:
        """Loads and stores of 16 bytes on the hot path."""
        own = signature(self.record, self.direction, self.dtype)
        vectors = self.lanes * own.inputs[0].size // 16
        return vectors * (len(own.inputs) - own.params), vectors * len(own.outputs)


@dataclass(frozen=True, slots=True)
class Code:
    """A kernel assembled for one architecture."""

    resources: link.Resources
    hot: list[read.Instruction]


def kernels(names: Collection[str] = ()) -> Iterator[Kernel]:
    """Every activation, or those named, in every direction and dtype, and some that accumulate."""
    for activation in fastact.ACTIVATIONS:
        if names and activation.name not in names:
            continue
        directions: tuple[Direction, ...] = (*DIRECTIONS, "accumulate") if activation in ACCUMULATED else DIRECTIONS
        for direction in directions:
            for dtype in DTYPES:
                yield Kernel(activation.record, direction, dtype)


def assembled(programs: list[Program], architecture: str) -> dict[str, Code]:
    """Programs by the name of their entry, in one cubin."""
    cubin, resources = link.link([program.ptx for program in programs], architecture)
    functions = read.disassemble(cubin)
    return {p.name: Code(resources[p.name], paths.hot(functions[p.name])) for p in programs}


def survey(names: Collection[str] = ()) -> dict[str, dict[Kernel, Code]]:
    """All kernels, or those of the functions named, by architecture; the assembler runs beside the reading of what it made before."""
    found = list(kernels(names))
    programs = [kernel.program for kernel in found]
    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(functools.partial(assembled, programs), link.ARCHITECTURES))
    return {a: {k: code[k.program.name] for k in found} for a, code in zip(link.ARCHITECTURES, codes, strict=True)}


def versions() -> dict[str, str]:
    """What the numbers depend on besides fastact."""
    llvm = ".".join(map(str, binding.llvm_version_info))
    return {"LLVM": llvm, "nvJitLink": link.version(), "nvdisasm": read.version()}
