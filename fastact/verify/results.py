"""From what the slices found to the verdict: the worst points are judged again, better."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fastact.verify import scan
from fastact.verify.judge import Array, errors, exact_error, narrow_errors
from fastact.verify.slices import Job
from fastact.verify.tally import DIRECTIONS, Direction, Tally

try:
    from fastact import oracle
except ImportError:
    oracle = None  # type: ignore[assignment]

_ALWAYS, _NEAR = 100, 0.99
"""How many of the worst points are judged again, and from which part of the budget on all are."""


@dataclass(frozen=True, slots=True)
class Error:
    """The largest error of one direction.

    Attributes
    ----------
    direction : str
        "forward", "derivative", or of a parameter, "d/dalpha".
    ulp, budget : float
        The error found, and the largest allowed. For 16-bit types they are fractions of the step to the next float.
    x, value, reference : float
        Where it is, what fastact gives there, and what the best judge at hand gives.
    judged, over : int
        Points compared, and how many of them exceed the budget.
    nearest, neighbours : int
        For 16-bit types: results that are the nearest float, and second nearest ones within 1 % of a tie.
    """

    direction: str
    ulp: float
    budget: float
    x: float
    value: float
    reference: float
    judged: int
    over: int
    nearest: int
    neighbours: int


@dataclass(frozen=True, slots=True)
class Result:
    """What was found for one function, dtype and set of parameters.

    Attributes
    ----------
    function, dtype : str
        Their names.
    params : tuple of float
        Parameters as given; the loops round them to their width.
    errors : tuple of Error
        Of the forward direction, of the derivative, and of those by the parameters where samples were looked at.
    violations : tuple of (str, int, float)
        What no point may do: what it is, how many points do, and the first of them.
    """

    function: str
    dtype: str
    params: tuple[float, ...]
    errors: tuple[Error, ...]
    violations: tuple[tuple[str, int, float], ...]

    @property
    def ok(self) -> bool:
        """Whether the errors are within the budget, and nothing is violated."""
        return not self.violations and all(e.ulp <= e.budget for e in self.errors)

    def stored(self) -> list[dict[str, Any]]:
        """As JSON holds it: an entry per direction, numbers that must keep their bits in hexadecimal."""
        shared = {"function": self.function, "dtype": self.dtype, "params": list(self.params)}
        violations = [[what, count, x.hex()] for what, count, x in self.violations]
        exact = [{**asdict(e), **{k: float(getattr(e, k)).hex() for k in ("x", "value", "reference")}} for e in self.errors]
        return [{**shared, **e, "ulp": e["ulp"] if np.isfinite(e["ulp"]) else str(e["ulp"]), "violations": violations} for e in exact]

    @classmethod
    def restored(cls, entries: list[dict[str, Any]]) -> Result:
        """The inverse of `stored`; raises KeyError, TypeError or ValueError where it does not fit."""
        found = []
        for one in entries:
            x, value, truth = (float.fromhex(one[k]) for k in ("x", "value", "reference"))
            counts = {k: int(one[k]) for k in ("judged", "over", "nearest", "neighbours")}
            found.append(Error(str(one["direction"]), float(one["ulp"]), float(one["budget"]), x, value, truth, **counts))
        if tuple(e.direction for e in found[:2]) != DIRECTIONS:
            raise ValueError("a direction is missing")
        shared = entries[0]
        violations = tuple((str(what), int(count), float.fromhex(x)) for what, count, x in shared["violations"])
        return cls(shared["function"], shared["dtype"], tuple(map(float, shared["params"])), tuple(found), violations)


def _truths(job: Job, which: str, x: Array) -> tuple[Array, list[Any]]:
    """The reference in long double at few points, and by mpmath, if that is installed."""
    rough = job.truth(which, x, np.longdouble)
    if oracle is None:
        return rough, []
    definition = oracle.DEFINITIONS[job.activation.name][job.directions.index(which)]
    exact = [oracle.evaluate(definition, v, job.rounded) for v in x]
    with np.errstate(over="ignore"):
        return np.array(
            [np.longdouble(float(t)) + np.longdouble(float(t - float(t))) for t in exact]
        ) if job.kind.itemsize == 2 else rough, exact


def _again(job: Job, which: str, x: Array) -> tuple[Array, Array, Array]:
    """Values at few points, references, and the errors by the best judge at hand."""
    y = job.values(x)[job.directions.index(which)]
    wide = x.astype(np.float64)
    truth, exact = _truths(job, which, wide)
    term = job.term(which, wide)
    if job.kind.itemsize == 2:
        found, _ = narrow_errors(y, truth, job.slack(term))
    elif oracle is None:
        found = errors(y, truth, term)
    else:
        least = [oracle.exact(np.longdouble(v)) for v in np.broadcast_to(term, x.shape)]
        found = np.array([exact_error(*triple) for triple in zip(y, exact, least, strict=True)])
    return y.astype(np.float64), truth.astype(np.float64), found.astype(np.float64)


def _error(job: Job, which: str, tally: Tally) -> Error:
    one = tally.directions.get(which) or Direction()
    budget = job.budget(which)
    again = [key for k, (error, key) in enumerate(one.worst) if k < _ALWAYS or error >= _NEAR * budget]
    known = {key: error for error, key in one.worst}
    y, truth, found = _again(job, which, scan.values(np.array(again or [0]), job.kind))
    known.update(zip(again, found.tolist(), strict=False))
    over = sum(error > budget for error in known.values()) if one.over <= len(known) else one.over
    place = max(known, key=lambda key: (known[key], -key)) if known else 0
    if again and place not in again:
        y, truth, _ = _again(job, which, scan.values(np.array([place]), job.kind))
        k = 0
    else:
        k = again.index(place) if again else 0
    x = float(scan.values(np.array([place]), job.kind)[0])
    counts = {"judged": one.judged, "over": over, "nearest": one.nearest, "neighbours": one.neighbours}
    return Error(which, known.get(place, 0.0), budget, x, float(y[k]), float(truth[k]), **counts)


def result(job: Job, tally: Tally) -> Result:
    """The verdict."""
    errors = tuple(_error(job, which, tally) for which in job.directions)
    places = {what: float(scan.values(np.array([key]), job.kind)[0]) for what, (_, key) in tally.violations.items()}
    violations = tuple((what, count, places[what]) for what, (count, _) in sorted(tally.violations.items()))
    return Result(job.activation.name, job.dtype, job.params, errors, violations)
