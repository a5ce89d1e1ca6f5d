"""Derivatives against slopes of the function, kinks against jumps, and errors in ulp."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from fastact.activation import Activation
from fastact.checking.kinks import Array, jumps
from fastact.checking.report import Finding, at_point, passed
from fastact.checking.truth import Truth, by_differences, exactly
from fastact.record import Value, at
from fastact.verify.judge import exact_error, largest_term

_RELATIVE, _ABSOLUTE, _NEAR = 1e-5, 1e-7, 2.0**-10
_FORMULA, _NOTHING = 1e-7, 1e-60
"""Of derivatives without rounding: constants written with eight digits, and what differences of 400 bits leave of a slope of 0."""


def smooth(activation: Activation, params: tuple[float, ...], count: int, distance: float) -> Array:
    """Points in float64 where functions bend, small and large ones, off the kinks."""
    rng = np.random.default_rng(0)
    size = 10.0 ** rng.uniform(-4, 2, count // 3) * rng.choice([-1, 1], count // 3)
    x = np.concatenate([rng.uniform(-9, 9, count - 2 * (count // 3)), rng.normal(0, 1.5, count // 3), size])
    return off([k.at for k in activation.kinks], x[abs(x) <= at(activation.record.reach, *params)], params, distance)


def off(places: Any, x: Array, params: tuple[float, ...], distance: float) -> Array:
    """The points that are farther from all places than the distance, which beyond 1 is relative."""
    marks: list[Value] = list(places)
    away = [abs(x - at(mark, *params)) > distance * np.maximum(1, abs(x)) for mark in marks]
    return x[np.all(away, axis=0)] if away else x


def compiled(activation: Activation, x: Array, params: tuple[float, ...]) -> list[Array]:
    """(y, dy/dx, dy/dparam...) of the array calls; each element has parameters of its own, so that none are summed."""
    names = tuple(p.name for p in activation.params)
    y, d = activation.value_and_grad(x, *params)
    if not names:
        return [y, d]
    return [y, d, *activation.backward(np.ones_like(x), x, *(np.full_like(x, p) for p in params), wrt=names)]


def derivatives(activation: Activation, truth: Truth, params: tuple[float, ...], found: set[float]) -> Iterator[Finding]:
    """Each derivative against the slope of the function, off kinks and jumps."""
    x = smooth(activation, params, 120, 1e-2 if truth.slope is None else 1e-6)
    x = off(found, x, params, 1e-2)
    results = compiled(activation, x, params)
    if truth.forward is not None:
        yield _compared("y is what it should be", activation, x, params, results[0], exactly(truth.forward, x, params))
    for order, name in enumerate(("x", *(p.name for p in activation.params))):
        what = f"dy/d{name} is the slope of y"
        if truth.slope is None:
            slopes: list[Any] = [float(v) if np.isfinite(v) else None for v in by_differences(activation, order, x, params)]
        else:
            slopes = exactly(functools.partial(truth.slope, order), x, params)
        told = _compared(what, activation, x, params, results[1 + order], slopes)
        if told.outcome == "ok" and truth.claimed is not None:
            told = _formula(what, x, params, exactly(functools.partial(truth.claimed, order), x, params), slopes) or told
        yield told


def _formula(what: str, x: Array, params: tuple[float, ...], claimed: list[Any], slopes: list[Any]) -> Finding | None:
    """What is too small for a comparison of rounded values: a formula that is almost the slope, or wrong in a tail."""
    pairs = [(k, c, t) for k, (c, t) in enumerate(zip(claimed, slopes, strict=True)) if c is not None and t is not None]
    wrong = [(abs(c - t) / (abs(t) + _NOTHING), k, c, t) for k, c, t in pairs if abs(c - t) > _FORMULA * abs(t) + _NOTHING]
    if not wrong:
        return None
    _, k, c, t = max(wrong, key=lambda found: found[:2])
    return at_point(what, f"{len(wrong)} of {len(pairs)} points", float(x[k]), params, float(c), float(t))


def _compared(what: str, activation: Activation, x: Array, params: tuple[float, ...], values: Array, truth: list[Any]) -> Finding:
    known = [k for k, t in enumerate(truth) if t is not None and abs(t) < 1e300]
    if not known:
        return Finding(what, "note", "the function has no real value at any of the points looked at")
    true = np.array([float(truth[k]) for k in known])
    scale = min(1.0, float(np.median(abs(true)))) or 1.0
    with np.errstate(invalid="ignore"):
        wrong = abs(values[known] - true) - _RELATIVE * abs(true) - _ABSOLUTE * scale
    wrong = np.where(np.isfinite(values[known]), wrong, np.inf)
    worst = int(np.argmax(wrong))
    if wrong[worst] <= 0:
        return passed(what, f"{len(known)} points")
    place = known[worst]
    told = f"{np.count_nonzero(wrong > 0)} of {len(known)} points"
    return at_point(what, told, float(x[place]), params, float(values[place]), float(true[worst]))


def kinks(activation: Activation, params: tuple[float, ...]) -> tuple[list[Finding], set[float]]:
    """Declared kinks against the jumps that are there; the value at a kink against both sides. Returns the jumps too."""
    found, declared = jumps(activation, params), [float(at(k.at, *params)) for k in activation.kinks]
    near = [[j for j in found if abs(j[0] - place) <= 1e-6 * max(1.0, abs(place))] for place in declared]
    findings = []
    what = "kinks are where f or f' jumps, and nowhere else"
    for place, before, after, both in found:
        if not any(abs(place - mark) <= 1e-6 * max(1.0, abs(place)) for mark in declared):
            told = f"{'f' if both else 'dy/dx'} jumps there and no kink is declared; before it dy/dx is"
            findings.append(at_point(what, f"{told} {before:.6g}, after it {after:.6g}", place, params, after))
    for place, there in zip(declared, near, strict=True):
        d = float(activation.derivative(np.float64(place), *params))
        if not there:
            told = "a kink is declared, and neither f nor f' jumps"
            missing = at_point(what, told, place, params, d)
            findings.append(replace(missing, outcome="note") if params else missing)  # of some parameters there may be none
        low, high = (fold(v for j in there for v in j[1:3]) if there else d for fold in (min, max))
        if there and not low - 1e-6 <= d <= high + 1e-6 and not any(j[3] for j in there):
            sides = f"they are {low:.6g} and {high:.6g}"
            findings.append(at_point("dy/dx at a kink is between those on its sides", sides, place, params, d))
    return findings or [passed(what, f"{len(declared)} kinks")], {j[0] for j in found}


def ulps(activation: Activation, truth: Truth, params: tuple[float, ...], width: str) -> Iterator[Finding]:
    """The largest errors of f and f' in units in the last place; they fail where the record has a bound."""
    if truth.forward is None or truth.slope is None:
        return
    kind = np.dtype(width).type
    rounded = tuple(float(kind(p)) for p in params)
    x = off([*(k.at for k in activation.kinks), *activation.roots], smooth(activation, params, 180, 1e-6), rounded, _NEAR).astype(kind)
    for which, function, order in (("forward", truth.forward, 0), ("derivative", functools.partial(truth.slope, 0), 1)):
        y = (activation.derivative if order else activation)(x, *rounded)
        true = exactly(function, x, rounded)
        term = np.broadcast_to(largest_term(activation.record, 0, x, rounded) if order else 0, x.shape)
        errors = [0.0 if t is None else exact_error(v, t, _exact(least)) for v, t, least in zip(y, true, term, strict=True)]
        worst = int(np.argmax(errors))
        bound = getattr(getattr(activation.budget, which), width)
        told = f"{errors[worst]:.3g} ulp at x = {float(x[worst])!r}" + (f", bound {bound:g}" if np.isfinite(bound) else "")
        outcome: Any = "note" if not np.isfinite(bound) else "ok" if errors[worst] <= bound else "fail"
        expected = None if true[worst] is None else float(true[worst])
        yield Finding(f"largest error of {which} in {width}", outcome, told, float(x[worst]), rounded, float(y[worst]), expected)


def _exact(least: Any) -> Any:
    from fastact import oracle

    return oracle.exact(np.longdouble(least)) if least else 0
