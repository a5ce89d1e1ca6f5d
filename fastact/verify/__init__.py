"""The published error bounds, proved on this machine.

float32 and the 16-bit types are judged by the C reference in double, float64 by the one in long double; then the worst points
again in long double, and by mpmath where it is installed. `fastact verify` is the command.
"""

from __future__ import annotations

import secrets
from contextlib import closing

from fastact.activation import Activation
from fastact.cpu.parallel import get_num_threads
from fastact.cpu.ufunc import bfloat16
from fastact.verify.results import Error, Result, result
from fastact.verify.slices import DTYPES, EXHAUSTIVE_POINTS, POINTS, Job, completed
from fastact.verify.tally import Tally

__all__ = ["DTYPES", "Error", "Result", "parameters", "verify"]


def parameters(activation: Activation, *, every: bool = False) -> list[tuple[float, ...]]:
    """The defaults (the first sample of a parameter that has none), and if `every`, the samples of the record side by side."""
    samples = list(zip(*(p.samples for p in activation.params), strict=False)) if every else []
    return list(dict.fromkeys([activation.record.typical, *samples]))


def verify(
    activation: Activation,
    dtype: str,
    *,
    params: tuple[float, ...] | None = None,
    points: int | None = None,
    seed: int | None = None,
    exhaustive: bool = False,
    threads: int | None = None,
) -> Result:
    """Compare one function and its derivatives with their references; those by the parameters where samples are looked at.

    Parameters
    ----------
    activation : Activation
        The function.
    dtype : {"float32", "float64", "float16", "bfloat16"}
        Of its input and output. The 16-bit types are always looked at whole.
    params : tuple of float, optional
        All parameters; by default the defaults, and the first sample of a parameter that has none.
    points : int, optional
        Points of a sample, by default 2^19, or 10^7 if `exhaustive`.
    seed : int, optional
        Of the sample; by default another one each time.
    exhaustive : bool, optional
        Look at every float32.
    threads : int, optional
        By default as many as calls use: one per core.

    Returns
    -------
    Result
        The largest errors, and what is violated.

    Raises
    ------
    TypeError
        If the number of parameters is not that of the function.
    ValueError
        If the dtype is unknown, or `points` or `threads` is less than 1.
    ImportError
        If the dtype is bfloat16, and ml_dtypes is not installed.
    """
    chosen = parameters(activation)[0] if params is None else tuple(map(float, params))
    if len(chosen) != len(activation.params):
        raise TypeError(f"verify: {len(chosen)} parameters given; {activation.name} takes {len(activation.params)}")
    if dtype not in DTYPES:
        raise ValueError(f"verify: unknown dtype {dtype!r}; accepted are {', '.join(DTYPES)}")
    if dtype == "bfloat16" and bfloat16() is None:
        raise ImportError("verify: bfloat16 needs ml_dtypes: pip install 'fastact[bfloat16]'")
    count = (EXHAUSTIVE_POINTS if exhaustive else POINTS) if points is None else points
    workers = get_num_threads() if threads is None else threads
    for what, number in (("points", count), ("threads", workers)):
        if number < 1:
            raise ValueError(f"verify: {what} is {number}; accepted are whole numbers from 1")
    job = Job(activation, dtype, chosen, secrets.randbits(32) if seed is None else seed, count, exhaustive)
    tally = Tally()
    with closing(completed(job, workers, range(job.slices))) as slices:
        for _, found in slices:
            tally.add(found)
    return result(job, tally)
