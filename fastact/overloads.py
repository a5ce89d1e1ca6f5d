"""What a call returns, told to type checkers and editors; at run time the methods are what they are.

An array gives an array of its own floating-point type, a number a NumPy scalar; integers are promoted as by `numpy.exp`. Arrays of other
libraries give what those have for a result, of which nothing is said here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast, overload

import numpy as np
from numpy.typing import NDArray

F = TypeVar("F", bound=np.floating[Any])
Plain = list[Any] | tuple[Any, ...]


class Elementwise(Protocol):
    """``f(x, *params, out=None, **options) -> y``."""

    @overload
    def __call__(self, x: NDArray[F], /, *params: Any, out: Any = None, **options: Any) -> NDArray[F]: ...
    @overload
    def __call__(self, x: NDArray[Any] | Plain, /, *params: Any, out: Any = None, **options: Any) -> NDArray[Any]: ...
    @overload
    def __call__(self, x: F, /, *params: Any, out: Any = None, **options: Any) -> F: ...
    @overload
    def __call__(self, x: float, /, *params: Any, out: Any = None, **options: Any) -> np.float64: ...
    @overload
    def __call__(self, x: Any, /, *params: Any, out: Any = None, **options: Any) -> Any: ...


class Pair(Protocol):
    """``f(x, *params, out=None, **options) -> (y, dy/dx)``."""

    @overload
    def __call__(self, x: NDArray[F], /, *params: Any, out: Any = None, **options: Any) -> tuple[NDArray[F], NDArray[F]]: ...
    @overload
    def __call__(self, x: NDArray[Any] | Plain, /, *params: Any, out: Any = None, **options: Any) -> tuple[NDArray[Any], NDArray[Any]]: ...
    @overload
    def __call__(self, x: F, /, *params: Any, out: Any = None, **options: Any) -> tuple[F, F]: ...
    @overload
    def __call__(self, x: float, /, *params: Any, out: Any = None, **options: Any) -> tuple[np.float64, np.float64]: ...
    @overload
    def __call__(self, x: Any, /, *params: Any, out: Any = None, **options: Any) -> tuple[Any, Any]: ...


class Binary(Protocol):
    """``gate(a, b, *params, out=None, **options) -> y``."""

    @overload
    def __call__(self, a: NDArray[F], b: NDArray[F], /, *params: Any, out: Any = None, **options: Any) -> NDArray[F]: ...
    @overload
    def __call__(
        self, a: NDArray[Any] | Plain, b: NDArray[Any] | Plain, /, *params: Any, out: Any = None, **options: Any
    ) -> NDArray[Any]: ...
    @overload
    def __call__(self, a: Any, b: Any, /, *params: Any, out: Any = None, **options: Any) -> Any: ...


def elementwise(method: Callable[..., Any]) -> Elementwise:
    """`method`, which returns y."""
    return cast("Elementwise", method)


def pair(method: Callable[..., Any]) -> Pair:
    """`method`, which returns (y, dy/dx)."""
    return cast("Pair", method)


def binary(method: Callable[..., Any]) -> Binary:
    """`method`, which takes two arrays and returns y."""
    return cast("Binary", method)
