"""`fastact verify`: from its arguments to a table and an exit status."""

from __future__ import annotations

import argparse
import math
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

import fastact as fa
from fastact.cpu.ufunc import bfloat16
from fastact.verify import DTYPES, Result, parameters
from fastact.verify.alone import BusyFileError, alone
from fastact.verify.campaign import Progress, Store, UnfitFileError, campaign, header
from fastact.verify.slices import EXHAUSTIVE_POINTS, POINTS, Job

Table = Callable[[str, Sequence[str], Sequence[Sequence[str]]], None]
_INTERRUPTED = 130
_PAUSE = 10.0
_HEAD = ("function", "dtype", "ulp", "budget", "at x", "verdict")


def _complaint(given: argparse.Namespace, dtypes: Sequence[str]) -> str:
    """What is wrong with the arguments, if anything is."""
    names = [f.name for f in fa.ACTIVATIONS]
    for name in given.function or []:
        if ":" in name:
            return f"{name!r} is an activation of your own, whose bounds nothing states: fastact check {name}"
        if name not in names:
            return f"unknown activation {name!r}; accepted are {', '.join(names)}"
    for name in dtypes:
        if name not in DTYPES:
            return f"unknown dtype {name!r}; accepted are {', '.join(DTYPES)}"
    if "bfloat16" in dtypes and bfloat16() is None:
        return "bfloat16 needs ml_dtypes: pip install 'fastact[bfloat16]'"
    for option, least in (("points", 1), ("threads", 1), ("seed", 0)):
        number = getattr(given, option)
        if number is not None and number < least:
            return f"--{option} is {number}; accepted are whole numbers from {least}"
    return ""


def _jobs(given: argparse.Namespace, dtypes: Sequence[str], seed: int, points: int) -> list[Job]:
    chosen = [f for f in fa.ACTIVATIONS if not given.function or f.name in given.function]
    every = [(f, dtype, params) for f in chosen for dtype in dtypes for params in parameters(f, every=given.params)]
    return [Job(f, dtype, params, seed, points, given.exhaustive) for f, dtype, params in every]


def _weight(job: Job) -> int:
    """Rough work of a slice."""
    return 100 if job.exhaustive and job.dtype == "float32" else 8 if job.dtype == "float64" else 1


def _lines(total: int, before: int) -> Progress:
    """Progress in plain text, a line each `_PAUSE` seconds."""
    start = last = time.monotonic()
    done = before

    def line(job: Job, slices: int) -> None:
        nonlocal done, last
        done += slices * _weight(job)
        now = time.monotonic()
        if now - last >= _PAUSE:
            last = now
            rest = (now - start) * (total - done) / (done - before) / 60
            print(f"{job.activation.name} {job.dtype}: {done / total:.1%} of all, about {rest:.0f} min to go", file=sys.stderr, flush=True)

    return line


@contextmanager
def _progress(jobs: Sequence[Job], store: Store) -> Iterator[Progress]:
    """A bar by rich, or where that is not installed or nobody watches, lines."""
    total = sum(job.slices * _weight(job) for job in jobs)
    before = sum(store.done(job) * _weight(job) for job in jobs)
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    except ImportError:
        yield _lines(total, before)
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(total, before)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, speed_estimate_period=300) as bar:
        task = bar.add_task("verify", total=total, completed=before)
        yield lambda job, slices: bar.update(task, advance=slices * _weight(job), description=f"{job.activation.name} {job.dtype}")


def _told(found: Result) -> str:
    return found.function + (f"({', '.join(f'{p:.4g}' for p in found.params)})" if found.params else "")


def _rows(found: Result) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for e in found.errors:
        mark = {"forward": "", "derivative": "'"}.get(e.direction, f" {e.direction}")
        right = f"ok, {e.neighbours} ties" if e.neighbours else "ok"
        verdict = "EXCEEDED" if e.ulp > e.budget else "VIOLATED" if found.violations and not mark else right
        ulp = f"{math.ceil(e.ulp * 1e4) / 1e4:.4f}" if math.isfinite(e.ulp) else str(e.ulp)
        rows.append((_told(found) + mark, found.dtype, ulp, f"{e.budget:g}", f"{e.x:.8g}", verdict))
    return rows


def _complaints(found: Result) -> Iterator[str]:
    """All that is wrong with a result, a line each."""
    what = f"{_told(found)} {found.dtype}"
    for e in found.errors:
        if e.ulp > e.budget:
            wrong = f"{e.value!r} instead of {e.reference!r}"
            yield f"{what} {e.direction}: {e.ulp:.4f} ulp at x = {e.x!r}, {wrong}; {e.over} points over {e.budget:g}"
    for kind, count, x in found.violations:
        yield f"{what}: {kind}: {count} times, first at x = {x!r}"


def run(given: argparse.Namespace, table: Table) -> int:
    """The command; returns its exit status: 0 all proved, 1 something is not as published, 2 bad input, 130 interrupted."""
    present = [d for d in DTYPES if d != "bfloat16" or bfloat16() is not None]
    dtypes = list(dict.fromkeys(given.dtype.split(","))) if given.dtype else present
    complaint = _complaint(given, dtypes)
    if complaint:
        print(f"fastact verify: {complaint}", file=sys.stderr)
        return 2
    points = given.points or (EXHAUSTIVE_POINTS if given.exhaustive else POINTS)
    threads = given.threads or fa.get_num_threads()
    seed = secrets.randbits(32) if given.seed is None else given.seed
    with ExitStack() as held:
        try:
            held.enter_context(alone(given.json))
            store = Store(given.json, header(seed=seed, points=points, threads=threads, exhaustive=given.exhaustive))
        except BusyFileError:
            print(f"fastact verify: another run is writing {given.json}", file=sys.stderr)
            return 2
        except UnfitFileError as error:
            print(f"fastact verify: {error}", file=sys.stderr)
            return 2
        except OSError as error:
            print(f"fastact verify: cannot write {given.json}: {error.strerror}", file=sys.stderr)
            return 2
        return _judged(given, dtypes, store, threads, table)


def _judged(given: argparse.Namespace, dtypes: Sequence[str], store: Store, threads: int, table: Table) -> int:
    """The run itself, and what it prints."""
    seed = store.header["seed"]
    if given.seed not in (None, seed):
        print(f"fastact verify: {given.json} holds a run with seed {seed}", file=sys.stderr)
        return 2
    jobs = _jobs(given, dtypes, seed, store.header["points"])
    found: list[Result] = []
    start, interrupted = time.monotonic(), False
    try:
        with _progress(jobs, store) as progress, closing(campaign(jobs, store, threads, progress)) as results:
            found.extend(results)
    except KeyboardInterrupt:
        interrupted = True
        found = [store.results[key] for key in store.results]
    title = f"fastact verify: seed {seed}, {threads} threads, {time.monotonic() - start:.0f} s"
    table(title, _HEAD, [row for one in found for row in _rows(one)])
    for one in found:
        for line in _complaints(one):
            print(line)
    wrong = sum(not one.ok for one in found)
    judged = sum(e.judged for one in found for e in one.errors)
    print(f"seed {seed}: {len(found)} of {len(jobs)} verified by {judged:.2g} comparisons, {wrong} not as published")
    if interrupted:
        kept = f"; the same command goes on from {given.json}" if given.json and given.exhaustive else ""
        print(f"fastact verify: interrupted{kept}", file=sys.stderr)
        return _INTERRUPTED
    return 1 if wrong else 0
