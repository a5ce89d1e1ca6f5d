"""From random bits to numbers: uniform, normal and Gumbel, each a monotone function of one word of the generator.

The bits of a draw come as four floats: `unit`, uniform in (0, 1), and a uniform number given by its distance from the
nearer end, 0 < `tail` < ½, its distance from the middle, `centre` = ½ - tail, and its side, `sign` = ±1. tail and centre
are both exact or rounded once, so that a quantile function keeps its relative accuracy in the tails and next to 0.
Only fma, IEEE division and square root follow: the same bits on every device.
"""

from __future__ import annotations

from typing import Any

from fastact.numerics import f64 as k
from fastact.numerics.bits import fma, horner, real, select, sqrt
from fastact.numerics.logarithm import log, log_complement


def uniform(unit: Any, tail: Any, centre: Any, sign: Any) -> Any:
    """Uniform in (0, 1): 24 bits in float32, 53 in float64, never 0 or 1."""
    return unit


def normal(unit: Any, tail: Any, centre: Any, sign: Any) -> Any:
    """Standard normal, by the inverse of its distribution function: odd in `sign`.

    Next to the median it is centre·R(END² - centre²); in the tails R(√-ln tail), with rational R fitted to the quantile (after
    Wichura 1988, algorithm AS 241). One word makes one number, and the largest is 6.3 in float32, 8.2 in float64.
    """
    rest, root = fma(-centre, centre, k.QUANTILE_END * k.QUANTILE_END), sqrt(-log(tail))
    near = centre < k.QUANTILE_END
    above = select(near, centre * horner(rest, k.QUANTILE_CENTRE_N), horner(root, k.QUANTILE_TAIL_N))
    below = select(near, horner(rest, k.QUANTILE_CENTRE_D), horner(root, k.QUANTILE_TAIL_D))
    return sign * (above / below)


def gumbel(unit: Any, tail: Any, centre: Any, sign: Any) -> Any:
    """Standard Gumbel, -ln E of an exponential E = -ln u: u is `tail` for a positive sign, 1 - tail for a negative."""
    return -log(-select(sign > real(0), log(tail), log_complement(tail)))
