"""All 2^32 float32 inputs, against digests from the CPU; and the proofs of the device's quotients and roots."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.gpu.case import Case, Texts

Hashes = dict[str, list[str]]


def _find(texts: Texts, name: str) -> tuple[str, str, int]:
    return next(t for t in texts.values() if t[0] == name)


class Checks:
    """The kernels of `bench.gpu.kernels` on a device."""

    def __init__(self, device: Any, texts: Texts) -> None:
        self.device, self.texts = device, texts

    def sums(self, name: str, n: int, *arguments: Any) -> Any:
        """What the threads of a kernel summed up over n elements."""
        entry, text, span = _find(self.texts, name)
        grid = -(-n // span)
        partial = self.device.empty(8 * 256 * grid)
        try:
            self.device.launch(self.device.kernel(text, entry), grid, [partial, *arguments])
            return self.device.download(partial, "u8", 256 * grid)
        finally:
            self.device.free(partial)

    def digest(self, address: int, dtype: str, n: int, place: int = 0) -> int:
        """The digest of an array on the device."""
        return int(self.sums(f"check_digest_{dtype}", n, address, np.uint64(place), np.uint32(n)).sum(dtype=np.uint64))

    def count(self, address: int, first: int, n: int) -> None:
        """Write first, first + 1..."""
        entry, text, span = _find(self.texts, "check_count")
        self.device.launch(self.device.kernel(text, entry), -(-n // span), [address, np.uint32(first), np.uint32(n)])

    def verdict(self, name: str, n: int, first: Any) -> tuple[int, int]:
        """How many of n quotients are wrong without doubt, and how many are in doubt."""
        found = self.sums(name, n, first)
        return int((found & np.uint64(0xFFFFFFFF)).sum()), int((found >> np.uint64(32)).sum())


def every_float(device: Any, texts: Texts, cases: list[Case], hashes: Hashes, slices: int | None = None) -> Iterator[dict[str, Any]]:
    """After each slice: for each function and direction the slices in which a result differs."""
    checks = Checks(device, texts)
    slice_count = len(next(iter(hashes.values())))
    n = (1 << 32) // slice_count
    x, y = device.empty(4 * n), device.empty(4 * n)
    named = {case.name: case for case in cases}
    wrong: dict[str, list[int]] = {key: [] for key in hashes if f"{key} float32" in named}
    found = {"checked": len(wrong), "not_checked": sorted(hashes.keys() - wrong.keys()), "slices_of": slice_count}
    try:
        for k in range(slice_count)[:slices]:
            checks.count(x, k * n, n)
            for key, different in wrong.items():
                launch = named[f"{key} float32"].launches[0]
                entry, text, span = texts[launch.program]
                given = [(x, y)[a[1]] if a[0] == "data" else getattr(np, a[0])(a[1]) for a in launch.arguments[:-1]]
                device.launch(device.kernel(text, entry), -(-n // span), [*given, np.uint32(n)])
                if f"{checks.digest(y, 'float32', n):016x}" != hashes[key][k]:
                    different.append(k)
            yield found | {"slices": k + 1, "wrong_slices": {key: ks for key, ks in wrong.items() if ks}}
    finally:
        device.free(x)
        device.free(y)


def division(device: Any, texts: Texts, whole: int = 1 << 32, step: int = 1 << 28) -> Iterator[dict[str, Any]]:
    """Wrong and doubtful results of 1/x and √x for every x, and of quotients of random pairs, `whole` of each."""
    checks = Checks(device, texts)
    kinds = {"reciprocals": np.uint32, "roots": np.uint32, "quotients_near": np.uint64, "quotients_any": np.uint64}
    found: dict[str, Any] = {"wrong": 0}
    for name, kind in kinds.items():
        parts = [checks.verdict(f"check_{name}", step, kind(first)) for first in range(0, whole, step)]
        wrong, doubtful = (sum(part[k] for part in parts) for k in (0, 1))
        found[name] = {"of": whole, "wrong": wrong, "in_doubt": doubtful, "log2": round(math.log2(whole), 1)}
        found["wrong"] += wrong
        yield found
