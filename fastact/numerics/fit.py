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


def _nodes(interval: tuple[Any, Any], count: int, knee: Any) -> list[Any]:
    """Chebyshev nodes; with a knee those of v = (z - knee)/(z + knee), which crowd where a tail bends."""
    low, high = (mp.mpf(v) if knee is None else (v - knee) / mp.mpf(v + knee) for v in interval)
    nodes = [(low + high) / 2 + (high - low) / 2 * mp.cospi(mp.mpf(2 * k + 1) / (2 * count)) for k in range(count)]
    return nodes if knee is None else [knee * (1 + v) / (1 - v) for v in nodes]


def coefficients(fit: Fit, width: int) -> dict[str, list[Any]]:
    """Tables of ascending coefficients in full precision; `width` is 0 for float32, 1 for float64."""
    degree, interval = fit.degrees[width], fit.intervals[width]
    if isinstance(degree, int):
        descending: list[Any] = mp.chebyfit(fit.function, list(interval), degree + 1)
        return {fit.name: descending[::-1]}
    p, rest = _rational(fit, degree, _nodes(interval, 4 * (sum(degree) + 2), 4))
    if fit.start is not None:
        p, rest = p[1:], rest[1:]
    return dict(zip(fit.tables, (p, rest), strict=True))


def _rational(fit: Fit, degree: tuple[int, int], nodes: list[Any], rounds: int = 10) -> tuple[list[Any], list[Any]]:
    """P and L near the best relative error, by least squares with weights that grow where the error is large (Lawson 1961)."""
    p, q = degree
    values, leads = [fit.function(z) for z in nodes], [fit.weight(z) for z in nodes]
    known, first = (0, 0) if fit.start is None else (fit.start, 1)
    sign = mp.mpf(1 if fit.weight(mp.mpf(0)) == 0 else -1.22)
    weights = below = [mp.mpf(1)] * len(nodes)
    for _ in range(rounds):
        scale = [mp.sqrt(w) / (f * d) for w, f, d in zip(weights, values, below, strict=True)]
        rows = [
            [*(s * z**j * (1 - f * lead) for j in range(first, p + 1)), *(-s * f * z**j for j in range(1, q + 1))]
            for s, z, f, lead in zip(scale, nodes, values, leads, strict=True)
        ]
        right = [s * (sign * f - known * (1 - f * lead)) for s, f, lead in zip(scale, values, leads, strict=True)]
        solution = mp.qr_solve(mp.matrix(rows), mp.matrix(right))[0]
        above, rest = [*[known] * first, *solution[: p + 1 - first]], [sign, *solution[p + 1 - first :]]
        tops = [mp.polyval(above[::-1], z) for z in nodes]
        below = [lead * t + mp.polyval(rest[::-1], z) for lead, t, z in zip(leads, tops, nodes, strict=True)]
        errors = [abs(t / d / f - 1) for t, d, f in zip(tops, below, values, strict=True)]
        weights = [w * (e / max(errors) + mp.mpf("1e-6")) for w, e in zip(weights, errors, strict=True)]
        weights = [w * len(nodes) / sum(weights) for w in weights]
    return above, rest


def bound(fit: Fit, width: int, tables: dict[str, Any]) -> float:
    """log2 of the largest error of stored tables, on 400 nodes."""
    stored = {name: [mp.mpf(float(c)) for c in reversed(table)] for name, table in tables.items()}
    polynomial = isinstance(fit.degrees[width], int)
    points = _nodes(fit.intervals[width], 400, None if polynomial else 4)
    if polynomial:
        return float(mp.log(max(abs(fit.weight(x) * (mp.polyval(stored[fit.name], x) - fit.function(x))) for x in points), 2))
    p, rest = (stored[name] for name in fit.tables)
    if fit.start is not None:
        p, rest = [*p, fit.start], [*rest, mp.mpf(1)]
    tops = [mp.polyval(p, x) for x in points]
    quotients = [t / (fit.weight(x) * t + mp.polyval(rest, x)) for t, x in zip(tops, points, strict=True)]
    return float(mp.log(max(abs(v / fit.function(x) - 1) for v, x in zip(quotients, points, strict=True)), 2))


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
    reals: tuple[Any, ...] = (np.float32, np.float64)
    for width, real in enumerate(reals):
        print(f"# {real.__name__}")
        for fit in (*FITS, *QUANTILE_FITS):
            tables = {n: [real(float(c)) for c in t] for n, t in coefficients(fit, width).items()}
            print(f"# error 2^{bound(fit, width, tables):.2f}")
            for name, table in tables.items():
                print(f"{name} = _table({', '.join(np.format_float_scientific(c) for c in table)})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
