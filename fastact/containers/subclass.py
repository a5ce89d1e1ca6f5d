"""Classes derived from NumPy's array, without ufuncs of their own: results of the shape of x are of its class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastact.containers import Operands


def rows(function: Callable[..., Any], call: str, primary: str, operands: Operands, axis: Any, options: dict[str, Any]) -> Any:
    """`function` on the plain arrays."""
    x = operands[primary]
    result = function(*(np.asarray(a) for a in operands.values()), axis, **options)
    if isinstance(result, tuple):
        return tuple(_like(x, r) for r in result)
    return result if "out" in options else _like(x, result)


def _like(x: Any, result: Any) -> Any:
    return x.__array_wrap__(result) if np.shape(result) == x.shape else result
