"""Parameters far from 1: from 10⁻¹⁰ to 10¹⁰ in float32, from 10⁻¹⁰⁰ to 10¹⁰⁰ in float64, no finite x gives NaN, and errors stay.

They are in ulp of the result, or where that is larger, of the smallest normal number times what an underflowing part is multiplied by.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from cases import Array

import fastact as fa
from fastact.record import at
from fastact.verify.judge import errors
from fastact.verify.slices import Job

SIZES = {"float32": (10, 5, 2), "float64": (100, 40, 10, 2)}
FACTORS: dict[str, dict[str, Callable[[float], float]]] = {
    "softplus": {"forward": lambda beta: 1 / beta, "d/dbeta": lambda beta: beta**-2},
    "swish": {"forward": lambda beta: 1 / beta, "d/dbeta": lambda beta: beta**-2},
    "elu": {"derivative": lambda alpha: alpha},
    "snake": {"d/dalpha": lambda alpha: alpha**-2},
}
BENDS: dict[str, Callable[[float], float]] = {"celu": lambda p: p, "squareplus": lambda p: p**0.5, "elu": lambda p: 1.0}
SCALED = [f for f in fa.ACTIVATIONS if f.params]


def points(activation: fa.Activation, kind: np.dtype[np.floating], params: tuple[float, ...]) -> Array:
    """Of both signs, evenly over the exponents, and where the function bends."""
    info = np.finfo(kind)
    bend = BENDS.get(activation.name, lambda p: 1 / p)(params[0])
    near = np.geomspace(1e-4, 900, 1500) * bend
    x = np.concatenate([np.geomspace(float(info.tiny), float(info.max) * 0.99, 3000), near[near < float(info.max)]])
    return np.concatenate([-x[::-1], np.zeros(1), x]).astype(kind)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("activation", SCALED, ids=lambda a: a.name)
def test_extreme_parameters(activation: fa.Activation, name: str) -> None:
    kind = np.dtype(name)
    for scale in [1.37 * 10.0 ** (sign * size) for size in SIZES[name] for sign in (1, -1)]:
        params = tuple(p * scale for p in activation.record.typical)
        job = Job(activation, name, params, 0, 1, exhaustive=False)
        x = points(activation, kind, job.rounded)
        with np.errstate(all="raise"):
            results = job.values(x)
        for which, y in zip(job.directions, results, strict=True):
            what = f"{activation.name}{params} {which} {name}"
            assert not np.isnan(y).any(), what
            judged = abs(x.astype(float)) <= at(activation.record.reach, *job.rounded)
            if which.startswith("d/"):
                judged &= job.off_kinks(x)
            factor = FACTORS.get(activation.name, {}).get(which, lambda p: 0.0)(job.rounded[0])
            term = np.maximum(job.term(which, x.astype(np.float64)), factor * float(np.finfo(kind).tiny))
            truth = job.truth(which, x.astype(float), np.longdouble if name == "float64" else np.float64)
            found = np.where(judged, errors(y, truth, term), 0)
            worst = int(np.argmax(found))
            assert found[worst] <= job.budget(which), f"{what}: {found[worst]:.4g} ulp at x = {x[worst]!r}"
