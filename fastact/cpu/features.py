"""What the CPU that code is compiled for can do, and what that means for the loops."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from fastact.cpu import target

_ARM = frozenset(("aarch64", "arm64"))


@dataclass(frozen=True, slots=True)
class Features:
    """The CPU that code is compiled for: that of this machine, or what NUMBA_CPU_NAME and NUMBA_CPU_FEATURES say.

    Results have the same bits with and without each of these; they tell how fast the loops are.

    Attributes
    ----------
    cpu : str
        LLVM's name of the CPU.
    vectors : str
        The widest vectors: "AVX-512", "AVX2", "SSE2", "NEON", or "unknown".
    fma : bool
        Fused multiply-add is an instruction. Without it each is a call of the C library, and nothing with a polynomial vectorizes.
    half : bool
        Conversions of float16 are instructions. Without them they are integer arithmetic.
    """

    cpu: str
    vectors: str
    fma: bool
    half: bool

    def meaning(self) -> tuple[str, ...]:
        """A sentence for each that is missing and costs time."""
        told = []
        if not self.fma:
            told.append("no fused multiply-add: each is a call of the C library; same bits, much slower")
        if not self.half:
            told.append("no conversion of float16: integer arithmetic instead; same bits, float16 slower")
        return tuple(told)


def _has(names: str, name: str) -> bool:
    """Whether LLVM is told to use a feature; AVX, on which those asked for depend, may be switched off alone."""
    given = names.split(",")
    return f"+{name}" in given and f"-{name}" not in given and "-avx" not in given


def _machine() -> str:
    return target.triple().partition("-")[0]


def converts_half() -> bool:
    """Whether conversions of float16 are instructions."""
    return _machine() in _ARM or _has(target.processor()[1], "f16c")


@functools.cache
def features() -> Features:
    """What the CPU can do that code is compiled for; what is not known to be there counts as missing.

    Returns
    -------
    Features
        Its name, vectors, FMA and F16C.
    """
    cpu, names = target.processor()
    if _machine() in _ARM:
        return Features(cpu, "NEON", fma=True, half=True)
    wide = "AVX-512" if _has(names, "avx512f") else "AVX2" if _has(names, "avx2") else "SSE2"
    return Features(cpu, wide if _machine() == "x86_64" else "unknown", _has(names, "fma"), converts_half())
