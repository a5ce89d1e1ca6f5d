"""Jacobian-vector products: how an activation or a gate answers to a small change of its operands."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastact import dispatch
from fastact.binding import bind
from fastact.cpu.ufunc import make_ufunc
from fastact.errors import explain
from fastact.record import Record


def jvp(activation: Any, x: Any, dx: Any, /, *params: Any, out: Any = None, **options: Any) -> Any:
    """Jacobian-vector product, dy = f'(x) · dx, in one pass: the change of y with a change dx of x, in forward mode.

    The Jacobian of an elementwise function is diagonal, so that this is `backward` with the operands named otherwise: the same loop,
    the same speed, and the same bits, also where f' is 0 by branch and dy is +0. Parameters, `bias` and `scale` are constants.

    Parameters
    ----------
    x : array_like
        The input of the forward pass.
    dx : array_like
        Tangent of `x`; the two broadcast against each other.
    *params : array_like
        Parameters, as in the forward call.
    out : ndarray, optional
        Array for dy; may be `dx` or `x` itself.
    **options
        `bias` and `scale`, as in the forward call, and any keyword of a NumPy ufunc.

    Returns
    -------
    ndarray or scalar
        dy, in the broadcast shape of the operands.

    Raises
    ------
    TypeError
        If a dtype is not supported.
    ValueError
        If shapes do not broadcast, or `out` does not fit or is read-only.
    """
    if options:
        if (shifted := activation._shifted(options)) is not activation:
            return jvp(shifted, x, dx, *params, out=out, **options)
        params = bind(activation.record, ".jvp", params, options)
    record, ufunc = activation.record, activation._backward
    if type(x) is np.ndarray and not options and (x.size < dispatch.LARGE or dispatch.flat(x, out, dx)):
        ready = activation._ready(x, params) if activation._names or params else ()
        if ready is not None:
            try:
                if type(out) is not np.ndarray:
                    return ufunc(dx, x, *ready, out=out)
                return ufunc(dx, x, *ready, out) if ready else ufunc(dx, x, out)
            except (TypeError, ValueError) as error:
                raise explain(record, "jvp", (dx, x, *ready), out, error) from error
    return dispatch.call(ufunc, record, "jvp", (dx, x, *bind(record, ".jvp", params, options)), out, options)


def jvp_of_gate(gate: Any, a: Any, b: Any, da: Any, db: Any, /, *params: Any, out: Any = None, **options: Any) -> Any:
    """Jacobian-vector product, dy = f'(a)·b · da + f(a) · db, in one pass: the change of y with changes da of a and db of b.

    The second product is rounded, the first and the sum once together. A term whose derivative is 0 by branch is +0 whatever its tangent
    is. Parameters are constants. `da` and `db` broadcast against the operands; all else is as in the forward call.
    """
    bound = bind(gate.record, ".jvp", params, options)
    operands = (da, db, a, b, *bound)
    if any(getattr(v, "dtype", None) == np.longdouble for v in operands):
        return _in_long_double(gate.record, operands, out, options)
    return dispatch.call(make_ufunc(gate.record, "jvp"), gate.record, "jvp", operands, out, options)


def _in_long_double(record: Record, operands: tuple[Any, ...], out: Any, options: dict[str, Any]) -> Any:
    """The gate's derivatives by the C reference, and NumPy's products and sum."""
    da, db, *given = operands
    add: Any = np.add
    try:
        d = make_ufunc(record, "derivative")(*given, dtype=np.longdouble)
        with np.errstate(all="ignore"):
            terms = [np.where((s == 0) & record.flat, 0, t * s) for s, t in zip(d, (da, db), strict=True)]
            return add(*terms, out=out, **options)
    except (TypeError, ValueError) as error:
        raise explain(record, "jvp", operands, out, error) from error
