"""The flags of floating-point exceptions, which kernels raise without meaning anything by it."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from fastact.cpu.raw import I32, PTR


def clear(builder: Any) -> None:
    """Write code that clears the floating-point exceptions of this thread, where the machine is known."""
    machine = builder.module.triple.partition("-")[0]
    if machine == "x86_64":
        with builder.goto_entry_block():
            place = builder.alloca(I32)
        kind = ir.FunctionType(ir.VoidType(), [PTR])
        get, put = (ir.Function(builder.module, kind, f"llvm.x86.sse.{name}mxcsr") for name in ("st", "ld"))
        builder.call(get, [place])
        builder.store(builder.and_(builder.load(place, typ=I32), I32(~0x3F)), place)
        builder.call(put, [place])
    elif machine in ("aarch64", "arm64"):
        builder.call(ir.InlineAsm(ir.FunctionType(ir.VoidType(), []), "msr fpsr, xzr", "~{memory}", side_effect=True), [])
