"""Public calls of every family on device arrays against the same calls on NumPy arrays, for any `Side` of `gpuchecks`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from cases import ordinary, same_bits

import fastact as fa

Call = Callable[..., Any]


@dataclass(frozen=True)
class Family:
    """A call of arrays and `out`, the shapes of the arrays, and how many ulp each result may differ, where that is not none.

    The first array is x or a; those that are `wide` are of the parameters' dtype.
    """

    call: Call
    shapes: tuple[tuple[int, ...], ...]
    ulps: tuple[int, ...] = ()
    wide: tuple[int, ...] = ()


WIDE, TALL, IMAGE = (60, 96), (96, 60), (2, 8, 9, 10)
_rows = {
    f"{f.name}{way}": Family(call, shapes)
    for f in (fa.softmax, fa.log_softmax, fa.softmin, fa.sparsemax)
    for way, call, shapes in (
        ("", lambda x, out, f=f: f(x, out=out), (WIDE,)),
        (" along columns", lambda x, out, f=f: f(x, axis=0, out=out), (TALL,)),
        (" backward", lambda x, dy, out, f=f: f.backward(dy, x, out=out), (WIDE, WIDE)),
    )
}
_noise = {
    f"{f.name}{way}": Family(call, shapes)
    for f in (fa.dropout, fa.rrelu, fa.alpha_dropout)
    for way, call, shapes in (
        ("", lambda x, out, f=f: f(x, rng=7, out=out), (WIDE,)),
        (" backward", lambda x, dy, out, f=f: f.backward(dy, x, rng=7, wrt="x", out=out), (WIDE, WIDE)),
    )
}

FAMILIES: dict[str, Family] = {
    "gate": Family(lambda a, b, out: fa.swiglu(a, b, out=out), (WIDE, WIDE)),
    "gate backward": Family(lambda a, b, dy, out: fa.swiglu.backward(dy, a, b, out=out), (WIDE,) * 3),
    "bias": Family(lambda x, b, out: fa.gelu(x, bias=b, out=out), (WIDE, (96,)), wide=(1,)),
    "bias of channels": Family(lambda x, b, out: fa.silu(x, bias=b, out=out), (IMAGE, (8, 1, 1)), wide=(1,)),
    "scale and bias": Family(lambda x, s, b, out: fa.tanh(x, scale=s, bias=b, out=out), (WIDE, (96,), (96,)), wide=(1, 2)),
    "bias backward": Family(lambda x, b, dy, out: fa.gelu.backward(dy, x, bias=b, out=out), (WIDE, (96,), WIDE), (0, 1), (1,)),
    "slopes of channels": Family(lambda x, s, dy, out: fa.prelu.backward(dy, x, s, out=out), (IMAGE, (8, 1, 1), IMAGE), (0, 1), (1,)),
    "one slope": Family(lambda x, dy, out: fa.prelu.backward(dy, x, 0.25, out=out), (WIDE, WIDE), (0, 1)),
    "from output": Family(lambda y, dy, out: fa.relu.backward_from_output(dy, y, out=out), (WIDE, WIDE)),
    "maxout": Family(lambda x, out: fa.maxout(x, 4, out=out), (WIDE,)),
    "maxout of rows": Family(lambda x, out: fa.maxout(x, 3, 0, out=out), (WIDE,)),
    "maxout backward": Family(lambda x, dy, out: fa.maxout.backward(dy, x, 4, out=out), (WIDE, (60, 24))),
    "crelu": Family(lambda x, out: fa.crelu(x, out=out), (WIDE,)),
    "crelu backward": Family(lambda x, dy, out: fa.crelu.backward(dy, x, out=out), (WIDE, (60, 192))),
    "halves": Family(lambda x, out: fa.swiglu.packed(x, out=out), (WIDE,)),
    "halves backward": Family(lambda x, dy, out: fa.swiglu.packed.backward(dy, x, out=out), (WIDE, (60, 48))),
    "halves by turns": Family(lambda x, dy, out: fa.swiglu.packed.backward(dy, x, interleaved=True, out=out), (WIDE, (60, 48))),
    **_rows,
    **_noise,
}


def close(found: Any, expected: Any, ulps: int) -> None:
    """Within so many ulp of the expected."""
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    with np.errstate(invalid="ignore"):
        step = np.spacing(np.abs(expected)).astype(np.float64)
        off = np.abs(found.astype(np.float64) - expected.astype(np.float64)) / step
    assert (off <= ulps).all(), f"{off.max()} ulp"


def check(side: Any, family: Family, dtype: str) -> None:
    """The call on the device against that on the CPU."""
    computed = "float64" if dtype == "float64" else "float32"
    arrays = [ordinary(computed if k in family.wide else dtype, shape, k) for k, shape in enumerate(family.shapes)]
    expected = family.call(*arrays, None)
    several = isinstance(expected, tuple)
    wanted = list(map(np.asarray, expected if several else (expected,)))
    targets = tuple(side.empty(e.shape, e.dtype) for e in wanted)
    family.call(*map(side.put, arrays), targets if several else targets[0])
    for target, e, ulps in zip(targets, wanted, family.ulps or (0,) * len(wanted), strict=True):
        if ulps:
            close(side.get(target), e, ulps)
        else:
            same_bits(side.get(target), e)
