"""The public object of one function with noise: an explicit array of noise, noise drawn in the loop, or its mean."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from fastact import dispatch, errors
from fastact.activation import Activation
from fastact.directions import Direction
from fastact.noise.drive import Draw, backward, elementwise
from fastact.noise.key import key
from fastact.placement import on_device, shape_of
from fastact.record import Record

ACCEPTED = "float16, bfloat16, float32, float64, and integers and bool, which are promoted as np.exp does"


class Noisy:
    """A function of x and of noise, with its derivative and backward pass.

    The noise is an array of the shape of the result, or a number, given after x; or it is drawn in the loop from
    ``rng=seed`` or ``rng=(seed, stream)``, whole numbers below 2^64. Then no noise is stored: element i, counted in
    C order over the shape of the result, takes the i-th draw of the generator `fastact.noise.philox` for this seed and
    stream, so backward draws the same noise again, whatever the layout, the chunks and the number of threads.
    Each call of a network needs a seed or a stream of its own; the same one gives the same noise.

    Parameters come by keyword, and are scalars or arrays that broadcast against x. Arrays may have any layout and be
    float16, bfloat16, float32 or float64; noise and parameters of 16-bit arrays are float32.

    Parameters
    ----------
    record : Record
        The definition; its first parameter is the noise.
    draw : callable
        The distribution of the noise, one of `fastact.noise.draws`.
    mean : Record or None
        The mean over the noise as a function of x and the parameters, where it has a closed form.

    Attributes
    ----------
    name : str
        Name of the function, and of this object in `fastact`.
    params : tuple of Param
        The noise and the parameters, in order.
    formula : str
        f in LaTeX.
    """

    def __init__(self, record: Record, draw: Draw, mean: Record | None = None) -> None:
        self.record, self.draw, self.mean = record, draw, mean
        self.name, self.params, self.formula = record.name, record.params, record.formula
        self._explicit = Activation(record)
        self.__module__ = "fastact"
        self.__doc__ = f"{record.scalar.__doc__}\n\n    Source: {record.source}"

    def __repr__(self) -> str:
        noise, *params = self.params
        return f"<fastact {self.name}(x, {noise.name}{''.join(f', {p.name}={p.default:g}' for p in params)})>"

    def __reduce__(self) -> str:
        return self.name

    def _bind(self, method: str, x: Any, noise: Any, rng: Any, named: dict[str, Any]) -> tuple[Any, ...]:
        """The parameters in order, checked; without noise, a number stands for it."""
        call, label = self.name + method, self.params[0].name
        if (noise is None) == (rng is None):
            told = "neither is given" if noise is None else "both are given"
            raise TypeError(f"{call}: accepted is {label}, the noise, or rng, from which it is drawn; {told}")
        params = tuple(named.pop(p.name, p.default) for p in self.params[1:])
        if named:
            accepted = ", ".join(p.name for p in self.params[1:])
            raise TypeError(f"{call}: {', '.join(named)} is not accepted; parameters are {accepted}")
        if getattr(getattr(x, "dtype", None), "char", "") == "g":
            raise TypeError(f"{call}: x has dtype {x.dtype}; accepted are {ACCEPTED}")
        if noise is None:
            return (0.0, *params)
        if not isinstance(noise, int | float | np.number):
            self._check(call, x, noise if on_device(noise) else errors.numbers(call, label, noise), params)
        return (noise, *params)

    def _check(self, call: str, x: Any, noise: Any, params: tuple[Any, ...]) -> None:
        shapes = {"x": shape_of(x), **{p.name: shape_of(a) for p, a in zip(self.params[1:], params, strict=True)}}
        try:
            shape = np.broadcast_shapes(*shapes.values())
        except ValueError:
            told = ", ".join(f"{name} has shape {s}" for name, s in shapes.items() if s)
            raise ValueError(f"{call}: {told}; they do not broadcast") from None
        given = shape_of(noise)
        if given != shape:
            label = self.params[0].name
            told = f"{label} has shape {given}, x has shape {shapes['x']}"
            raise ValueError(f"{call}: {told}; accepted is {label} of the shape of the result, {shape}, or a number")

    def __call__(self, x: Any, noise: Any = None, /, *, rng: Any = None, out: Any = None, **params: Any) -> Any:
        """Forward.

        Parameters
        ----------
        x : array_like
            Input, any shape.
        noise : array_like, optional
            The noise, of the shape of the result, or one number for all elements.
        rng : int or tuple of two int, optional
            Seed, or seed and stream, from which the noise is drawn; instead of `noise`.
        out : ndarray, optional
            Array for the result; may be `x` itself.
        **params : array_like
            Parameters by name.

        Returns
        -------
        ndarray or scalar
            The values, in the broadcast shape of `x` and the parameters.

        Raises
        ------
        TypeError
            If a dtype is not supported, an argument is unknown, or not just one of `noise` and `rng` is given.
        ValueError
            If shapes do not broadcast, `noise` has another shape than the result, or `out` does not fit or is read-only.
        """
        return self._of_x("", "forward", x, noise, rng, out, params)

    def _of_x(self, method: str, direction: Direction, x: Any, noise: Any, rng: Any, out: Any, named: dict[str, Any]) -> Any:
        bound = self._bind(method, x, noise, rng, named)
        if rng is None:
            return getattr(self._explicit, direction if method else "__call__")(x, *bound, out=out)
        operands = dispatch.narrow((x, *bound), len(self.params))
        return elementwise(self.record, direction, operands, self.draw, key(self.name + method, rng), out)

    def derivative(self, x: Any, noise: Any = None, /, *, rng: Any = None, out: Any = None, **params: Any) -> Any:
        """Derivative by x; arguments and result as in the forward call."""
        return self._of_x(".derivative", "derivative", x, noise, rng, out, params)

    def value_and_grad(self, x: Any, noise: Any = None, /, *, rng: Any = None, out: Any = None, **params: Any) -> Any:
        """Value and derivative by x in one pass; `out` is a pair, in which None asks for a new array."""
        return self._of_x(".value_and_grad", "value_and_grad", x, noise, rng, out, params)

    def backward(self, dy: Any, x: Any, noise: Any = None, /, *, rng: Any = None, wrt: Any = None, out: Any = None, **params: Any) -> Any:
        """Vector-Jacobian product by x and the trainable parameters, in one pass; inputs are not changed.

        Parameters
        ----------
        dy : array_like
            Gradient of the loss by the output; broadcasts against `x`.
        x : array_like
            The input of the forward pass.
        noise, rng
            As in the forward call: the same seed and stream stand for the same noise.
        wrt : str or tuple of str, optional
            The gradients to return: "x", the name of a parameter, or several of these for a tuple. By default dx, or
            with trainable parameters (dx, dparam...).
        out : ndarray or tuple of (ndarray or None), optional
            Array for the one gradient, or one per gradient.
        **params : array_like
            Parameters by name, as in the forward call.

        Returns
        -------
        ndarray or tuple of ndarray
            The gradients. Each dparam is summed to the shape of its parameter, with the same bits for any number of
            threads and any layout.

        Raises
        ------
        TypeError, ValueError
            As the forward call, and if `wrt` has an unknown name, one twice, or that of noise that is drawn.
        """
        bound = self._bind(".backward", x, noise, rng, params)
        if rng is None:
            return self._explicit.backward(dy, x, *bound, wrt=wrt, out=out)
        operands = dispatch.narrow((dy, x, *bound), len(self.params))
        return backward(self.record, operands, self.draw, key(self.name + ".backward", rng), wrt, out)

    def jvp(self, x: Any, dx: Any, noise: Any = None, /, *, rng: Any = None, out: Any = None, **params: Any) -> Any:
        """Jacobian-vector product, dy = f'(x) · dx: `backward` by x with the operands named otherwise; all else is constant."""
        bound = self._bind(".jvp", x, noise, rng, params)
        if rng is None:
            return self._explicit.jvp(x, dx, *bound, out=out)
        operands = dispatch.narrow((dx, x, *bound), len(self.params))
        return elementwise(self.record, "jvp", operands, self.draw, key(self.name + ".jvp", rng), out)

    @functools.cached_property
    def expected(self) -> Activation:
        """The mean over the noise, as a function of x and the parameters with all directions: what evaluation uses."""
        if self.mean is None:
            raise AttributeError(
                f"{self.name}: its mean over the noise has no closed form; {self.params[0].name} = 0 is the noiseless form"
            )
        return Activation(self.mean)
