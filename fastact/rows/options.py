"""The options of the softmax family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastact.rows.operands import Array, axes_of, check_causal, mask_of, offsets_of, scale_of


@dataclass(frozen=True, slots=True)
class Options:
    """What every call of the family may be told, checked."""

    call: str
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    mask: Array | None
    scale: float
    causal: bool
    offsets: Array | None

    @classmethod
    def of(cls, call: str, shape: tuple[int, ...], axis: Any, given: dict[str, Any]) -> Options:
        """Check the options of a call on an array of a shape."""
        accepted = ("where", "scale", "causal", "offsets")
        for name in given:
            if name not in accepted:
                raise TypeError(f"{call}: no option {name!r}; accepted are axis, out, {', '.join(accepted)}")
        axes = axes_of(call, axis, len(shape))
        causal = bool(given.get("causal", False))
        if causal:
            check_causal(call, axes, len(shape), given.get("offsets"))
        offsets = offsets_of(call, given.get("offsets"), axes, shape)
        return cls(call, shape, axes, mask_of(call, given.get("where"), shape), scale_of(call, given.get("scale", 1.0)), causal, offsets)
