"""Backward from the output of the forward pass, where that is kept and the input is not."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from fastact import dispatch, gradients
from fastact.activations.outputs import FROM_OUTPUT
from fastact.binding import bind
from fastact.cpu.ufunc import make_ufunc
from fastact.record import Record


@functools.cache
def derived(record: Record) -> Record:
    """The record whose "x" is y, and whose derivative is that of `record` at the x with that y."""
    return dataclasses.replace(record, scalar=FROM_OUTPUT[record].scalar, operands=("y",), label=record.name)


def backward_from_output(
    activation: Any, dy: Any, y: Any, /, *params: Any, out: Any = None, accumulate: bool = False, **options: Any
) -> Any:
    """Dx = dy · f'(x) from y = f(x), in one pass, for a forward pass that kept y alone.

    The kinks are as in `backward`. Gradients of parameters need x, and `backward`.

    Parameters
    ----------
    dy : array_like
        Gradient of the loss by the output; broadcasts against `y`.
    y : array_like
        The output of the forward pass, with the same parameters. What f cannot return gives an unspecified number.
    *params : array_like
        Parameters, as in the forward call.
    out : ndarray, optional
        Array for dx; may be `dy` or `y` itself.
    accumulate : bool, optional
        Add to what `out` holds.
    **options
        Any keyword of a NumPy ufunc.

    Returns
    -------
    ndarray or scalar
        dx. Its error is within `activation.from_output.error` ulp: of f'(x), or of what `activation.from_output.of` names, where
        the rounding of y has lost the digits of a small derivative.

    Raises
    ------
    TypeError
        If f' cannot be told from y with a bound on the error, as for functions that take a value more than once.
    """
    record = activation.record
    if record not in FROM_OUTPUT:
        known = ", ".join(r.name for r in FROM_OUTPUT)
        raise TypeError(f"{record.name}.backward_from_output: y does not tell f'(x) with a bound on its error; accepted are {known}")
    told = derived(record)
    bound = bind(record, ".backward_from_output", params, options)
    if accumulate:
        return gradients.backward(told, (dy, y, *bound), "x", out, options, accumulate=True)
    return dispatch.call(make_ufunc(told, "backward"), told, "backward", (dy, y, *bound), out, options)
