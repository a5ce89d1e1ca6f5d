"""The loops in long double: the values of the C reference, in every layout and overlap and with every keyword."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from cases import Array, bare, call, defaults, parameters, trainable
from longdoubles import LONG, check, expected, ordinary, same

import fastact
from fastact import ACTIVATIONS, Activation
from fastact.record import at
from fastact.verify.samples import LANDMARKS

WITH_PARAMS = [a for a in ACTIVATIONS if a.params]
FEW = [fastact.relu, fastact.prelu, fastact.hard_tanh]
WITH_EACH = pytest.mark.parametrize("activation", WITH_PARAMS, ids=lambda a: a.name)


def special(activation: Activation, params: tuple[float, ...]) -> Array:
    info = np.finfo(LONG)
    places = [at(v, *params) for v in (*(kink.at for kink in activation.kinks), *activation.roots)]
    landmarks = np.array([0, 11000, 11400, *LANDMARKS, *places, np.inf, np.nan], LONG)
    values = np.concatenate([landmarks, np.array([info.smallest_subnormal, info.tiny, info.max, info.eps], LONG)])
    with np.errstate(all="ignore"):
        around = np.concatenate([values, np.nextafter(values, LONG.type(np.inf)), np.nextafter(values, LONG.type(-np.inf))])
    return np.concatenate([around, -around])


def test_values(activation: Activation, direction: str) -> None:
    for params in parameters(activation):
        x = np.concatenate([special(activation, params), ordinary(500), np.linspace(-12000, 12000, 97, dtype=LONG)])
        for dy in (np.ones_like(x), np.roll(x, 5)):
            check(activation, direction, x, params, dy)
            exact = [LONG.type(p) / 3 * 3 for p in params]
            check(activation, direction, x, exact, dy)


def test_no_warning(activation: Activation, direction: str, threads: int) -> None:
    for params in parameters(activation):
        x = special(activation, params)
        with np.errstate(all="raise"), warnings.catch_warnings():
            warnings.simplefilter("error")
            for part in (x, x[::2], np.resize(x, 70001), *x[:, None]):
                call(activation, direction, part, *params, dy=np.roll(part, 3))


def layouts(x: Array) -> dict[str, Array]:
    room = np.zeros(x.nbytes + 16, np.uint8)
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1] + 1), LONG)
    views = {
        "F": np.zeros(x.shape, LONG, order="F"),
        "sliced": wide[..., 1::2],
        "columns": wide[..., 1 : 1 + x.shape[-1]],
        "negative": np.zeros(x.shape, LONG)[::-1],
        "misaligned": room[1 : 1 + x.nbytes].view(LONG).reshape(x.shape),
        "byte-swapped": np.zeros(x.shape, LONG.newbyteorder()),
        "transposed": np.moveaxis(np.zeros((x.shape[-1], *x.shape[:-1]), LONG), 0, -1),
    }
    return {"C": x.copy()} | views


@pytest.mark.parametrize("shape", [(7, 5, 3), (1100,)], ids=str)
def test_layouts(activation: Activation, direction: str, shape: tuple[int, ...]) -> None:
    every_layout(activation, direction, shape)


@pytest.mark.parametrize("activation", FEW, ids=lambda a: a.name)
def test_layouts_of_large_arrays(activation: Activation, direction: str, threads: int) -> None:
    every_layout(activation, direction, (3, 211, 131))


def test_large_and_threaded(activation: Activation, threads: int) -> None:
    x, params = ordinary(70001, 1), defaults(activation)
    check(activation, "forward", x, params, x)
    check(activation, "forward", x.reshape(-1, 1)[::-1], params, x[:, None])


def every_layout(activation: Activation, direction: str, shape: tuple[int, ...]) -> None:
    x, dy = ordinary(shape, 1), ordinary(shape, 2)
    params = defaults(activation)
    wanted = expected(activation, direction, x, params, dy)
    for a, b in zip(layouts(x).items(), layouts(dy).values(), strict=True):
        name, view = a
        view[...], b[...] = x, dy
        results = call(activation, direction, view, *params, dy=b)
        given = [np.full_like(view, 7) for _ in wanted]
        outs = (given[0], None) if direction == "backward" and trainable(activation) else tuple(given)
        if not (direction == "backward" and trainable(activation) and name in ("misaligned", "byte-swapped")):
            results += call(activation, direction, view, *params, dy=b, out=outs)
        for k, y in enumerate(results):
            same(y.astype(LONG), wanted[k % len(wanted)])
        same(view.astype(LONG), x)


def test_broadcast(activation: Activation) -> None:
    for shapes in (((4, 1), (1, 5)), ((1, 300), (250, 1)), ((300,), (250, 300)), ((), (70000,))):
        dy, x = (ordinary(s, k) for k, s in enumerate(shapes))
        check(activation, "backward", np.asarray(x), defaults(activation), np.asarray(dy))


def test_no_elements_and_no_axes(activation: Activation, direction: str) -> None:
    for shape in ((0,), (3, 0), (0, 70000), (), (1, 1)):
        check(activation, direction, np.asarray(ordinary(shape)), defaults(activation), np.asarray(ordinary(shape, 2)))
    (y, *_) = call(activation, direction, LONG.type(2), dy=LONG.type(1))
    assert type(y) is LONG.type or y.dtype == LONG


@pytest.mark.parametrize("n", [20, 333, 2500])
def test_overlap(activation: Activation, direction: str, n: int) -> None:
    overlap(activation, direction, n)


@pytest.mark.parametrize("activation", FEW, ids=lambda a: a.name)
def test_overlap_of_large_arrays(activation: Activation, direction: str, threads: int) -> None:
    """The driver knows no function: these stand for all."""
    overlap(activation, direction, 70001)


def overlap(activation: Activation, direction: str, n: int) -> None:
    """Output over the input, shifted against it, and against its direction."""
    params = defaults(activation)
    for shift in (0, 1, -1, 3, -8, 100, -100):
        for step in (1, 2, -1):
            for how in ("object", "ufunc"):
                buffer = ordinary(2 * (n + 202), n)
                whole = slice(202, 202 + 2 * n, abs(step))
                source = buffer[whole][:n]
                target = buffer[202 + shift : 202 + shift + 2 * n : abs(step)][:n]
                source, target = (source, target) if step > 0 else (source, target[::-1])
                wanted = expected(activation, direction, source.copy(), params, source.copy())
                second = np.empty_like(target)
                pair = (target, second) if direction == "value_and_grad" else (target,)
                if how == "ufunc":
                    bare(activation, direction)(*[source] * (direction == "backward"), source, *params, out=pair)
                else:
                    outs = (target, None) if direction == "backward" and trainable(activation) else pair
                    call(activation, direction, source, *params, dy=source, out=outs)
                for y, z in zip(pair, wanted, strict=True):
                    same(y, z)


@WITH_EACH
def test_parameter_inside_the_output(activation: Activation, threads: int) -> None:
    for n in (50, 3000, 70001):
        for position in (0, n // 2, n - 1):
            x, rest = ordinary(n, 1), [LONG.type(p) for p in defaults(activation)[1:]]
            x[position] = first = LONG.type(defaults(activation)[0])
            wanted = expected(activation, "forward", x.copy(), (first, *rest), x)[0]
            activation(x, x[position : position + 1], *rest, out=x)
            same(x, wanted)


@WITH_EACH
def test_parameter_arrays(activation: Activation, direction: str) -> None:
    every_form(activation, direction, (6, 5, 7))


@pytest.mark.parametrize("activation", FEW[1:], ids=lambda a: a.name)
def test_parameter_arrays_of_large_arrays(activation: Activation, direction: str, threads: int) -> None:
    every_form(activation, direction, (4, 150, 131))


def every_form(activation: Activation, direction: str, shape: tuple[int, ...]) -> None:
    x, dy = ordinary(shape, 1), ordinary(shape, 2)
    sets = np.array(parameters(activation), LONG)
    for form in ((shape[2],), (shape[1], 1), shape, (1,), ()):
        chosen = sets[np.random.default_rng(3).integers(0, len(sets), form)]
        params = [np.asarray(chosen[..., k]) for k in range(len(activation.params))]
        wanted = expected(activation, direction, x, params, dy)
        for view in (x, np.asfortranarray(x)):
            for y, z in zip(call(activation, direction, view, *params, dy=dy), wanted, strict=True):
                same(y, z)


def test_where(activation: Activation, direction: str, threads: int) -> None:
    options = {"wrt": "x"} if direction == "backward" else {}
    for n in (37, 70001):
        x, dy, params = ordinary(n, 1), ordinary(n, 2), defaults(activation)
        wanted = expected(activation, direction, x, params, dy)
        for mask in (np.arange(n) % 2 == 0, np.arange(n) % 7 > 3, np.zeros(n, bool)):
            given = tuple(np.full(n, 7, LONG) for _ in wanted)
            function = getattr(activation, direction, activation)
            function(*[dy] * (direction == "backward"), x, *params, out=given, where=mask, **options)
            for y, z in zip(given, wanted, strict=True):
                same(y, np.where(mask, z, LONG.type(7)))


def test_many_axes(activation: Activation, direction: str) -> None:
    shape = (2,) * 17
    check(activation, direction, ordinary(shape, 1), defaults(activation), ordinary(shape, 2).T)
