"""The public object of one gated unit: call it, or one of its directions, on two arrays, or on the halves of one."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from fastact import dispatch, reference, tangents
from fastact.activation import Activation
from fastact.activations import gates
from fastact.binding import bind
from fastact.cpu import embed
from fastact.cpu.ufunc import make_ufunc
from fastact.directions import Direction
from fastact.dispatch import LARGE
from fastact.errors import explain
from fastact.overloads import binary
from fastact.packed import Packed
from fastact.record import Record


class Gate:
    """A gated unit y = f(a)·b with its derivatives, backward pass and metadata; f is an activation.

    Arrays `a` and `b` broadcast against each other as the operands of any ufunc, and gradients have the shape of y. Both have
    one dtype of those of `Activation` or are promoted to it; parameters are as there. Products follow IEEE 754: NaN in `a` or
    `b` gives NaN, and so do the limit 0 of f(a) and an infinite `b`. Where f is flat, derivatives that are 0 by branch make
    a gradient +0 whatever `dy` and the other array are.

    Parameters
    ----------
    record : Record
        The definition.

    Attributes
    ----------
    name : str
        Name of the gate.
    params : tuple of Param
        Parameters in order, with their defaults; a default of None says that the parameter must be given.
    formula : str
        The gate in LaTeX.
    range, limits, kinks, roots
        Of f, as those of an `Activation`.
    budget : Budget
        Largest errors in ulp: `forward` of y, `derivative` of dy/da. Where f(a) or f'(a) is subnormal, they are counted in
        ``|b|`` times the smallest subnormal, if that is more.
    packed : Packed
        The gate on the two halves of one array.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.name, self.params, self.formula = record.name, record.params, record.formula
        self.range, self.limits, self.kinks = record.range, record.limits, record.kinks
        self.roots, self.budget = record.roots, record.budget
        self.packed = Packed(record, self)
        self._typed = dispatch.typed_defaults(record)
        self.__module__ = "fastact"
        self.__doc__ = f"{record.scalar.__doc__}\n\n    Source: {record.source}"

    def __repr__(self) -> str:
        params = "".join(f", {p.name}" if p.default is None else f", {p.name}={p.default:g}" for p in self.params)
        return f"<fastact {self.name}(a, b{params})>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        if self.name.startswith(gates.UNNAMED):
            if self.record.plain:
                raise pickle.PicklingError(f"{self.name} cannot be pickled; pickle the activation f, and make fastact.gated(f) of it")
            return _gated, (self.record.factors[0],)
        return self.name

    @binary
    def __call__(self, a: Any, b: Any, /, *params: Any, out: Any = None, **options: Any) -> Any:
        """Forward, y = f(a)·b.

        Parameters
        ----------
        a, b : array_like
            The operand of f, and the one that it gates.
        *params : array_like
            Parameters in the order of `params`; also by keyword.
        out : ndarray, optional
            Array for the result; may be `a` or `b` itself.
        **options
            Any keyword of a NumPy ufunc: `where`, `dtype`, `casting`, `order`, `subok`.

        Returns
        -------
        ndarray or scalar, or what the type of an operand makes of a ufunc
            y, in the broadcast shape of the operands and the parameters.

        Raises
        ------
        TypeError
            If a dtype is not supported.
        ValueError
            If shapes do not broadcast, or `out` does not fit or is read-only; nothing is written.
        """
        if type(a) is ndarray and a.size < LARGE and not params and not options and (ready := self._typed.get(a.dtype.char)) is not None:
            try:
                return self.ufunc(a, b, *ready, out) if type(out) is ndarray else self.ufunc(a, b, *ready, out=out)
            except (TypeError, ValueError) as error:
                raise explain(self.record, "forward", (a, b, *bind(self.record, "", (), {})), out, error) from error
        return self._call("forward", (a, b), params, out, options)

    def backward(self, dy: Any, a: Any, b: Any, /, *params: Any, out: Any = None, **options: Any) -> Any:
        """Vector-Jacobian product in one pass: (da, db) = (dy · f'(a)·b, dy · f(a)).

        `dy` broadcasts against the operands; `out` is a pair, in which None asks for a new array, and whose arrays may be
        inputs. Parameters are constants here: their derivatives are those of `scalar_grad`. All else is as in the forward call.
        """
        return self._call("backward", (dy, a, b), params, out, options)

    jvp = tangents.jvp_of_gate

    def derivative(self, a: Any, b: Any, /, *params: Any, out: Any = None, **options: Any) -> Any:
        """(dy/da, dy/db); `out` is a pair. All else is as in the forward call."""
        return self._call("derivative", (a, b), params, out, options)

    def value_and_grad(self, a: Any, b: Any, /, *params: Any, out: Any = None, **options: Any) -> Any:
        """(y, dy/da, dy/db) in one pass; `out` is a triple. All else is as in the forward call."""
        return self._call("value_and_grad", (a, b), params, out, options)

    def _call(self, direction: Direction, operands: tuple[Any, ...], params: tuple[Any, ...], out: Any, options: dict[str, Any]) -> Any:
        method = "" if direction == "forward" else f".{direction}"
        bound = bind(self.record, method, params, options)
        return dispatch.call(make_ufunc(self.record, direction), self.record, direction, (*operands, *bound), out, options)

    @functools.cached_property
    def ufunc(self) -> np.ufunc:
        """The forward `numpy.ufunc`; it takes every parameter. The other directions are in `fastact.ufuncs`."""
        return make_ufunc(self.record, "forward")

    @property
    def scalar(self) -> Callable[..., Any]:
        """``(a, b, *params) -> y`` for use inside `numba.njit`, with the bits of the array call."""
        return embed.embedded(self, gradients=False)

    @property
    def scalar_grad(self) -> Callable[..., Any]:
        """``(a, b, *params) -> (y, dy/da, dy/db, dy/dparam...)`` for use inside `numba.njit`."""
        return embed.embedded(self, gradients=True)

    cuda_scalar, cuda_scalar_grad = embed.cuda_scalar, embed.cuda_scalar_grad

    address = embed.address

    def reference(self, a: Any, b: Any, /, *params: Any, **named: Any) -> np.ndarray[Any, Any]:
        """The gate by the C reference in long double."""
        return reference.gate(self.record.factors, a, b, *bind(self.record, ".reference", params, named))[0]

    def reference_derivative(self, a: Any, b: Any, /, *params: Any, **named: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """(dy/da, dy/db) by the C reference in long double."""
        return reference.gate(self.record.factors, a, b, *bind(self.record, ".reference_derivative", params, named))[1:]


def gated(activation: Activation) -> Gate:
    """The gate f(a)·b of any activation f, with f's parameters.

    Parameters
    ----------
    activation : Activation
        The activation.

    Returns
    -------
    Gate
        The same object for the same activation.

    Raises
    ------
    TypeError
        If `activation` is none.
    """
    if not isinstance(activation, Activation):
        raise TypeError(f"gated: activation is of type {type(activation).__name__}; accepted is an Activation, such as fastact.mish")
    return _of(activation.record)


@functools.cache
def _of(record: Record) -> Gate:
    return Gate(gates.unnamed(record))


def _gated(name: str) -> Gate:
    """What pickle calls."""
    import fastact

    return gated(getattr(fastact, name))
