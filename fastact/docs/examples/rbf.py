"""A radial basis unit: y = exp(-((x - c) / s)²), whose centre and width are learnt."""

import math

import fastact as fa


@fa.define(
    formula=r"e^{-((x - c)/s)^2}",
    derivative=r"-\frac{2 (x - c)}{s^2}\, e^{-((x - c)/s)^2}",
    range=(0.0, 1.0),
    limits=(0.0, 0.0),
    derivative_limits=(0.0, -0.0),
    source="Broomhead & Lowe 1988, Multivariable functional interpolation and adaptive networks",
)
def rbf(x: float, c: float = 0.0, s: float = 1.0) -> tuple[float, ...]:
    """Radial basis unit; beyond 30 widths, where y is 0, the distance is cut, so that no infinity meets the 0."""
    u = fa.scalars.clip((x - c) / s, -30, 30)
    y = math.exp(-u * u)
    slope = 2 * u / s * y
    return y, -slope, slope, slope * u
