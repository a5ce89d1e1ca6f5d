"""What is fitted for the normal quantile: its part around the median, and its tail."""

from __future__ import annotations

from typing import Any

import mpmath as mp

from fastact.numerics.fits import Fit


def quantile(p: Any) -> Any:
    """The z ≥ 0 with Φ(-z) = p ≤ ½, by Halley's method from the leading term of the tail."""
    z = mp.sqrt(-2 * mp.log(2 * p))
    for _ in range(60):
        step = (mp.ncdf(-z) - p) / mp.npdf(z)
        z += step / (1 - step * z / 2)
        if abs(step) < mp.mpf(2) ** -150:
            break
    return z


END = mp.mpf("0.425")


def centre(d: Any) -> Any:
    """The quantile of ½ + c over c, as a function of d = END² - c², by which its terms have one sign (Wichura 1988)."""
    c = mp.sqrt(max(END**2 - d, 0))
    return quantile(mp.mpf(0.5) - c) / c if c > mp.mpf(2) ** -40 else mp.sqrt(2 * mp.pi)


_LEFT = mp.sqrt(-mp.log(mp.mpf(0.5) - END + mp.mpf("1e-4")))
_NEAR = (-mp.mpf("1e-4"), END**2)

QUANTILE_FITS = (
    Fit("QUANTILE_CENTRE", centre, lambda d: 1 / centre(d), (_NEAR, _NEAR), ((3, 3), (7, 7)), (-23.7, -52.8)),
    Fit(
        "QUANTILE_TAIL",
        lambda r: quantile(mp.exp(-r * r)),
        lambda r: 1 / quantile(mp.exp(-r * r)),
        ((_LEFT, 4.79), (_LEFT, 6.12)),
        ((3, 3), (8, 7)),
        (-23.6, -54.3),
    ),
)
