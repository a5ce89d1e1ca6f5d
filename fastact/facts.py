"""Everything that is known about a function, as plain data for tables and JSON."""

from __future__ import annotations

import inspect
from typing import Any

import fastact as fa
from fastact import masks
from fastact.record import Record, Ulp, at

_METHODS = (
    "backward",
    "backward_from_output",
    "derivative",
    "value_and_grad",
    "jvp",
    "with_mask",
    "backward_from_mask",
    "with_index",
    "backward_from_index",
    "packed",
    "expected",
    "scalar",
    "scalar_grad",
    "cuda_scalar",
    "cuda_scalar_grad",
    "address",
    "reference",
)


def facts(f: Any) -> dict[str, Any]:
    """What is known about a function of fastact.

    Parameters
    ----------
    f : Activation, Gate, Noisy, or a function of rows, pieces or halves
        The function.

    Returns
    -------
    dict
        Strings, numbers, lists and dictionaries; the same keys for all functions of a kind. Ranges, limits, kinks and roots
        are those for the default parameters. Bounds are the largest errors ever measured, in ulp, rounded up.
    """
    summary, _, rest = (inspect.getdoc(f) or "").partition("\n")
    found: dict[str, Any] = {
        "name": f.name,
        "kind": _kind(f),
        "summary": summary,
        "call": repr(f).removeprefix("<fastact ").removesuffix(">"),
        "formula": getattr(f, "formula", ""),
        "source": rest.partition("Source: ")[2].partition("\n\n")[0].replace("\n", " ").strip().rstrip("."),
        "directions": _directions(f),
        "dtypes": _dtypes(f),
    }
    record = getattr(f, "record", None)
    if isinstance(record, Record):
        return found | _of_record(f, record)
    if record is not None:
        return found | _of_rows(record.budget, record.gradient)
    if hasattr(f, "budget"):
        return found | _of_rows(f.budget, f.gradient)
    return found if f is fa.gumbel_softmax else found | _of_rows((0.0, 0.0), (0.0, 0.0))


def _kind(f: Any) -> str:
    kinds: tuple[tuple[type, str], ...] = ((fa.Activation, "activation"), (fa.Gate, "gate"), (fa.Noisy, "noise"))
    return next((kind for cls, kind in kinds if isinstance(f, cls)), "rows" if f in fa.ROWS else "other")


def _directions(f: Any) -> list[str]:
    """The call and its methods, but those that refuse this very function."""
    return ["forward", *(name for name in _METHODS if _has(f, name))]


def _has(f: Any, name: str) -> bool:
    record = getattr(f, "record", None)
    if name == "packed":
        return isinstance(f, fa.Gate)
    if not hasattr(type(f), name):
        return False
    if name == "backward_from_output" and isinstance(f, fa.Activation):
        return f.from_output is not None
    if name.endswith("_mask"):
        return record in masks.MASKED
    if name == "expected":
        return f.mean is not None
    return name != "reference" or bool(getattr(record, "in_long_double", True))


def _dtypes(f: Any) -> list[str]:
    record = getattr(f, "record", None)
    wide = record.in_long_double if isinstance(f, fa.Activation | fa.Gate) and record else f in (fa.maxout, fa.crelu)
    return ["float16", "bfloat16", "float32", "float64", *(["longdouble"] if wide else [])]


def _ulp(bound: Ulp | None) -> dict[str, float] | None:
    return None if bound is None else {"float32": bound.float32, "float64": bound.float64}


def _of_rows(budget: tuple[float, float], gradient: tuple[float, float]) -> dict[str, Any]:
    return {"bound": {"forward": _ulp(Ulp(*budget)), "derivative": _ulp(Ulp(*gradient))}}


def _of_record(f: Any, record: Record) -> dict[str, Any]:
    params = record.typical
    outer = record.derivative_limits
    return {
        "aliases": list(record.aliases),
        "derivative": record.derivative,
        "parameters": [{"name": p.name, "default": p.default, "trainable": p.trainable, "samples": list(p.samples)} for p in record.params],
        "values": dict(zip((p.name for p in record.params), params, strict=True)),
        "range": [at(record.range.low, *params), at(record.range.high, *params)],
        "limits": [at(record.limits.at_minus_inf, *params), at(record.limits.at_plus_inf, *params)],
        "derivative_limits": [at(outer.at_minus_inf, *params), at(outer.at_plus_inf, *params)],
        "kinks": [{"at": at(k.at, *params), "derivative": at(k.derivative, *params)} for k in record.kinks],
        "roots": [at(root, *params) for root in record.roots],
        "odd": record.odd,
        "monotone": record.monotone,
        "flat": record.flat,
        "reach": at(record.reach, *params),
        "bound": {
            "forward": _ulp(record.budget.forward),
            "derivative": _ulp(record.budget.derivative),
            "parameters": _ulp(record.budget.params),
            "from_output": _ulp(f.from_output.error) if getattr(f, "from_output", None) else None,
        },
    }
