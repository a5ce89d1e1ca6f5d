"""From LLVM code to machine code of this computer, and into its memory; on disk it lies under the hash of what it was made from.

Code names what it calls outside itself, and is given the addresses when it is loaded: nothing of one process is in it.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llvmlite import __version__ as version
from llvmlite import binding
from numba import config
from numba.core.codegen import get_host_cpu_features

from fastact import cache
from fastact.cpu import compiling

_serial = itertools.count()
_loaded: dict[tuple[str, tuple[tuple[str, int], ...]], int] = {}
_keep: list[Any] = []


@functools.cache
def description() -> tuple[str, ...]:
    """All that machine code depends on beside its source: compiler, system, processor, and Numba's settings of them."""
    llvm = ".".join(map(str, binding.llvm_version_info))
    settings = (config.OPT, config.LOOP_VECTORIZE, config.SLP_VECTORIZE)
    return version, llvm, triple(), *processor(), " ".join(map(str, settings))


@functools.cache
def processor() -> tuple[str, str]:
    """LLVM's name of the CPU that is compiled for, and its features: this one, or what Numba was told."""
    name = config.CPU_NAME or binding.get_host_cpu_name()
    return name, get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES


@functools.cache
def triple() -> str:
    """Architecture, system and ABI, as LLVM spells them."""
    return str(binding.get_process_triple())


@functools.cache
def machine() -> Any:
    """LLVM's machine for this computer."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    name, features = processor()
    made = binding.Target.from_triple(triple())
    return made.create_target_machine(cpu=name, features=features, opt=int(config.OPT), reloc="pic", codemodel="default")


@functools.cache
def _linker() -> Any:
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding.create_lljit_compiler(use_jit_link=True)


def optimized(source: str, name: str, more: Sequence[str] = ()) -> Any:
    """A module in LLVM's textual form, linked with `more` of them and optimized; only the function `name` can be called from outside.

    Nothing is contracted: only what is written as fma becomes one.
    """
    module = binding.parse_assembly(source)
    module.data_layout = str(machine().target_data)
    for text in more:
        module.link_in(binding.parse_assembly(text))
    own = [*module.functions, *module.global_variables]
    for index, value in enumerate(v for v in own if not v.is_declaration and v.name != name):
        value.linkage, value.name = "internal", f"part_{index}"
    module.verify()
    options = binding.create_pipeline_tuning_options(speed_level=int(config.OPT))
    options.loop_vectorization, options.slp_vectorization = bool(config.LOOP_VECTORIZE), bool(config.SLP_VECTORIZE)
    builder = binding.create_pass_builder(machine(), options)
    builder.getModulePassManager().run(module, builder)
    return module


def compile_object(source: str, name: str, more: Sequence[str] = ()) -> bytes:
    """A relocatable object with the function `name`."""
    return bytes(machine().emit_object(optimized(source, name, more)))


def load(name: str, key: Sequence[str] | None, make: Callable[[], bytes], symbols: Mapping[str, int] | None = None) -> int:
    """Address of the function `name` of an object, which stays in memory: loaded before, from the cache, or made.

    `key` is all that the object is made from; without one it is not kept on disk. `symbols` are the addresses of what it names
    outside itself.
    """
    given = symbols or {}
    with compiling.lock:
        file = f"{cache.digest([name, *key, *description()])}.o" if key is not None else f"{next(_serial)}"
        known = (file, tuple(sorted(given.items())))
        if known not in _loaded:
            data = cache.read("cpu", file) if key is not None else None
            if data is not None:
                with contextlib.suppress(RuntimeError):  # whole, and yet nothing that LLVM loads
                    _loaded[known] = _link(name, data, given)
            if known not in _loaded:
                data = make()
                if key is not None:
                    cache.keep("cpu", file, name, data)
                _loaded[known] = _link(name, data, given)
        return _loaded[known]


def _link(name: str, data: bytes, symbols: Mapping[str, int]) -> int:
    """Load an object for good, into a library of its own, where no name meets another's; return the function's address."""
    builder = binding.JITLibraryBuilder().add_object_img(data).add_current_process().export_symbol(name)
    for symbol, address in symbols.items():
        builder.import_symbol(symbol, address)
    library = builder.link(_linker(), f"fastact {next(_serial)}")
    _keep.append(library)
    return int(library[name])
