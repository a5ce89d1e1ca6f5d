"""Launches with what they are given and the digests of what must come out: data that need nothing but NumPy."""

from __future__ import annotations

import dataclasses
import json
import lzma
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.gpu.digest import FIRST, PLACE, SECOND, SIZES, digest

Texts = dict[str, tuple[str, str, int]]
"""By key: the name of the entry, the PTX, and how many elements a block does."""


@dataclass(frozen=True)
class Recipe:
    """An array: "every" (all bit patterns), "spread" (uniform bits and ordinary values in turn), "ordinary", "zero", or "result"."""

    kind: str
    dtype: str
    count: int
    seed: int = 0


@dataclass(frozen=True)
class Launch:
    """A kernel, its grid, and its arguments: ("data", k, bytes to add), or the name of a NumPy type and a number."""

    program: str
    grid: int
    arguments: tuple[tuple[Any, ...], ...]
    block: int = 256
    shared: int = 0


@dataclass(frozen=True)
class Case:
    """`results` are digests, as hexadecimal numbers, by the number of the array."""

    name: str
    data: tuple[Recipe, ...]
    launches: tuple[Launch, ...]
    results: tuple[tuple[int, str], ...]


def mixed(count: int, seed: int) -> Any:
    """Words of 64 bits that look random."""
    word = np.arange(count, dtype=np.uint64) * np.uint64(PLACE) + np.uint64(seed * FIRST % 2**64)
    for shift, factor in ((32, FIRST), (29, SECOND)):
        word ^= word >> np.uint64(shift)
        word *= np.uint64(factor)
    return word ^ (word >> np.uint64(32))


def ordinary(words: Any, dtype: str) -> Any:
    """Values in [-20, 20), as bits; 16-bit ones in [-8, 8)."""
    if SIZES[dtype] == 8:
        return ((words >> np.uint64(11)).astype(np.float64) * (40 * 2.0**-53) - 20).view(np.uint64)
    reach = np.float32(16 if SIZES[dtype] == 2 else 40)
    values = (words >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24) * reach - reach / 2
    if dtype == "float16":
        return values.astype(np.float16).view(np.uint16)
    return values.view(np.uint32) if dtype == "float32" else (values.view(np.uint32) >> np.uint32(16)).astype(np.uint16)


def made(recipe: Recipe) -> Any:
    """The array, as unsigned integers."""
    kind = np.dtype(f"u{SIZES[recipe.dtype]}")
    if recipe.kind == "every":
        return np.arange(recipe.count, dtype=kind)
    if recipe.kind in ("zero", "result"):
        return np.zeros(recipe.count, kind)
    words = mixed(recipe.count, recipe.seed)
    values = ordinary(words, recipe.dtype)
    return np.where(np.arange(recipe.count) % 2, words.astype(kind), values) if recipe.kind == "spread" else values


GUARD = 64
"""Bytes before and after every result that must be as they were."""


def run(device: Any, texts: Texts, case: Case) -> list[str]:
    """Do the launches; what is wrong with each result, in words."""
    addresses, wrong = [], []
    try:
        for recipe in case.data:
            raw = made(recipe).view(np.uint8)
            addresses.append(device.upload(np.pad(raw, GUARD, constant_values=0xA5)) + GUARD)
        for launch in case.launches:
            name, text, _ = texts[launch.program]
            given = [addresses[a[1]] + a[2] if a[0] == "data" else getattr(np, a[0])(a[1]) for a in launch.arguments]
            device.launch(device.kernel(text, name), launch.grid, given, launch.block, launch.shared)
        for k, expected in case.results:
            size = SIZES[case.data[k].dtype] * case.data[k].count
            raw = device.download(addresses[k] - GUARD, "u1", size + 2 * GUARD)
            found = f"{digest(raw[GUARD:-GUARD], case.data[k].dtype):016x}"
            if found != expected:
                wrong.append(f"{case.name}: array {k} has digest {found} instead of {expected}")
            if (raw[:GUARD] != 0xA5).any() or (raw[-GUARD:] != 0xA5).any():
                wrong.append(f"{case.name}: array {k}: memory beside it was written")
    finally:
        for address in addresses:
            device.free(address - GUARD)
    return wrong


def save(path: Path, texts: Texts, cases: list[Case]) -> None:
    """Write a bundle."""
    told = {"texts": texts, "cases": [dataclasses.asdict(case) for case in cases]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress(json.dumps(told).encode(), preset=6))


def load(path: Path) -> tuple[Texts, list[Case]]:
    """Read a bundle."""
    told = json.loads(lzma.decompress(path.read_bytes()))
    cases = []
    for c in told["cases"]:
        launches = tuple(Launch(**w | {"arguments": tuple(map(tuple, w["arguments"]))}) for w in c["launches"])
        cases.append(Case(c["name"], tuple(Recipe(**r) for r in c["data"]), launches, tuple(map(tuple, c["results"]))))
    return {key: tuple(value) for key, value in told["texts"].items()}, cases
