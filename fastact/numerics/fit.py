"""The fitting script: every coefficient table of `f32` and `f64` comes from here.

``python -m fastact.numerics.fit`` prints the tables; ``--check`` measures the stored ones against their bounds.
Needs mpmath (`pip install fastact[verify]`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np

from fastact.numerics import f32, f64

mp.mp.prec = 200
Function = Callable[[Any], Any]


@dataclass(frozen=True)
class Fit:
    """One polynomial or rational function: what it approximates, where, and its error bounds as powers of two per width.

    A polynomial is the interpolant at Chebyshev nodes, within a factor of two of the best. The error that counts is
    that of the whole expression: `weight` is what the polynomial is multiplied by, divided by the value. A rational
    function P / (weight·P + L) has degrees (p, l), tables NAME_P and NAME_L; its error is relative. L(0) is 1, or -1.22
    for a weight that does not vanish, which keeps the denominator below a power of two near 0.
    Where weight·P dominates, as in a tail whose limit is 1/weight, the rounding errors of P cancel. With a `start` P(0)
    is fixed, and the tables are those of (P - start)/z and (L - 1)/z.
    """

    name: str
    function: Function
    weight: Function
    intervals: tuple[tuple[Any, Any], tuple[Any, Any]]
    degrees: tuple[Any, Any]
    bounds: tuple[float, float]
    start: Any = None

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the stored tables."""
        if isinstance(self.degrees[0], int):
            return (self.name,)
        return (f"{self.name}_P", f"{self.name}_L")


LN2 = mp.log(2)
HALF = LN2 / 2 * mp.mpf("1.0001")
SILU_ROOT = 1 + mp.lambertw(mp.exp(-1)).real
SILU_E = SILU_ROOT - 1
GELU_ROOT = mp.findroot(lambda z: mp.erfc(z / mp.sqrt(2)) / 2 - z * mp.npdf(z), 0.75)


def _ratio(numerator: Function, denominator: Function, series: Function) -> Function:
    """A quotient, continued by its limit where both sides vanish."""
    return lambda r: series(r) if abs(r) < mp.mpf(2) ** -40 else numerator(r) / denominator(r)


def _odd_rest(odd: Function, third: Any, fifth: Any) -> Function:
    """(f(x) - x) / x³ as a function of x², for an odd f(x) = x + third x³ + fifth x⁵ + ..."""
    return _ratio(lambda v: odd(mp.sqrt(v)) - mp.sqrt(v), lambda v: v * mp.sqrt(v), lambda v: third + fifth * v)


def silu_slope(d: Any) -> Any:
    """silu'(-z) / (z0 - z) at z = z0 + d, with the root z0 divided out."""
    e = SILU_E * mp.exp(-d)
    return e * (1 + SILU_E * (-mp.expm1(-d) / d if d else 1)) / (1 + e) ** 2


def tail(z: Any) -> Any:
    """R(z) = Φ(-z) e^(z²/2)."""
    return mp.erfc(z / mp.sqrt(2)) / 2 * mp.exp(z * z / 2)


def slope(z: Any) -> Any:
    """M(z) = (R(z) - z/√(2π)) / (z0 - z), with the root z0 of gelu'(-z) divided out."""
    if abs(z - GELU_ROOT) < mp.mpf(2) ** -30:
        step = mp.mpf(2) ** -30
        return (slope(GELU_ROOT - step) + slope(GELU_ROOT + step)) / 2
    return (tail(z) - z / mp.sqrt(2 * mp.pi)) / (GELU_ROOT - z)


def _both(low: Any, high: Any) -> Any:
    return ((low, high), (low, high))


FITS = (
    Fit(
        "EXPM1",
        _ratio(lambda r: mp.expm1(r) - r, lambda r: r * r, lambda r: 0.5 + r / 6),
        lambda r: r * r / mp.exp(r),
        _both(-HALF, HALF),
        (4, 10),
        (-26.4, -61),
    ),
    Fit(
        "TANH_HALF",
        _odd_rest(lambda r: 2 * mp.tanh(r / 2), -mp.mpf(1) / 12, mp.mpf(1) / 120),
        lambda v: v * mp.sqrt(v) / (2 * mp.tanh(mp.sqrt(v) / 2)) if v else 0,
        _both(0, HALF**2),
        (2, 5),
        (-30.7, -55.8),
    ),
    Fit(
        "ATANH_HALF",
        _odd_rest(lambda t: 2 * mp.atanh(t / 2), mp.mpf(1) / 12, mp.mpf(1) / 80),
        lambda v: v * mp.sqrt(v) / (2 * mp.atanh(mp.sqrt(v) / 2)) if v else 0,
        _both(0, mp.mpf(4) / 9),
        (3, 9),
        (-25.8, -56.9),
    ),
    Fit(
        "SILU_SLOPE",
        silu_slope,
        lambda d: 1 / silu_slope(d),
        _both(-mp.mpf("0.04"), mp.mpf("0.04")),
        (3, 7),
        (-25, -55.4),
    ),
    Fit(
        "CENTRE",
        lambda h: (mp.ncdf(mp.sqrt(h)) - mp.mpf(0.5)) / mp.sqrt(h) if h > mp.mpf(2) ** -80 else 1 / mp.sqrt(2 * mp.pi),
        lambda h: mp.sqrt(h) / mp.ncdf(-mp.sqrt(h)),
        _both(0, mp.mpf("0.36")),
        (4, 10),
        (-25, -53.5),
    ),
    Fit("TAIL", tail, lambda z: mp.sqrt(2 * mp.pi) * z, ((0, 14.7), (0, 38.8)), ((5, 4), (10, 9)), (-25.5, -55), start=mp.mpf(0.5)),
    Fit("TAIL_SLOPE", slope, lambda z: mp.sqrt(2 * mp.pi), ((0, 14.7), (0, 38.8)), ((5, 4), (10, 9)), (-24.9, -54.6)),
)


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
    for fit in FITS:
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
        for fit in FITS:
            tables = {n: [real(float(c)) for c in t] for n, t in coefficients(fit, width).items()}
            print(f"# error 2^{bound(fit, width, tables):.2f}")
            for name, table in tables.items():
                print(f"{name} = _table({', '.join(np.format_float_scientific(c) for c in table)})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
