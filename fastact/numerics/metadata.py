"""Metadata of loops that llvmlite has no call for."""

from __future__ import annotations

from typing import Any

from llvmlite import ir


class Distinct(ir.values.MDValue):
    """A distinct metadata node, which loop ids and access groups must be; llvmlite offers unique ones only."""

    def __init__(self, module: Any) -> None:
        super().__init__(module, (), name=str(len(module.metadata)))

    def descr(self, buf: Any) -> None:
        """Write the node."""
        buf += ("distinct !{ ", ", ".join(o.get_reference() for o in self.operands), " }\n")

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def keep_rolled(latch: Any) -> None:
    """Have a loop not unrolled; `latch` is the branch back to its head."""
    identity = Distinct(latch.module)
    identity.operands = (identity, latch.module.add_metadata([ir.MetaDataString(latch.module, "llvm.loop.unroll.disable")]))
    latch.set_metadata("llvm.loop", identity)
