"""The C reference of noise and of rows, each constant and operator broken in turn: what the accuracy tests compare must change.

These hold the whole reference to mpmath within 4 ulp; a change is noticed where it moves a value by twice that.
"""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_mutation import COMPILER, FUNCTION, KERNELS, build, mutants

import fastact as fa

pytestmark = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")
Probe = Callable[[ctypes.CDLL], Any]
TOLERANCE = 8 * 2.0**-53
SPREAD = {"alpha": (0.5, 1.5), "c": (0.01, 20), "p": (-3, 3), "lower": (-0.5, 0.5), "upper": (0, 1.5), "rate": (0, 0.95)}
ROWS = ("softmax", "log_softmax", "logsumexp", "hardmax", "sparsemax", "cross_entropy")
_FAR = "return fabs(z) > 50 ? copysign((1 - e) / (2 + 2 * e), z) : sinh(z) / (2 + 2 * cosh(z));"
# Nothing to see: flags, what is NaN anyway, and e^-50 beside 1. A broken bar follows the token.
SILENT: dict[str, frozenset[str]] = {
    "noisy.c": frozenset(_FAR.replace(a, b, 1) for a, b in (("1 -", "1 -¦"), ("2 +", "2 +¦"), ("2 * e", "2¦ * e"), ("2 * e", "2 *¦ e"))),
    "rows.c": frozenset(("found = 1¦;", "int found = 0¦;", "return¦ x[i];")),
}


def pointer(a: Any) -> ctypes.c_void_p:
    return ctypes.c_void_p(a.ctypes.data)


def of_noise() -> list[Probe]:
    """Values and sizes of every unit, for some parameters, at ordinary points and next to the corners."""
    rng = np.random.default_rng(3)
    probes = []
    for unit in fa.NOISY:
        for turn in range(6):
            params = [rng.uniform(*SPREAD[p.name]) for p in unit.params[1:]]
            if "rate" in unit.params[-1].name and turn < 3:
                params = [(0.0, 1.0, 1 + 5e-8)[turn]]
            wide = rng.normal(size=30) * 3 * (100 if turn % 2 else 1)
            x = np.concatenate([wide, rng.normal(size=30), rng.normal(size=40) * 1e-3 + rng.choice([-2, -1, 0, 1, 2], 40)])
            noise = rng.uniform(size=100) if unit.params[0].name == "u" else rng.normal(size=100)

            def probe(library: ctypes.CDLL, name: str = unit.name, x: Any = x, noise: Any = noise, params: Any = params) -> Any:
                y, given = np.zeros((100, 3 + len(params), 2)), np.array([*params, 0.0])
                getattr(library, f"fastact_noise_{name}")(ctypes.c_size_t(100), *(pointer(a) for a in (x, noise, given, y)))
                return y

            probes.append(probe)
    return probes


def of_rows() -> list[Probe]:
    """Every function and gradient, on rows short and long, ordinary, far from 0 and spread to underflow."""
    rng = np.random.default_rng(4)
    inputs = [rng.normal(size=(6, n)) * 5 for n in (1, 2, 3, 9, 40)]
    inputs += [-800 * rng.random((6, 30)), 300 + rng.normal(size=(6, 30)) * 3, np.where(rng.random((6, 20)) < 0.2, -np.inf, 1.0)]
    inputs += [np.where(rng.random((6, 20)) < 0.2, np.inf, 1.0), np.full((2, 5), -np.inf)]
    probes = []
    for name in ROWS:
        for x in inputs:
            dy = rng.random(x.shape) if name.startswith("cross") else rng.normal(size=x.shape)
            for suffix in ("", "_from_output", "_backward"):
                if f"F(rows_{name}{suffix})" not in (KERNELS / "rows.c").read_text():
                    continue

                def probe(library: ctypes.CDLL, call: str = name + suffix, x: Any = x, dy: Any = dy) -> Any:
                    given = x
                    if call.endswith("_from_output"):
                        given = np.zeros_like(x)
                        run(library, call.removesuffix("_from_output"), x, dy, given)
                    y = np.zeros_like(x)
                    run(library, call, given, dy, y)
                    return np.stack([y, np.broadcast_to(abs(y).max(-1, keepdims=True, initial=0), y.shape)], -1)

                probes.append(probe)
    return probes


def run(library: ctypes.CDLL, call: str, x: Any, dy: Any, y: Any) -> None:
    one = call == "logsumexp_backward"
    dy = np.ascontiguousarray(dy[:, 0]) if one else dy
    rows, n = x.shape
    step = ctypes.c_size_t(1 if one else n)
    getattr(library, f"fastact_rows_{call}")(ctypes.c_size_t(rows), ctypes.c_size_t(n), pointer(x), pointer(dy), step, pointer(y))


def differs(before: Any, after: Any) -> bool:
    """Whether a value moved by more than the tolerance of its size, or a size by that of its own."""
    with np.errstate(invalid="ignore", over="ignore"):
        scale = np.maximum(abs(before), np.stack([before[..., 1], 0 * before[..., 1]], -1))
        moved = (abs(after - before) > TOLERANCE * scale + 5e-324) & np.isfinite(before)
    return bool(moved.any() or (np.isfinite(before) != np.isfinite(after)).any() or (np.isnan(before) != np.isnan(after)).any())


@pytest.mark.parametrize(("family", "probes"), [("noisy.c", of_noise), ("rows.c", of_rows)], ids=["noise", "rows"])
def test_every_broken_constant_is_noticed(family: str, probes: Callable[[], list[Probe]], tmp_path: Path) -> None:
    shutil.copytree(KERNELS, tmp_path, dirs_exist_ok=True)
    whole, tried = build(tmp_path), probes()
    expected = [probe(whole) for probe in tried]
    broken = list(mutants(KERNELS / family))
    assert {m.function for m in broken} >= set(FUNCTION.findall((KERNELS / family).read_text())) - {"pair"}
    source = (KERNELS / family).read_text()
    unnoticed = []
    for mutant in broken:
        library = build(tmp_path, mutant)
        if not any(differs(e, probe(library)) for e, probe in zip(expected, tried, strict=True)):
            start, stop = source.rfind("\n", 0, mutant.start) + 1, source.find("\n", mutant.stop)
            unnoticed.append(f"{source[start : mutant.stop].strip()}¦{source[mutant.stop : stop]}")
    assert sorted(set(unnoticed) - SILENT[family]) == []
