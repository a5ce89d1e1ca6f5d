"""From a plan and the views of arrays to launches: the device, the streams and the scratch memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastact.cuda import launch
from fastact.cuda.arrays import LEGACY, View, family
from fastact.cuda.launch import Armed
from fastact.cuda.plan import Plan

Ready = tuple[tuple[Armed, ...], int]
"""A plan whose kernels are loaded, and the bytes of scratch memory that it wants."""


def ready(plan: Plan) -> Ready:
    """Load what a plan launches."""
    return launch.arm(plan.steps), plan.scratch


def send(call: str, steps: Ready, x: Any, own: View, views: Sequence[View], operands: tuple[Any, ...]) -> None:
    """Launch on the device and the stream of `x`.

    Parameters
    ----------
    call : str
        The call as the user spells it.
    steps : Ready
        What to launch.
    x : array
        The array whose library gives scratch memory.
    own : View
        That of `x`.
    views : sequence of View
        Those of all arrays of the call.
    operands : tuple
        What the steps take: addresses and numbers; the scratch memory's comes last.

    Raises
    ------
    ValueError
        If the arrays are not all on one device.
    """
    device, handle = own[2], own[3]
    others: tuple[int, ...] = ()
    for view in views:
        if view[2] != device:
            told = ", ".join(str(v[2]) for v in views)
            raise ValueError(f"{call}: arrays are on different CUDA devices ({told}); accepted are arrays on one device")
        if view[3] != handle:
            handle, others = _streams(own, views)
    armed, size = steps
    home = family(type(x))
    if size and home.empty is not None:
        room = home.empty(x, (-(-size // 4),), "float32")
        operands, size = (*operands, home.address(room)), 0
    launch.run(armed, device, handle or LEGACY, operands, others, size)


def _streams(own: View, views: Sequence[View]) -> tuple[int, tuple[int, ...]]:
    """The stream to launch on, which is that of x if it has any, and the others that arrays come from."""
    handles = dict.fromkeys(v[3] for v in (own, *views) if v[3] is not None) or {LEGACY: None}
    first, *others = handles
    return first, tuple(others)
