"""Records by name: what pickle writes of one, so that other processes use the kernels that they have."""

from __future__ import annotations

import importlib
import operator
import pickle
import sys
from typing import Any

from fastact import affine, outgoing
from fastact.activations import gates
from fastact.record import Record

Name = tuple[str, bool, bool, bool]
"""A function's name; whether a record is of its scale and bias, and of its output."""


def public(name: str) -> Any:
    """The object of that name in fastact; "f_expected" is the mean of a function f with noise."""
    import fastact

    if ":" in name:
        module, _, attribute = name.partition(":")
        return getattr(importlib.import_module(module), attribute)
    base, mean, _ = name.partition("_expected")
    found = operator.attrgetter(base)(fastact)
    return found.expected if mean else found


def find(name: str, scale: bool, bias: bool, of_output: bool) -> Record:
    """The record of that name."""
    if name.startswith(gates.UNNAMED):
        return gates.unnamed(find(name.removeprefix(gates.UNNAMED), False, False, False))
    found: Record = public(name).record
    if scale or bias:
        found = affine.shifted(found, scale, bias)
    return outgoing.derived(found) if of_output else found


def _place(record: Record) -> str:
    """Module and name of a user's own activation."""
    module = record.scalar.__module__
    for name, value in vars(sys.modules[module]).items() if module in sys.modules else ():
        if getattr(getattr(value, "record", None), "scalar", None) is record.scalar:
            return f"{module}:{name}"
    return f"{module}:{record.name}"


def name_of(record: Record) -> Name:
    """What `find` finds a record by."""
    name = (
        _place(record) if record.plain else record.name,
        "scale" in record.affine,
        bool(record.affine) and record.params[-1].default is None,
        record.operands == ("y",),
    )
    try:
        found = find(*name)
    except AttributeError:
        found = None
    if found is not record:
        told = "accepted in other processes are functions of fastact, and your own that have a name in their module"
        raise pickle.PicklingError(f"{record.name} is not found by its name; {told}")
    return name
