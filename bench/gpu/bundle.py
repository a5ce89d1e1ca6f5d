"""Kernels and expected digests in one file, for a machine with a GPU where fastact does not run: `python -m bench.gpu.bundle FILE`."""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from bench.gpu import elementwise, kernels
from bench.gpu.case import Case, Texts, save


def _part(k: int) -> tuple[Texts, list[Case]]:
    """The cases of one function, at full size."""
    texts: Texts = {}
    return texts, [*elementwise.cases(texts, elementwise.records()[k])]


def build(few: bool = False, only: str = "") -> tuple[Texts, list[Case]]:
    """Everything, by as many processes as there are processors; `few` takes fewer elements, `only` some cases, and both do it here."""
    texts: Texts = {}
    for program in kernels.all_of_them():
        elementwise.keep(texts, program)
    records = elementwise.records()
    if few or only:
        return texts, [one for record in records for one in elementwise.cases(texts, record, few, only)]
    cases: list[Case] = []
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        for some, made in pool.map(_part, range(len(records))):
            texts |= some
            cases += made
    return texts, cases


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--few", action="store_true", help="few elements")
    given = parser.parse_args()
    texts, cases = build(given.few)
    save(given.file, texts, cases)
    print(f"{len(texts)} kernels, {len(cases)} cases, {given.file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
