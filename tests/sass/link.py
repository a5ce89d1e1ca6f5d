"""Cubins without a GPU: many kernels in one run of nvJitLink, and what its log tells of each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cuda.bindings import nvjitlink

ARCHITECTURES = ("sm_80", "sm_90", "sm_100")

_LOG = re.compile(
    r"Compiling entry function '(\w+)' for '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads"
    r".*?Used (\d+) registers(?:[^\n]*?(\d+) bytes smem)?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Resources:
    """What one kernel takes: registers a thread, and bytes."""

    registers: int
    stack: int
    spilled: int
    shared: int


def version() -> str:
    """Version of the library, as "13.5"."""
    return ".".join(map(str, nvjitlink.version()))


def joined(texts: Iterable[str]) -> str:
    """One PTX text with the entries of all, which must have different names."""
    first, *rest = texts
    return first + "".join(text[text.index(".visible") :] for text in rest)


def link(texts: Iterable[str], architecture: str) -> tuple[bytes, dict[str, Resources]]:
    """Assemble PTX texts into one cubin; return it and the resources by entry."""
    source = joined(texts).encode()
    handle = nvjitlink.create(2, [f"-arch={architecture}", "-verbose"])
    try:
        nvjitlink.add_data(handle, nvjitlink.InputType.PTX, source, len(source), "kernels")
        nvjitlink.complete(handle)
        cubin = bytearray(nvjitlink.get_linked_cubin_size(handle))
        nvjitlink.get_linked_cubin(handle, cubin)
        log = bytearray(nvjitlink.get_info_log_size(handle))
        nvjitlink.get_info_log(handle, log)
    finally:
        nvjitlink.destroy(handle)
    found = {}
    for name, _, stack, stores, loads, registers, shared in _LOG.findall(log.decode()):
        found[name] = Resources(int(registers), int(stack), int(stores) + int(loads), int(shared or 0))
    return bytes(cubin), found
