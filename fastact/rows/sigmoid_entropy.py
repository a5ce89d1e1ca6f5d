"""The public object of the cross entropy of a sigmoid."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastact import containers
from fastact.errors import check_plain
from fastact.placement import on_device
from fastact.rows import device, exact, tangents
from fastact.rows.launch import Call, execute
from fastact.rows.operands import Result, floats, output

_PIECE = 8192
_LABELS = {"x": "logits", "t": "targets"}


class SigmoidCrossEntropy:
    """Cross entropy of sigmoid(logits) and targets, element by element.

    The loss is log(1 + e^x) - x t, formed without cancellation for 0 ≤ t ≤ 1; its gradient σ(x) - t.

    Source: Goodfellow, Bengio & Courville 2016, Deep Learning, 6.2.2.2.
    """

    name = "sigmoid_cross_entropy"
    formula = r"\log(1 + e^x) - x t"
    budget = (2.0, 1.9)
    gradient = (2.9, 2.8)

    def __init__(self) -> None:
        self.__module__ = "fastact"

    def __repr__(self) -> str:
        return "<fastact sigmoid_cross_entropy(logits, targets)>"

    def __reduce__(self) -> str:
        return self.name

    def __call__(self, logits: Any, targets: Any, /, *, out: Any = None) -> Any:
        """Losses, in the broadcast shape of `logits` and `targets`."""
        return self._run(self.name, {"x": logits, "t": targets}, "y", out)

    def backward(self, dy: Any, logits: Any, targets: Any, /, *, out: Any = None) -> Any:
        """Gradient by the logits, dy (σ(x) - t), in the broadcast shape of all three."""
        return self._run(f"{self.name}.backward", {"dy": dy, "x": logits, "t": targets}, "dx", out)

    jvp = tangents.sigmoid_cross_entropy

    def _carried(self, call: str, operands: dict[str, Any], named: dict[str, Any], name: str) -> Any:
        """The results with the labels of the logits, or None if these have none."""

        def again(**plain: Any) -> dict[str, Any]:
            return {"logits": self._run(call, dict(zip(operands, plain.values(), strict=True)), name, None)}

        held = containers.carry(again, call, "logits", named)
        return None if held is None else held["logits"]

    def _run(self, call: str, operands: dict[str, Any], name: str, out: Any) -> Any:
        if any(map(on_device, operands.values())):
            return device.losses().sigmoid(call, operands, out)
        labels = _LABELS | ({"dy": "dlogits"} if call.endswith(".jvp") else {})
        named = {labels.get(k, k): v for k, v in operands.items()}
        if out is None and (held := self._carried(call, operands, named, name)) is not None:
            return held
        for k, a in named.items():
            if k == "logits" or containers.family(type(a)) not in containers.LABELLED:
                check_plain(f"{call}: {k}", a)
        dtype, given = floats(call, named)
        try:
            shape = np.broadcast_shapes(*(a.shape for a in given))
        except ValueError:
            told = ", ".join(f"{k} has shape {a.shape}" for k, a in zip(operands, given, strict=True))
            raise ValueError(f"{call}: {told}; they do not broadcast") from None
        target = output(call, out, shape, dtype)
        if target is None:
            target = np.empty(shape, dtype)
        wide = [np.broadcast_to(a, shape or (1,)) for a in given]
        result = Result.make(target if shape else target.reshape(1), wide[0], dtype, (max(len(shape), 1) - 1,), wide)
        arrays = [*wide, result.rows]
        offsets = None
        if dtype.char != "g" and all(a.flags.c_contiguous for a in arrays):
            arrays = [a.reshape(-1) for a in arrays]
            offsets = np.append(np.arange(0, target.size, _PIECE), target.size)
        elements = dict(zip((*operands, name), arrays, strict=True))
        if dtype.char == "g":
            exact.sigmoid_cross_entropy(elements, result.rows)
        else:
            execute(Call(self.name, elements, {}, offsets=offsets))
        result.finish()
        return target[()] if out is None else target
