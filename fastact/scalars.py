"""The vocabulary of scalars of your own, for `fastact.define`: accurate in every width, the same bits on CPU and GPU.

A scalar may call these functions, or those of `math` and NumPy that have the same names (`LIKE_MATH`, `LIKE_NUMPY`), which are
taken for them, and it may use arithmetic, comparisons, `if`, loops of a fixed number of rounds, functions of its own, and powers
``x ** n`` and ``x ** (n + 0.5)``. The functions also take plain numbers (then they are NumPy's), and numbers of mpmath: the same
source runs as Python.

Largest errors found are 3.1 ulp for `erfc`, 2.6 for `erf` and `normal_cdf`, 2.2 for `normal_pdf`, and below 2 for all others; of `sin` and
`cos` next to their zeros far out, 2^-27 of 1 in float32 and 2^-55 in float64.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastact.numerics import bits
from fastact.own import elementary
from fastact.own.number import Number, Truth


def _apply(house: Callable[..., Any], plain: Callable[..., Any], name: str, *given: Any) -> Any:
    """The function for what is given: numbers of a trace, of mpmath, or plain ones."""
    number = next((a for a in given if isinstance(a, Number)), None)
    if number is not None:
        return number.trace.call(house, *given)
    context = next((a.context for a in given if hasattr(a, "context") and hasattr(a, "_mpf_")), None)
    if context is not None and hasattr(context, name):
        return getattr(context, name)(*given)
    with np.errstate(all="ignore"):
        return plain(*given)


def exp(x: Any) -> Any:
    """e^x."""
    return _apply(elementary.exp, np.exp, "exp", x)


def expm1(x: Any) -> Any:
    """e^x - 1, without cancellation."""
    return _apply(elementary.expm1, np.expm1, "expm1", x)


def log(x: Any) -> Any:
    """Natural logarithm; NaN below 0."""
    return _apply(elementary.log, np.log, "log", x)


def log1p(x: Any) -> Any:
    """log(1 + x), without cancellation; NaN below -1."""
    return _apply(elementary.log1p, np.log1p, "log1p", x)


def sqrt(x: Any) -> Any:
    """Square root, correctly rounded."""
    return _apply(bits.sqrt, np.sqrt, "sqrt", x)


def tanh(x: Any) -> Any:
    """Hyperbolic tangent."""
    return _apply(elementary.tanh, np.tanh, "tanh", x)


def sigmoid(x: Any) -> Any:
    """1 / (1 + e^-x); also far on the negative side, where the quotient itself overflows."""
    return _apply(elementary.sigmoid, _plain_sigmoid, "", x)


def _plain_sigmoid(x: Any) -> Any:
    """Of numbers that NumPy or mpmath computes with."""
    e = exp(-abs(x))
    return (1 if x > 0 else e) / (1 + e)


def softplus(x: Any) -> Any:
    """log(1 + e^x)."""
    return _apply(elementary.softplus, lambda x: log1p(exp(-abs(x))) + (x if x > 0 else 0 * x), "", x)


def normal_cdf(x: Any) -> Any:
    """Φ(x) of the normal distribution, accurate in its lower tail; the upper one is Φ(-x)."""
    return _apply(elementary.normal_cdf, lambda x: erfc(-x / sqrt(x * 0 + 2)) / 2, "", x)


def normal_pdf(x: Any) -> Any:
    """φ(x) = e^(-x²/2) / √(2π) of the normal distribution."""
    return _apply(elementary.normal_pdf, lambda x: exp(-x * x / 2) / sqrt(x * 0 + 2 * math.pi), "npdf", x)


def erf(x: Any) -> Any:
    """Error function."""
    return _apply(elementary.erf, math.erf, "erf", x)


def erfc(x: Any) -> Any:
    """1 - erf(x), accurate in its tail."""
    return _apply(elementary.erfc, math.erfc, "erfc", x)


def sin(x: Any) -> Any:
    """Sine, for abs(x) up to 2^21 in float32 and 2^50 in float64; NaN beyond."""
    return _apply(elementary.sin, np.sin, "sin", x)


def cos(x: Any) -> Any:
    """Cosine, for abs(x) up to 2^21 in float32 and 2^50 in float64; NaN beyond."""
    return _apply(elementary.cos, np.cos, "cos", x)


def absolute(x: Any) -> Any:
    """abs(x)."""
    return abs(x)


def copysign(x: Any, sign: Any) -> Any:
    """abs(x) with the sign of `sign`, also of -0."""
    return _apply(bits.copysign, lambda x, sign: math.copysign(1, sign) * abs(x), "", x, sign)


def fma(a: Any, b: Any, c: Any) -> Any:
    """a·b + c with one rounding; of plain numbers with two."""
    return _apply(bits.fma, lambda a, b, c: a * b + c, "", a, b, c)


def select(condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`, both computed: what ``a if condition else b`` becomes, without another way through."""
    if not isinstance(condition, Number):
        return a if condition else b
    return condition.trace.choose(condition if isinstance(condition, Truth) else condition != 0, a, b)


def maximum(a: Any, b: Any) -> Any:
    """The larger; NaN if one is."""
    return _apply(elementary.maximum, lambda a, b: b if b != b or a < b else a, "", a, b)  # noqa: PLR0124


def minimum(a: Any, b: Any) -> Any:
    """The smaller; NaN if one is."""
    return _apply(elementary.minimum, lambda a, b: b if b != b or a > b else a, "", a, b)  # noqa: PLR0124


def clip(x: Any, low: Any, high: Any) -> Any:
    """`x` between two bounds; NaN stays."""
    return minimum(maximum(x, low), high)


def isnan(x: Any) -> Any:
    """Whether x is NaN."""
    return x != x  # noqa: PLR0124


def isinf(x: Any) -> Any:
    """Whether x is infinite."""
    return abs(x) == math.inf


def isfinite(x: Any) -> Any:
    """Whether x is neither infinite nor NaN."""
    return abs(x) < math.inf


def square(x: Any) -> Any:
    """Square, x·x."""
    return x * x


def sign(x: Any) -> Any:
    """-1, 0 or 1; NaN of NaN."""
    return select(x > 0, 1.0, select(x < 0, -1.0, select(x == 0, 0.0, x)))


def power(x: Any, n: Any) -> Any:
    """X ** n for fixed n, whole or half of an odd number."""
    return x**n


def floating(x: Any) -> Any:
    """What `float` is for x: x itself."""
    if isinstance(x, Number):
        return x.number()
    return x if hasattr(x, "_mpf_") else float(x)


def _first(better: Callable[[Any, Any], Any], name: str) -> Callable[..., Any]:
    own = getattr(builtins, name)

    def choose(*given: Any, **options: Any) -> Any:
        if options or len(given) < 2 or not any(isinstance(a, Number) for a in given):
            return own(*given, **options)
        chosen = given[0]
        for other in given[1:]:
            chosen = select(better(other, chosen), other, chosen)
        return chosen

    choose.__name__, choose.__doc__ = name, f"What `{name}` gives, NaN included: the first, unless a later one is better."
    return choose


_COMMON: dict[str, Callable[..., Any]] = {
    f.__name__: f for f in (exp, expm1, log, log1p, sqrt, tanh, sin, cos, copysign, isnan, isinf, isfinite)
}
LIKE_MATH: dict[str, Callable[..., Any]] = {**_COMMON, "fabs": absolute, "erf": erf, "erfc": erfc, "pow": power}
LIKE_NUMPY: dict[str, Callable[..., Any]] = {
    **_COMMON,
    **{f.__name__: f for f in (absolute, maximum, minimum, clip, square, sign, power)},
    "fabs": absolute,
    "where": select,
}
LIKE_BUILTINS: dict[str, Callable[..., Any]] = {
    "max": _first(lambda a, b: a > b, "max"),
    "min": _first(lambda a, b: a < b, "min"),
    "pow": power,
    "float": floating,
}
"""Functions of `math`, of NumPy and of Python, and what is taken for them."""
