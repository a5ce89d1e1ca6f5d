"""How a preset is made of one of fastact's functions."""

from __future__ import annotations

import dataclasses
from typing import Any

from fastact.activation import Activation
from fastact.record import Kink, Param, Record, Scalar, Value

Row = tuple[str, str, str, str]
"""Name of a preset, the peer's call with its defaults, the function of fastact that it is made of, and what differs."""


def renamed(params: tuple[Param, ...], defaults: dict[str, float | None]) -> tuple[Param, ...]:
    """The parameters in their order under the peer's names, with its defaults for first samples."""
    return tuple(
        dataclasses.replace(p, name=name, default=default, samples=(p.samples[0] if default is None else default, *p.samples[1:]))
        for p, (name, default) in zip(params, defaults.items(), strict=True)
    )


def preset(
    label: str,
    base: Activation,
    names: dict[str, float | None] | None = None,
    *,
    scalar: Scalar | None = None,
    derivatives: tuple[Value, ...] = (),
    **fields: Any,
) -> Activation:
    """An activation under the dotted name `label` that is `base` but for what is given.

    Parameters
    ----------
    label : str
        "torch.softplus".
    base : Activation
        The function of fastact.
    names : dict, optional
        The peer's names of its parameters, in their order, and their defaults (None: must be given).
    scalar : callable, optional
        The scalar, where kinks or the formula differ: the C reference then does not have the function.
    derivatives : tuple, optional
        The derivative at each kink of `base`, in their order.
    **fields
        Further fields of the record.
    """
    record: Record = base.record
    if names is not None:
        fields["params"] = renamed(record.params, names)
    if derivatives:
        fields["kinks"] = tuple(Kink(kink.at, d) for kink, d in zip(record.kinks, derivatives, strict=True))
    fields |= {"reference": record.in_reference} if scalar is None else {"reference": None, "scalar": scalar}
    return Activation(dataclasses.replace(record, label=f"presets.{label}", aliases=(), **fields))
