"""The concatenated rectified linear unit: twice as many outputs as inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastact import outputs, reference
from fastact.activations import piecewise
from fastact.cpu import pieces
from fastact.cpu.ufunc import make_ufunc
from fastact.placement import device, on_device


class Crelu:
    """Concatenated rectified linear unit: relu(x), then relu(-x), side by side along an axis.

    Any layout, float16, bfloat16, float32, float64 and longdouble; whole numbers are promoted as by `numpy.exp`. Exact; NaN
    gives NaN in both halves.

    Source: Shang, Sohn, Almeida & Lee 2016, arXiv:1603.05201.
    """

    name = "crelu"
    formula = r"[\max(x, 0), \max(-x, 0)]"

    def __repr__(self) -> str:
        return "<fastact crelu(x, axis=-1)>"

    def __reduce__(self) -> str:
        return self.name

    def __call__(self, x: Any, /, axis: int = -1, *, out: Any = None) -> Any:
        """Forward.

        Parameters
        ----------
        x : array_like
            Input, of at least one axis.
        axis : int
            The axis along which the halves lie.
        out : ndarray, optional
            Array for the result, of its exact shape and dtype.

        Returns
        -------
        ndarray
            y, twice as long as x along `axis`.

        Raises
        ------
        TypeError
            If a dtype is not supported.
        ValueError
            If there is no such axis, or `out` does not fit or is read-only.
        """
        if on_device(x):
            x = device("part").floating("crelu", "x", x)
            place = outputs.axis("crelu", x, axis)
            return device("piece_calls").crelu(x, place, outputs.scaled(x.shape, place, 2), out)
        x = outputs.floating("crelu", "x", x)
        place = outputs.axis("crelu", x, axis)
        y = outputs.ready("crelu", "out", out, outputs.scaled(x.shape, place, 2), x.dtype)
        x = x.copy() if np.may_share_memory(x, y) else x
        right, left = _halves(y, place)
        if outputs.kind(x.dtype) == "longdouble":
            relu = make_ufunc(piecewise.relu, "forward")
            relu(x, out=right)
            relu(-x, out=left)
        else:
            pieces.split("crelu", outputs.kind(x.dtype), x, right, left, None)
        return y

    def backward(self, dy: Any, x: Any, /, axis: int = -1, *, out: Any = None) -> Any:
        """Vector-Jacobian product: the gradient of the right half where x > 0, minus that of the left where x < 0, +0 at 0.

        Parameters
        ----------
        dy : array_like
            Gradient of the loss by the output, of the output's shape.
        x, axis
            As in the forward call.
        out : ndarray, optional
            Array for dx, of the shape and dtype of x; may be x itself.

        Returns
        -------
        ndarray
            dx; NaN where x is.
        """
        call = "crelu.backward"
        if on_device(x):
            x = device("part").floating(call, "x", x)
            place = outputs.axis(call, x, axis)
            return device("piece_calls").crelu_backward(dy, x, place, outputs.scaled(x.shape, place, 2), out)
        x = outputs.floating(call, "x", x)
        place = outputs.axis(call, x, axis)
        dy = outputs.gradient(call, dy, outputs.scaled(x.shape, place, 2), x.dtype)
        dx = outputs.ready(call, "out", out, x.shape, x.dtype, [x])
        (x,), dy = outputs.apart([x], [dx]), dy.copy() if np.may_share_memory(dy, dx) else dy
        right, left = _halves(dy, place)
        if outputs.kind(x.dtype) == "longdouble":
            dx[...] = np.where(x > 0, right, np.where(x < 0, -left, np.where(x == 0, np.longdouble(0), x)))
        else:
            pieces.split(call, outputs.kind(x.dtype), x, right, left, dx)
        return dx

    def jvp(self, x: Any, dx: Any, /, axis: int = -1, *, out: Any = None) -> Any:
        """Jacobian-vector product: dx in the right half where x > 0, -dx in the left where x < 0, else +0; on the host.

        `dx` has the shape and dtype of x; NaN where x is.
        """
        call = "crelu.jvp"
        x = x if on_device(x) else outputs.floating(call, "x", x)
        dx = outputs.tangent(call, dx, x)
        place = outputs.axis(call, x, axis)
        dy = outputs.ready(call, "out", out, outputs.scaled(x.shape, place, 2), x.dtype)
        x, dx = (a.copy() if np.may_share_memory(a, dy) else a for a in (x, dx))
        right, left = _halves(dy, place)
        relu = make_ufunc(piecewise.relu, "backward")
        relu(dx, x, out=right)
        relu(-dx, -x, out=left)
        return dy

    def reference(self, x: Any, /, axis: int = -1) -> Any:
        """Values by the C reference in long double."""
        x = outputs.floating("crelu.reference", "x", x)
        place = outputs.axis("crelu.reference", x, axis)
        right, left = reference.crelu(x)
        return np.concatenate([right, left], place)


def _halves(y: Any, axis: int) -> tuple[Any, Any]:
    """Views of both halves along an axis."""
    before, n = (slice(None),) * axis, y.shape[axis] // 2
    return y[*before, :n], y[*before, n:]


crelu = Crelu()
