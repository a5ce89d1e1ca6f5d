"""float64 constants of the numerics; the same names as in f32. Every table comes from `fit`.

Bounds are those of `fit.FITS`: the largest error of the whole expression, relative to its value unless `fit` says otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_real = np.float64


def _table(*coefficients: float) -> tuple[Any, ...]:
    """Ascending coefficients in this width."""
    return tuple(_real(c) for c in coefficients)


# LN2_HIGH is ln2 to the nearest. u - n LN2_HIGH is exact in one fma all the same: both are multiples of ulp(1/4) where
# n is not 0, and the difference is below 1/2.
LOG2E = _real(1.4426950408889634)
LN2_HIGH = _real(0.6931471805599453)
LN2_LOW = _real(2.3190468138462996e-17)

# u LOG2E + MAGIC has n + bias + k in its low bits: the exponent of 2^(n+k). SCALE = 2^k keeps what would be subnormal normal.
MAGIC = _real(6755399441056847.0)
SCALE = _real(2.0**80)
SCALE_TWICE = _real(2.0**81)
SCALE_SQUARED = _real(2.0**160)
UNSCALE = _real(2.0**-80)

# Beyond these the results below are 0 or 1 to the last bit, subnormals included.
LOGISTIC_END = _real(755.0)
ELU_END = _real(-760.0)
NORMAL_END = _real(38.8)

# silu' and gelu' vanish at minus these roots; SILU_ROOT_OFFSET is silu' at -SILU_ROOT, the other offset a low part.
SILU_ROOT = _real(1.2784645427610737)
SILU_ROOT_OFFSET = _real(2.3843834755243115e-17)
SILU_NEAR = _real(0.04)
GELU_ROOT = _real(0.7517915246935645)
GELU_ROOT_LOW = _real(-1.4956759177009883e-17)
CENTRE_END = _real(0.6)
SQRT_2PI = _real(2.5066282746310007)

# e^r = 1 + r + r² EXPM1(r), |r| ≤ ln2/2; error ≤ 2^-61
EXPM1 = _table(
    5.0e-01,
    1.666666666666667e-01,
    4.166666666666667e-02,
    8.333333333326136e-03,
    1.3888888888883748e-03,
    1.9841269874820627e-04,
    2.4801587325547743e-05,
    2.7557255400206422e-06,
    2.75572736431103e-07,
    2.5105217004720745e-08,
    2.0914686968086876e-09,
)

# 2 tanh(r/2) = r + r³ TANH_HALF(r²), |r| ≤ ln2/2; error ≤ 2^-55.8
TANH_HALF = _table(
    -8.33333333333332e-02,
    8.333333333257933e-03,
    -8.432539609254177e-04,
    8.542742885019488e-05,
    -8.651303205496018e-06,
    8.456769329750386e-07,
)

# 2 atanh(t/2) = t + t³ ATANH_HALF(t²), 0 ≤ t ≤ 2/3; error ≤ 2^-56.9
ATANH_HALF = _table(
    8.333333333333333e-02,
    1.2500000000004558e-02,
    2.2321428568053718e-03,
    4.3402778744976297e-04,
    8.877826873111747e-05,
    1.8781213458201444e-05,
    4.063154360856609e-06,
    9.156091926262446e-07,
    1.6786076519288395e-07,
    7.707617574664846e-08,
)

# silu'(-z) = -δ SILU_SLOPE(δ), δ the distance from the root, |δ| ≤ 0.04; error ≤ 2^-55.4
SILU_SLOPE = _table(
    2.178117057198001e-01,
    -1.466487969969469e-01,
    1.8874814223740415e-02,
    1.5222655223218471e-02,
    -6.606589007432498e-03,
    -1.2662750520683666e-04,
    7.983909640395193e-04,
    -1.8561211279242485e-04,
)

# Φ(x) = 1/2 + x CENTRE(x²), |x| ≤ CENTRE_END; error ≤ 2^-53.5
CENTRE = _table(
    3.989422804014327e-01,
    -6.649038006690544e-02,
    9.973557010035817e-03,
    -1.1873282154804504e-03,
    1.1543468761606635e-04,
    -9.444656258349161e-06,
    6.659693422859633e-07,
    -4.122662552216905e-08,
    2.2733670633140186e-09,
    -1.1267245622550057e-10,
    4.709912151375369e-12,
)

# Φ(-z) e^(z²/2) = P / (1 + √(2π) z P + z TAIL_L(z)), P = 1/2 + z TAIL_P(z), 0 ≤ z ≤ NORMAL_END; error ≤ 2^-55
TAIL_P = _table(
    8.466841690272517e-01,
    7.091469960162504e-01,
    3.803204773769258e-01,
    1.4340141377309795e-01,
    3.9561714394659414e-02,
    8.080260992075674e-03,
    1.2085649078302204e-03,
    1.2725797082216233e-04,
    8.587474453296149e-06,
    2.860748447330148e-07,
)
TAIL_L = _table(
    1.237938761541869e00,
    7.837037393199926e-01,
    3.22081566410567e-01,
    9.332296652819484e-02,
    1.9623402913923546e-02,
    2.9863718062912723e-03,
    3.175542602971061e-04,
    2.1525606283356582e-05,
    7.170832944103491e-07,
)

# (Φ(-z) - z φ(z)) e^(z²/2) = (GELU_ROOT - z) P / (√(2π) P + TAIL_SLOPE_L(z)), P = TAIL_SLOPE_P(z), 0 ≤ z ≤ NORMAL_END; error ≤ 2^-54.6
TAIL_SLOPE_P = _table(
    1.2162961043988618e00,
    2.454700938850179e00,
    2.3833711413489462e00,
    1.4484079339008804e00,
    6.070042604061706e-01,
    1.8302822781882175e-01,
    4.024677807123387e-02,
    6.390304225518582e-03,
    7.044181200645576e-04,
    4.902442840372733e-05,
    1.6536670082185757e-06,
)
TAIL_SLOPE_L = _table(
    -1.22e00,
    -1.9764221756765885e00,
    -1.5495417476201039e00,
    -7.606965399296254e-01,
    -2.560600084119277e-01,
    -6.115285122384127e-02,
    -1.0368955089416714e-02,
    -1.2076793575743865e-03,
    -8.823953864617816e-05,
    -3.1162724597427283e-06,
)
