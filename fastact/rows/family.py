"""The public objects of the softmax family."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastact import containers
from fastact.placement import on_device
from fastact.rows import device, embed, exact, quick, tangents
from fastact.rows.launch import Call, execute
from fastact.rows.operands import Array, Result, broadcast, floats, output, rows
from fastact.rows.options import Options
from fastact.rows.record import RowRecord


class RowFunction:
    """A function of the rows of an array, with its gradient.

    Every method takes these options:

    axis : int, tuple of int or None
        The axes of a row, -1 by default; None is all axes. Several axes that do not lie one after another in memory are copied.
    where : array of bool, optional
        Elements that take part, broadcast against `x`; the others count as -inf, and their gradient is 0.
    scale : float
        `x` is multiplied by it first, rounded once.
    causal : bool
        With axes (..., Q, K), rows along the last, element j of row i takes part if j ≤ i + K - Q.
    offsets : array of int, optional
        Rows of different lengths: row g is offsets[g] to offsets[g + 1] along the one axis. They must not decrease, from 0 to its length.
    out : ndarray, optional
        Array for the result; may be an input.

    dtypes are float16, bfloat16, float32, float64 and longdouble, and integers and bool, which are promoted as by `numpy.exp`. The order
    of all sums depends on the length of a row alone: the same bits for any layout, axis and number of threads. NaN anywhere in a row
    that takes part makes the whole row NaN.

    Parameters
    ----------
    record : RowRecord
        The definition.
    """

    def __init__(self, record: RowRecord) -> None:
        self.record = record
        self.name, self.formula = record.name, record.formula
        self.__doc__ = f"{record.summary}\n\n    Source: {record.source}"
        self.__module__ = "fastact"

    def __repr__(self) -> str:
        return f"<fastact {self.name}(x, axis=-1)>"

    def __reduce__(self) -> str:
        return self.name

    def __call__(self, x: Any, /, axis: Any = -1, *, out: Any = None, **options: Any) -> Any:
        """Forward.

        Parameters
        ----------
        x : array_like
            Input, of at least one axis.
        axis, out, **options
            As told by the class.

        Returns
        -------
        ndarray
            In the shape of `x`; of logsumexp without the axes of a row.

        Raises
        ------
        TypeError
            If a dtype or an option is not supported.
        ValueError
            If an axis, a shape, the offsets or `out` do not fit. Nothing is written then.
        """
        roles = quick.REDUCED if self.record.reduces else quick.FORWARD
        result = quick.call(self.record.program, roles, (x,), axis, out, self.record.sign, options)
        if result is not None:
            return result if out is not None or result.ndim else result[()]
        if on_device(x):
            return device.calls().function(self.record, "", {"x": x}, axis, out, options)
        if type(x) is not np.ndarray and (held := containers.rows(self, self.name, {"x": x}, axis, out, options)) is not None:
            return held
        dtype, (x,) = floats(self.name, {"x": x})
        told = Options.of(self.name, x.shape, axis, options)
        if self.record.reduces:
            return self._reduced(self.record.program, {"x": x}, dtype, told, out)
        return self._run(self.record.program, {"x": x}, "y", dtype, told, out)

    def backward(self, dy: Any, x: Any, /, axis: Any = -1, *, out: Any = None, **options: Any) -> Any:
        """Vector-Jacobian product at the input x of the forward call, which is computed again; options as there.

        `dy` broadcasts against the result of the forward call. Returns dx, in the shape of `x`.
        """
        record = self.record
        if not record.flat:
            roles = quick.REDUCED_BACKWARD if record.reduces else quick.BACKWARD
            result = quick.call(f"{record.program}_backward", roles, (x, dy), axis, out, record.sign, options)
            if result is not None:
                return result
        if on_device(x) or on_device(dy):
            return device.calls().function(record, "backward", {"dy": dy, "x": x}, axis, out, options)
        call = f"{self.name}.backward"
        if (held := containers.rows(self.backward, call, {"dy": dy, "x": x}, axis, out, options)) is not None:
            return held
        dtype, (dy, x) = floats(call, {"dy": dy, "x": x})
        told = Options.of(call, x.shape, axis, options)
        if self.record.reduces:
            return self._reduced_backward(dy, x, dtype, told, out)
        dy = broadcast(call, "dy", dy, x.shape)
        if self.record.flat:
            return self._zeros(dy, dtype, told, out)
        return self._run(f"{self.record.program}_backward", {"x": x, "dy": dy}, "dx", dtype, told, out)

    def backward_from_output(self, dy: Any, y: Any, /, axis: Any = -1, *, out: Any = None, **options: Any) -> Any:
        """Vector-Jacobian product from the result y of the forward call; options as there. Returns dx, in the shape of `y`."""
        call = f"{self.name}.backward_from_output"
        if self.record.reduces:
            raise TypeError(f"{call}: the result does not hold what the gradient needs; accepted is {self.name}.backward(dy, x)")
        if not self.record.flat:
            result = quick.call(f"{self.record.program}_from_output", quick.FROM_OUTPUT, (dy, y), axis, out, self.record.sign, options)
            if result is not None:
                return result
        if on_device(y) or on_device(dy):
            return device.calls().function(self.record, "backward_from_output", {"dy": dy, "y": y}, axis, out, options)
        if (held := containers.rows(self.backward_from_output, call, {"dy": dy, "y": y}, axis, out, options)) is not None:
            return held
        dtype, (dy, y) = floats(call, {"dy": dy, "y": y})
        told = Options.of(call, y.shape, axis, options)
        dy = broadcast(call, "dy", dy, y.shape, "y")
        if self.record.flat:
            return self._zeros(dy, dtype, told, out)
        return self._run(f"{self.record.program}_from_output", {"dy": dy, "y": y}, "dx", dtype, told, out)

    jvp = tangents.jvp
    address = embed.address

    def reference(self, x: Any, /, axis: int = -1) -> np.ndarray[Any, Any]:
        """The function of rows along one axis, by the C reference in long double."""
        return exact.forward(self.record.program, self.record.sign * np.asarray(x, np.longdouble), axis)

    def reference_backward(self, dy: Any, x: Any, /, axis: int = -1) -> np.ndarray[Any, Any]:
        """The gradient by the C reference in long double."""
        return self.record.sign * exact.backward(self.record.program, dy, self.record.sign * np.asarray(x, np.longdouble), axis)

    def _factor(self, told: Options) -> float:
        return told.scale * self.record.sign

    def _zeros(self, dy: Array, dtype: np.dtype[Any], told: Options, out: Any) -> Array:
        given = output(told.call, out, told.shape, dtype)
        result = np.empty(told.shape, dtype) if given is None else given
        result[...] = 0
        return result

    def _run(self, program: str, inputs: dict[str, Array], name: str, dtype: np.dtype[Any], told: Options, out: Any) -> Array:
        given = output(told.call, out, told.shape, dtype)
        like = inputs["x"] if "x" in inputs else inputs["y"]
        elements = {k: rows(a, told.axes) for k, a in inputs.items()}
        if told.mask is not None:
            elements["where"] = rows(told.mask, told.axes)
        result = Result.make(given, like, dtype, told.axes, list(elements.values()))
        factor = self._factor(told)
        call = Call(program, {**elements, name: result.rows}, {}, (factor,), factor != 1.0, told.causal, told.offsets)
        (exact.execute if dtype.char == "g" else execute)(call)
        return result.finish()

    def _lead(self, told: Options, elements: Array) -> tuple[tuple[int, ...], int]:
        """Shape of one number per row as the kernel sees it, and where the caller wants its first axis."""
        lead = elements.shape[:-1]
        return (lead, 0) if told.offsets is None else ((len(told.offsets) - 1, *lead), told.axes[0])

    def _reduced(self, program: str, inputs: dict[str, Array], dtype: np.dtype[Any], told: Options, out: Any) -> Any:
        elements = {k: rows(a, told.axes) for k, a in inputs.items()}
        if told.mask is not None:
            elements["where"] = rows(told.mask, told.axes)
        lead, first = self._lead(told, elements["x"])
        y = np.empty(lead, dtype)
        moved = np.moveaxis(y, 0, first) if first else y
        given = output(told.call, out, moved.shape, dtype)
        factor = self._factor(told)
        call = Call(program, elements, {"y": y}, (factor,), factor != 1.0, told.causal, told.offsets)
        (exact.execute if dtype.char == "g" else execute)(call)
        if given is None:
            return moved[()]
        np.copyto(given, moved, casting="same_kind")
        return given

    def _reduced_backward(self, dy: Array, x: Array, dtype: np.dtype[Any], told: Options, out: Any) -> Array:
        given = output(told.call, out, x.shape, dtype)
        elements = {"x": rows(x, told.axes)}
        if told.mask is not None:
            elements["where"] = rows(told.mask, told.axes)
        lead, first = self._lead(told, elements["x"])
        wanted = (*lead[1 : first + 1], lead[0], *lead[first + 1 :]) if first else lead
        dy = broadcast(told.call, "dy", dy, wanted, "the result")
        per_row = {"dy": np.moveaxis(dy, first, 0) if first else dy}
        result = Result.make(given, x, dtype, told.axes, [*elements.values(), dy])
        factor = self._factor(told)
        program, arrays = f"{self.record.program}_backward", {**elements, "y": result.rows}
        call = Call(program, arrays, per_row, (factor,), factor != 1.0, told.causal, told.offsets)
        (exact.execute if dtype.char == "g" else execute)(call)
        return result.finish()
