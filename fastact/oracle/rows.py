"""Functions of rows in mpmath: the definitions, with as many digits as they need. Rows are sequences of finite numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mpmath import mp, mpf, workprec

PRECISION = 2400
"""Bits: e^x of the smallest and the largest element that count are added, and 1 minus such sums is formed."""
Row = Sequence[Any]


def softmax(x: Row) -> list[Any]:
    """e^x / Σ e^x."""
    e = [mp.exp(v) for v in x]
    return [v / mp.fsum(e) for v in e]


def log_softmax(x: Row) -> list[Any]:
    """Logarithm of the softmax."""
    return [mp.log(v) for v in softmax(x)]


def logsumexp(x: Row) -> list[Any]:
    """Logarithm of Σ e^x, as a row of one."""
    return [mp.log(mp.fsum(mp.exp(v) for v in x))]


def hardmax(x: Row) -> list[Any]:
    """1 at the first maximum."""
    first = list(x).index(max(x))
    return [mpf(int(i == first)) for i in range(len(x))]


def sparsemax(x: Row) -> list[Any]:
    """max(x - τ, 0), with τ from the longest prefix of the sorted row whose last element exceeds it."""
    threshold, total = mpf(0), mpf(0)
    for k, v in enumerate(sorted(x, reverse=True), 1):
        total += v
        if 1 + k * v > total:
            threshold = (total - 1) / k
    return [max(v - threshold, mpf(0)) for v in x]


def softmax_backward(x: Row, dy: Row) -> list[Any]:
    """Gradient y (dy - Σ y dy)."""
    y = softmax(x)
    mean = mp.fsum(a * b for a, b in zip(y, dy, strict=True))
    return [a * (b - mean) for a, b in zip(y, dy, strict=True)]


def log_softmax_backward(x: Row, dy: Row) -> list[Any]:
    """Gradient dy - y Σ dy."""
    return [b - a * mp.fsum(dy) for a, b in zip(softmax(x), dy, strict=True)]


def logsumexp_backward(x: Row, dy: Row) -> list[Any]:
    """Gradient y dy, for a row dy of one."""
    return [a * dy[0] for a in softmax(x)]


def sparsemax_backward(x: Row, dy: Row) -> list[Any]:
    """Gradient, dy less its mean over the support, 0 outside."""
    inside = [v > 0 for v in sparsemax(x)]
    mean = mp.fsum(b for b, i in zip(dy, inside, strict=True) if i) / sum(inside)
    return [b - mean if i else mpf(0) for b, i in zip(dy, inside, strict=True)]


def cross_entropy(x: Row, t: Row) -> list[Any]:
    """-Σ t log softmax(x), as a row of one."""
    return [-mp.fsum(a * b for a, b in zip(t, log_softmax(x), strict=True))]


def cross_entropy_backward(x: Row, t: Row) -> list[Any]:
    """Gradient y Σ t - t."""
    return [a * mp.fsum(t) - b for a, b in zip(softmax(x), t, strict=True)]


DEFINITIONS: dict[str, Callable[..., list[Any]]] = {
    "softmax": softmax,
    "log_softmax": log_softmax,
    "logsumexp": logsumexp,
    "hardmax": hardmax,
    "sparsemax": sparsemax,
    "softmax_backward": softmax_backward,
    "log_softmax_backward": log_softmax_backward,
    "logsumexp_backward": logsumexp_backward,
    "sparsemax_backward": sparsemax_backward,
    "cross_entropy": cross_entropy,
    "cross_entropy_backward": cross_entropy_backward,
}


def evaluate(name: str, x: Row, other: Row | None = None) -> list[Any]:
    """One of the `DEFINITIONS` on a row of finite numbers, and with dy or t beside it."""
    with workprec(PRECISION):
        rows = [[mpf(float(v)) for v in row] for row in (x, other) if row is not None]
        return DEFINITIONS[name](*rows)
