"""Arrays on the host that have a namespace of the array API standard: results are made arrays of that namespace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastact.containers import Operands, family


def rows(function: Callable[..., Any], call: str, primary: str, operands: Operands, axis: Any, options: dict[str, Any]) -> Any:
    """`function` on arrays of NumPy."""
    options = {k: v if k == "out" else _plain(v) for k, v in options.items()}
    result = function(*map(_plain, operands.values()), axis, **options)
    return result if "out" in options else _back(operands, primary, result)


def carry(function: Callable[..., Any], call: str, primary: str, operands: Operands) -> Any:
    """`function` on arrays of NumPy."""
    results = function(**{name: _plain(a) for name, a in operands.items()})
    return {name: _back(operands, primary, r) for name, r in results.items()}


def elementwise(run: Callable[..., Any], ufunc: np.ufunc, call: str, primary: str, operands: Operands) -> Any:
    """`run` on arrays of NumPy."""
    return _back(operands, primary, run(*map(_plain, operands.values())))


def _plain(a: Any) -> Any:
    return np.asarray(a) if family(type(a)) == "namespace" else a


def _back(operands: Operands, primary: str, result: Any) -> Any:
    """Results in the namespace of the first operand that has one."""
    given = (operands[primary], *operands.values())
    space = next(a for a in given if family(type(a)) == "namespace").__array_namespace__()
    return tuple(space.asarray(np.asarray(r)) for r in result) if isinstance(result, tuple) else space.asarray(np.asarray(result))
