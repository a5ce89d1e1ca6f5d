"""The fitting script: every coefficient table of `f32` and `f64` comes from here.

``python -m fastact.numerics.fit`` prints the tables; ``--check`` measures the stored ones against their bounds.
Needs mpmath (`pip install fastact[verify]`).
"""

from __future__ import annotations

import sys
from typing import Any

import mpmath as mp
import numpy as np

from fastact.numerics import f32, f64
from fastact.numerics.fits import FITS, Fit
from fastact.numerics.quantile_fits import QUANTILE_FITS

KNEE = 4
REALS: tuple[Any, ...] = (np.float32, np.float64)


def _nodes(interval: tuple[Any, Any], count: int, knee: Any) -> list[Any]:
    """Chebyshev nodes; with a knee those of v = (z - knee)/(z + knee), which crowd where a tail bends."""
    low, high = (mp.mpf(v) if knee is None else (v - knee) / mp.mpf(v + knee) for v in interval)
    nodes = [(low + high) / 2 + (high - low) / 2 * mp.cospi(mp.mpf(2 * k + 1) / (2 * count)) for k in range(count)]
    return nodes if knee is None else [knee * (1 + v) / (1 - v) for v in nodes]


def coefficients(fit: Fit, width: int) -> dict[str, list[Any]]:
    """Tables of ascending coefficients in full precision; `width` is 0 for float32, 1 for float64."""
    degree, interval = fit.degrees[width], fit.intervals[width]
    if not isinstance(degree, int):
        return dict(zip(fit.tables, _rational(fit, degree, _nodes(interval, 4 * (sum(degree) + 2), KNEE)), strict=True))
    if fit.stepwise:
        return {fit.name: _stepwise(fit, degree, _nodes(interval, 4 * (degree + 2), None), REALS[width])}
    descending: list[Any] = mp.chebyfit(fit.function, list(interval), degree + 1)
    return {fit.name: descending[::-1]}


def _heavier(weights: list[Any], errors: list[Any]) -> list[Any]:
    """Weights that grow where the error is large: repeated, least squares with them come near the least largest error (Lawson 1961)."""
    largest = max(errors)
    weights = [w * (e / largest + mp.mpf("1e-6")) for w, e in zip(weights, errors, strict=True)]
    return [w * len(weights) / sum(weights) for w in weights]


def _stepwise(fit: Fit, degree: int, nodes: list[Any], real: Any, rounds: int = 8) -> list[Any]:
    """Rounded coefficients, each fitted together with those after it to what those before it leave."""
    known: list[Any] = []
    while len(known) <= degree:
        left = [fit.function(x) - mp.polyval(known[::-1] or [0], x) for x in nodes]
        weights = [mp.mpf(1)] * len(nodes)
        for _ in range(rounds):
            scale = [mp.sqrt(w) * fit.weight(x) for w, x in zip(weights, nodes, strict=True)]
            rows = [[s * x**j for j in range(len(known), degree + 1)] for s, x in zip(scale, nodes, strict=True)]
            solution = mp.qr_solve(mp.matrix(rows), mp.matrix([s * y for s, y in zip(scale, left, strict=True)]))[0]
            power, rest = len(known), list(solution)[::-1]
            errors = [abs(fit.weight(x) * (x**power * mp.polyval(rest, x) - y)) for x, y in zip(nodes, left, strict=True)]
            weights = _heavier(weights, errors)
        known.append(mp.mpf(float(real(float(solution[0])))))
    return known


def _rational(fit: Fit, degree: tuple[int, int], nodes: list[Any], rounds: int = 12) -> tuple[list[Any], list[Any]]:
    """N and D near the least largest error."""
    top, bottom = degree
    values = [fit.function(z) for z in nodes]
    weights = below = [mp.mpf(1)] * len(nodes)
    for _ in range(rounds):
        scale = [mp.sqrt(w) * fit.weight(z) / d for w, z, d in zip(weights, nodes, below, strict=True)]
        rows = [
            [*(s * z**j for j in range(top + 1)), *(-s * f * z**j for j in range(1, bottom + 1))]
            for s, z, f in zip(scale, nodes, values, strict=True)
        ]
        solution = list(mp.qr_solve(mp.matrix(rows), mp.matrix([s * f for s, f in zip(scale, values, strict=True)]))[0])
        n, d = solution[: top + 1], [mp.mpf(1), *solution[top + 1 :]]
        below = [mp.polyval(d[::-1], z) for z in nodes]
        quotients = [mp.polyval(n[::-1], z) / b for z, b in zip(nodes, below, strict=True)]
        errors = [abs(fit.weight(z) * (q - f)) for z, q, f in zip(nodes, quotients, values, strict=True)]
        weights = _heavier(weights, errors)
    unit = d[-1] if fit.monic else d[0]
    return [c / unit for c in n], [c / unit for c in d]


def bound(fit: Fit, width: int, tables: dict[str, Any]) -> float:
    """log2 of the largest error of stored tables, on 400 nodes."""
    stored = [[mp.mpf(float(c)) for c in reversed(tables[name])] for name in fit.tables]
    points = _nodes(fit.intervals[width], 400, None if len(stored) == 1 else KNEE)
    values = [mp.polyval(stored[0], x) / (mp.polyval(stored[1], x) if len(stored) > 1 else 1) for x in points]
    return float(mp.log(max(abs(fit.weight(x) * (v - fit.function(x))) for v, x in zip(values, points, strict=True)), 2))


def check() -> list[str]:
    """A line for every stored table that misses its bound."""
    lines = []
    for fit in (*FITS, *QUANTILE_FITS):
        for width, (module, limit) in enumerate(zip((f32, f64), fit.bounds, strict=True)):
            error = bound(fit, width, {name: getattr(module, name) for name in fit.tables})
            if error > limit:
                lines.append(f"{module.__name__}.{fit.name}: 2^{error:.2f} > 2^{limit}")
    return lines


def main(arguments: list[str]) -> int:
    """Print all tables, or with ``--check`` the stored ones that miss their bound."""
    if "--check" in arguments:
        lines = check()
        print("\n".join(lines) or "all tables are within their bounds")
        return 1 if lines else 0
    for width, real in enumerate(REALS):
        print(f"# {real.__name__}")
        for fit in (*FITS, *QUANTILE_FITS):
            tables = {n: [real(float(c)) for c in t] for n, t in coefficients(fit, width).items()}
            print(f"# error 2^{bound(fit, width, tables):.2f}")
            for name, table in tables.items():
                print(f"{name} = _table({', '.join(np.format_float_scientific(c) for c in table)})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
