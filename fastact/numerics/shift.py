"""f(x·scale + bias): what a kernel does before and after the scalar of f."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from fastact.numerics import bits


def enter(builder: Any, names: tuple[str, ...], x: Any, values: list[Any]) -> Any:
    """The argument of f: x, x + bias, or x·scale + bias rounded once; `values` are those of `names`."""
    if not names:
        return x
    if names == ("bias",):
        return builder.fadd(x, values[0])
    return bits.CODE[bits.fma](builder, x, *values)


def leave(builder: Any, names: tuple[str, ...], x: Any, values: list[Any], results: list[Any], flat: bool) -> list[Any]:
    """The results (y, df, dparam...) of f followed by the chain rule: (y, df·scale, dparam..., df·x, df).

    Where df is 0 by branch (`flat`) so are the others, whatever scale and x are.
    """
    if not names:
        return results
    y, df, *params = results
    if names == ("bias",):
        return [y, df, *params, df]
    zero = ir.Constant(df.type, 0.0)
    dx, dscale = builder.fmul(df, values[0]), builder.fmul(df, x)
    if flat:
        level = builder.fcmp_ordered("==", df, zero)
        dx, dscale = builder.select(level, zero, dx), builder.select(level, zero, dscale)
    return [y, dx, *params, dscale, df]
