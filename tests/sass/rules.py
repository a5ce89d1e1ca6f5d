"""The rules that a kernel's PTX keeps, so that its results have the bits of the CPU's."""

from __future__ import annotations

import re
from collections.abc import Iterator

PRIMITIVES = ("rcp.approx.ftz.f32", "rsqrt.approx.ftz.f32")
"""The approximations that quotients and roots start from; what follows corrects them."""

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_STATEMENT = re.compile(r"(?:^|[;{}\n])\s*(?:\$?\w+:\s*)?(?:@!?%\w+\s+)?([a-z]\w*(?:\.\w+)*(?:::\w+)?)(?=\s)", re.MULTILINE)
_FLOAT = re.compile(r"\.(f16x2|bf16x2|f16|bf16|f32|f64|f32x2)$")
_ROUNDINGS = {"rn", "rz", "rm", "rp"}
_ROUNDED = ("add", "sub", "mul", "fma", "mad", "div", "sqrt", "rcp")
_EXACT_DIVISION = ("div.rn.f32", "rcp.rn.f32", "sqrt.rn.f32")


def operations(ptx: str) -> list[str]:
    """The name of every instruction, in order, with its suffixes."""
    return _STATEMENT.findall(_COMMENT.sub("", ptx[ptx.index("{", ptx.index(".entry")) :]))


def faults(ptx: str, dtype: str) -> list[str]:
    """What in a text for arrays of `dtype` breaks a rule."""
    return [f"{name}: {what}" for name in operations(ptx) for what in _broken(name, dtype)] + [
        f"{word}: local memory" for word in re.findall(r"\.local\b|__local_depot\w*", _COMMENT.sub("", ptx))
    ]


def _broken(name: str, dtype: str) -> Iterator[str]:
    parts = name.split(".")
    kind = _FLOAT.search(name)
    if parts[0] == "call":
        yield "a call"
    if "f64" in parts and dtype != "float64":
        yield "float64 in a kernel that computes in float32"
    if "approx" in parts and name not in PRIMITIVES:
        yield "an approximation that is not corrected"
    if "ftz" in parts and name not in PRIMITIVES:
        yield "flushes subnormals to zero"
    if parts[0] == "mad" and kind:
        yield "may be rounded once or twice"
    if kind and parts[0] in _ROUNDED and name not in PRIMITIVES and not _ROUNDINGS & set(parts):
        yield "has no rounding of its own, and may be contracted"
    if kind and parts[0] in _ROUNDED and _ROUNDINGS & set(parts) - {"rn"}:
        yield "rounds elsewhere than to nearest"
    if kind and kind[1] in ("f16", "bf16", "f16x2", "bf16x2") and parts[0] in _ROUNDED:
        yield "computes in 16 bits"
    if parts[0] in ("sin", "cos", "ex2", "lg2", "tanh"):
        yield "a function of the hardware"


def exact_divisions(ptx: str) -> int:
    """Quotients and roots of float32 by the ordinary instructions, which branch and call."""
    return sum(name in _EXACT_DIVISION for name in operations(ptx))
