"""Masked arrays: masked elements take no part in their rows, as with `where`, and stay masked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastact.containers import Operands, refusal


def rows(function: Callable[..., Any], call: str, primary: str, operands: Operands, axis: Any, options: dict[str, Any]) -> Any:
    """`function` on what is not masked in x; the mask of dy may hide no more."""
    x, out = operands[primary], options.get("out")
    if not isinstance(x, np.ma.MaskedArray):
        name = next(name for name, a in operands.items() if isinstance(a, np.ma.MaskedArray))
        raise refusal(f"{call}: {name}", operands[name], f" beside {primary} without a mask")
    if out is not None and not isinstance(out, np.ma.MaskedArray):
        raise TypeError(f"{call}: out is a {type(out).__name__}; accepted beside a MaskedArray is a MaskedArray, or None")
    hidden = np.ma.getmaskarray(x)
    shown = ~hidden if options.get("where") is None else ~hidden & np.ma.filled(options["where"], False)
    arrays = [_uncovered(call, primary, hidden, axis, name, a) for name, a in operands.items()]
    given = {} if out is None else {"out": np.ma.getdata(out)}
    result = function(*arrays, axis, **{**options, "where": shown, **given})
    mask = hidden if np.shape(result) == x.shape else hidden.all(axis)
    if out is not None:
        out.mask = mask
        return out
    if np.ndim(result) == 0:
        return np.ma.masked if mask else result
    with np.errstate(over="ignore"):  # the usual fill value is too large for float16
        return np.ma.MaskedArray(result, mask, fill_value=x.fill_value)


def _uncovered(call: str, primary: str, hidden: Any, axis: Any, name: str, a: Any) -> Any:
    """The data of an operand, 0 where x hides it, as a gradient of anything but 0 there has no meaning."""
    data = np.ma.getdata(a)
    if name == primary:
        return data
    there = hidden if data.shape == hidden.shape else hidden.all(axis)
    try:
        more = (np.ma.getmaskarray(a) & ~there).any()
        data = np.where(there, np.zeros((), data.dtype), data)
    except ValueError:
        raise ValueError(f"{call}: {name} has shape {data.shape}, which does not broadcast to {hidden.shape}, that of {primary}") from None
    if more:
        raise ValueError(f"{call}: {name} is masked where {primary} is not; accepted is a mask that hides no more than that of {primary}")
    return data
