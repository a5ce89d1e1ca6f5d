"""Kernels and expected digests in one file, for a machine with a GPU where fastact does not run: `python -m bench.gpu.bundle FILE`."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.gpu import elementwise, kernels
from bench.gpu.case import Case, Texts, save


def build(few: bool = False) -> tuple[Texts, list[Case]]:
    """Everything; `few` takes fewer elements."""
    texts: Texts = {}
    for program in kernels.all_of_them():
        elementwise.keep(texts, program)
    return texts, [*elementwise.cases(texts, few)]


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
