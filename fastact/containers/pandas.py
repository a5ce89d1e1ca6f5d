"""Series, DataFrames, Indexes and extension arrays of pandas: labels are compared, and carried to the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fastact.containers import Operands, family
from fastact.errors import ACCEPTED

_AXES = {"index": 0, "rows": 0, "columns": 1}


def rows(function: Callable[..., Any], call: str, primary: str, operands: Operands, axis: Any, options: dict[str, Any]) -> Any:
    """`function` on the values; other operands have the labels of x, or of what is left of it without the axis of a row."""
    x = operands[primary]
    axis = _AXES[axis] if isinstance(axis, str) and _AXES.get(axis, 2) < x.ndim else axis
    if not isinstance(axis, int):
        raise TypeError(f"{call}: axis is {axis!r}; accepted for a {type(x).__name__} are whole numbers, 'index' and 'columns'")
    axes, place = _labels(x), axis % x.ndim
    left = axes[:place] + axes[place + 1 :]
    for name, a in (*operands.items(), ("where", options.get("where"))):
        _check(call, name, a, primary, axes if getattr(a, "ndim", 0) == x.ndim else left)
    options = {k: values(call, k, v) if k == "where" else v for k, v in options.items()}
    result = function(*(values(call, name, a) for name, a in operands.items()), axis, **options)
    if isinstance(result, tuple):
        return tuple(like(x, r, left) for r in result)
    return result if "out" in options else like(x, result, left)


def carry(function: Callable[..., Any], call: str, primary: str, operands: Operands) -> Any:
    """`function` on the values; labels are those of the last axes of x, and results are of the type of the operand they are named for."""
    x = operands[primary]
    for name, a in operands.items():
        _check(call, name, a, primary, _labels(x))
    results = function(**{name: values(call, name, a) for name, a in operands.items()})
    return {name: like(operands.get(name, x), r) for name, r in results.items()}


def elementwise(run: Callable[..., Any], ufunc: np.ufunc, call: str, primary: str, operands: Operands) -> Any:
    """A ufunc over a DataFrame and more, column by column if these have dtypes that pandas would make one; None if pandas does well."""
    x, outputs = operands[primary], ufunc.nout
    if "dy" in operands:
        _same(call, operands["dy"], primary, x)
    if not isinstance(x, pd.DataFrame) or len(operands) == 1:
        return None
    series = next((name for name, a in operands.items() if isinstance(a, pd.Series)), None)
    if series is not None:
        raise TypeError(
            f"{call}: {series} is a Series beside a DataFrame; accepted are DataFrames, numbers, and arrays, as of {series}.to_numpy()"
        )
    frames = {name: a for name, a in operands.items() if isinstance(a, pd.DataFrame)}
    if any(not all(map(pd.Index.equals, a.axes, x.axes)) for a in frames.values()):
        return None
    columns = [run(*(_column(a, x, k) for a in operands.values())) for k in range(x.shape[1])]
    if not columns:
        return x.copy() if outputs == 1 else tuple(x.copy() for _ in range(outputs))
    parts = [columns] if outputs == 1 else list(zip(*columns, strict=True))
    results = tuple(pd.concat(part, axis=1, keys=range(len(part))).set_axis(x.columns, axis=1) for part in parts)
    return results[0] if outputs == 1 else results


def _column(a: Any, x: Any, k: int) -> Any:
    """Column k of an operand beside the DataFrame x."""
    if isinstance(a, pd.DataFrame):
        return a.iloc[:, k]
    return a if np.ndim(a) == 0 else np.broadcast_to(a, x.shape)[:, k]


def _labels(a: Any) -> list[Any]:
    return list(getattr(a, "axes", ()))


def _check(call: str, name: str, a: Any, primary: str, axes: Sequence[Any]) -> None:
    """Labels of an operand must be those of x, from the last axis on."""
    own = _labels(a) if family(type(a)) == "pandas" else []
    if len(own) > len(axes) or any(not mine.equals(other) for mine, other in zip(own[::-1], axes[::-1], strict=False)):
        raise ValueError(f"{call}: {name} has other labels than {primary}; accepted is one with those, in their order, or a NumPy array")


def _same(call: str, dy: Any, primary: str, x: Any) -> None:
    """A gradient belongs to the elements of x: pandas would fill up what either does not have with NaN."""
    for mine, other in zip(_labels(dy), _labels(x), strict=False):
        if not mine.equals(other) and (len(mine) != len(other) or len(mine.difference(other))):
            raise ValueError(f"{call}: dy has other labels than {primary}; accepted is a dy with those of {primary}")


def values(call: str, name: str, a: Any) -> Any:
    """The NumPy array behind an operand; what is missing in it has no value."""
    if family(type(a)) != "pandas":
        return a
    kinds = list(a.dtypes) if isinstance(a, pd.DataFrame) else [a.dtype]
    held = [getattr(k, "numpy_dtype", getattr(k, "subtype", None)) if isinstance(k, pd.api.extensions.ExtensionDtype) else k for k in kinds]
    if held == kinds or not all(isinstance(k, np.dtype) for k in held):
        return a.to_numpy()
    if any(getattr(k, "na_value", None) is pd.NA for k in kinds) and np.any(pd.isna(a)):
        raise TypeError(f"{call}: {name} has missing values; accepted are {ACCEPTED}, all there, as of {name}.fillna(0)")
    return a.to_numpy(np.result_type(*held))


def like(x: Any, result: Any, left: Sequence[Any] = ()) -> Any:
    """A result with the labels of x, if it has its shape, or with what is left of them."""
    if np.ndim(result) == 0 or family(type(x)) != "pandas":
        return result
    if result.shape != x.shape:
        return pd.Series(result, index=left[0]) if len(left) == 1 and len(left[0]) == len(result) else result
    if isinstance(x, pd.Index):
        return pd.Index(result, name=x.name)
    if isinstance(x, pd.DataFrame):
        found = pd.DataFrame(result, index=x.index, columns=x.columns)
        kinds = list(x.dtypes)
    else:
        found = pd.Series(result, index=getattr(x, "index", None), name=getattr(x, "name", None))
        kinds = [x.dtype]
    nullable = [k for k in kinds if hasattr(k, "numpy_dtype")]
    if nullable and result.dtype.name in ("float32", "float64"):
        arrow = isinstance(nullable[0], pd.ArrowDtype)
        found = found.astype(f"{'float' if result.itemsize == 4 else 'double'}[pyarrow]" if arrow else result.dtype.name.capitalize())
    return found if hasattr(x, "axes") else found.array
