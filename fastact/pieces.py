"""Maxout, the largest of every k pieces."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from fastact import errors, outputs, reference
from fastact.cpu import pieces
from fastact.placement import device, on_device


def _count(call: str, k: Any) -> int:
    try:
        number = operator.index(k)
    except TypeError:
        raise TypeError(f"{call}: k is a {type(k).__name__}; accepted is a whole number") from None
    if not 1 <= number < 2**31 or isinstance(k, bool):
        raise ValueError(f"{call}: k is {k!r}; accepted are whole numbers from 1")
    return number


def _grouped(x: Any, k: int, axis: int) -> Any:
    """A view of x whose `axis` is that of y, and whose last axis runs over the pieces."""
    n = x.shape[axis] // k
    shape = (*x.shape[:axis], n, *x.shape[axis + 1 :], k)
    strides = (*x.strides[:axis], k * x.strides[axis], *x.strides[axis + 1 :], x.strides[axis])
    return np.lib.stride_tricks.as_strided(x, shape, strides)


def _floating(call: str, name: str, a: Any) -> Any:
    """An array to compute with: of NumPy, or a part of one on a CUDA device."""
    return device("part").floating(call, name, a) if on_device(a) else outputs.floating(call, name, a)


class Maxout:
    """Maxout, y_i = max(x_ik, ..., x_ik+k-1): the largest of every k consecutive pieces along an axis, whose length k divides.

    The first of equal pieces wins, and a NaN wins over all numbers. Any layout, float16, bfloat16, float32, float64 and
    longdouble; whole numbers are promoted as by `numpy.exp`. Pieces are compared and moved, never computed with: results are
    exact. relu(x) is the maxout of 0 and x, abs(x) that of -x and x.

    Source: Goodfellow, Warde-Farley, Mirza, Courville & Bengio 2013, arXiv:1302.4389.
    """

    name = "maxout"
    formula = r"\max_{0 \le j < k} x_{ik + j}"

    def __repr__(self) -> str:
        return "<fastact maxout(x, k, axis=-1)>"

    def __reduce__(self) -> str:
        return self.name

    def _wide(self, call: str, x: Any, k: Any, axis: Any) -> tuple[Any, int, int, tuple[int, ...]]:
        array, count = _floating(call, "x", x), _count(call, k)
        place = outputs.axis(call, array, axis)
        length = array.shape[place]
        if length % count:
            raise ValueError(
                f"{call}: x has shape {array.shape}, with {length} elements along axis {axis}; accepted is a multiple of k = {count}"
            )
        return array, count, place, (*array.shape[:place], length // count, *array.shape[place + 1 :])

    def __call__(self, x: Any, /, k: int, axis: int = -1, *, out: Any = None) -> Any:
        """Forward.

        Parameters
        ----------
        x : array_like
            Input, of a length along `axis` that k divides.
        k : int
            Number of pieces.
        axis : int
            The axis along which pieces lie side by side.
        out : ndarray, optional
            Array for the result, of its exact shape and dtype.

        Returns
        -------
        ndarray
            y, shorter by the factor k along `axis`.

        Raises
        ------
        TypeError
            If a dtype is not supported, or k is no whole number.
        ValueError
            If k does not divide the length, there is no such axis, or `out` does not fit or is read-only.
        """
        call = "maxout"
        x, count, place, shape = self._wide(call, x, k, axis)
        if type(x) is not np.ndarray:
            return device("piece_calls").forward(call, x, count, place, shape, out)
        y = outputs.ready(call, "out", out, shape, x.dtype)
        (x,) = outputs.apart([x], [y])
        if outputs.kind(x.dtype) == "longdouble":
            groups = _grouped(x, count, place)
            y[...] = np.take_along_axis(groups, groups.argmax(-1)[..., None], -1)[..., 0]
        else:
            pieces.maxout(call, outputs.kind(x.dtype), count, _grouped(x, count, place), y, None, None, None)
        return y

    def with_index(self, x: Any, /, k: int, axis: int = -1, *, out: Any = None) -> tuple[Any, Any]:
        """(y, index) in one pass: index is the winner of each k pieces, uint8 for k up to 256, else intp; `out` is a pair."""
        call = "maxout.with_index"
        x, count, place, shape = self._wide(call, x, k, axis)
        first, second = outputs.pair(call, out)
        if type(x) is not np.ndarray:
            y, index = device("piece_calls").with_index(call, x, count, place, shape, (first, second))
            return y, index
        y = outputs.ready(call, "out[0]", first, shape, x.dtype)
        index = outputs.ready(call, "out[1]", second, shape, _index_dtype(count))
        outputs.separate(call, y, index)
        (x,) = (a.copy() if np.may_share_memory(a, index) else a for a in outputs.apart([x], [y]))
        if outputs.kind(x.dtype) == "longdouble":
            groups = _grouped(x, count, place)
            index[...] = groups.argmax(-1)
            y[...] = np.take_along_axis(groups, index[..., None].astype(np.intp), -1)[..., 0]
        else:
            pieces.maxout(call, outputs.kind(x.dtype), count, _grouped(x, count, place), y, index, None, None)
        return y, index

    def backward(self, dy: Any, x: Any, /, k: int, axis: int = -1, *, out: Any = None) -> Any:
        """Vector-Jacobian product from x, whose winners are found again: dx is dy at the winner, and +0 elsewhere.

        Parameters
        ----------
        dy : array_like
            Gradient of the loss by the output, of the output's shape.
        x, k, axis
            As in the forward call.
        out : ndarray, optional
            Array for dx, of the shape and dtype of x; may be x itself.

        Returns
        -------
        ndarray
            dx. Of pieces with a NaN, the first NaN is the winner.
        """
        call = "maxout.backward"
        x, count, place, shape = self._wide(call, x, k, axis)
        if type(x) is not np.ndarray:
            return device("piece_calls").backward(call, dy, x, count, place, shape, out)
        dy = outputs.gradient(call, dy, shape, x.dtype)
        dx = outputs.ready(call, "out", out, x.shape, x.dtype, [x])
        if outputs.kind(x.dtype) == "longdouble":
            return _routed(dy.copy(), _grouped(x, count, place).argmax(-1), dx, count, place)
        x, dy = outputs.apart([x], [dx])[0], dy.copy() if np.may_share_memory(dy, dx) else dy
        pieces.maxout(call, outputs.kind(x.dtype), count, _grouped(x, count, place), None, None, dy, _grouped(dx, count, place))
        return dx

    def backward_from_index(self, dy: Any, index: Any, /, k: int, axis: int = -1, *, out: Any = None) -> Any:
        """As `backward`, from the index of `with_index` in place of x; `index` has the shape of dy, and values below k."""
        call = "maxout.backward_from_index"
        dy, count = _floating(call, "dy", dy), _count(call, k)
        place = outputs.axis(call, dy, axis)
        if type(dy) is not np.ndarray:
            wide = outputs.scaled(dy.shape, place, count)
            return device("piece_calls").backward_from_index(call, dy, index, count, place, wide, out)
        errors.check_plain(f"{call}: index", index)
        index = np.asarray(errors.numbers(call, "index", index))
        if index.dtype.kind not in "iu" or index.shape != dy.shape:
            raise ValueError(
                f"{call}: index has dtype {index.dtype} and shape {index.shape}; accepted are whole numbers of the shape of dy, {dy.shape}"
            )
        if index.size and not 0 <= index.min() <= index.max() < count:
            raise ValueError(f"{call}: index reaches from {index.min()} to {index.max()}; accepted are 0 to k - 1 = {count - 1}")
        dx = outputs.ready(call, "out", out, outputs.scaled(dy.shape, place, count), dy.dtype)
        dy, index = (a.copy() if np.may_share_memory(a, dx) else a for a in (dy, np.require(index, _index_dtype(count), "A")))
        if outputs.kind(dy.dtype) == "longdouble":
            return _routed(dy, index, dx, count, place)
        pieces.maxout(call, outputs.kind(dy.dtype), count, None, None, index, dy, _grouped(dx, count, place))
        return dx

    def jvp(self, x: Any, dx: Any, /, k: int, axis: int = -1, *, out: Any = None) -> Any:
        """Jacobian-vector product: dx, of the shape and dtype of x, at the winner of each k pieces; on the host."""
        call = "maxout.jvp"
        x, count, place, shape = self._wide(call, x, k, axis)
        dx = outputs.tangent(call, dx, x)
        dy = outputs.ready(call, "out", out, shape, x.dtype)
        _, index = self.with_index(x, count, place)
        dy[...] = np.take_along_axis(_grouped(dx, count, place), index[..., None].astype(np.intp), -1)[..., 0]
        return dy

    def reference(self, x: Any, /, k: int, axis: int = -1) -> tuple[Any, Any]:
        """(y, index) by the C reference in long double."""
        x, count, place, shape = self._wide("maxout.reference", x, k, axis)
        y, index = reference.maxout(_grouped(x, count, place))
        return y.reshape(shape), index.reshape(shape)


def _routed(dy: Any, index: Any, dx: Any, k: int, axis: int) -> Any:
    dx[...] = 0
    np.put_along_axis(_grouped(dx, k, axis), index[..., None].astype(np.intp), dy[..., None], -1)
    return dx


def _index_dtype(k: int) -> Any:
    return np.dtype(np.uint8 if k <= 256 else np.intp)


maxout = Maxout()
