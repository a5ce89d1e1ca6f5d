"""From LLVM code to PTX, by the NVPTX backend that llvmlite carries; texts are kept on disk under the hash of what they were made from."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llvmlite import binding, ir

from fastact import cache
from fastact.cuda import pack
from fastact.numerics.emit import I32

TRIPLE = "nvptx64-nvidia-cuda"
CPU, FEATURES = "sm_80", "+ptx70"
"""One text for every later GPU: PTX 7.0 is what drivers since CUDA 11.0 read."""

BLOCK = 256
"""Threads of a block."""

GLOBAL = ir.PointerType(addrspace=1)


@dataclass(frozen=True, slots=True)
class Program:
    """A kernel as text: the name of its entry, the PTX, and how many elements a block of `BLOCK` threads does."""

    name: str
    ptx: str
    span: int


def module_with(name: str, arguments: list[Any]) -> tuple[Any, Any]:
    """Make a module with one kernel; return the function and a builder at its start."""
    module = ir.Module(name)
    module.triple = TRIPLE
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), name)
    function.calling_convention = "ptx_kernel"
    return function, ir.IRBuilder(function.append_basic_block("entry"))


def special(builder: Any, register: str) -> Any:
    """A special register, as "tid.x"."""
    name = f"llvm.nvvm.read.ptx.sreg.{register}"
    module = builder.module
    function = module.globals.get(name) or ir.Function(module, ir.FunctionType(I32, []), name)
    return builder.call(function, [])


@functools.cache
def _machine() -> Any:
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    return binding.Target.from_triple(TRIPLE).create_target_machine(cpu=CPU, features=FEATURES, opt=3)


def compile_ptx(source: str) -> str:
    """PTX of a module in LLVM's textual form. Nothing is contracted: only what is written as fma becomes one."""
    machine = _machine()
    module = binding.parse_assembly(source)
    module.data_layout = str(machine.target_data)
    module.verify()
    options = binding.create_pipeline_tuning_options(speed_level=3)
    builder = binding.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return str(machine.emit_assembly(module))


def to_ptx(source: str) -> str:
    """As `compile_ptx`, from the package's archive or from the cache where they have the text.

    The key is the hash of the source and of the target; in the cache it goes with the version of LLVM that made the text.
    """
    key = hashlib.sha256("\n".join([source, CPU, FEATURES]).encode()).hexdigest()
    name = f"{key}.llvm{'.'.join(map(str, binding.llvm_version_info))}.ptx"
    text = pack.find(key)
    if text is None:
        kept = cache.read("ptx", name)
        text = None if kept is None else kept.decode()
    if text is None:
        text = compile_ptx(source)
        cache.keep("ptx", name, source.partition("\n")[0].strip('; "'), text.encode())
    return text


def program(name: str, arguments: list[Any], span: int, write: Callable[[Any, list[Any]], None]) -> Program:
    """Compile a kernel whose body `write(builder, arguments)` emits; its symbol has no dots."""
    name = name.replace(".", "_")
    function, builder = module_with(name, arguments)
    write(builder, list(function.args))
    builder.ret_void()
    return Program(name, to_ptx(str(function.module)), span)
