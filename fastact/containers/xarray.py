"""DataArrays and Variables of xarray: dimensions are met by name, coordinates compared, both carried to the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray

from fastact.containers import Operands, family


def rows(function: Callable[..., Any], call: str, primary: str, operands: Operands, axis: Any, options: dict[str, Any]) -> Any:
    """`function` on the arrays, whose dimensions are put in the order of x; an axis may be the name of a dimension."""
    x = operands[primary]
    _check(call, primary, x)
    named = tuple(_place(call, x, a) for a in axis) if isinstance(axis, tuple) else None if axis is None else _place(call, x, axis)
    gone = range(x.ndim) if named is None else [a % x.ndim for a in np.atleast_1d(named)]
    left = x.isel({d: 0 for k, d in enumerate(x.dims) if k in gone}, drop=True)
    arrays = [_placed(call, name, a, primary, x if np.ndim(a) == x.ndim else left) for name, a in operands.items()]
    if options.get("where") is not None:
        options = {**options, "where": _placed(call, "where", options["where"], primary, x)}
    result = function(*arrays, named, **options)
    if isinstance(result, tuple):
        return tuple(_like(x, left, r) for r in result)
    return result if "out" in options else _like(x, left, result)


def carry(function: Callable[..., Any], call: str, primary: str, operands: Operands) -> Any:
    """`function` on arrays with all dimensions of x, of length 1 where an operand has none; results belong to operands by name."""
    x = operands[primary]
    _check(call, primary, x)
    results = function(**{name: _placed(call, name, a, primary, x) for name, a in operands.items()})
    return {name: _named(operands.get(name, x), x, r) for name, r in results.items()}


def elementwise(run: Callable[..., Any], ufunc: np.ufunc, call: str, primary: str, operands: Operands) -> Any:
    """A ufunc on chunks, which `run` makes of arrays of dask; None if xarray does well."""
    x, dy = operands[primary], operands.get("dy")
    if isinstance(dy, xarray.DataArray) and isinstance(x, xarray.DataArray):
        _same(call, "dy", dy, primary, x)
    held = [a for a in operands.values() if isinstance(a, xarray.DataArray | xarray.Variable)]
    if not any(family(type(a.data)) == "dask" for a in held):
        return None
    return xarray.apply_ufunc(run, *operands.values(), output_core_dims=[[]] * ufunc.nout, dask="allowed", keep_attrs=True)


def _check(call: str, name: str, x: Any) -> None:
    if not isinstance(x, xarray.DataArray | xarray.Variable):
        told = f"accepted is a DataArray; for each of its variables, {name}.map(lambda v: fastact.{call}(v, ...))"
        raise TypeError(f"{call}: {name} is a {type(x).__name__}; {told}")


def _place(call: str, x: Any, axis: Any) -> Any:
    """The axis of a dimension."""
    if isinstance(axis, int | np.integer):
        return axis
    if axis not in x.dims:
        raise ValueError(f"{call}: axis is {axis!r}; accepted are dimensions of x, {', '.join(map(repr, x.dims))}, and whole numbers")
    return x.get_axis_num(axis)


def _same(call: str, name: str, a: Any, primary: str, x: Any) -> None:
    """Indexes of shared dimensions must hold the same: xarray would drop what either does not have."""
    for d in set(a.dims) & set(x.dims) & a.indexes.keys() & x.indexes.keys():
        mine, other = a.indexes[d], x.indexes[d]
        if not mine.equals(other) and (len(mine) != len(other) or len(mine.difference(other))):
            raise ValueError(f"{call}: {name} has other coordinates than {primary} along {d!r}; accepted are those of {primary}")


def _placed(call: str, name: str, a: Any, primary: str, x: Any) -> Any:
    """The array behind an operand, its dimensions in the order of x and of length 1 where it has none."""
    if not isinstance(a, xarray.DataArray | xarray.Variable):
        return a
    if not set(a.dims) <= set(x.dims):
        raise ValueError(f"{call}: {name} has dimensions {a.dims}; accepted are those of {primary}, {x.dims}")
    if isinstance(a, xarray.DataArray) and isinstance(x, xarray.DataArray):
        _same(call, name, a, primary, x)
        a = a.reindex({d: x.indexes[d] for d in a.dims if d in x.indexes and d in a.indexes})
    own = a.transpose(*(d for d in x.dims if d in a.dims)).data
    if a.ndim in (0, x.ndim):
        return own
    return own.reshape([n if d in a.dims else 1 for d, n in zip(x.dims, x.shape, strict=True)])


def _like(x: Any, left: Any, result: Any) -> Any:
    return x.copy(data=result) if result.shape == x.shape else left.copy(data=result)


def _named(own: Any, x: Any, result: Any) -> Any:
    """A gradient as an array with the dimensions of its operand."""
    if not isinstance(own, xarray.DataArray | xarray.Variable):
        return result
    dims = [d for d in x.dims if d in own.dims]
    sizes = [n for d, n in zip(x.dims, np.shape(result), strict=False) if d in own.dims]
    return own.copy(data=xarray.Variable(dims, np.reshape(result, sizes)).transpose(*own.dims).data)
