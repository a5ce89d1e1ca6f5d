"""The flags of floating-point exceptions, which kernels raise without meaning anything by it."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from fastact.cpu.raw import I32, PTR


@intrinsic
def clear_flags(typing: Any) -> Any:
    """Clear the floating-point exceptions of this thread, where the machine is known."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        machine = builder.module.triple.partition("-")[0]
        if machine == "x86_64":
            place = cgutils.alloca_once(builder, I32)
            kind = ir.FunctionType(ir.VoidType(), [PTR])
            get, put = (cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.sse.{name}mxcsr") for name in ("st", "ld"))
            builder.call(get, [place])
            builder.store(builder.and_(builder.load(place, typ=I32), I32(~0x3F)), place)
            builder.call(put, [place])
        elif machine in ("aarch64", "arm64"):
            builder.call(ir.InlineAsm(ir.FunctionType(ir.VoidType(), []), "msr fpsr, xzr", "~{memory}", side_effect=True), [])
        return context.get_dummy_value()

    return types.void(), lower
