"""The public object of one activation: call it, or one of its directions, on arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from fastact import affine, dispatch, gradients, masks, outgoing, tangents
from fastact.activations.outputs import FROM_OUTPUT
from fastact.binding import bind
from fastact.cpu import embed
from fastact.cpu.ufunc import make_ufunc
from fastact.directions import Direction
from fastact.dispatch import LARGE, WIDTHS, device_calls
from fastact.errors import explain
from fastact.overloads import elementwise, pair
from fastact.own.place import reduced
from fastact.placement import on_device
from fastact.record import Record
from fastact.reference import derivative_of_activation, of_activation


class Activation:
    """An activation function with its derivative, backward pass and metadata.

    Arrays `x` may have any shape and layout; dtypes are float16, bfloat16 (of ml_dtypes), float32, float64 and
    longdouble (which the C reference computes), and integers and bool, which are promoted as by `numpy.exp`. Results
    have the dtype of `x`. Parameters are scalars or arrays that broadcast against `x`, positional or by keyword; 16-bit
    arrays take float32 parameters. NaN gives NaN, infinities give the limit, subnormals are kept, and no call raises a
    floating-point warning.

    Parameters
    ----------
    record : Record
        The definition.

    Attributes
    ----------
    name : str
        Name of the function, and of this object in `fastact`.
    params : tuple of Param
        Parameters in order, with their defaults; a default of None says that the parameter must be given.
    formula : str
        f(x) in LaTeX.
    range, limits : Interval, Limits
        Range of f, and its values at -inf and +inf.
    kinks : tuple of Kink
        Points where f or its derivative jumps, and the value of the derivative there.
    roots : tuple
        Zeros of the derivative next to which a relative error has no meaning.
    budget : Budget
        Largest errors in ulp.
    from_output : FromOutput or None
        The derivative as a function of y and its error, where `backward_from_output` is available.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.name, self.params, self.formula = record.name, record.params, record.formula
        self.range, self.limits, self.kinks = record.range, record.limits, record.kinks
        self.roots, self.budget = record.roots, record.budget
        self.from_output, self._typed = FROM_OUTPUT.get(record), dispatch.typed_defaults(record)
        self._names, self._trainable = tuple(p.name for p in record.params), any(p.trainable for p in record.params)
        self.__module__ = record.scalar.__module__ if record.plain else "fastact"
        self.__doc__ = f"{record.scalar.__doc__ or record.formula}" + (f"\n\n    Source: {record.source}" if record.source else "")

    def __repr__(self) -> str:
        params = "".join(f", {p.name}" if p.default is None else f", {p.name}={p.default:g}" for p in self.record.params)
        return f"<fastact {self.record.name}(x{params})>"

    __reduce__ = reduced

    def __copy__(self, memo: Any = None) -> Activation:
        return self

    __deepcopy__ = __copy__

    def _shifted(self, options: dict[str, Any]) -> Activation:
        """The activation of x·scale + bias if these are among the options."""
        if self.record.affine or not ("bias" in options or "scale" in options):
            return self
        return _shifted(self.record, *given) if any(given := affine.take(options)) else self

    def _ready(self, x: np.ndarray[Any, Any], params: tuple[Any, ...]) -> Any:
        """The parameters, if the ufunc can take them as they are, else None."""
        if not params:
            return self._typed.get(x.dtype.char)
        return params if len(params) == len(self._names) and x.size < LARGE and x.dtype.char in WIDTHS else None

    @elementwise
    def __call__(self, x: Any, /, *params: Any, out: Any = None, **options: Any) -> Any:
        """Forward, y = f(x).

        Parameters
        ----------
        x : array_like
            Input, any shape.
        *params : array_like
            Parameters in the order of `params`; also by keyword.
        out : ndarray, optional
            Array for the result; may be `x` itself.
        **options
            `bias` and `scale`, for f(x·scale + bias) in one pass: array_like, computed with as parameters are.
            Any keyword of a NumPy ufunc: `where`, `dtype`, `casting`, `order`, `subok`.

        Returns
        -------
        ndarray or scalar, or what the type of `x` makes of a ufunc
            f(x), in the broadcast shape of `x` and the parameters.

        Raises
        ------
        TypeError
            If a dtype is not supported.
        ValueError
            If shapes do not broadcast, or `out` does not fit or is read-only.
        """
        if options:
            if (shifted := self._shifted(options)) is not self:
                return shifted(x, *params, out=out, **options)
            params = bind(self.record, "", params, options)
        if type(x) is ndarray and not options and (x.size < LARGE or dispatch.flat(x, out)):
            ready = self._ready(x, params) if self._names or params else ()
            if ready is not None:
                try:
                    if type(out) is not ndarray:
                        return self.ufunc(x, *ready, out=out)
                    return self.ufunc(x, *ready, out) if ready else self.ufunc(x, out)
                except (TypeError, ValueError) as error:
                    raise explain(self.record, "forward", (x, *ready), out, error) from error
        bound = bind(self.record, "", params, options)
        if on_device(x):
            return device_calls().call(self.record, "forward", (x, *bound), out, options)
        return dispatch.call(self.ufunc, self.record, "forward", (x, *bound), out, options)

    def backward(self, dy: Any, x: Any, /, *params: Any, wrt: Any = None, out: Any = None, accumulate: bool = False, **options: Any) -> Any:
        """Vector-Jacobian product, dx = dy · f'(x), and the like by the parameters, in one pass; inputs are not changed.

        Parameters
        ----------
        dy : array_like
            Gradient of the loss by the output; broadcasts against `x`.
        x : array_like
            The input of the forward pass.
        *params : array_like
            Parameters, as in the forward call.
        wrt : str or tuple of str, optional
            The gradients to return: "x" or the name of a parameter for that one alone, or several of these for a
            tuple in that order. By default dx, or with trainable parameters (dx, dparam...).
        out : ndarray or tuple of (ndarray or None), optional
            Array for the one gradient, or one per gradient. By default for `wrt`, an array alone is for dx.
        accumulate : bool, optional
            Add to the arrays in `out`, which must then be given for every gradient, instead of replacing what they hold.
        **options
            `bias` and `scale`, as in the forward call; what is given is trainable and its gradient comes last.
            Any keyword of a NumPy ufunc, if dx is all that is returned.

        Returns
        -------
        ndarray or tuple of ndarray
            The gradients. Each dparam is summed to the shape of its parameter in float64 and rounded once to the
            parameter's dtype, with the same bits for any number of threads, any layout and whatever else is returned.

        Raises
        ------
        ValueError
            If `wrt` is empty, or has an unknown name or one twice; or as the forward call does.
        """
        if options or accumulate:
            if (shifted := self._shifted(options)) is not self:
                return shifted.backward(dy, x, *params, wrt=wrt, out=out, accumulate=accumulate, **options)
            params = bind(self.record, ".backward", params, options)
        simple = type(x) is ndarray and not options and wrt is None and not accumulate and not self._trainable
        if simple and (x.size < LARGE or dispatch.flat(x, out, dy)):
            ready = self._ready(x, params) if self._names or params else ()
            if ready is not None:
                try:
                    if type(out) is not ndarray:
                        return self._backward(dy, x, *ready, out=out)
                    return self._backward(dy, x, *ready, out) if ready else self._backward(dy, x, out)
                except (TypeError, ValueError) as error:
                    raise explain(self.record, "backward", (dy, x, *ready), out, error) from error
        bound = bind(self.record, ".backward", params, options)
        if wrt is not None or self._trainable or accumulate:
            return gradients.backward(self.record, (dy, x, *bound), wrt, out, options, accumulate=accumulate)
        if on_device(x):
            return device_calls().call(self.record, "backward", (dy, x, *bound), out, options)
        return dispatch.call(self._backward, self.record, "backward", (dy, x, *bound), out, options)

    @elementwise
    def derivative(self, x: Any, /, *params: Any, out: Any = None, **options: Any) -> Any:
        """dy/dx = f'(x); arguments and result as in the forward call. Kinks have the value told by `kinks`."""
        return self._of_x(self._derivative, "derivative", x, params, out, options)

    @pair
    def value_and_grad(self, x: Any, /, *params: Any, out: Any = None, **options: Any) -> Any:
        """(f(x), f'(x)) in one pass; `out` is a pair, in which None asks for a new array."""
        return self._of_x(self._value_and_grad, "value_and_grad", x, params, out, options)

    jvp, address, backward_from_output = tangents.jvp, embed.address, outgoing.backward_from_output
    with_mask, backward_from_mask = masks.with_mask, masks.backward_from_mask

    def _of_x(self, ufunc: np.ufunc, direction: Direction, x: Any, params: tuple[Any, ...], out: Any, options: dict[str, Any]) -> Any:
        if options:
            if (shifted := self._shifted(options)) is not self:
                return getattr(shifted, direction)(x, *params, out=out, **options)
            params = bind(self.record, f".{direction}", params, options)
        if type(x) is ndarray and not options and (x.size < LARGE or dispatch.flat(x, out)):
            ready = self._ready(x, params) if self._names or params else ()
            if ready is not None:
                try:
                    if type(out) is not ndarray or ufunc.nout > 1:
                        return ufunc(x, *ready) if out is None else ufunc(x, *ready, out=out)
                    return ufunc(x, *ready, out) if ready else ufunc(x, out)
                except (TypeError, ValueError) as error:
                    raise explain(self.record, direction, (x, *ready), out, error) from error
        return dispatch.call(ufunc, self.record, direction, (x, *bind(self.record, f".{direction}", params, options)), out, options)

    @functools.cached_property
    def ufunc(self) -> np.ufunc:
        """The forward `numpy.ufunc`; it takes every parameter. The other directions are in `fastact.ufuncs`."""
        return make_ufunc(self.record, "forward")

    _backward = functools.cached_property(lambda self: make_ufunc(self.record, "backward"))
    _derivative = functools.cached_property(lambda self: make_ufunc(self.record, "derivative"))
    _value_and_grad = functools.cached_property(lambda self: make_ufunc(self.record, "value_and_grad"))

    @property
    def scalar(self) -> Callable[..., Any]:
        """``(x, *params) -> y`` for use inside `numba.njit`, with the bits of the array call."""
        return embed.embedded(self, gradients=False)

    @property
    def scalar_grad(self) -> Callable[..., Any]:
        """``(x, *params) -> (y, dy/dx, dy/dparam...)`` for use inside `numba.njit`."""
        return embed.embedded(self, gradients=True)

    cuda_scalar, cuda_scalar_grad = embed.cuda_scalar, embed.cuda_scalar_grad
    reference, reference_derivative = of_activation, derivative_of_activation


@functools.cache
def _shifted(record: Record, scale: bool, bias: bool) -> Activation:
    return Activation(affine.shifted(record, scale, bias))
