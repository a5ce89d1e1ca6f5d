"""The public object of the cross entropy of a softmax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastact import containers
from fastact.placement import on_device
from fastact.rows import device, exact, tangents
from fastact.rows.launch import Call, execute
from fastact.rows.operands import Array, Result, axes_of, broadcast, floats, output, rows


@dataclass(frozen=True, slots=True)
class Targets:
    """Classes, -1 where a row is ignored, or probabilities of the shape of the logits."""

    labels: Array | None
    weights: Array | None


def _labels(call: str, labels: Array, lead: tuple[int, ...], classes: int, ignore_index: Any) -> Array:
    """Class numbers as int64; those to be ignored are -1."""
    if labels.shape != lead:
        raise ValueError(f"{call}: labels has shape {labels.shape}; accepted is {lead}, that of logits without its axis of classes")
    outside = (labels < 0) | (labels >= classes)
    if ignore_index is not None:
        ignored = labels == ignore_index
        outside &= ~ignored
    if outside.any():
        place = tuple(int(i[0]) for i in np.nonzero(outside))
        told = "" if ignore_index is None else f", and {ignore_index} to ignore a row"
        raise ValueError(f"{call}: labels{list(place)} is {labels[place]}; accepted are classes from 0 to {classes - 1}{told}")
    found = labels.astype(np.int64)
    return found if ignore_index is None else np.where(ignored, np.int64(-1), found)


class SoftmaxCrossEntropy:
    """Cross entropy of softmax(logits) and labels, one loss a row, with its gradient in the same pass.

    ``labels`` are class numbers of any integer dtype, in the shape of ``logits`` without its axis of classes, or probabilities in the
    shape of ``logits``. The loss of a row is -log softmax(x)[label], or -Σ t log softmax(x); its gradient softmax(x) Σ t - t.
    Options of every method:

    axis : int
        The axis of the classes, -1 by default.
    ignore_index : int, optional
        Rows with this class number have loss 0 and gradient 0.
    label_smoothing : float
        Between 0 and 1: that share of the weight is spread evenly over all classes.

    Source: Szegedy et al. 2016, arXiv:1512.00567 (smoothing); Goodfellow, Bengio & Courville 2016, Deep Learning, 6.2.
    """

    name = "softmax_cross_entropy"
    formula = r"\sum_j t_j (\log \sum_k e^{x_k} - x_j)"
    budget = (1.7, 3.9)
    gradient = (2.8, 5.5)

    def __init__(self) -> None:
        self.__module__ = "fastact"

    def __repr__(self) -> str:
        return "<fastact softmax_cross_entropy(logits, labels, axis=-1)>"

    def __reduce__(self) -> str:
        return self.name

    def __call__(
        self, logits: Any, labels: Any, /, axis: int = -1, *, ignore_index: int | None = None, label_smoothing: float = 0.0, out: Any = None
    ) -> Any:
        """Losses, in the shape of `logits` without the axis of the classes.

        Raises
        ------
        TypeError
            If a dtype is not supported.
        ValueError
            If a label is out of range, or a shape does not fit. Nothing is written then.
        """
        if on_device(logits):
            return self._on_device("", {"logits": logits, "labels": labels}, axis, ignore_index, label_smoothing, out)
        told = {"ignore_index": ignore_index, "label_smoothing": label_smoothing}
        held = containers.rows(self, self.name, {"logits": logits, "labels": labels}, axis, out, told, labels=True)
        if held is not None:
            return held
        prepared = self._prepare("", logits, labels, axis, ignore_index, label_smoothing)
        given = output(self.name, out, prepared.lead, prepared.dtype)
        loss = np.empty(prepared.lead, prepared.dtype)
        prepared.run({}, {"loss": loss})
        if given is None:
            return loss[()]
        np.copyto(given, loss, casting="same_kind")
        return given

    def value_and_grad(
        self, logits: Any, labels: Any, /, axis: int = -1, *, ignore_index: int | None = None, label_smoothing: float = 0.0, out: Any = None
    ) -> Any:
        """(losses, gradient of their sum by the logits) in one pass; `out` is an array for the gradient, which may be `logits`."""
        if on_device(logits):
            return self._on_device("value_and_grad", {"logits": logits, "labels": labels}, axis, ignore_index, label_smoothing, out)
        told = {"ignore_index": ignore_index, "label_smoothing": label_smoothing}
        call, given = f"{self.name}.value_and_grad", {"logits": logits, "labels": labels}
        if (held := containers.rows(self.value_and_grad, call, given, axis, out, told, labels=True)) is not None:
            return held
        prepared = self._prepare(".value_and_grad", logits, labels, axis, ignore_index, label_smoothing)
        result = prepared.result(output(prepared.call, out, prepared.logits.shape, prepared.dtype), [])
        loss = np.empty(prepared.lead, prepared.dtype)
        prepared.run({"dx": result.rows}, {"loss": loss})
        return loss[()], result.finish()

    def backward(
        self,
        dy: Any,
        logits: Any,
        labels: Any,
        /,
        axis: int = -1,
        *,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        out: Any = None,
    ) -> Any:
        """Gradient by the logits; `dy`, that by the losses, broadcasts against them. `out` may be `logits`."""
        if on_device(logits) or on_device(dy):
            return self._on_device("backward", {"logits": logits, "labels": labels, "dy": dy}, axis, ignore_index, label_smoothing, out)
        told = {"ignore_index": ignore_index, "label_smoothing": label_smoothing}
        call, given = f"{self.name}.backward", {"dy": dy, "logits": logits, "labels": labels}
        if (held := containers.rows(self.backward, call, given, axis, out, told, labels=True)) is not None:
            return held
        prepared = self._prepare(".backward", logits, labels, axis, ignore_index, label_smoothing)
        dy = broadcast(prepared.call, "dy", np.asarray(dy, prepared.dtype), prepared.lead, "the losses")
        result = prepared.result(output(prepared.call, out, prepared.logits.shape, prepared.dtype), [dy])
        prepared.run({"dx": result.rows}, {"dy": dy})
        return result.finish()

    jvp = tangents.softmax_cross_entropy

    def _on_device(self, method: str, arrays: dict[str, Any], axis: Any, ignored: Any, smoothing: float, out: Any) -> Any:
        call = f"{self.name}.{method}" if method else self.name
        return device.losses().softmax(call, method, arrays, axis, ignored, smoothing, out)

    def _prepare(self, method: str, logits: Any, labels: Any, axis: int, ignore_index: int | None, smoothing: float) -> Prepared:
        call = self.name + method
        if not 0 <= smoothing <= 1:
            raise ValueError(f"{call}: label_smoothing is {smoothing!r}; accepted are numbers from 0 to 1")
        given = labels if isinstance(labels, np.ndarray) else np.asarray(labels)
        whole = given.dtype.kind in "iu"
        dtype, (logits, *rest) = floats(call, {"logits": logits} if whole else {"logits": logits, "labels": given})
        axes = axes_of(call, axis, logits.ndim)
        if len(axes) != 1:
            raise ValueError(f"{call}: axis is {axis!r}; accepted is one axis")
        moved = rows(logits, axes)
        lead, classes = moved.shape[:-1], moved.shape[-1]
        if classes == 0:
            raise ValueError(f"{call}: logits has shape {logits.shape}, with no classes along axis {axis}")
        if whole:
            targets = Targets(_labels(call, given, lead, classes, ignore_index), None)
        elif rest[0].shape != logits.shape:
            raise ValueError(f"{call}: labels has shape {given.shape}; accepted are probabilities in the shape of logits, {logits.shape}")
        else:
            targets = Targets(None, rows(rest[0], axes))
        return Prepared(call, logits, axes, dtype, lead, targets, float(smoothing))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A checked call."""

    call: str
    logits: Array
    axes: tuple[int, ...]
    dtype: np.dtype[Any]
    lead: tuple[int, ...]
    targets: Targets
    smoothing: float

    def result(self, out: Array | None, others: list[Array]) -> Result:
        """The array of the gradient."""
        weights = [] if self.targets.weights is None else [self.targets.weights]
        return Result.make(out, self.logits, self.dtype, self.axes, [rows(self.logits, self.axes), *weights, *others])

    def run(self, elements: Mapping[str, Array], per_row: Mapping[str, Array], program: str = "cross_entropy") -> None:
        """Run over all rows."""
        x = rows(self.logits, self.axes)
        classes = x.shape[-1]
        if self.dtype.char == "g":
            exact.cross_entropy(x, self.targets.labels, self.targets.weights, self.smoothing, {**elements, **per_row})
            return
        weights = {} if self.targets.weights is None else {"t": self.targets.weights}
        labels = {} if self.targets.labels is None else {"labels": self.targets.labels}
        numbers = (1.0, 1.0 - self.smoothing, self.smoothing / classes)
        smooth = self.smoothing != 0
        execute(Call(program, {"x": x, **weights, **elements}, {**labels, **per_row}, numbers, smooth=smooth))
