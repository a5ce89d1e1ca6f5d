"""A kernel of one thread an element around a few lines of PTX, for tests of single instructions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .kinds import KINDS
from .memory import Memory
from .run import Counts, run

_REGISTER = {1: "%rs", 2: "%rs", 4: "%r", 8: "%rd"}
HEADER = ".version 7.0\n.target sm_80\n.address_size 64\n"


def kernel(body: str, params: int, shared: str = "") -> str:
    """The text of a kernel of 64-bit parameters p0, p1, ...; its body finds the index of its thread in %r1000 and %rd1000."""
    declared = ", ".join(f".param .u64 p{k}" for k in range(params))
    return f"""{HEADER}{shared}
.visible .entry k({declared})
{{
	.reg .pred %p<1100>; .reg .b16 %rs<1100>; .reg .b32 %r<1100>; .reg .b64 %rd<1100>;
	mov.u32 	%r1001, %ctaid.x;
	mov.u32 	%r1002, %ntid.x;
	mov.u32 	%r1003, %tid.x;
	mad.lo.s32 	%r1000, %r1001, %r1002, %r1003;
	cvt.u64.u32 	%rd1000, %r1000;
{body}
	ret;
}}
"""


def evaluate(code: str, inputs: Sequence[Any], result: str, **options: Any) -> Any:
    """Run `code` once for every element of arrays; it finds them in a, b, c ... and leaves its result, of a type, in d."""
    count, loads = len(inputs[0]), []
    names = {}
    for k, x in enumerate(inputs):
        name = names["abcdefgh"[k]] = f"{_REGISTER[x.dtype.itemsize]}{500 + k}"
        size = x.dtype.itemsize
        loads.append(f"ld.param.u64 %rd{600 + k}, [p{k}]; mad.lo.s64 %rd{600 + k}, %rd1000, {size}, %rd{600 + k};")
        loads.append(f"ld.global.b{8 * size} {name}, [%rd{600 + k}];")
    kind = "u32" if result == "pred" else result
    size = KINDS[kind].itemsize
    names["d"] = "%p999" if result == "pred" else f"{_REGISTER[size]}999"
    out = f"{_REGISTER[size]}998" if result == "pred" else names["d"]
    tell = f"selp.b32 {out}, 1, 0, %p999;" if result == "pred" else ""
    last = len(inputs)
    store = f"ld.param.u64 %rd700, [p{last}]; mad.lo.s64 %rd700, %rd1000, {size}, %rd700; st.global.b{8 * size} [%rd700], {out};"
    memory, y = Memory(), np.empty(count, KINDS[kind])
    arguments = [memory.add(x, writable=False) for x in inputs] + [memory.add(y, written=False)]
    text = kernel("\n".join([*loads, code.format(**names), tell, store]), last + 1)
    run(text, "k", 1, count, arguments, memory, **options)
    return y.astype(np.bool_) if result == "pred" else y


def execute(body: str, arrays: Sequence[Any], threads: int = 32, blocks: int = 1, shared: str = "", **options: Any) -> Counts:
    """Run a kernel on arrays, whose addresses are its parameters."""
    memory = Memory()
    arguments = [memory.add(a) for a in arrays]
    return run(kernel(body, len(arrays), shared), "k", blocks, threads, arguments, memory, **options)
