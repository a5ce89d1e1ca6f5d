"""The steps of the device's quotients and roots, on the CPU: what start they need to give the IEEE result."""

from typing import Any

import numpy as np
import pytest
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

MANTISSAS = 1 << 23


@intrinsic
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    return types.float32(a, b, c), lambda context, builder, signature, args: builder.fma(*args)


@intrinsic
def moved(typing: Any, x: Any, ulps: Any) -> Any:
    """`x` moved by a number of floats."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits = builder.add(builder.bitcast(args[0], ir.IntType(32)), builder.trunc(args[1], ir.IntType(32)))
        return builder.bitcast(bits, ir.FloatType())

    return types.float32(types.float32, types.int64), lower


@intrinsic
def with_mantissa(typing: Any, mantissa: Any) -> Any:
    """The float32 in [1, 2) (for mantissas from 2^23 on in [2, 4)) with these bits."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits = builder.add(builder.trunc(args[0], ir.IntType(32)), ir.IntType(32)(0x3F800000))
        return builder.bitcast(bits, ir.FloatType())

    return types.float32(types.int64), lower


@njit(error_model="numpy")
def inverse(b: Any, ulps: Any) -> Any:
    first = moved(np.float32(1) / b, ulps)
    return fma(first, fma(-b, first, np.float32(1)), first)


@njit(error_model="numpy")
def wrong_inverses(ulps: Any) -> Any:
    wrong = 0
    for m in range(MANTISSAS):
        b = with_mantissa(m)
        wrong += inverse(b, ulps) != np.float32(1) / b
    return wrong


@njit(error_model="numpy")
def wrong_quotients(a_bits: Any, b_bits: Any) -> Any:
    wrong = 0
    for i in range(a_bits.size):
        a, b = with_mantissa(a_bits[i]), with_mantissa(b_bits[i])
        r = inverse(b, 0)
        product = a * r
        wrong += fma(fma(-b, product, a), r, product) != a / b
    return wrong


@njit(error_model="numpy")
def wrong_roots(ulps: Any) -> Any:
    half, wrong = np.float32(0.5), 0
    for m in range(2 * MANTISSAS):
        x = with_mantissa(m)
        y = moved(np.float32(1 / np.sqrt(np.float64(x))), ulps)
        g, h = x * y, half * y
        error = fma(-h, g, half)
        g, h = fma(g, error, g), fma(h, error, h)
        wrong += fma(fma(-g, g, x), h, g) != np.sqrt(x)
    return wrong


def test_inverses_of_all_mantissas() -> None:
    assert wrong_inverses(0) == 0
    assert max(wrong_inverses(k) for k in (-1, 1)) <= 32  # why the proof for the hardware's own start needs the hardware


@pytest.mark.parametrize("ulps", [-3, -2, -1, 0, 1, 2, 3])
def test_roots_of_all_mantissas_do_not_depend_on_the_start(ulps: int) -> None:
    assert wrong_roots(ulps) == 0


@pytest.mark.parametrize("kind", ["any", "largest divisors", "smallest divisors"])
def test_quotients(kind: str) -> None:
    rng = np.random.default_rng(20261121)
    a, b = (rng.integers(0, MANTISSAS, 1 << 22) for _ in range(2))
    if kind != "any":
        b = b % 64 if kind == "smallest divisors" else MANTISSAS - 1 - b % 64
    assert wrong_quotients(a, b) == 0
