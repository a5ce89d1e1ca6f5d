"""Arrays of dask: block by block, and along an axis in several chunks in two passes, of which the first finds a number or two per row."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np

from fastact.containers import Operands, chunks, family, refusal
from fastact.errors import ACCEPTED
from fastact.rows.operands import axes_of, computed, scale_of

_IN_CHUNKS = {"softmax": 1.0, "softmin": -1.0, "log_softmax": 1.0, "logsumexp": 1.0}
"""What rows in several chunks are taken of, and the factor of x."""


def elementwise(run: Callable[..., Any], ufunc: np.ufunc, call: str, primary: str, operands: Operands) -> Any:
    """`run` on the blocks of operands that broadcast; None if there is no loop for their dtypes, which the ufunc tells.

    Dask is told the dtypes of the results, so that it does not try the function on numbers of its own.
    """
    for name, a in operands.items():
        if family(type(a)) not in ("", "dask"):
            raise refusal(f"{call}: {name}", a, f" beside {primary} of dask")
    single = [type(a) in (int, float) for a in operands.values()]
    arrays = [a if alone else da.asanyarray(a) for a, alone in zip(operands.values(), single, strict=True)]
    given = [type(a) if alone else a.dtype for a, alone in zip(arrays, single, strict=True)]
    try:
        kinds = ufunc.resolve_dtypes((*given, *[None] * ufunc.nout))[-ufunc.nout :]
    except TypeError:
        return None
    ndim = max(np.ndim(a) for a in arrays)
    pairs: list[Any] = []
    for a, alone in zip(arrays, single, strict=True):
        pairs += [a, None if alone else tuple(range(ndim - a.ndim, ndim))]
    dtype = kinds[0] if len(kinds) == 1 else np.dtype(object)
    name = call.replace(".", "-")
    whole = da.blockwise(run, tuple(range(ndim)), *pairs, token=name, dtype=dtype, meta=np.empty((0,) * ndim, dtype))
    return whole if len(kinds) == 1 else tuple(_part(whole, k, kind) for k, kind in enumerate(kinds))


def _part(whole: Any, k: int, dtype: Any) -> Any:
    """One of the results that every block of `whole` holds."""
    return da.map_blocks(operator.itemgetter(k), whole, dtype=dtype, meta=np.empty((0,) * whole.ndim, dtype))


def rows(function: Callable[..., Any], call: str, primary: str, operands: Operands, axis: Any, options: dict[str, Any]) -> Any:
    """`function` block by block, if every row lies in one; else what its name tells to do with several."""
    if "out" in options:
        raise TypeError(f"{call}: out is given beside an array of dask, which is not written to; accepted is None")
    for name, a in operands.items():
        if family(type(a)) not in ("", "dask"):
            raise refusal(f"{call}: {name}", a, " beside one of dask")
    arrays = {name: da.asanyarray(a) for name, a in operands.items()}
    x = arrays[primary]
    axes = axes_of(call, axis, x.ndim)
    dtype = functools.reduce(np.promote_types, (_kind(call, name, a) for name, a in arrays.items()))
    whole = axes if not options.get("causal") else (x.ndim - 2, *axes)
    split = [a for a in whole if x.numblocks[a] > 1]
    name, _, method = call.partition(".")
    reduced, per_row = name == "logsumexp" and method != "backward", name == "logsumexp" and method == "backward"
    if split:
        masked = any(isinstance(a._meta, np.ma.MaskedArray) for a in arrays.values())
        if masked or name not in _IN_CHUNKS or method == "jvp" or len(axes) > 1 or set(options) - {"scale"}:
            told = f"accepted here are rows of one chunk, as of {primary}.rechunk({{{split[0]}: -1}})"
            raise TypeError(f"{call}: {primary} has {x.numblocks[split[0]]} chunks along axis {split[0]}; {told}")
        factor = _IN_CHUNKS[name] * scale_of(call, options.get("scale", 1.0))
        return getattr(chunks, method or "forward")(name, arrays, axes[0], factor, dtype)
    where = options.get("where")
    options = {k: v for k, v in options.items() if k != "where"}
    lead = tuple(n for k, n in enumerate(x.shape) if k not in axes) if per_row else x.shape
    others = {name: chunks.spread(a, lead, _chunks(x, axes if per_row else ())) for name, a in arrays.items() if name != primary}
    every, left = tuple(range(x.ndim)), tuple(k for k in range(x.ndim) if k not in axes)
    pairs: list[Any] = []
    for name in arrays:
        pairs += [x, every] if name == primary else [others[name], left if per_row else every]
    if where is not None:
        pairs += [chunks.spread(da.asanyarray(where), x.shape, x.chunks), every]
    block = functools.partial(_block, function, axis, where is not None, options)
    ind = left if reduced else every
    return da.blockwise(
        block, ind, *pairs, token=call.replace(".", "-"), concatenate=True, dtype=dtype, meta=np.empty((0,) * len(ind), dtype)
    )


def _chunks(x: Any, axes: tuple[int, ...]) -> Any:
    return tuple(c for k, c in enumerate(x.chunks) if k not in axes)


def _kind(call: str, name: str, a: Any) -> np.dtype[Any]:
    found = computed(a.dtype)
    if found is None:
        raise TypeError(f"{call}: {name} has dtype {a.dtype}; accepted are {ACCEPTED}")
    return found


def _block(function: Callable[..., Any], axis: Any, masked: bool, options: dict[str, Any], *arrays: Any) -> Any:
    """One block; the last array is `where` if there is one."""
    if not masked:
        return function(*arrays, axis, **options)
    *operands, where = arrays
    return function(*operands, axis, where=where, **options)
