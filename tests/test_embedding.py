"""Scalars in the user's own compiled code, with the bits of the array call."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import edges, ordinary, same_bits, uniform_bits
from numba import guvectorize, njit, prange, vectorize
from numba.core.errors import TypingError

import fastact as fa

silu, leaky_relu, grad = fa.silu.scalar, fa.leaky_relu.scalar, fa.silu.scalar_grad
clamped = fa.clamped_swiglu.scalar


def values(dtype: str, activation: Any = fa.silu) -> Any:
    return np.concatenate([edges(dtype, activation), uniform_bits(dtype, 2000, 1, finite=False), ordinary(dtype, 3000)])


@pytest.mark.parametrize("options", [{"fastmath": True}, {"parallel": True, "fastmath": True, "nogil": True}], ids=str)
def test_njit(options: dict[str, Any]) -> None:
    def loop(x: Any, y: Any, d: Any) -> None:
        for i in prange(x.size):
            y[i] = silu(x[i])
            d[i] = grad(x[i])[1]

    compiled = njit(**options)(loop)
    for dtype in ("float32", "float64"):
        x = values(dtype)
        y, d = np.empty_like(x), np.empty_like(x)
        compiled(x, y, d)
        same_bits(y, fa.silu(x))
        same_bits(d, fa.silu.derivative(x))


def test_vectorize_and_guvectorize() -> None:
    x = values("float32")
    one = vectorize(["float32(float32)", "float64(float64)"])(lambda v: silu(v))  # noqa: PLW0108
    many = guvectorize(["void(float32[:], float32[:])"], "(n)->(n)")(_fill)
    with np.errstate(all="ignore"):
        same_bits(one(x), fa.silu(x))
        same_bits(many(x), fa.silu(x))


def _fill(x: Any, y: Any) -> None:
    for i in range(x.size):
        y[i] = silu(x[i])


def test_arguments() -> None:
    a, b = ordinary("float64", (2, 20))

    @njit
    def all_ways(x: float, y: float) -> tuple[float, ...]:
        return (
            leaky_relu(x),
            leaky_relu(x, 0.3),
            leaky_relu(slope=0.3, x=x),
            clamped(x, y),
            clamped(x, b=y, limit=3),
            clamped(x, y, 3.0, 1.5, 0),
        )

    for x, y in zip(a, b, strict=True):
        gate = fa.clamped_swiglu
        expected = fa.leaky_relu(x), fa.leaky_relu(x, 0.3), fa.leaky_relu(x, 0.3), gate(x, y), gate(x, y, 3), gate(x, y, 3, 1.5, 0)
        assert all_ways(x, y) == expected
        assert leaky_relu(x, slope=0.3) == expected[1]
        assert clamped(x, y, limit=3.0) == expected[4]
    assert njit(lambda k: silu(k))(3) == fa.silu(3.0)  # noqa: PLW0108
    assert njit(lambda k: silu(k))(True) == fa.silu(1.0)  # noqa: PLW0108
    assert pickle.loads(pickle.dumps(silu)) is silu
    assert repr(leaky_relu) == "<fastact leaky_relu.scalar(x, slope=0.01)>"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: leaky_relu(x, 1.0, 2.0), "leaky_relu.scalar: too many positional arguments; accepted is (x, slope=0.01)"),
        (lambda x: leaky_relu(x, beta=1.0), "leaky_relu.scalar: got an unexpected keyword argument 'beta'"),
        (lambda x: silu((x, x)), "silu.scalar: x is of type UniTuple(float64 x 2); accepted are numbers"),
    ],
)
def test_mistakes(call: Any, message: str) -> None:
    with pytest.raises(TypingError) as caught:
        njit(call)(1.0)
    assert message in str(caught.value)


@pytest.mark.parametrize("given", ["a", 1j, np.ones(1)])
def test_mistaken_numbers(given: Any) -> None:
    with pytest.raises(TypeError, match=r"^leaky_relu.scalar: slope is of type \w+; accepted are real numbers$"):
        leaky_relu(1.0, given)


MINE = """
import numpy as np, sys, fastact as fa
from numba import njit
grad = fa.gelu.scalar_grad
@njit(cache=True)
def both(x):
    return grad(x)
y, d = both(0.7)
assert (y, d) == (fa.gelu(0.7), fa.gelu.derivative(0.7))
sys.exit(10 + sum(both.stats.cache_hits.values()))
"""


def test_the_users_function_is_cached(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    codes = [subprocess.run([sys.executable, tmp_path / "mine.py"], env=environment, check=False).returncode for _ in range(2)]
    assert codes == [10, 11]
