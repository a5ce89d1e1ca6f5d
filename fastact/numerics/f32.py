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

# The first 17 bits of it behind the point, and the rest: n LN2_SHORT is exact up to NORMAL_END²/2.
LN2_SHORT = _real(0.69314575)
LN2_SHORT_REST = _real(1.4286068e-06)

# u LOG2E + MAGIC has n + bias + k in its low bits: the exponent of 2^(n+k). SCALE = 2^k keeps what would be subnormal normal.
MAGIC = _real(12583079.0)
SCALE = _real(2.0**40)
SCALE_TWICE = _real(2.0**41)
SCALE_SQUARED = _real(2.0**80)
UNSCALE = _real(2.0**-40)
UNSCALE_HALF = _real(2.0**-41)

# The same for what would overflow: 2^(n-k), unscaled by SCALE.
MAGIC_DOWN = _real(12582999.0)

# Beyond these the results below are 0 or 1 to the last bit, subnormals included.
LOGISTIC_END = _real(110.0)
ELU_END = _real(-115.0)
SWISH_END = _real(114.0)
QUICK_END = _real(66.0)
EXP_END = _real(90.0)
GELU_TANH_END = _real(10.95)
NORMAL_END = _real(14.7)

LARGEST = _real(np.finfo(_real).max)
SMALLEST = _real(np.finfo(_real).tiny)

# Where one form of a function takes over from another.
EXP_SPLIT = _real(50.0)
MISH_CENTRE = _real(0.34)
SOFTPLUS_NEAR = _real(0.5)
SOFTSIGN_NEAR = _real(0.6)
CELU_END = _real(-2.0)
SQUAREPLUS_NEAR = _real(0.5)
SQUARE_END = _real(2.0**60)

# silu' and gelu' vanish at minus these roots; SILU_ROOT_OFFSET is silu' at -SILU_ROOT, the other offset a low part.
SILU_ROOT = _real(1.2784645557403564)
SILU_ROOT_OFFSET = _real(-2.8270397134377845e-09)
SILU_NEAR = _real(0.15)
GELU_ROOT = _real(0.7517915368080139)
GELU_ROOT_LOW = _real(-1.211444988769017e-08)
CENTRE_END = _real(0.833)
TAIL_CONSTANT = _real(0.34375)
DENSITY_TOP = _real(0.3989422804014327)
QUANTILE_END = _real(0.425)
HALF_NORMAL_MEAN = _real(0.7978845608028654)

# The roots of gelu_tanh', mish' and dish' alike.
GELU_TANH_ROOT = _real(0.75246143)
GELU_TANH_ROOT_OFFSET = _real(-4.880577e-09)
GELU_TANH_NEAR = _real(0.15)
MISH_ROOT = _real(1.1924312)
MISH_ROOT_OFFSET = _real(8.125728e-10)
MISH_NEAR = _real(0.3)
DISH_ROOT = _real(0.78615135)
DISH_ROOT_OFFSET = _real(5.8539094e-09)
DISH_NEAR = _real(-0.42)
DISH_FAR = _real(0.27)

# Constants of the definitions, in two terms where one would not do: 1.702; 2√(2/π) and 0.044715 of it; λ and λα; 1/6.
QUICK = _real(1.702)
QUICK_LOW = _real(-2.193451e-08)
GELU_TANH_LINEAR = _real(1.5957692)
GELU_TANH_LINEAR_LOW = _real(-4.534068e-08)
GELU_TANH_CUBIC = _real(0.071354814)
GELU_TANH_CUBIC_LOW = _real(2.3988325e-09)
SELU_SCALE = _real(1.0507009)
SELU_SCALE_LOW = _real(8.441664e-08)
SELU_ALPHA = _real(1.7580993)
SIXTH = _real(0.16666667)
SIXTH_LOW = _real(-4.967054e-09)

# n π/2 = n PIO2 + n PIO2_LOW; adding and taking away MAGIC_INTEGER rounds to an integer, MAGIC_EVEN to an even one.
PIO2 = _real(1.5707964)
PIO2_LOW = _real(-4.371139e-08)
TWO_OVER_PI = _real(0.63661975)
MAGIC_INTEGER = _real(1.2582912e07)
MAGIC_EVEN = _real(2.5165824e07)
TURNS_END = _real(2.0**21)

# Whether a last step in two terms pays: not here, where 2.5 ulp will do without.
TWO_STEPS = False

# fmt: off

# e^r = 1 + r + r² EXPM1(r), |r| ≤ ln2/2; error ≤ 2^-26.4
EXPM1 = _table(
    5.0e-01, 1.6666576e-01, 4.1666556e-02, 8.363179e-03,
    1.3926184e-03,
)

# 2 tanh(r/2) = r + r³ TANH_HALF(r²), |r| ≤ ln2/2; error ≤ 2^-30.7
TANH_HALF = _table(
    -8.333333e-02, 8.332652e-03, -8.280676e-04,
)

# 2 atanh(t/2) = t + t³ ATANH_HALF(t²), 0 ≤ t ≤ 2/3; error ≤ 2^-25.8
ATANH_HALF = _table(
    8.33333e-02, 1.2502363e-02, 2.2059858e-03, 5.2444334e-04,
)

# ln(cosh(u/2)) = u² LOG_COSH(u²), |u| ≤ SOFTPLUS_NEAR; error ≤ 2^-27
LOG_COSH = _table(
    1.24999985e-01, -5.207433e-03, 3.3755708e-04,
)

# silu'(-z) = -δ SILU_SLOPE(δ), δ the distance from the root, |δ| ≤ 0.04; error ≤ 2^-26
SILU_SLOPE = _table(
    2.178117e-01, -1.4664878e-01, 1.8874688e-02, 1.5218971e-02,
    -6.584127e-03,
)

# Φ(x) = 1/2 + x CENTRE(x²), |x| ≤ CENTRE_END; error ≤ 2^-27.9
CENTRE = _table(
    3.9894226e-01, -6.648989e-02, 9.969818e-03, -1.1754204e-03,
    9.840941e-05,
)

# z Φ(-z) e^(z²/2) = TAIL_CONSTANT (1 - TAIL_N(z) / TAIL_D(z)), CENTRE_END ≤ z ≤ NORMAL_END; error ≤ 2^-24.8
TAIL_N = _table(
    1.4747679e01, 2.3614507e00, -1.4160538e00, -8.906183e-01,
    -1.6053897e-01,
)
TAIL_D = _table(
    1.47561655e01, 2.3773378e01, 1.6181574e01, 5.540613e00,
    1.0e00,
)

# (Φ(-z) - z φ(z)) e^(z²/2) = (GELU_ROOT - z)/2 (1 - TAIL_SLOPE_N(z) / TAIL_SLOPE_D(z)), 0 ≤ z ≤ NORMAL_END; error ≤ 2^-25.3
TAIL_SLOPE_N = _table(
    -1.2641036e01, -4.1497316e00, 1.4258051e00, 1.1022344e00,
    2.0211083e-01,
)
TAIL_SLOPE_D = _table(
    3.8288074e01, 5.3541805e01, 3.0349829e01, 8.4202175e00,
    1.0e00,
)

# gelu_tanh'(-z) = GELU_TANH_ROOT_OFFSET - δ GELU_TANH_SLOPE(δ), δ = z - GELU_TANH_ROOT, |δ| ≤ GELU_TANH_NEAR; error ≤ 2^-24.7
GELU_TANH_SLOPE = _table(
    4.304001e-01, -3.8751844e-01, -1.5784347e-02, 1.1394379e-01,
    -1.6442323e-02, -1.9600658e-02,
)

# mish'(-z) = MISH_ROOT_OFFSET - δ MISH_SLOPE(δ), δ = z - MISH_ROOT, z ≥ 0, δ ≤ MISH_NEAR; error ≤ 2^-23.9
MISH_SLOPE = _table(
    2.6694793e-01, -2.0473127e-01, 4.1908063e-02, 2.0272447e-02,
    -1.582611e-02, 3.3394464e-03, 1.0952506e-03, -8.46447e-04,
    5.4628425e-04, 2.7784123e-04,
)

# x - tanh x = x³ TANH_SHRINK(x²), |x| ≤ 1; error ≤ 2^-24.8
TANH_SHRINK = _table(
    3.3333334e-01, -1.3333331e-01, 5.3967595e-02, -2.1862576e-02,
    8.82625e-03, -3.4783864e-03, 1.2421575e-03, -3.3768982e-04,
    4.846711e-05,
)

# 1 - e^u (1 - u) = u² CELU_LOSS(u + 1), -2 ≤ u ≤ 0; error ≤ 2^-23.7
CELU_LOSS = _table(
    2.6424113e-01, 1.606028e-01, 5.6964472e-02, 1.4639435e-02,
    2.9709283e-03, 4.9927476e-04, 7.172874e-05, 9.230289e-06,
    1.0236112e-06,
)

# sin r = r + r³ SINE(r²), |r| ≤ π/2; error ≤ 2^-25.6
SINE = _table(
    -1.6666667e-01, 8.333333e-03, -1.9841087e-04, 2.753646e-06,
    -2.4080094e-08,
)

# dish'(-z) = DISH_ROOT_OFFSET - δ DISH_SLOPE(δ), δ = z - DISH_ROOT, DISH_NEAR ≤ δ ≤ DISH_FAR; error ≤ 2^-25.4
DISH_SLOPE = _table(
    2.0749052e-01, -3.7006664e-01, 3.1998223e-01, -1.0120895e-01,
    -1.1519148e-01, 1.9257931e-01, -1.1717759e-01, -1.61057e-03,
    2.438989e-02, -1.6258377e-01, 3.091836e-01, 5.1411104e-01,
)

# Φ⁻¹(½ + c) = c N/D at QUANTILE_END² - c², c ≤ QUANTILE_END; error ≤ 2^-23.7
QUANTILE_CENTRE_N = _table(
    3.3871326e+00, 5.0435986e+01, 1.5929715e+02, 5.9106033e+01,
)
QUANTILE_CENTRE_D = _table(
    1.e+00, 1.7895676e+01, 7.876099e+01, 6.718706e+01,
)

# -Φ⁻¹(p) = N/D at √-ln p, p ≤ ½ - QUANTILE_END, up to 4.79; error ≤ 2^-23.6
QUANTILE_TAIL_N = _table(
    -2.7650552e+00, -2.2505808e+00, 4.748817e+00, 2.337191e+00,
)
QUANTILE_TAIL_D = _table(
    1.e+00, 3.4875612e+00, 1.6455528e+00, 2.3535977e-04,
)
