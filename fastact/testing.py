"""Checks for activations of one's own: `check_activation`. Not imported by `import fastact`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastact.activation import Activation
from fastact.checking import claims, gradients
from fastact.checking.report import Finding, Report
from fastact.checking.truth import truth_of

__all__ = ["Finding", "Report", "check_activation"]


def check_activation(
    activation: Activation,
    *,
    expression: Callable[..., Any] | None = None,
    params: Sequence[tuple[float, ...]] | None = None,
) -> Report:
    """Look for what can be wrong with an activation: derivatives, NaN and infinity, kinks, claims, compiled code, accuracy.

    Parameters
    ----------
    activation : Activation
        Made by `fastact.define`, or one of fastact's.
    expression : callable, optional
        ``(mpmath, x, *params) -> y`` with numbers of mpmath: what the function should be. By default the function itself is run
        by mpmath, which tells what is lost by rounding.
    params : sequence of tuples, optional
        Parameters to look at, all of them in each tuple. By default the defaults (1 for a parameter without one), and values near them.

    Returns
    -------
    Report
        The findings; `report.ok` says whether all is right, and `str(report)` where it is not.

    Raises
    ------
    TypeError
        If `activation` is none, or a tuple of parameters has another length.
    ImportError
        If an expression is given and mpmath is missing. Without mpmath slopes are differences in float64.
    """
    if not isinstance(activation, Activation):
        raise TypeError(f"check_activation: activation is of type {type(activation).__name__}; accepted is an Activation, made by define")
    chosen = _around(activation) if params is None else [tuple(map(float, p)) for p in params]
    for values in chosen:
        if len(values) != len(activation.params):
            raise TypeError(f"check_activation: {len(values)} parameters given; {activation.name} takes {len(activation.params)}")
    truth, first = truth_of(activation, expression), chosen[0]
    findings = [Finding("compared with", "note", truth.origin)]
    for values in chosen:
        told, places = gradients.kinks(activation, values)
        findings += [*told, *gradients.derivatives(activation, truth, values, places)]
    findings += [*claims.special(activation, first), *claims.claims(activation, first), *claims.code(activation, first)]
    findings.append(claims.device(activation))
    for width in claims.WIDTHS:
        findings += gradients.ulps(activation, truth, first, width)
    return Report(activation.name, tuple(dict.fromkeys(findings)))


def _around(activation: Activation) -> list[tuple[float, ...]]:
    """The record's own samples side by side, or the defaults and what is near them."""
    if not activation.record.plain:
        from fastact.verify import parameters

        return parameters(activation, every=True)
    typical = activation.record.typical
    return list(dict.fromkeys([typical, tuple(1.25 * p if p else 0.25 for p in typical)]))
