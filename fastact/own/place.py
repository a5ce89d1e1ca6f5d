"""Where pickle finds an activation; one of the user's own by the module and the name that it was given there."""

from __future__ import annotations

import pickle
import sys
from typing import Any

from fastact import naming


def reduced(activation: Any) -> Any:
    """What pickle keeps of an activation: where its module, or fastact, has it."""
    if activation.record.plain:
        return place(activation)
    name = activation.name
    return (naming.public, (name,)) if name.endswith("_expected") else name


def place(activation: Any) -> str:
    """Name of the activation in the module of its scalar.

    Raises
    ------
    pickle.PicklingError
        If it has none.
    """
    scalar, name = activation.record.scalar, activation.name
    module = sys.modules.get(scalar.__module__)
    for dotted in (name, scalar.__qualname__):
        found: Any = module
        for part in dotted.split("."):
            found = getattr(found, part, None)
        if found is activation:
            return str(dotted)
    for other, value in vars(module).items() if module else ():
        if value is activation:
            return str(other)
    told = f"it is no attribute of the module {scalar.__module__}, in which its function is; give it a name at the top of that module"
    raise pickle.PicklingError(f"{name} cannot be pickled: {told}")
