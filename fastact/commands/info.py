"""`fastact info`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import fastact as fa
from fastact.commands import Commands, add_json, add_parser
from fastact.commands.chosen import groups
from fastact.printing import Printer

EXAMPLES = """
fastact info
fastact info --json          for a report of a bug
"""


_KINDS = {"noise": "with noise", "rows": "of rows"}


def add(commands: Commands) -> None:
    """Make the parser."""
    add_json(add_parser(commands, "info", "processor, threads, GPU, versions, what is compiled", EXAMPLES))


def _collect() -> dict[str, Any]:
    import llvmlite.binding as llvm

    from fastact import cache, machine

    return {
        "fastact": fa.__version__,
        "python": machine.python(),
        "packages": machine.versions((*machine.REQUIRED, *machine.OPTIONAL)),
        "llvm": ".".join(map(str, llvm.llvm_version_info)),
        "cpu": machine.processor(),
        "threads": machine.threads(),
        "gpu": machine.gpu(),
        "cache": cache.summary(),
        "reference": machine.reference(),
        "functions": {kind: len(group) for kind, group in groups().items()},
    }


def _rows(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    python, cpu, threads, reference = told["python"], told["cpu"], told["threads"], told["reference"]
    yield "fastact", told["fastact"]
    build = f", free-threaded, GIL {'on' if python['gil'] else 'off'}" if python["free_threaded"] else ""
    yield "Python", f"{python['implementation']} {python['version']}{build}"
    yield "packages", ", ".join(f"{name} {version}" for name, version in told["packages"].items())
    yield "LLVM", told["llvm"]
    yield "CPU", f"{cpu['model']} ({cpu['llvm_name']}), {cpu['cores']} cores"
    yield "instructions", f"{cpu['vectors']}, FMA {'yes' if cpu['fma'] else 'no'}, float16 {'yes' if cpu['float16'] else 'no'}"
    for meaning in cpu["missing"]:
        yield "", meaning
    layer = {"workqueue": "workqueue, which keeps calls on one thread", "none": "none, as one thread needs none"}
    yield "threads", f"{threads['count']} of {threads['most']}, Numba's layer {layer.get(threads['layer'], threads['layer'])}"
    yield from _gpu(told["gpu"])
    cache = told["cache"]
    size = cache["bytes"] / 2**10
    room = f"{size:.0f} KiB" if size < 2**10 else f"{size / 2**10:.1f} MiB"
    yield "cache", f"{cache['entries']} entries, {room} in {cache['folder']}" if cache["folder"] else "switched off"
    place = reference["path"] or "not built"
    yield "C reference", f"{place} (long double of {reference['long_double_bits']} bits)"
    yield "functions", ", ".join(f"{number} {_KINDS.get(kind, kind)}" for kind, number in told["functions"].items())


def _gpu(gpu: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if gpu["driver"]:
        yield "NVIDIA driver", gpu["driver"]
    for device in gpu["devices"]:
        yield "GPU", f"{device['name']}, compute capability {device['capability']}, {device['bytes'] / 2**30:.0f} GiB"
    if not gpu["usable"]:
        yield "CUDA arrays", f"no: {gpu['reason']}"


def run(given: argparse.Namespace, show: Printer) -> int:
    """Tell what runs here."""
    told = _collect()
    if given.json:
        show.data(told)
    else:
        show.table("fastact info", ("what", "value"), list(_rows(told)))
    return 0
