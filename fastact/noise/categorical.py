"""Gumbel softmax: samples of a softmax with gradients, their noise drawn in the loop."""

from __future__ import annotations

import importlib
from math import inf
from typing import Any

import numpy as np

from fastact import errors
from fastact.activations.exponential import exp
from fastact.cpu.ufunc import make_ufunc
from fastact.noise import draws
from fastact.noise.drive import device_noise, elementwise
from fastact.noise.key import key
from fastact.numerics.bits import real
from fastact.placement import on_device, shape_of
from fastact.record import Budget, Interval, Limits, Param, Ulp, definition
from fastact.rows.members import softmax

Array = np.ndarray[Any, np.dtype[Any]]
_SOURCE = "Jang, Gu & Poole 2017, arXiv:1611.01144; Maddison, Mnih & Teh 2017, arXiv:1611.00712"


@definition(
    formula=r"\frac{x + g}{\mathrm{temperature}}",
    derivative=r"\frac{1}{\mathrm{temperature}}",
    params=(Param("g", None, samples=(0.5, -1.0)), Param("temperature", 1.0, samples=(1.0, 0.1))),
    range=Interval(-inf, inf),
    limits=Limits(-inf, inf),
    derivative_limits=Limits(*[lambda g, temperature: 1 / temperature] * 2),
    budget=Budget(forward=Ulp(1.5, 1.5), derivative=Ulp(0.5, 0.5)),
    source=_SOURCE,
)
def gumbel_softmax(x: Any, g: Any, temperature: Any) -> Any:
    """Logits with Gumbel noise, over a temperature."""
    slope = real(1) / temperature
    y = (x + g) / temperature
    return y, slope, slope, -y * slope


def _argument(call: str, name: str, a: Any) -> Array:
    """An array in the dtype that it is computed in, of the dtypes that the other functions take."""
    errors.check_plain(f"{call}: {name}", a)
    array = np.asarray(errors.numbers(call, name, a))
    if (array.dtype.kind not in "fiub" and array.dtype.name != "bfloat16") or array.dtype.char == "g":
        raise TypeError(f"{call}: {name} has dtype {array.dtype}; accepted are float16, bfloat16, float32, float64, integers and bool")
    return array


def _check(call: str, ndim: int, temperature: Any, axis: Any) -> None:
    if not isinstance(temperature, int | float | np.integer | np.floating) or not 0 < temperature < inf:
        raise ValueError(f"{call}: temperature is {temperature!r}; accepted is a positive number")
    if not isinstance(axis, int | np.integer) or not -ndim <= axis < ndim:
        raise ValueError(f"{call}: axis is {axis!r}; accepted are whole numbers from {-ndim} to {ndim - 1}")


def _on_device(call: str, x: Any, rng: Any, temperature: Any, axis: Any, given: tuple[str, Any] | None = None) -> Any:
    """The soft results for an array on a CUDA device, or their Jacobian times an array, given with its name."""
    noise = device_noise(draws.gumbel, key(call, rng))
    _check(call, len(shape_of(x)), temperature, axis)
    device, last = importlib.import_module("fastact.cuda.gumbel"), (noise, float(temperature), int(axis))
    if given is None:
        return device.forward(call, gumbel_softmax, x, *last)
    name, v = given
    if shape_of(v) != shape_of(x):
        raise ValueError(f"{call}: {name} has shape {shape_of(v)}; accepted is the shape of x, {shape_of(x)}")
    return device.backward(call, gumbel_softmax, v, x, *last)


class GumbelSoftmax:
    """Softmax of ``(x + g) / temperature`` along an axis, g standard Gumbel noise drawn from ``rng``.

    With `hard`, the results are 1 at the largest entry and 0 elsewhere, so that entry i is 1 with the probability that
    softmax(x) gives it; the gradient stays that of the soft results (straight through). Element i in C order takes the i-th
    draw of the seed and stream, as in all functions with noise; `backward` draws it again. Rows are summed as by `softmax`: the
    same bits for any layout and number of threads.

    Source: Jang, Gu & Poole 2017, arXiv:1611.01144; Maddison, Mnih & Teh 2017, arXiv:1611.00712.
    """

    name = "gumbel_softmax"
    formula = r"\mathrm{softmax}\left(\frac{x + g}{\mathrm{temperature}}\right)"

    def __init__(self) -> None:
        self.__module__ = "fastact"

    def __repr__(self) -> str:
        return "<fastact gumbel_softmax(x, rng, temperature=1, hard=False, axis=-1)>"

    def __reduce__(self) -> str:
        return self.name

    def _soft(self, method: str, x: Any, rng: Any, temperature: float, axis: int) -> tuple[Array, np.dtype[Any]]:
        """The soft results in the computing width, and the dtype of the results."""
        call = self.name + method
        array, words = _argument(call, "x", x), key(call, rng)
        _check(call, array.ndim, temperature, axis)
        kind = make_ufunc(exp, "forward").resolve_dtypes((array.dtype, None))[-1]
        wide = array.astype(np.float32 if kind.itemsize == 2 else kind, copy=False)
        shifted = elementwise(gumbel_softmax, "forward", (wide, 0.0, float(temperature)), draws.gumbel, words, None)
        return softmax(shifted, axis, out=shifted), kind

    def __call__(self, x: Any, /, *, rng: Any, temperature: float = 1.0, hard: bool = False, axis: int = -1) -> Any:
        """Forward.

        Parameters
        ----------
        x : array_like
            Logits, of at least one dimension.
        rng : int or tuple of two int
            Seed, or seed and stream.
        temperature : float
            Positive; small ones make the results harder.
        hard : bool
            Whether the results are 0 and 1; not for arrays on a CUDA device.
        axis : int
            The axis that sums to 1.

        Returns
        -------
        ndarray
            Of the shape and dtype of `x`.

        Raises
        ------
        TypeError
            If a dtype is not supported, `rng` is no seed, or `hard` is asked for on a CUDA device.
        ValueError
            If `temperature` is not positive, or `x` has no such axis.
        """
        if on_device(x):
            if hard:
                raise TypeError(f"{self.name}: hard is true; accepted for arrays on a CUDA device are the soft results")
            return _on_device(self.name, x, rng, temperature, axis)
        y, kind = self._soft("", x, rng, temperature, axis)
        if hard and y.size:
            place, known = np.expand_dims(y.argmax(axis), axis), ~np.isnan(y)
            entries = np.expand_dims(np.arange(y.shape[axis]), tuple(d for d in range(y.ndim) if d != axis % y.ndim))
            y = np.where(known, (entries == place) & (y > 0), y).astype(y.dtype)
        return y.astype(kind, copy=False)

    def backward(self, dy: Any, x: Any, /, *, rng: Any, temperature: float = 1.0, axis: int = -1) -> Any:
        """Vector-Jacobian product dx = y (dy - Σ y dy) / temperature with the soft y, for hard results too.

        Parameters are those of the forward call; `dy` has the shape of `x`.
        """
        return self._product("backward", "dy", dy, x, rng, temperature, axis)

    def jvp(self, x: Any, dx: Any, /, *, rng: Any, temperature: float = 1.0, axis: int = -1) -> Any:
        """Jacobian-vector product of the soft y, whose Jacobian is symmetric: `backward` with the operands named otherwise."""
        return self._product("jvp", "dx", dx, x, rng, temperature, axis)

    def _product(self, method: str, name: str, v: Any, x: Any, rng: Any, temperature: float, axis: int) -> Any:
        """The Jacobian times `v`, which is called `name`."""
        call = f"{self.name}.{method}"
        if on_device(x):
            return _on_device(call, x, rng, temperature, axis, (name, v))
        y, kind = self._soft("." + method, x, rng, temperature, axis)
        upstream = _argument(call, name, v)
        if upstream.shape != y.shape:
            raise ValueError(f"{call}: {name} has shape {upstream.shape}; accepted is the shape of x, {y.shape}")
        dx = softmax.backward_from_output(upstream.astype(y.dtype, copy=False), y, axis, out=y)
        with np.errstate(all="ignore"):
            dx /= dx.dtype.type(temperature)
        return np.asarray(dx.astype(kind, copy=False))
