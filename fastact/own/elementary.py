"""The functions of fastact.scalars for values of a width: whole line, NaN in NaN out, what would be subnormal rounded once."""

from __future__ import annotations

from math import inf, nan
from typing import Any

from fastact.activations import exponential, hyperbolic, logistic
from fastact.numerics import f64 as k
from fastact.numerics.bits import (
    absolute,
    at_least,
    at_most,
    copysign,
    exponent_of,
    fma,
    horner,
    mantissa_of,
    real,
    select,
)
from fastact.numerics.exponential import expm1_reduced, reduce
from fastact.numerics.logarithm import log_scaled
from fastact.numerics.normal import gauss, scaled_tail
from fastact.numerics.sine import sine

_exp, _tanh, _sigmoid, _softplus = exponential.exp.scalar, hyperbolic.tanh.scalar, logistic.sigmoid.scalar, logistic.softplus.scalar
_ROOT2, _ROOT2_LOW = 2**0.5, -9.667293313452913e-17


def exp(x: Any) -> Any:
    """e^x."""
    y, _ = _exp(x)
    return y


def tanh(x: Any) -> Any:
    """Hyperbolic tangent."""
    y, _ = _tanh(x)
    return y


def sigmoid(x: Any) -> Any:
    """1 / (1 + e^-x)."""
    y, _ = _sigmoid(x)
    return y


def softplus(x: Any) -> Any:
    """log(1 + e^x)."""
    y, _, _ = _softplus(x, real(1))
    return y


def expm1(x: Any) -> Any:
    """e^x - 1 as m p + (m - 1) with e^x = m (1 + p); beyond EXP_SPLIT the 1 is below the last bit."""
    s, r = reduce(at_most(at_least(x, k.ELU_END), k.EXP_SPLIT), k.MAGIC)
    m = s * k.UNSCALE
    y = fma(m, expm1_reduced(r), m - real(1))
    return select(x > k.EXP_SPLIT, exp(x), copysign(y, x))


def log(x: Any) -> Any:
    """Natural logarithm; subnormal x are scaled by 2^64."""
    small = x < k.SMALLEST
    v = select(small, x * real(2.0**64), x)
    y = log_scaled(exponent_of(v) - select(small, real(64), real(0)), mantissa_of(v) - real(1))
    return select(x > real(0), select(x < real(inf), y, x), select(x == real(0), real(-inf), real(nan)))


def log1p(x: Any) -> Any:
    """log(1 + x): where 1 + x needs no exponent x itself is kept, elsewhere its rounding error is added."""
    one = real(1)
    u = one + x
    low = select(x > one, one - (u - x), x - (u - one))
    e = exponent_of(u)
    near = e == real(0)
    y = log_scaled(e, select(near, x, mantissa_of(u) - one)) + select(near, real(0), low / u)
    inner = select(x > -one, select(x < real(inf), y, x), select(x == -one, real(-inf), real(nan)))
    return select(x == real(0), x, inner)


def normal_pdf(x: Any) -> Any:
    """Density of the normal distribution."""
    z = at_most(absolute(x), k.NORMAL_END)
    s, p = gauss(z, z * z)
    return (fma(s, p, s) * k.DENSITY_TOP) * k.UNSCALE


def normal_cdf(x: Any) -> Any:
    """Φ(x): 1/2 + x CENTRE(x²) around 0, its lower tail, or 1 less it."""
    z = at_most(absolute(x), k.NORMAL_END)
    square = z * z
    s, p = gauss(z, square)
    tail = (scaled_tail(z, s, p) / z) * k.UNSCALE
    far = select(x < real(0), tail, real(1) - tail)
    return select(z < k.CENTRE_END, fma(x, horner(square, k.CENTRE), real(0.5)), far)


def _twice_tail(x: Any) -> Any:
    """2 Φ(-|x| √2): the rounding error of |x| √2 moves it by φ times that."""
    z0 = absolute(x)
    root = real(_ROOT2)
    low = real((_ROOT2 - float(root)) + _ROOT2_LOW)
    z = at_most(z0 * root, k.NORMAL_END)
    rest = select(z < k.NORMAL_END, fma(z0, root, -z) + z0 * low, real(0))
    s, p = gauss(z, z * z)
    slope = fma(s, p, s) * k.DENSITY_TOP
    tail = fma(-rest, slope, scaled_tail(z, s, p) / z)
    return (tail + tail) * k.UNSCALE


def _near_erf(x: Any) -> Any:
    """erf(x) for |x| √2 < CENTRE_END, 2√2 x CENTRE(2x²)."""
    root = real(_ROOT2)
    low = real((_ROOT2 - float(root)) + _ROOT2_LOW)
    c = horner((x + x) * x, k.CENTRE)
    return (x + x) * fma(c, root, c * low)


def erf(x: Any) -> Any:
    """Error function."""
    z = absolute(x)
    far = copysign(real(1) - _twice_tail(x), x)
    return select(z * real(_ROOT2) < k.CENTRE_END, _near_erf(x), far)


def erfc(x: Any) -> Any:
    """1 - erf(x)."""
    tail = _twice_tail(x)
    far = select(x < real(0), real(2) - tail, tail)
    return select(absolute(x) * real(_ROOT2) < k.CENTRE_END, real(1) - _near_erf(x), far)


def _turned(x: Any) -> Any:
    """Return sin r, cos r, whether n is odd and whether (n - 1)/2 or n/2 is, for x = n π/2 + r, |r| ≤ π/4.

    NaN beyond TURNS_END, where neighbouring floats are too far apart for waves.
    """
    n = fma(x, k.TWO_OVER_PI, k.MAGIC_INTEGER) - k.MAGIC_INTEGER
    odd = (n + k.MAGIC_EVEN) - k.MAGIC_EVEN != n
    half = real(0.5) * (n - select(odd, real(1), real(0)))
    r = fma(n, -k.PIO2_LOW, fma(n, -k.PIO2, x))
    r = select(absolute(x) <= k.TURNS_END, r, real(nan))
    s = sine(real(0.5) * r)
    return sine(r), fma(real(-2) * s, s, real(1)), odd, (half + k.MAGIC_EVEN) - k.MAGIC_EVEN != half


def sin(x: Any) -> Any:
    """Sine."""
    s, c, odd, turned = _turned(x)
    y = select(odd, c, s)
    return select(x == real(0), x, select(turned, -y, y))


def cos(x: Any) -> Any:
    """Cosine."""
    s, c, odd, turned = _turned(x)
    y = select(odd, -s, c)
    return select(turned, -y, y)


def maximum(a: Any, b: Any) -> Any:
    """The larger; NaN if one is."""
    return select(b != b, b, select(a < b, b, a))  # noqa: PLR0124


def minimum(a: Any, b: Any) -> Any:
    """The smaller; NaN if one is."""
    return select(b != b, b, select(a > b, b, a))  # noqa: PLR0124
