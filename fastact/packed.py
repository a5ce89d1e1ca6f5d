"""A gate on the two halves of one array: they are views, and nothing is copied."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from fastact import dispatch, errors
from fastact.binding import bind
from fastact.cpu.ufunc import make_ufunc
from fastact.directions import Direction
from fastact.placement import device, on_device
from fastact.record import Record


class Packed:
    """A gated unit y = f(a)·b whose operands are the halves of one array along an axis.

    All calls take `axis` (default -1), whose length is even and halved in y; `gate`, which tells whether a, the operand of f,
    is the "first" half (the default, as in fused projections) or the "second" (as in `torch.nn.functional.glu`); and `interleaved`:
    whether the two take turns element by element, instead of block after block. The halves are views of `x` in any case.

    Raises
    ------
    TypeError
        If a dtype is not supported, or `axis` is not a whole number.
    ValueError
        If the axis does not exist or has an odd length, `gate` is neither, shapes do not fit, or `out` does not fit or is
        read-only; nothing is written.
    """

    def __init__(self, record: Record, gate: Any) -> None:
        self._record, self._gate = record, gate

    def __repr__(self) -> str:
        return f"<fastact {self._record.name}.packed(x)>"

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._gate, "packed")

    def __call__(
        self, x: Any, /, *params: Any, axis: int = -1, gate: str = "first", interleaved: bool = False, out: Any = None, **named: Any
    ) -> Any:
        """Forward: y, with half of `x` along `axis`.

        Parameters
        ----------
        x : array_like
            The two operands.
        *params : array_like
            Parameters, which broadcast against y; also by keyword.
        axis, gate, interleaved
            See the class.
        out : ndarray, optional
            Array for y.

        Returns
        -------
        ndarray
            y.
        """
        call = f"{self._record.name}.packed"
        bound = bind(self._record, ".packed", params, named)
        if on_device(x):
            whole = device("part").floating(call, "x", x)
            halves = split(call, "x", whole, axis, gate, interleaved=interleaved)
            return self._run(call, "forward", halves, bound, out, named)
        halves = split(call, "x", errors.numbers(call, "x", x), axis, gate, interleaved=interleaved)
        return self._run(call, "forward", halves, bound, out, named)

    def backward(
        self,
        dy: Any,
        x: Any,
        /,
        *params: Any,
        axis: int = -1,
        gate: str = "first",
        interleaved: bool = False,
        out: Any = None,
        **named: Any,
    ) -> Any:
        """Vector-Jacobian product in one pass: dx, packed as `x` is.

        Parameters
        ----------
        dy : array_like
            Gradient of the loss by y; broadcasts against y.
        x : array_like
            The two operands.
        *params : array_like
            Parameters, as in the forward call.
        axis, gate, interleaved
            See the class.
        out : ndarray, optional
            Array for dx, of the shape of `x`; may be `x` itself.

        Returns
        -------
        ndarray
            dx.
        """
        return self._gradient("backward", (dy,), x, params, (axis, gate, interleaved), (out,), named)[0]

    def value_and_grad(
        self,
        x: Any,
        /,
        *params: Any,
        axis: int = -1,
        gate: str = "first",
        interleaved: bool = False,
        out: tuple[Any, Any] | None = None,
        **named: Any,
    ) -> tuple[Any, Any]:
        """(y, d) in one pass, where d holds dy/da and dy/db, packed as `x` is; `out` is a pair, in which None asks for a new array."""
        call = f"{self._record.name}.packed.value_and_grad"
        if out is not None and (not isinstance(out, tuple) or len(out) != 2):
            given = f"a tuple of {len(out)}" if isinstance(out, tuple) else f"of type {type(out).__name__}"
            raise ValueError(f"{call}: out is {given}; accepted is a pair, or None")
        y, d = self._gradient("value_and_grad", (), x, params, (axis, gate, interleaved), out or (None, None), named)
        return y, d

    def jvp(
        self,
        x: Any,
        dx: Any,
        /,
        *params: Any,
        axis: int = -1,
        gate: str = "first",
        interleaved: bool = False,
        out: Any = None,
        **named: Any,
    ) -> Any:
        """Jacobian-vector product, dy = f'(a)·b · da + f(a) · db; `dx` holds da and db, packed as `x` is, and has its shape."""
        call = f"{self._record.name}.packed.jvp"
        bound = bind(self._record, ".packed.jvp", params, named)
        whole = [
            device("part").floating(call, name, a) if on_device(a) else errors.numbers(call, name, a) for name, a in (("x", x), ("dx", dx))
        ]
        if whole[0].shape != whole[1].shape:
            raise ValueError(f"{call}: dx has shape {whole[1].shape}; accepted is the shape of x, {whole[0].shape}")
        (a, b), (da, db) = (split(call, name, h, axis, gate, interleaved=interleaved) for name, h in zip(("x", "dx"), whole, strict=True))
        return self._run(call, "jvp", (da, db, a, b), bound, out, named)

    def _gradient(
        self,
        direction: Direction,
        dy: tuple[Any, ...],
        x: Any,
        params: tuple[Any, ...],
        layout: tuple[int, str, bool],
        out: tuple[Any, ...],
        named: dict[str, Any],
    ) -> tuple[Any, ...]:
        """The outputs of a direction, the last of which is packed."""
        call, (axis, gate, interleaved) = f"{self._record.name}.packed.{direction}", layout
        bound = bind(self._record, f".packed.{direction}", params, named)
        if on_device(x):
            part = device("part")
            whole = part.floating(call, "x", x)
            halves = split(call, "x", whole, axis, gate, interleaved=interleaved)
            *values, dx = out
            target = part.result(call, "out" if direction == "backward" else "out[1]", dx, whole, whole.shape, whole.dtype, [whole])
            into = split(call, "out", target, axis, gate, interleaved=interleaved)
            results = self._run(call, direction, (*dy, *halves), bound, (*values, *into), named)
            return (*results[: len(values)], target.base)
        for name, a in (("x", x), *(("dy", a) for a in dy), *(("out", o) for o in out)):
            errors.check_plain(f"{call}: {name}", a)
        x = errors.numbers(call, "x", x)
        halves = split(call, "x", x, axis, gate, interleaved=interleaved)
        *values, dx = out
        if dx is None:
            dx = np.empty_like(x, self._kind(direction, (*dy, *halves), bound), subok=False)
        elif not isinstance(dx, np.ndarray) or dx.shape != x.shape or not dx.flags.writeable:
            raise errors.unfit_output(call, "out" if direction == "backward" else "out[1]", dx, x.shape)
        into = split(call, "out", dx, axis, gate, interleaved=interleaved)
        results = self._run(call, direction, (*dy, *halves), bound, (*values, *into), named)
        return (*results[: len(values)], dx)

    def _kind(self, direction: Direction, arrays: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
        """The dtype of the results."""
        operands = dispatch.narrow((*arrays, *params), len(params))
        weak = [type(o) if type(o) in (float, int) else np.asarray(o).dtype for o in operands]
        ufunc = make_ufunc(self._record, direction)
        try:
            return ufunc.resolve_dtypes((*weak, *[None] * ufunc.nout))[-1]
        except TypeError as error:
            raise errors.explain(self._record, direction, operands, None, error) from error

    def _run(
        self, call: str, direction: Direction, arrays: tuple[Any, ...], params: tuple[Any, ...], out: Any, named: dict[str, Any]
    ) -> Any:
        """One direction, on operands that broadcast to the shape of a half."""
        if named:
            accepted = ", ".join(p.name for p in self._record.params) or "none"
            raise TypeError(f"{call}: {', '.join(named)} is not accepted; parameters are {accepted}")
        half, names = arrays[-1].shape, ("dy", *(p.name for p in self._record.params))
        for name, operand in zip(names, (arrays[0], *params), strict=True):
            shape = device("part").part(call, name, operand).shape if on_device(operand) else np.shape(operand)
            if shape != half and (len(shape) > len(half) or any(n not in (1, m) for n, m in zip(shape[::-1], half[::-1], strict=False))):
                raise ValueError(f"{call}: {name} has shape {shape}; accepted is what broadcasts to {half}, the shape of y")
        if not isinstance(arrays[-1], np.ndarray):
            return dispatch.device_calls().call(self._record, direction, (*arrays, *params), out, {})
        if direction == "jvp":
            da, db, a, b = arrays
            return self._gate.jvp(a, b, da, db, *params, out=out)
        return dispatch.call(make_ufunc(self._record, direction), self._record, direction, (*arrays, *params), out, {})


def split(call: str, name: str, x: Any, axis: int, gate: str, *, interleaved: bool) -> tuple[Any, Any]:
    """Views of the half that is the operand of the activation, and of the other."""
    if not isinstance(gate, str) or gate not in ("first", "second"):
        raise ValueError(f"{call}: gate is {gate!r}; accepted are 'first' and 'second'")
    try:
        place = operator.index(axis)
    except TypeError:
        raise TypeError(f"{call}: axis is of type {type(axis).__name__}; accepted is a whole number") from None
    if not -x.ndim <= place < x.ndim:
        told = f"from {-x.ndim} to {x.ndim - 1}" if x.ndim else "none"
        raise ValueError(f"{call}: axis is {axis}, but {name} has shape {x.shape}; accepted are {told}")
    length = x.shape[place]
    if length % 2:
        raise ValueError(f"{call}: {name} has {length} elements along axis {axis} of its shape {x.shape}; accepted is an even number")
    before = (slice(None),) * (place % x.ndim)
    first, second = (slice(0, None, 2), slice(1, None, 2)) if interleaved else (slice(0, length // 2), slice(length // 2, None))
    halves = x[(*before, first)], x[(*before, second)]
    return halves if gate == "first" else halves[::-1]
