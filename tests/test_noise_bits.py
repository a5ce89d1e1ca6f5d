"""Noise belongs to a seed and an index: no layout, chunk, thread, direction or neighbour changes it."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from cases import np_dtype, ordinary, same_bits

import fastact as fa
from fastact.noise import draws, philox
from fastact.noise.unit import Noisy
from fastact.numerics.bind import bind

SEED = 0x0123456789ABCDEF
SHAPE = (3, 211, 331)
UNITS = (fa.noisy_hard_tanh_half, fa.learned_noise_hard_sigmoid, fa.dropout)
KINDS = ("float32", "float64")


def words(seed: int, stream: int, first: int, count: int) -> Any:
    """`count` words of the generator from the counter `first` on, by its definition in NumPy."""
    positions = np.arange(first, first + -(-count // 4), dtype=np.uint64)
    counters = np.zeros((positions.size, 4), np.uint64)
    counters[:, 0], counters[:, 1] = positions & np.uint64(0xFFFFFFFF), positions >> np.uint64(32)
    counters[:, 2], counters[:, 3] = stream & 0xFFFFFFFF, stream >> 32
    return philox(counters, (seed & 0xFFFFFFFF, seed >> 32)).ravel()[:count]


@pytest.mark.parametrize("stream", [0, 2**40 + 5])
def test_uniform_numbers_are_the_words_of_the_generator(stream: int) -> None:
    drawn = words(SEED, stream, 0, 200_000)
    wanted = (drawn >> 8).astype(np.float32) * np.float32(2**-24)
    same_bits(fa.noise.uniform((SEED, stream), (200_000,)), np.maximum(wanted, np.float32(2**-25)))
    long = drawn.view(np.uint64) >> np.uint64(11)
    same_bits(fa.noise.uniform((SEED, stream), 100_000, np.float64), long * 2.0**-53)


def test_a_zero_word_gives_no_zero() -> None:
    """24 bits are all 0 once in 2^24 words; for this seed early on."""
    assert words(277, 0, 82_143 // 4, 4)[82_143 % 4] >> 8 == 0
    assert fa.noise.uniform(277, 82_144)[82_143] == 2.0**-25


@pytest.mark.parametrize("kind", KINDS)
def test_signs_and_sizes_of_normal_numbers(kind: str) -> None:
    """The top bit is the sign; the quantile of the word's place in (0, 1) is the value."""
    from scipy.special import ndtri

    drawn, bits = words(7, 0, 0, 40_000), 32
    if kind == "float64":
        drawn, bits = drawn.view(np.uint64) & np.uint64(2**63 + 2**52 - 1), 53
    low = (drawn & drawn.dtype.type(2 ** (bits - 1) - 1)).astype(np.float64)
    size = -ndtri((low + 0.5) * 2.0**-bits)
    wanted = np.where(drawn >> (8 * drawn.itemsize - 1) > 0, -size, size)
    np.testing.assert_allclose(fa.noise.normal(7, drawn.size, kind), wanted, rtol=1e-6 if kind == "float32" else 1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_prefixes_and_shapes(kind: str) -> None:
    whole = fa.noise.normal(SEED, 5000, kind)
    for count in (1, 2, 3, 5, 1023, 1025, 2049):
        same_bits(fa.noise.normal(SEED, count, kind), whole[:count])
    same_bits(fa.noise.normal(SEED, (50, 100), kind), whole.reshape(50, 100))
    assert fa.noise.normal(SEED, (0, 3), kind).shape == (0, 3)
    assert (fa.noise.normal((SEED, 1), 5000, kind) != whole).all()
    assert (fa.noise.normal(SEED + 1, 5000, kind) != whole).all()


def explicit(unit: Noisy, shape: Any, kind: str) -> Any:
    return getattr(fa.noise, unit.draw.__name__)(SEED, shape, "float64" if kind == "float64" else "float32")


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
@pytest.mark.parametrize("kind", ["float16", "bfloat16", *KINDS])
def test_drawn_noise_is_that_of_the_array(unit: Noisy, kind: str) -> None:
    x, dy = ordinary(kind, (41, 1033)), ordinary(kind, (41, 1033), 1)
    noise = explicit(unit, x.shape, kind)
    same_bits(unit(x, rng=SEED), unit(x, noise))
    drawn, given = (unit.backward(dy, x, *n, wrt=("x", unit.params[-1].name), **r) for n, r in (((), {"rng": SEED}), ((noise,), {})))
    for a, b in zip(drawn, given, strict=True):
        same_bits(a, b)


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_layouts_and_threads(unit: Noisy, threads: int) -> None:
    x = ordinary("float32", SHAPE)
    last = unit.params[-1].name
    along = {last: np.linspace(0.2, 0.7, SHAPE[1], dtype=np.float32)[:, None]}
    alone = fa.get_num_threads()
    fa.set_num_threads(1)
    y, (dx, dp) = unit(x, rng=SEED, **along), unit.backward(x, x, rng=SEED, wrt=("x", last), **along)
    fa.set_num_threads(alone)
    spread = np.zeros((*SHAPE[:2], 2 * SHAPE[2]), np.float32)
    spread[..., ::2] = x
    views = [
        x,
        np.asfortranarray(x),
        spread[..., ::2],
        np.ascontiguousarray(x[::-1])[::-1],
        np.ascontiguousarray(x.transpose(2, 0, 1)).transpose(1, 2, 0),
    ]
    for view in views:
        same_bits(unit(view, rng=SEED, **along), y)
        found, total = unit.backward(view, view, rng=SEED, wrt=("x", last), **along)
        same_bits(found, dx)
        same_bits(total, dp)
        target = np.empty(SHAPE, np.float32, order="F")
        assert unit(view, rng=SEED, out=target, **along) is target
        same_bits(target, y)
    again = x.copy()
    unit(again, rng=SEED, out=again, **along)
    same_bits(again, y)


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_directions_agree(unit: Noisy) -> None:
    x = ordinary("float32", (100, 100))
    y, d = unit.value_and_grad(x, rng=(1, 2))
    same_bits(unit(x, rng=(1, 2)), y)
    same_bits(unit.derivative(x, rng=(1, 2)), d)
    same_bits(unit.backward(np.ones_like(x), x, rng=(1, 2), wrt="x"), d)
    out = np.empty_like(x), None
    assert unit.value_and_grad(x, rng=(1, 2), out=out)[0] is out[0]
    assert unit(x[0, 0], rng=(1, 2)) == y[0, 0]


def test_shapes_broadcast_before_noise_is_drawn() -> None:
    x, p = ordinary("float32", (1, 50)), np.linspace(0.5, 2, 40, dtype=np.float32)[:, None]
    wide = np.ascontiguousarray(np.broadcast_to(x, (40, 50)))
    same_bits(fa.noisy_hard_tanh(x, rng=1, p=p), fa.noisy_hard_tanh(wide, rng=1, p=p))
    assert fa.noisy_hard_tanh.backward(x, x, rng=1, p=p, wrt="p").shape == (40, 1)


def test_dropout_after_an_activation() -> None:
    x, dy = ordinary("float32", (37, 501)), ordinary("float32", (37, 501), 1)
    for inner, params in ((fa.relu, {}), (fa.leaky_relu, {"slope": 0.3})):
        fused = fa.dropout_after(inner)
        same_bits(fused(x, rng=5, rate=0.25, **params), fa.dropout(inner(x, **params), rng=5, rate=0.25))
        through = inner.backward(fa.dropout.backward(dy, x, rng=5, rate=0.25), x, **params)
        np.testing.assert_allclose(fused.backward(dy, x, rng=5, rate=0.25, **params), through, rtol=3e-7)
    assert fa.dropout_after(fa.relu) is fa.dropout_after(fa.relu)
    fused = fa.dropout_after(fa.hard_tanh)
    _, dlow = fused.backward(dy, x, rng=5, wrt=("x", "low"))
    np.testing.assert_allclose(dlow, np.where(x <= -1, fa.dropout.backward(dy, x, rng=5), 0).sum(dtype=np.float64), rtol=1e-5)


def test_integers_scalars_and_names() -> None:
    assert fa.dropout(np.arange(6), rng=1).dtype == np.float64
    assert fa.dropout(np.arange(6, dtype=np.int16), rng=1).dtype == np.float32
    assert isinstance(fa.dropout(np.float32(2), rng=1), np.float32)
    assert fa.dropout([1.0, 2.0], rng=np.uint64(1)).shape == (2,)
    for unit in fa.NOISY:
        assert getattr(fa, unit.name) is unit
        assert pickle.loads(pickle.dumps(unit)) is unit
        assert repr(unit).startswith(f"<fastact {unit.name}(x, ")
        assert np_dtype("float32") == unit(np.float32(3), rng=1).dtype


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["normal", "gumbel"])
def test_draws_are_the_plain_source_bit_for_bit(name: str, kind: str) -> None:
    """Numbers made from the words with one NumPy operation after another: nothing depends on the compiler or its vectors."""
    real = np.dtype(kind).type
    drawn = words(SEED, 1, 0, 600)
    if kind == "float32":
        low, top = drawn & np.uint32(2**31 - 1), drawn >> 31
        ends = [(m.astype(np.int32).astype(real) + real(0.5)) * real(2**-32) for m in (low, low ^ np.uint32(2**31 - 1))]
    else:
        long = drawn.view(np.uint64)
        top, tail = long >> np.uint64(63), ((long & np.uint64(2**52 - 1)).astype(real) + 0.5) * 2.0**-53
        ends = [tail, 0.5 - tail]
    draw = bind(getattr(draws, name), kind)
    with np.errstate(all="ignore"):
        wanted = [draw(real(0), tail, centre, real(-1 if negative else 1)) for tail, centre, negative in zip(*ends, top, strict=True)]
    same_bits(getattr(fa.noise, name)((SEED, 1), len(wanted), kind), np.array(wanted, kind))
