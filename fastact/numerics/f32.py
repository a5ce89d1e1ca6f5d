"""float32 constants of the numerics; the same names as in f64. Every table comes from `fit`.

Bounds are those of `fit.FITS`: the largest error of the whole expression, relative to its value unless `fit` says otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_real = np.float32


def _table(*coefficients: float) -> tuple[Any, ...]:
    """Ascending coefficients in this width."""
    return tuple(_real(c) for c in coefficients)


# LN2_HIGH is ln2 to the nearest. u - n LN2_HIGH is exact in one fma all the same: both are multiples of ulp(1/4) where
# n is not 0, and the difference is below 1/2.
LOG2E = _real(1.4426950408889634)
LN2_HIGH = _real(0.6931471824645996)
LN2_LOW = _real(-1.9046542121259336e-09)

# u LOG2E + MAGIC has n + bias + k in its low bits: the exponent of 2^(n+k). SCALE = 2^k keeps what would be subnormal normal.
MAGIC = _real(12583079.0)
SCALE = _real(2.0**40)
SCALE_TWICE = _real(2.0**41)
SCALE_SQUARED = _real(2.0**80)
UNSCALE = _real(2.0**-40)

# Beyond these the results below are 0 or 1 to the last bit, subnormals included.
LOGISTIC_END = _real(110.0)
ELU_END = _real(-115.0)
NORMAL_END = _real(14.7)

# silu' and gelu' vanish at minus these roots; SILU_ROOT_OFFSET is silu' at -SILU_ROOT, the other offset a low part.
SILU_ROOT = _real(1.2784645557403564)
SILU_ROOT_OFFSET = _real(-2.8270397134377845e-09)
SILU_NEAR = _real(0.04)
GELU_ROOT = _real(0.7517915368080139)
GELU_ROOT_LOW = _real(-1.211444988769017e-08)
CENTRE_END = _real(0.6)
SQRT_2PI = _real(2.5066282746310007)

# e^r = 1 + r + r² EXPM1(r), |r| ≤ ln2/2; error ≤ 2^-26.4
EXPM1 = _table(
    5.0e-01,
    1.6666576e-01,
    4.1666556e-02,
    8.363179e-03,
    1.3926184e-03,
)

# 2 tanh(r/2) = r + r³ TANH_HALF(r²), |r| ≤ ln2/2; error ≤ 2^-30.7
TANH_HALF = _table(
    -8.333333e-02,
    8.332652e-03,
    -8.280676e-04,
)

# 2 atanh(t/2) = t + t³ ATANH_HALF(t²), 0 ≤ t ≤ 2/3; error ≤ 2^-25.8
ATANH_HALF = _table(
    8.33333e-02,
    1.2502363e-02,
    2.2059858e-03,
    5.2444334e-04,
)

# silu'(-z) = -δ SILU_SLOPE(δ), δ the distance from the root, |δ| ≤ 0.04; error ≤ 2^-25
SILU_SLOPE = _table(
    2.178117e-01,
    -1.466488e-01,
    1.8864246e-02,
    1.5222453e-02,
)

# Φ(x) = 1/2 + x CENTRE(x²), |x| ≤ CENTRE_END; error ≤ 2^-25
CENTRE = _table(
    3.989423e-01,
    -6.649037e-02,
    9.973233e-03,
    -1.1847916e-03,
    1.0727486e-04,
)

# Φ(-z) e^(z²/2) = P / (1 + √(2π) z P + z TAIL_L(z)), P = 1/2 + z TAIL_P(z), 0 ≤ z ≤ NORMAL_END; error ≤ 2^-25.5
TAIL_P = _table(
    5.428102e-01,
    2.829681e-01,
    8.5390404e-02,
    1.4917331e-02,
    1.2460769e-03,
)
TAIL_L = _table(
    6.301908e-01,
    2.0813294e-01,
    3.7376802e-02,
    3.1237567e-03,
)

# (Φ(-z) - z φ(z)) e^(z²/2) = (GELU_ROOT - z) P / (√(2π) P + TAIL_SLOPE_L(z)), P = TAIL_SLOPE_P(z), 0 ≤ z ≤ NORMAL_END; error ≤ 2^-24.9
TAIL_SLOPE_P = _table(
    1.2162961e00,
    1.6177766e00,
    9.819096e-01,
    3.307448e-01,
    6.1905198e-02,
    5.2423314e-03,
)
TAIL_SLOPE_L = _table(
    -1.22e00,
    -1.1369492e00,
    -4.7805655e-01,
    -1.0351419e-01,
    -9.879035e-03,
)
