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


# n ln2 = n LN2_HIGH + n LN2_LOW: the high part has ten trailing zeros, so that its product with n is exact.
LOG2E = _real(1.4426950408889634)
LN2_HIGH = _real(0.6931471805601177)
LN2_LOW = _real(-1.7239444525614835e-13)

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

# silu' and gelu' vanish at minus these roots; SILU_ROOT_OFFSET is 1 + e^-z - z at SILU_ROOT, the other offset a low part.
SILU_ROOT = _real(1.2784645427610737)
SILU_ROOT_OFFSET = _real(1.3995343912896686e-16)
SILU_NEAR = _real(0.14)
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

# log1p(e) = e LOG1P(e), 0 ≤ e ≤ 1; error ≤ 2^-55.9
LOG1P = _table(
    1.0e00,
    -4.999999999999997e-01,
    3.333333333332805e-01,
    -2.4999999999627157e-01,
    1.9999999985984313e-01,
    -1.6666666341888503e-01,
    1.428570922064608e-01,
    -1.2499943655343673e-01,
    1.1110645369441435e-01,
    -9.997052287665967e-02,
    9.076296534777899e-02,
    -8.2755864841595e-02,
    7.507792401956033e-02,
    -6.660470528013887e-02,
    5.623635295479162e-02,
    -4.3640878141211176e-02,
    2.993721073850981e-02,
    -1.7430328291517153e-02,
    8.247545287913185e-03,
    -3.012725190994973e-03,
    7.911120943342025e-04,
    -1.3220752171300756e-04,
    1.05231354812717e-05,
)

# 1 + e^(-z) - z = -δ SILU_SLOPE(δ), δ the distance from the root, |δ| ≤ 0.14; error ≤ 2^-53.3
SILU_SLOPE = _table(
    1.2784645427610737e00,
    -1.392322713805369e-01,
    4.641075712684553e-02,
    -1.16026892817114e-02,
    2.3205378563833307e-03,
    -3.8675630939380087e-04,
    5.5250895477518615e-05,
    -6.906362179040466e-06,
    7.677155296133245e-07,
    -7.676585379913765e-08,
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
