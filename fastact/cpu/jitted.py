"""Python functions compiled by Numba to C functions of integers and pointers: the pieces of the driver."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import config, njit
from numba.core.compiler_lock import global_compiler_lock

from fastact.cpu import compiling, target
from fastact.cpu.fingerprint import fingerprint

_compiled: dict[Any, int] = {}


def address(function: Any, kind: Any) -> int:
    """Address of a function compiled for a signature of Numba's; it stays in memory, and on disk where that can be.

    It must not raise: there is nobody to tell.
    """
    with compiling.lock:
        if function not in _compiled:
            _compiled[function] = _load(function, kind)
        return _compiled[function]


def _load(function: Any, kind: Any) -> int:
    if config.DISABLE_JIT:
        raise RuntimeError("this call needs Numba's compiler, which NUMBA_DISABLE_JIT switches off; unset it in programs that use fastact")
    dispatcher = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    name = f"fastact_{function.__module__.rpartition('.')[2]}_{function.__name__.strip('_')}"
    key = fingerprint(dispatcher)

    def make() -> bytes:
        entry, body = _sources(dispatcher, kind, name)
        return target.compile_object(entry, name, [body])

    return target.load(name, None if key is None else [key, str(kind)], make)


def _sources(dispatcher: Any, kind: Any, name: str) -> tuple[str, str]:
    """LLVM code of a C function that calls the one which Numba makes, and of that one."""
    from numba.core.registry import cpu_target

    with global_compiler_lock:
        dispatcher.compile(kind)
        compiled, context = dispatcher.overloads[kind.args], cpu_target.target_context
        module = ir.Module(name)
        module.triple = target.triple()
        arguments = [context.get_value_type(a) for a in kind.args]
        nothing = kind.return_type == compiled.signature.return_type and str(kind.return_type) == "none"
        result = ir.VoidType() if nothing else context.get_value_type(kind.return_type)
        function = ir.Function(module, ir.FunctionType(result, arguments), name)
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        _, value = context.call_internal_no_propagate(builder, compiled.fndesc, compiled.signature, function.args)
        if nothing:
            builder.ret_void()
        else:
            builder.ret(value)
        return str(module), compiled.library.get_llvm_str()
