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
    """One polynomial: what it approximates, where, and the bounds of |weight · error| as powers of two per width.

    The polynomial is the interpolant at Chebyshev nodes, within a factor of two of the best; the error that counts is
    that of the whole expression, so `weight` is what the polynomial is multiplied by, divided by the value.
    """

    name: str
    function: Function
    weight: Function
    interval: tuple[Any, Any]
    degrees: tuple[int, int]
    bounds: tuple[float, float]


LN2 = mp.log(2)
HALF = LN2 / 2 * mp.mpf("1.0001")
SILU_ROOT = 1 + mp.lambertw(mp.exp(-1)).real
SILU_E = SILU_ROOT - 1
GELU_ROOT = mp.findroot(lambda z: mp.erfc(z / mp.sqrt(2)) / 2 - z * mp.npdf(z), 0.75)


def _ratio(numerator: Function, denominator: Function, series: Function) -> Function:
    """A quotient, continued by its limit where both sides vanish."""
    return lambda r: series(r) if abs(r) < mp.mpf(2) ** -40 else numerator(r) / denominator(r)


def _root(function: Function) -> Function:
    return lambda z: function(mp.sqrt(z))


def tail(z: Any) -> Any:
    """R(z) = Φ(-z) e^(z²/2)."""
    return mp.erfc(z / mp.sqrt(2)) / 2 * mp.exp(z * z / 2)


def slope(z: Any) -> Any:
    """M(z) = (R(z) - z/√(2π)) / (z0 - z), with the root z0 of gelu'(-z) divided out."""
    if abs(z - GELU_ROOT) < mp.mpf(2) ** -30:
        step = mp.mpf(2) ** -30
        return (slope(GELU_ROOT - step) + slope(GELU_ROOT + step)) / 2
    return (tail(z) - z / mp.sqrt(2 * mp.pi)) / (GELU_ROOT - z)


def _mapped(function: Function, knee: Function) -> Function:
    """`function` of z = K (1 + v) / (1 - v), the inverse of v = 1 - 2K/(z + K)."""
    return lambda v: function(knee(v) * (1 + v) / (1 - v))


def _knee(_: Any) -> Any:
    return mp.mpf(f64.NORMAL_KNEE)


FITS = (
    Fit("EXPM1", _ratio(lambda r: mp.expm1(r) - r, lambda r: r * r, lambda r: 0.5 + r / 6), lambda r: r * r / mp.exp(r), (-HALF, HALF), (4, 10), (-26.5, -59)),
    Fit("COSH", _root(_ratio(lambda r: mp.cosh(r) - 1, lambda r: r * r, lambda r: 0.5 + r * r / 24)), lambda z: z, (0, HALF**2), (2, 6), (-31, -62)),
    Fit("SINH", _root(_ratio(lambda r: mp.sinh(r) - r, lambda r: r**3, lambda r: mp.mpf(1) / 6 + r * r / 120)), lambda z: z, (0, HALF**2), (2, 6), (-33, -66)),
    Fit("LOG1P", _ratio(mp.log1p, lambda e: e, lambda e: 1 - e / 2), lambda e: e / mp.log1p(e) if e else 1, (0, 1), (10, 21), (-28, -55)),
    Fit(
        "SILU_SLOPE",
        lambda d: 1 + SILU_E * (-mp.expm1(-d) / d if d else 1),
        lambda d: 1 / (1 + SILU_E),
        (-mp.mpf("0.14"), mp.mpf("0.14")),
        (5, 10),
        (-28, -56),
    ),
    Fit("TAIL", _mapped(lambda z: tail(z) * (z + f64.NORMAL_KNEE), _knee), lambda v: 1, (-1, mp.mpf("0.83")), (10, 23), (-25, -54)),
    Fit("TAIL_SLOPE", _mapped(slope, _knee), lambda v: 1, (-1, mp.mpf("0.83")), (10, 23), (-25, -54)),
)


def coefficients(fit: Fit, degree: int) -> list[Any]:
    """Ascending coefficients in full precision."""
    descending: list[Any] = mp.chebyfit(fit.function, list(fit.interval), degree + 1)
    return descending[::-1]


def bound(fit: Fit, table: Any) -> float:
    """log2 of the largest |weight · error| of a stored table, on 400 Chebyshev points."""
    low, high = (mp.mpf(v) for v in fit.interval)
    points = [(low + high) / 2 + (high - low) / 2 * mp.cospi(mp.mpf(2 * k + 1) / 800) for k in range(400)]
    stored = [mp.mpf(float(c)) for c in reversed(table)]
    return float(mp.log(max(abs(fit.weight(x) * (mp.polyval(stored, x) - fit.function(x))) for x in points), 2))


def check() -> list[str]:
    """A line for every stored table that misses its bound."""
    lines = []
    for fit in FITS:
        for width, limit in zip((f32, f64), fit.bounds, strict=True):
            error = bound(fit, getattr(width, fit.name))
            if error > limit:
                lines.append(f"{width.__name__}.{fit.name}: 2^{error:.2f} > 2^{limit}")
    return lines


def main(arguments: list[str]) -> int:
    """Print all tables, or with ``--check`` the stored ones that miss their bound."""
    if "--check" in arguments:
        lines = check()
        print("\n".join(lines) or "all tables are within their bounds")
        return 1 if lines else 0
    for fit in FITS:
        for real, degree in ((np.float32, fit.degrees[0]), (np.float64, fit.degrees[1])):
            table = [real(float(c)) for c in coefficients(fit, degree)]
            print(f"# {fit.name} {real.__name__}: 2^{bound(fit, table):.2f}")
            print(f"{fit.name} = _table({', '.join(repr(float(c)) for c in table)})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
