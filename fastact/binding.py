"""From the arguments of a call to one value per parameter, in the order of the record."""

from __future__ import annotations

from typing import Any

from fastact.record import Record


def bind(record: Record, method: str, params: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
    """All parameters in order; those given by keyword are taken out of `options`."""
    accepted = record.params
    if len(params) == len(accepted) and not options:
        return params
    call = record.name + method
    if len(params) > len(accepted):
        told = ", ".join(p.name for p in accepted) or "none"
        raise TypeError(f"{call}: {len(params)} parameters given; accepted are {len(accepted)}: {told}")
    for p in accepted[: len(params)]:
        if p.name in options:
            raise TypeError(f"{call}: {p.name} is given twice")
    rest = accepted[len(params) :]
    for p in rest:
        if p.default is None and p.name not in options:
            raise TypeError(f"{call}: {p.name} is missing; parameters are {', '.join(p.name for p in accepted)}")
    return (*params, *(options.pop(p.name, p.default) for p in rest))
