"""f(x·scale + bias) in one pass: the record that `bias=` and `scale=` make of an activation's."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from fastact.record import Param, Record


@functools.cache
def shifted(record: Record, scale: bool, bias: bool) -> Record:
    """The record with `scale`, if it is given, and `bias` as its last parameters; those given are trainable.

    A bias that is not given is -0, which x·scale + bias does not notice.
    """
    before = (Param("scale", None, (1.0,), trainable=True),) if scale else ()
    last = Param("bias", None if bias else -0.0, (0.0,), trainable=bias)
    affine = ("scale", "bias") if scale else ("bias",)
    return dataclasses.replace(record, params=(*record.params, *before, last), affine=affine)


def take(options: dict[str, Any]) -> tuple[bool, bool]:
    """Whether `scale` and `bias` are among the options; those that are None are taken out."""
    for name in ("scale", "bias"):
        if name in options and options[name] is None:
            del options[name]
    return "scale" in options, "bias" in options
