"""Arrays of other libraries: what they hold beside numbers, as labels, masks or chunks, is carried to the result, or refused.

NumPy asks such an array itself what a ufunc makes of it. All other calls ask here, and only about operands that are no plain arrays.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Operands = Mapping[str, Any]
"""The arrays of a call by name, in its order."""

_PLAIN = (np.generic, int, float, complex, list, tuple, str, bytes, memoryview, type(None))
_LIBRARIES = ("pandas", "xarray", "dask", "sparse", "awkward", "scipy")
_HINTS = {
    "pandas": ", as of {name}.to_numpy()",
    "xarray": ", as of {name}.to_numpy()",
    "dask": ", as those that {name}.map_blocks gives to a function, or of {name}.compute()",
    "sparse": ", as of {name}.todense()",
    "scipy": ", as of {name}.toarray()",
    "awkward": ", as of awkward.to_numpy({name})",
    "other": ", as of numpy.asarray({name})",
}
_OWN_WAY = {"jax", "jaxlib"}
"""Libraries whose arrays give plain ones, as with NumPy's ufuncs; `fastact.interop.jax` has functions on them."""
LABELLED = ("pandas", "xarray", "subclass", "namespace")
"""Families whose results belong to x alone: what others of the kind hold beside a plain x is not looked at."""


def _family(kind: type) -> str:
    """Whose arrays a type is of: a library's name, or one of these.

    "masked", "subclass" of NumPy's, "namespace" of the array API standard, "lent" (see `_lent`), "other" for what overrides ufuncs,
    "" for plain ones.
    """
    if kind is np.ndarray or issubclass(kind, _PLAIN):
        return ""
    if issubclass(kind, np.ma.MaskedArray):
        return "masked"
    own = getattr(kind, "__array_ufunc__", None)
    if issubclass(kind, np.ndarray) and own is np.ndarray.__array_ufunc__:
        return "" if issubclass(kind, np.memmap) else "subclass"
    roots = [base.__module__.partition(".")[0] for base in kind.__mro__]
    found = next((root for root in roots if root in _LIBRARIES), "")
    if found and not (found == "dask" and not hasattr(kind, "map_blocks")):
        return found
    if own is not None:
        return "other"
    if _lent(kind, roots):
        return "lent"
    return "namespace" if hasattr(kind, "__array_namespace__") and not _OWN_WAY & set(roots) else ""


def _lent(kind: type, roots: list[str]) -> bool:
    """Whether NumPy is to be told where the numbers lie: tensors of PyTorch, of which it takes not all, and what has DLPack alone."""
    return ("torch" in roots and hasattr(kind, "data_ptr")) or (hasattr(kind, "__dlpack__") and not hasattr(kind, "__array__"))


family: Callable[[type], str] = functools.lru_cache(1024)(_family)


def check(label: str, given: Any, use: str = "") -> None:
    """Refuse an array whose labels, chunks or the like would be lost; masks and classes derived from NumPy's are not looked at."""
    kind = family(type(given))
    if kind not in ("", "masked", "subclass", "lent", "namespace"):
        raise refusal(label, given, use)


def refusal(label: str, given: Any, use: str = "") -> TypeError:
    """Why an array of another library is not taken: what it is, and how to make it one that is."""
    kind, name = family(type(given)), label.rpartition(" ")[2]
    hint = _HINTS.get(kind, "").format(name=name)
    library = type(given).__module__.partition(".")[0]
    told = "a MaskedArray" if kind == "masked" else f"of type {library}.{type(given).__name__}"
    return TypeError(f"{label} is {told}; accepted{use} are plain arrays{hint}")


def rows(
    function: Callable[..., Any], call: str, operands: Operands, axis: Any, out: Any, options: dict[str, Any], *, labels: bool = False
) -> Any:
    """`function(*operands, axis, out=out, **options)`, a function of rows; None if all operands are plain, and nothing is done.

    The last operand of the shape of x, "x", "y" or "logits", has the result's type. Labels of others beside a plain one are not looked
    at; with `labels`, masks and chunks are refused.
    """
    primary = next(name for name in ("x", "y", "logits") if name in operands)
    kinds = {name: family(type(operands[name])) for name in (primary, *operands)}
    named = next((name for name, kind in kinds.items() if kind and (name == primary or kind not in LABELLED)), None)
    if named is None:
        return None
    kind = kinds[named]
    if kind in ("sparse", "scipy", "other") or (labels and kind not in (*LABELLED, "lent")):
        raise refusal(f"{call}: {named}", operands[named])
    if out is not None:
        options = {**options, "out": out}
    return importlib.import_module(f"fastact.containers.{kind}").rows(function, call, primary, operands, axis, options)


def carry(function: Callable[..., Any], call: str, primary: str, operands: Operands) -> Any:
    """`function(**operands)`, which returns results by name, with the labels of these operands; None if x has none."""
    kind = family(type(operands[primary]))
    if kind not in ("pandas", "xarray", "lent", "namespace"):
        return None
    return importlib.import_module(f"fastact.containers.{kind}").carry(function, call, primary, operands)


def plain(label: str, given: Any) -> Any:
    """An array of the memory that is lent; anything else as it is."""
    return importlib.import_module("fastact.containers.lent").view(label, given) if family(type(given)) == "lent" else given


def on_views(function: Callable[..., Any], call: str, operands: Operands, out: Any, options: dict[str, Any]) -> Any:
    """`function(*operands, out=out, **options)` on arrays that others lend, where they lie."""
    return importlib.import_module("fastact.containers.lent").call(function, call, operands, out, options)


def elementwise(run: Callable[..., Any], ufunc: np.ufunc, call: str, primary: str, operands: Operands) -> Any:
    """What a ufunc's own rules for an x of such a type leave to be done; None if they are right as they are."""
    kind = family(type(operands[primary]))
    if kind not in ("pandas", "xarray", "dask", "namespace"):
        return None
    return importlib.import_module(f"fastact.containers.{kind}").elementwise(run, ufunc, call, primary, operands)
