"""A run made of slices, of which each can be computed alone and in any order."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastact import reference
from fastact.activation import Activation
from fastact.cpu.parallel import get_num_threads, set_num_threads
from fastact.cpu.ufunc import numpy_dtype
from fastact.record import at
from fastact.verify import scan
from fastact.verify.judge import NEAR_TIE, Array, errors, largest_term, narrow_errors
from fastact.verify.samples import edges, sample
from fastact.verify.tally import DIRECTIONS, VIOLATIONS, Counter, Tally

DTYPES = ("float32", "float64", "float16", "bfloat16")
POINTS, EXHAUSTIVE_POINTS = 2**19, 10**7
SLICES, NARROW_SLICES = 256, 4
"""Of an exhaustive run over float32, and over a 16-bit type."""
_CHUNK, _SAMPLE = 2**16, 2**17


class InterruptedSliceError(Exception):
    """A slice was given up because the run is to stop."""


@dataclass(frozen=True, slots=True)
class Job:
    """One function, dtype and set of parameters to verify."""

    activation: Activation
    dtype: str
    params: tuple[float, ...]
    seed: int
    points: int
    exhaustive: bool
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def kind(self) -> np.dtype[Any]:
        """The NumPy dtype."""
        return numpy_dtype(self.dtype)

    @property
    def whole(self) -> bool:
        """Whether every float is looked at."""
        return self.kind.itemsize == 2 or (self.exhaustive and self.dtype == "float32")

    @property
    def rounded(self) -> tuple[float, ...]:
        """The parameters as the loops see them."""
        width = np.float64 if self.dtype == "float64" else np.float32
        return tuple(float(width(p)) for p in self.params)

    @property
    def odd(self) -> bool:
        """Whether the function is odd, which a record tells of the default parameters."""
        return self.activation.record.odd and all(v == p.default for v, p in zip(self.params, self.activation.params, strict=True))

    @property
    def slices(self) -> int:
        """How many slices the job has."""
        if self.whole:
            return SLICES if self.dtype == "float32" else NARROW_SLICES
        return -(-self.points // _SAMPLE)

    @property
    def directions(self) -> tuple[str, ...]:
        """What is judged: value and derivative, and where samples are looked at, the derivatives by the parameters."""
        names = () if self.whole else tuple(p.name for p in self.activation.params)
        return *DIRECTIONS, *(f"d/d{name}" for name in names)

    def budget(self, which: str) -> float:
        """Largest error allowed, in ulp."""
        if self.kind.itemsize == 2:
            return NEAR_TIE
        return float(getattr(getattr(self.activation.budget, which if which in DIRECTIONS else "params"), self.dtype))

    def values(self, x: Array) -> tuple[Array, ...]:
        """What fastact gives, by direction. For the derivatives by parameters each element has its own, so that none are summed."""
        found = np.empty_like(x), np.empty_like(x)
        self.activation.value_and_grad(x, *self.params, out=found)
        names = tuple(p.name for p in self.activation.params)
        if len(self.directions) == len(found):
            return found
        repeated = (np.full_like(x, p) for p in self.params)
        sums: Any = self.activation.backward(np.ones_like(x), x, *repeated, wrt=names)
        return *found, *sums

    def truth(self, which: str, x: Array, dtype: Any) -> Array:
        """What the reference gives, computed in `dtype`."""
        name, order = self.activation.name, self.directions.index(which)
        if order > 1:
            return reference.param_derivative(name, order - 2, x, *self.rounded, dtype=dtype)
        return (reference.derivative if order else reference.forward)(name, x, *self.rounded, dtype=dtype)

    def term(self, which: str, x: Array) -> Any:
        """In whose ulp errors of a derivative count."""
        order = self.directions.index(which)
        return largest_term(self.activation.record, order - 1, x, self.rounded) if order else 0

    def off_kinks(self, x: Array) -> Array:
        """Where a derivative by a parameter is that of the reference: not at kinks, which have a convention."""
        places = [at(kink.at, *self.rounded) for kink in self.activation.record.kinks]
        return ~np.isin(x.astype(np.float64), places)

    def slack(self, term: Any) -> Any:
        """Error of the derivative in float32 that counts in ulp of `term`."""
        return (
            self.activation.budget.derivative.float32 * np.spacing(np.asarray(term, np.float32)).astype(np.float64) if np.any(term) else 0.0
        )

    def keys(self, index: int) -> Iterator[tuple[Array, int]]:
        """Chunks of a slice's finite keys in ascending order, and in each the first that is new: the one before it is the last chunk's."""
        largest = int(scan.keys(np.array([np.inf]).astype(self.kind))[0]) - 1
        lowest = -largest - 1
        if self.whole:
            low, high = (lowest + (2 * largest + 2) * k // self.slices for k in (index, index + 1))
            for first in range(low, high, _CHUNK):
                start = int(first > lowest)
                yield np.arange(first - start, min(first + _CHUNK, high)), start
            return
        found = sample(self.kind, min(_SAMPLE, self.points - index * _SAMPLE), (self.seed, index))
        if not index:
            found = np.concatenate([found, edges(self.activation.record, self.kind, self.rounded)])
        found = np.unique(np.clip(found, lowest, largest))
        for first in range(0, found.size, _CHUNK):
            start = int(first > 0)
            yield found[first - start : first + _CHUNK], start


def bounds(job: Job) -> tuple[float, float]:
    """What values may not pass: bounds that the dtype holds, others by no more than the error of the function."""
    budget = job.activation.budget.forward.float64 if job.dtype == "float64" else job.activation.budget.forward.float32
    one = np.array(1).astype(job.kind)
    eps = float((one.view(f"u{job.kind.itemsize}") + one.view(f"u{job.kind.itemsize}").dtype.type(1)).view(job.kind)) - 1
    found = []
    for end, sign in ((job.activation.range.low, -1), (job.activation.range.high, 1)):
        bound = float(at(end, *job.rounded))
        stored = float(np.array(bound).astype(job.kind))
        found.append(bound if stored == bound else bound + sign * abs(stored) * eps * max(1.0, np.ceil(budget)))
    return found[0], found[1]


def run(job: Job, index: int) -> Tally:
    """One slice."""
    counters = {which: Counter() for which in job.directions}
    tally = Tally()
    reach = at(job.activation.record.reach, *job.rounded)
    limits = bounds(job)
    for keys, start in job.keys(index):
        if job.stop.is_set():
            raise InterruptedSliceError
        x = scan.values(keys, job.kind)
        results = job.values(x)
        within = abs(x.astype(np.float64)) <= reach
        for which, y in zip(job.directions, results, strict=True):
            if which in DIRECTIONS:
                _judge(job, which, (keys, x, y), _span(within, start), start, limits, counters[which], tally)
            else:
                kept = job.off_kinks(x)
                first = int(kept[:start].sum())
                _judge(job, which, (keys[kept], x[kept], y[kept]), _span(within[kept], first), first, limits, counters[which], tally)
        if job.odd:
            _odd(job, keys[start:], x[start:], (results[0][start:], results[1][start:]), tally)
    for which, counter in counters.items():
        counter.collect(tally, which)
    return tally


def _span(within: Array, start: int) -> tuple[int, int]:
    """Of ascending points, which are new and within."""
    judged = (int(np.argmax(within)), int(within.size - np.argmax(within[::-1]))) if within.any() else (0, 0)
    return max(judged[0], start), max(judged[1], start)


def _judge(
    job: Job,
    which: str,
    arrays: tuple[Array, Array, Array],
    judged: tuple[int, int],
    start: int,
    limits: tuple[float, float],
    counter: Counter,
    tally: Tally,
) -> None:
    keys, x, y = arrays
    name = job.dtype
    part = slice(*judged)
    near = x[part]
    wide = near if name == "float64" else near.astype(np.float64)
    truth, term = job.truth(which, wide, np.longdouble if name == "float64" else np.float64), job.term(which, wide)
    given, seen = np.empty(0), y
    if name == "float64":
        given = errors(y[part], truth, term).astype(np.float64)
    elif name != "float32":
        given, nearest = narrow_errors(y[part], truth, job.slack(term))
        found = tally.directions[which]
        found.nearest += int(nearest.sum())
        found.neighbours += int((~nearest & (given <= NEAR_TIE)).sum())
    if name not in ("float32", "float64"):
        with np.errstate(invalid="ignore"):
            seen = y.astype(np.float64)
    truth_bits = truth.astype(np.float64, copy=False).view(np.int64) if name == "float32" else np.empty(0, np.int64)
    judges = truth_bits, np.atleast_1d(np.asarray(term, np.float64)).view(np.int64), given
    forward = which == "forward"
    passed = limits if forward else (-np.inf, np.inf)
    monotone = forward and job.activation.record.monotone
    scan.scan(keys, (start, *judged), seen, judges, job.budget(which), passed, monotone, (counter.counts, counter.worst, counter.where))


def _odd(job: Job, keys: Array, x: Array, results: tuple[Array, Array], tally: Tally) -> None:
    """f(-x) is -f(x) and f'(-x) is f'(x), bit for bit."""
    unsigned = np.dtype(f"u{x.itemsize}")
    sign = unsigned.type(1 << (8 * x.itemsize - 1))
    y, d = job.activation.value_and_grad((x.view(unsigned) ^ sign).view(x.dtype), *job.params)
    wrong = (y.view(unsigned) ^ sign != results[0].view(unsigned)) | (d.view(unsigned) != results[1].view(unsigned))
    if wrong.any():
        tally.violation(VIOLATIONS[3], wrong.sum(), keys[np.argmax(wrong)])


def completed(job: Job, threads: int, indices: Iterable[int]) -> Generator[tuple[int, Tally]]:
    """The slices asked for, as they finish on that many threads; what runs is given up when the iterator is closed."""
    before = get_num_threads()
    set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads) as pool:
            futures = {pool.submit(run, job, index): index for index in indices}
            try:
                for future in as_completed(futures):
                    yield futures[future], future.result()
            finally:
                job.stop.set()
                pool.shutdown(cancel_futures=True)
    finally:
        set_num_threads(before)
